/*
 * Imports from the executable: the table of frozen modules, and the builtin module
 * `_embedded_files`, by which app/_embedded.py reads source texts, time zones and
 * the sources of the options.
 *
 * Runs where python.h says.
 */
#include "python/embedding.h"
#include "python/frozen.h"

#include "model/embedded.h"
#include "model/hash.h"

#include <assert.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>

static const struct lp_frozen_source *const source_tables[] = { lp_frozen_stdlib_sources, lp_frozen_app_sources };
static const struct lp_frozen_block *const block_tables[] = { lp_frozen_stdlib_blocks, lp_frozen_app_blocks };
static const struct _frozen *const module_tables[] = { lp_frozen_stdlib, lp_frozen_app };
enum { TABLES = 2 };

/* Builtin modules of other rooms. */
static struct {
	const char *name;
	PyObject *(*make)(void);
} builtins[4];
static size_t builtin_count;

void lp_python_add_module(const char *name, PyObject *(*make)(void))
{
	assert(builtin_count < sizeof builtins / sizeof *builtins);
	builtins[builtin_count].name = name;
	builtins[builtin_count++].make = make;
}

const char *lp_frozen_app_version(void)
{
	static char version[LP_VERSION_SIZE];

	if (version[0] == '\0') {
		uint64_t hash = LP_HASH_START;

		for (const struct _frozen *module = lp_frozen_app; module->name != NULL; module++) {
			hash = lp_hash_add(hash, module->name, strlen(module->name));
			hash = lp_hash_add(hash, module->code, (size_t)module->size);
		}
		lp_hash_write(hash, version);
	}
	return version;
}

static int compare_to_module(const void *module, const void *source)
{
	return strcmp(module, ((const struct lp_python_source *)source)->module);
}

const struct lp_python_source *lp_source_find(const char *module)
{
	const struct lp_python_options *options = lp_python_options();

	if (options->source_count == 0)
		return NULL;
	return bsearch(module, options->sources, options->source_count, sizeof *options->sources, compare_to_module);
}

const struct lp_python_source *lp_source_find_path(const char *path)
{
	const struct lp_python_options *options = lp_python_options();

	for (size_t i = 0; i < options->source_count; i++)
		if (strcmp(options->sources[i].path, path) == 0)
			return &options->sources[i];
	return NULL;
}

static int compare_to_name(const void *name, const void *source)
{
	return strcmp(name, ((const struct lp_frozen_source *)source)->name);
}

/* Finds the source of a frozen module: every one has one.  *blocks hold its text.  NULL: no such module is frozen. */
static const struct lp_frozen_source *find_source(const char *name, const struct lp_frozen_block **blocks)
{
	for (int table = 0; table < TABLES; table++) {
		const struct lp_frozen_source *found;
		size_t count = 0;

		while (source_tables[table][count].name != NULL)
			count++;
		found = bsearch(name, source_tables[table], count, sizeof *found, compare_to_name);
		*blocks = block_tables[table];
		if (found != NULL)
			return found;
	}
	return NULL;
}

bool lp_frozen_has(const char *name)
{
	const struct lp_frozen_block *blocks;

	if (find_source(name, &blocks) != NULL)
		return true;
	for (const struct _inittab *module = PyImport_Inittab; module->name != NULL; module++)
		if (strcmp(module->name, name) == 0)
			return true;
	return false;
}

bool lp_frozen_is_shared(const char *name)
{
	const struct lp_frozen_block *blocks;

	return lp_frozen_has(name) &&
	       (find_source(name, &blocks) == NULL || blocks == lp_frozen_stdlib_blocks ||
	        strncmp(name, "_embedded", 9) == 0 || strncmp(name, "local_processing", 16) == 0);
}

/* Returns the source text as bytes, or NULL with an exception set. */
static PyObject *unpack_source(const struct lp_frozen_source *source, const struct lp_frozen_block *blocks)
{
	const struct lp_frozen_block *block = &blocks[source->block];
	uint8_t *texts = PyMem_RawMalloc(block->size);
	uint64_t memory = UINT64_MAX;
	size_t in = 0, out = 0;
	PyObject *bytes = NULL;

	if (texts == NULL)
		return PyErr_NoMemory();
	if (lzma_stream_buffer_decode(&memory, 0, NULL, block->packed, &in, block->packed_size, texts, &out,
	                              block->size) == LZMA_OK &&
	    out == block->size)
		bytes = PyBytes_FromStringAndSize((const char *)texts + source->offset, (Py_ssize_t)source->size);
	else
		PyErr_Format(PyExc_SystemError, "the source of the frozen module %s is damaged", source->name);
	PyMem_RawFree(texts);
	return bytes;
}

