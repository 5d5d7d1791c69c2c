/*
 * Names that rules share: the modules and types of the standard library and of the
 * program.  Their dicts are watched: before another object gets such a name, the
 * change is noted with the old object.
 *
 * Not every name is protected.  Modules keep caches and counters in their globals
 * (`global _node`), and these may change: a private name is protected only where
 * its object is a function, a type, a module or a float.  A public name always is,
 * but for those in `display_names` that have none to display.
 *
 * Runs in an interpreter process: the watcher in any thread that holds the GIL,
 * the rest in the thread that calls rules.
 */
#include "python/embedding.h"
#include "python/internals_3_13.h"
#include "python/leftovers_parts.h"

#include "model/memory.h"

#include <string.h>

enum { NOTES_MOST = 1000 };

/* A dict that is watched, and its owner: a module or a type, or else a name. */
struct dict_watch {
	PyObject *dict, *owner;
	const char *name;
};

/* A name in such a dict, with its object before the first change. */
struct note {
	struct dict_watch watch;
	PyObject *key, *old; /* old NULL: there was no such name */
};

static struct {
	int id;      /* of PyDict_AddWatcher, or -1 */
	bool paused; /* while things are put back */
	bool overflow;
	struct dict_watch *dicts;
	size_t dict_count, dict_capacity;
	struct note *notes;
	size_t note_count, note_capacity;
	PyObject *modules;  /* sys.modules */
	PyObject *builtins; /* the dict */
	PyObject *popped;   /* the module last taken out of sys.modules; no reference, only for comparison */
	void (*on_import)(const char *name, PyObject *module);
} watcher = { .id = -1 };

/* Names as users know them; NULL: the standard library itself changes the name, so it is not protected. */
static const struct {
	const char *name, *display;
} display_names[] = {
	{ "calendar.c._firstweekday", "calendar.setfirstweekday" },
	{ "logging.root.level", "the level of logging" },
	{ "logging.root.manager._disable", "logging.disable" },
	{ "logging.root.manager.emittedNoHandlerWarning", NULL },
	{ "mimetypes.common_types", NULL },
	{ "mimetypes.encodings_map", NULL },
	{ "mimetypes.inited", NULL },
	{ "mimetypes.suffix_map", NULL },
	{ "mimetypes.types_map", NULL },
	{ "pydoc.pager", NULL },
	{ "sys.last_exc", NULL },
	{ "sys.last_traceback", NULL },
	{ "sys.last_type", NULL },
	{ "sys.last_value", NULL },
	{ "sys.ps1", NULL },
	{ "sys.ps2", NULL },
};

static const char *find_display_name(const char *name)
{
	for (size_t i = 0; i < sizeof display_names / sizeof *display_names; i++)
		if (strcmp(display_names[i].name, name) == 0)
			return display_names[i].display;
	return name;
}

/* Returns true if this global of a module may not change. */
static bool is_protected_global(PyObject *key, PyObject *old)
{
	if (PyFunction_Check(old) || PyCFunction_Check(old) || PyMethod_Check(old) || PyType_Check(old) ||
	    PyModule_Check(old) || PyFloat_CheckExact(old))
		return true;
	return old != Py_None && PyUnicode_READ_CHAR(key, 0) != '_';
}

static const struct dict_watch *find_watch(PyObject *dict)
{
	for (size_t i = 0; i < watcher.dict_count; i++)
		if (watcher.dicts[i].dict == dict)
			return &watcher.dicts[i];
	return NULL;
}

static bool is_watched_module(PyObject *module)
{
	return module != NULL && PyModule_Check(module) &&
	       lp_internals_dict_is_watched(PyModule_GetDict(module), watcher.id);
}

/* Returns true if this change has to be put back. */
static bool is_protected(const struct dict_watch *watch, PyObject *key, PyObject *old, PyObject *new)
{
	/* In sys.modules only watched modules are protected, and None may not keep one from being imported. */
	if (watch->dict == watcher.modules)
		return is_watched_module(old) || (old == NULL && new == Py_None);
	if (watch->owner == NULL)
		return true;
	/* A new name may hide that of a base: is_unchanged() checks that later, because the type is just changing. */
	if (old == NULL)
		return PyType_Check(watch->owner) ||
		       (watch->dict != watcher.builtins && new != NULL && !PyModule_Check(new) &&
		        (PyDict_Contains(watcher.builtins, key) > 0 || PyUnicode_EqualToUTF8(key, "tracebacklimit")));
	/* All names of sys are protected, because None stands for a missing file such as stdin. */
	return is_protected_global(key, old) || watch->owner == lp_find_module("sys");
}

static void add_note(const struct dict_watch *watch, PyObject *key, PyObject *old)
{
	for (size_t i = 0; i < watcher.note_count; i++)
		if (watcher.notes[i].watch.dict == watch->dict && PyUnicode_Compare(watcher.notes[i].key, key) == 0)
			return;
	if (watcher.note_count == NOTES_MOST) {
		watcher.overflow = true;
		return;
	}
	LP_GROW(watcher.notes, watcher.note_count, watcher.note_capacity);
	watcher.notes[watcher.note_count++] = (struct note){ *watch, Py_NewRef(key), Py_XNewRef(old) };
	atomic_fetch_or_explicit(&lp_leftovers_changes, LP_CHANGE_MODULES, memory_order_relaxed);
}

static void note_change(PyObject *dict, PyObject *key, PyObject *old, PyObject *new)
{
	const struct dict_watch *watch;

	if (!PyUnicode_CheckExact(key) || PyUnicode_GET_LENGTH(key) == 0)
		return;
	watch = find_watch(dict);
	if (watch != NULL && is_protected(watch, key, old, new))
		add_note(watch, key, old);
}

/* Notes all names of a dict that is cleared, the private ones too. */
static void note_all(PyObject *dict)
{
	const struct dict_watch *watch = find_watch(dict);
	PyObject *key, *old;
	Py_ssize_t position = 0;

	while (watch != NULL && PyDict_Next(dict, &position, &key, &old))
		if (PyUnicode_CheckExact(key))
			add_note(watch, key, old);
}

/*
 * Notices a module that was loaded: importlib takes it out of sys.modules and puts
 * it in again once its code has run.  From then on its names are protected.
 */
static void follow_import(PyDict_WatchEvent event, PyObject *key, PyObject *old, PyObject *new)
{
	if (event == PyDict_EVENT_ADDED && new == watcher.popped && PyModule_Check(new) && PyUnicode_CheckExact(key)) {
		const char *name = PyUnicode_AsUTF8(key);

		if (name != NULL)
			watcher.on_import(name, new);
	}
	watcher.popped = event == PyDict_EVENT_DELETED ? old : NULL;
}

static int on_event(PyDict_WatchEvent event, PyObject *dict, PyObject *key, PyObject *new)
{
	PyObject *error;

	if (watcher.paused || event == PyDict_EVENT_DEALLOCATED)
		return 0;
	/* The dict may change while an exception is set. */
	error = PyErr_GetRaisedException();
	if (key == NULL) {
		note_all(dict);
	} else {
		PyObject *old = PyDict_GetItemWithError(dict, key);

		if (dict == watcher.modules)
			follow_import(event, key, old, new);
		note_change(dict, key, old, new);
	}
	PyErr_Clear();
	PyErr_SetRaisedException(error);
	return 0;
}

static void watch_dict(PyObject *dict, PyObject *owner, const char *name)
{
	if (dict == NULL || lp_internals_dict_is_watched(dict, watcher.id) || PyDict_Watch(watcher.id, dict) < 0)
		return;
	LP_GROW(watcher.dicts, watcher.dict_count, watcher.dict_capacity);
	watcher.dicts[watcher.dict_count++] = (struct dict_watch){ Py_NewRef(dict), Py_XNewRef(owner), name };
}

bool lp_modules_is_watched(PyObject *dict)
{
	return lp_internals_dict_is_watched(dict, watcher.id);
}

void lp_modules_watch_instance(PyObject *instance, const char *name)
{
	PyObject *dict = instance == NULL ? NULL : PyObject_GenericGetDict(instance, NULL);

	watch_dict(dict, NULL, name);
	Py_XDECREF(dict);
	PyErr_Clear();
}

void lp_modules_watch(PyObject *module)
{
	PyObject *dict = PyModule_GetDict(module), *key, *value;
	Py_ssize_t position = 0;

	if (lp_internals_dict_is_watched(dict, watcher.id))
		return;
	watch_dict(dict, module, NULL);
	while (PyDict_Next(dict, &position, &key, &value))
		if (PyType_Check(value) && (((PyTypeObject *)value)->tp_flags & Py_TPFLAGS_IMMUTABLETYPE) == 0)
			watch_dict(((PyTypeObject *)value)->tp_dict, value, NULL);
}

/* Putting noted changes back. */

/* Makes the name of the owner: of a module, or of a type with its module. */
static PyObject *make_owner_name(const struct dict_watch *watch)
{
	if (watch->owner == NULL)
		return PyUnicode_FromString(watch->name);
	if (PyType_Check(watch->owner))
		return PyType_GetFullyQualifiedName((PyTypeObject *)watch->owner);
	return PyModule_GetNameObject(watch->owner);
}

/* Users know the module posix as os. */
static const char *find_public_name(const char *name)
{
	return strcmp(name, "posix") == 0 ? "os" : strcmp(name, "_signal") == 0 ? "signal" : name;
}

static const char *describe_kind(PyObject *value)
{
	if (value == NULL)
		return "";
	if (PyFunction_Check(value) || PyCFunction_Check(value) || PyMethod_Check(value) ||
	    Py_TYPE(value) == &PyMethodDescr_Type)
		return "the function ";
	return PyType_Check(value) ? "the type " : PyModule_Check(value) ? "the module " : "";
}