/* Returns None for a name that is not there, and NULL for an argument that is no text, with its exception set. */
static PyObject *none_or_error(const char *name)
{
	return name == NULL ? NULL : Py_NewRef(Py_None);
}

PyDoc_STRVAR(module_source_doc, "module_source(name)\n--\n\nThe source of a frozen module as bytes, or None.");

static PyObject *module_source(PyObject *module, PyObject *argument)
{
	const char *name = PyUnicode_AsUTF8(argument);
	const struct lp_frozen_block *blocks = NULL;
	const struct lp_frozen_source *source = name == NULL ? NULL : find_source(name, &blocks);

	(void)module;
	if (source == NULL)
		return none_or_error(name);
	return unpack_source(source, blocks);
}

PyDoc_STRVAR(module_path_doc, "module_path(name)\n--\n\nThe path in the code objects of a frozen module, or None.");

static PyObject *module_path(PyObject *module, PyObject *argument)
{
	const char *name = PyUnicode_AsUTF8(argument);
	const struct lp_frozen_block *blocks;
	const struct lp_frozen_source *source = name == NULL ? NULL : find_source(name, &blocks);

	(void)module;
	if (source == NULL)
		return none_or_error(name);
	return PyUnicode_FromString(source->path);
}

PyDoc_STRVAR(path_source_doc, "path_source(path)\n--\n\n"
                              "The source that the code objects of this path came from, as bytes, or None:\n"
                              "frozen modules and the users' rules, these as they were read at start.");

static PyObject *path_source(PyObject *module, PyObject *argument)
{
	const char *path = PyUnicode_AsUTF8(argument);
	const struct lp_python_source *source;

	(void)module;
	if (path == NULL) {
		PyErr_Clear(); /* it has lone surrogates, which none of these paths has */
		Py_RETURN_NONE;
	}
	for (int table = 0; table < TABLES; table++)
		for (const struct lp_frozen_source *frozen = source_tables[table]; frozen->name != NULL; frozen++)
			if (strcmp(frozen->path, path) == 0)
				return unpack_source(frozen, block_tables[table]);
	source = lp_source_find_path(path);
	if (source != NULL)
		return PyBytes_FromStringAndSize(source->text, (Py_ssize_t)source->size);
	Py_RETURN_NONE;
}

PyDoc_STRVAR(file_doc, "file(name)\n--\n\nA file that travels inside the executable, as bytes, or None.");

static PyObject *file(PyObject *module, PyObject *argument)
{
	const char *name = PyUnicode_AsUTF8(argument);
	const struct lp_embedded *found = name == NULL ? NULL : lp_embedded_find(name);

	(void)module;
	if (found == NULL)
		return none_or_error(name);
	return PyBytes_FromStringAndSize((const char *)found->data, (Py_ssize_t)found->size);
}

PyDoc_STRVAR(names_doc, "names(prefix)\n--\n\nThe names of the embedded files that begin with prefix, as a list.");

static PyObject *names(PyObject *module, PyObject *argument)
{
	const char *prefix = PyUnicode_AsUTF8(argument);
	PyObject *list = prefix == NULL ? NULL : PyList_New(0);
	const struct lp_embedded *found = NULL;

	(void)module;
	while (list != NULL && (found = lp_embedded_next(prefix, found)) != NULL) {
		PyObject *name = PyUnicode_FromString(found->name);

		if (name == NULL || PyList_Append(list, name) < 0)
			Py_CLEAR(list);
		Py_XDECREF(name);
	}
	return list;
}

PyDoc_STRVAR(rule_doc, "rule(module)\n--\n\n"
                       "(path, is_package, problem) of a file of the users' rules, or None if there is none\n"
                       "of this name. problem says why it can't be imported, or is None.");

static PyObject *rule(PyObject *module, PyObject *argument)
{
	const char *name = PyUnicode_AsUTF8(argument);
	const struct lp_python_source *source = name == NULL ? NULL : lp_source_find(name);

	(void)module;
	if (source == NULL)
		return none_or_error(name);
	return Py_BuildValue("sOz", source->path, source->is_package ? Py_True : Py_False, source->problem);
}