static bool is_inherited(PyTypeObject *type, PyObject *key)
{
	for (Py_ssize_t i = 1; i < PyTuple_GET_SIZE(type->tp_mro); i++) {
		PyObject *base = PyTuple_GET_ITEM(type->tp_mro, i);
		PyObject *dict = PyType_GetDict((PyTypeObject *)base);
		bool has = dict != NULL && PyDict_Contains(dict, key) > 0;

		Py_XDECREF(dict);
		if (has)
			return true;
	}
	return false;
}

static bool is_unchanged(const struct note *note)
{
	PyObject *now = PyDict_GetItemWithError(note->watch.dict, note->key);

	if (now == note->old)
		return true;
	if (note->old == NULL)
		return note->watch.owner != NULL && PyType_Check(note->watch.owner) &&
		       !is_inherited((PyTypeObject *)note->watch.owner, note->key);
	/* An equal object will do: time.tzset() makes new ones. */
	return now != NULL && Py_TYPE(now) == Py_TYPE(note->old) &&
	       (PyLong_CheckExact(now) || PyUnicode_CheckExact(now) || PyTuple_CheckExact(now)) &&
	       PyObject_RichCompareBool(now, note->old, Py_EQ) == 1;
}

static bool put_back(const struct note *note)
{
	int result;

	if (note->watch.owner != NULL && PyType_Check(note->watch.owner))
		/* The metatype's own setter is passed over, because that of Enum refuses. */
		result = PyType_Type.tp_setattro(note->watch.owner, note->key, note->old);
	else if (note->old == NULL)
		result = PyDict_DelItem(note->watch.dict, note->key);
	else
		result = PyDict_SetItem(note->watch.dict, note->key, note->old);
	PyErr_Clear();
	return result == 0;
}

/* Writes "math.sqrt", or a name without its module where users write none. */
static void format_name(const struct note *note, char *full, size_t size)
{
	PyObject *owner = make_owner_name(&note->watch);
	const char *name = owner == NULL ? NULL : PyUnicode_AsUTF8(owner), *key = PyUnicode_AsUTF8(note->key);

	if (name == NULL || key == NULL)
		snprintf(full, size, "a name of the standard library");
	else if (note->watch.dict == watcher.modules || note->watch.dict == watcher.builtins)
		snprintf(full, size, "%s", key);
	else
		snprintf(full, size, "%s.%s", find_public_name(name), key);
	Py_XDECREF(owner);
	PyErr_Clear();
}

static void put_back_note(struct lp_leftovers *leftovers, const struct note *note)
{
	PyObject *now = Py_XNewRef(PyDict_GetItemWithError(note->watch.dict, note->key));
	bool ok = put_back(note);
	const char *display;
	char full[256];

	/* The name is formatted last, because that of the module itself may have been removed. */
	format_name(note, full, sizeof full);
	display = find_display_name(full);
	if (display != NULL) {
		lp_leftovers_add(leftovers, "%s%s", describe_kind(note->old), display);
		leftovers->replace = leftovers->replace || !ok;
	} else if (now != NULL) {
		PyDict_SetItem(note->watch.dict, note->key, now);
	}
	PyErr_Clear();
	Py_XDECREF(now);
}

static void free_notes(void)
{
	for (size_t i = 0; i < watcher.note_count; i++) {
		Py_DECREF(watcher.notes[i].key);
		Py_XDECREF(watcher.notes[i].old);
	}
	watcher.note_count = 0;
	watcher.overflow = false;
}

void lp_modules_put_back(struct lp_leftovers *leftovers)
{
	watcher.paused = true;
	for (size_t i = 0; i < watcher.note_count; i++) {
		if (!is_unchanged(&watcher.notes[i]))
			put_back_note(leftovers, &watcher.notes[i]);
		PyErr_Clear();
	}
	if (watcher.overflow) {
		lp_leftovers_add(leftovers, "names of the standard library");
		leftovers->replace = true;
	}
	free_notes();
	watcher.paused = false;
}

static bool start_watching(void)
{
	watcher.id = PyDict_AddWatcher(on_event);
	if (watcher.id < 0)
		return false;
	watcher.modules = PyImport_GetModuleDict();
	watcher.builtins = PyEval_GetBuiltins();
	watch_dict(watcher.modules, NULL, "sys.modules");
	return true;
}

bool lp_modules_keep(void (*on_import)(const char *name, PyObject *module), struct lp_error *error)
{
	PyObject *name, *module;
	Py_ssize_t position = 0;

	if (watcher.id < 0 && !start_watching())
		return lp_fail(error, LP_EXIT_INTERNAL,
		               "cannot prepare the Python interpreter: no dict can be watched");
	watcher.on_import = on_import;
	free_notes();
	while (PyDict_Next(watcher.modules, &position, &name, &module))
		if (PyUnicode_CheckExact(name) && PyModule_Check(module))
			on_import(PyUnicode_AsUTF8(name), module);
	PyErr_Clear();
	return true;
}