/*
 * Compiles a text as compile() does, with its coding cookie.  compile() itself
 * first checks whether it was given a syntax tree, and makes the 120 types of
 * trees for that, which is as much work as all the rest of reading a file.
 */
static PyObject *compile_text(const struct lp_python_source *source)
{
	PyCompilerFlags flags = { .cf_flags = PyCF_SOURCE_IS_UTF8, .cf_feature_version = PY_MINOR_VERSION };
	PyObject *path, *code;

	if (memchr(source->text, '\0', source->size) != NULL) {
		PyErr_SetString(PyExc_SyntaxError, "source code string cannot contain null bytes");
		return NULL;
	}
	path = PyUnicode_DecodeFSDefault(source->path);
	if (path == NULL)
		return NULL;
	code = Py_CompileStringObject(source->text, path, Py_file_input, &flags, -1);
	Py_DECREF(path);
	return code;
}

PyDoc_STRVAR(rule_code_doc, "rule_code(module)\n--\n\nThe code object of a file of the users' rules.");

static PyObject *rule_code(PyObject *module, PyObject *argument)
{
	const char *name = PyUnicode_AsUTF8(argument);
	const struct lp_python_source *source = name == NULL ? NULL : lp_source_find(name);

	(void)module;
	if (name == NULL)
		return NULL;
	if (source == NULL)
		return PyErr_Format(PyExc_ImportError, "no file of the rules is named %s", name);
	return compile_text(source);
}

PyDoc_STRVAR(rule_text_doc, "rule_text(module)\n--\n\nThe source of a file of the users' rules, as bytes, or None.");

static PyObject *rule_text(PyObject *module, PyObject *argument)
{
	const char *name = PyUnicode_AsUTF8(argument);
	const struct lp_python_source *source = name == NULL ? NULL : lp_source_find(name);

	(void)module;
	if (source == NULL)
		return none_or_error(name);
	return PyBytes_FromStringAndSize(source->text, (Py_ssize_t)source->size);
}

PyDoc_STRVAR(tzdata_doc, "tzdata()\n--\n\nThe directory of time zones that the configuration names, or None.");

static PyObject *tzdata(PyObject *module, PyObject *unused)
{
	const char *directory = lp_python_options()->tzdata;

	(void)module;
	(void)unused;
	if (directory == NULL)
		Py_RETURN_NONE;
	return PyUnicode_DecodeFSDefault(directory);
}

static PyMethodDef methods[] = {
	{ "module_path", module_path, METH_O, module_path_doc },
	{ "module_source", module_source, METH_O, module_source_doc },
	{ "path_source", path_source, METH_O, path_source_doc },
	{ "file", file, METH_O, file_doc },
	{ "names", names, METH_O, names_doc },
	{ "rule", rule, METH_O, rule_doc },
	{ "rule_code", rule_code, METH_O, rule_code_doc },
	{ "rule_text", rule_text, METH_O, rule_text_doc },
	{ "tzdata", tzdata, METH_NOARGS, tzdata_doc },
	{ 0 },
};

static PyModuleDef_Slot slots[] = {
	{ Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED },
	{ 0 },
};

static struct PyModuleDef definition = {
	PyModuleDef_HEAD_INIT,
	.m_name = "_embedded_files",
	.m_doc = "What travels inside the executable.",
	.m_methods = methods,
	.m_slots = slots,
};

static PyObject *embedded_files_init(void)
{
	return PyModuleDef_Init(&definition);
}

bool lp_frozen_install(struct lp_error *error)
{
	size_t count = 0;
	struct _frozen *joined;
	bool ok;

	for (int table = 0; table < TABLES; table++)
		for (const struct _frozen *module = module_tables[table]; module->name != NULL; module++)
			count++;
	/* CPython takes a single table, which lives as long as the process. */
	joined = lp_allocate((count + 1) * sizeof *joined);
	PyImport_FrozenModules = joined;
	for (int table = 0; table < TABLES; table++)
		for (const struct _frozen *module = module_tables[table]; module->name != NULL; module++)
			*joined++ = *module;

	ok = PyImport_AppendInittab("_embedded_files", embedded_files_init) == 0;
	for (size_t i = 0; ok && i < builtin_count; i++)
		ok = PyImport_AppendInittab(builtins[i].name, builtins[i].make) == 0;
	return ok || lp_fail(error, LP_EXIT_INTERNAL, "cannot prepare Python's import system: out of memory");
}
