/*
 * Names that rules share: the modules and types of the standard library and of
 * this program.  Their dicts are watched.  Whoever puts another object under
 * a name there is noticed before it happens, and the old object is kept.
 *
 * Not every name counts.  Modules keep caches and counters in their own globals
 * (`global _node`), and these stay: a private name counts only where the old
 * object is a function, a type, a module or a float, a public one always, but
 * for the few in `shown_names` that have no name to be shown.
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

/* A dict that is watched, and what it belongs to: a module or a type; else `name` says what. */
struct watched {
	PyObject *dict, *owner; /* owned */
	const char *name;
};

/* One name in such a dict, as it was before it was changed first. */
struct note {
	struct watched of;
	PyObject *key, *old; /* old NULL: there was none */
};

static struct {
	int watcher;  /* of PyDict_AddWatcher, or -1 */
	bool pausing; /* things are being put back */
	bool overflowed;
	struct watched *watched;
	size_t watched_count, watched_capacity;
	struct note *notes;
	size_t note_count, note_capacity;
	PyObject *modules;  /* sys.modules */
	PyObject *builtins; /* the dict */
	PyObject *popped;   /* the module that was taken out of sys.modules last, not owned: for comparison only */
} watch = { .watcher = -1 };

/*
 * Names that are shown as a person knows them; NULL: the standard library
 * changes them by itself.
 */
static const struct shown_name {
	const char *name, *shown;
} shown_names[] = {
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

static const char *shown_name(const char *name)
{
	for (size_t i = 0; i < sizeof shown_names / sizeof *shown_names; i++)
		if (strcmp(shown_names[i].name, name) == 0)
			return shown_names[i].shown;
	return name;
}

/* Of a module's globals. */
static bool is_kept(PyObject *key, PyObject *old)
{
	if (PyFunction_Check(old) || PyCFunction_Check(old) || PyMethod_Check(old) || PyType_Check(old) ||
	    PyModule_Check(old) || PyFloat_CheckExact(old))
		return true;
	return old != Py_None && PyUnicode_READ_CHAR(key, 0) != '_';
}

static const struct watched *find_watched(PyObject *dict)
{
	for (size_t i = 0; i < watch.watched_count; i++)
		if (watch.watched[i].dict == dict)
			return &watch.watched[i];
	return NULL;
}

static bool is_watched_module(PyObject *module)
{
	return module != NULL && PyModule_Check(module) &&
	       lp_internals_dict_is_watched(PyModule_GetDict(module), watch.watcher);
}

/* In sys.modules: only modules that are watched are anybody's business. */
static bool counts(PyObject *dict, const struct watched *of, PyObject *key, PyObject *old, PyObject *new)
{
	if (dict == watch.modules)
		return is_watched_module(old) ||
		       (old == NULL && new == Py_None); /* None keeps it from being imported */
	if (of->owner == NULL)
		return true;
	/* New in a type: whether a base has it is asked when it is looked at, a type that changes cannot say. */
	if (old == NULL)
		return PyType_Check(of->owner) ||
		       (dict != watch.builtins && new != NULL && !PyModule_Check(new) &&
		        (PyDict_Contains(watch.builtins, key) > 0 || PyUnicode_EqualToUTF8(key, "tracebacklimit")));
	/* None in sys stands for a thing, such as stdin, that is not there. */
	return is_kept(key, old) || of->owner == lp_loaded_module("sys");
}

static void add_note(const struct watched *of, PyObject *key, PyObject *old)
{
	for (size_t i = 0; i < watch.note_count; i++)
		if (watch.notes[i].of.dict == of->dict && PyUnicode_Compare(watch.notes[i].key, key) == 0)
			return;
	if (watch.note_count == NOTES_MOST) {
		watch.overflowed = true;
		return;
	}
	LP_GROW(watch.notes, watch.note_count, watch.note_capacity);
	watch.notes[watch.note_count++] = (struct note){ *of, Py_NewRef(key), Py_XNewRef(old) };
	atomic_fetch_or_explicit(&lp_leftovers_changed, LP_CHANGE_MODULES, memory_order_relaxed);
}

static void note_change(PyObject *dict, PyObject *key, PyObject *old, PyObject *new)
{
	const struct watched *of;

	if (!PyUnicode_CheckExact(key) || PyUnicode_GET_LENGTH(key) == 0)
		return;
	of = find_watched(dict);
	if (of != NULL && counts(dict, of, key, old, new))
		add_note(of, key, old);
}

/* Of a dict that is emptied the private names are wanted back, too. */
static void note_all(PyObject *dict)
{
	const struct watched *of = find_watched(dict);
	PyObject *key, *old;
	Py_ssize_t position = 0;

	while (of != NULL && PyDict_Next(dict, &position, &key, &old))
		if (PyUnicode_CheckExact(key))
			add_note(of, key, old);
}

/*
 * importlib takes a module out of sys.modules and puts it in again once its
 * code has run: from then on its names are not its own any more.
 */
static void follow_import(PyDict_WatchEvent event, PyObject *key, PyObject *old, PyObject *new)
{
	if (event == PyDict_EVENT_ADDED && new == watch.popped && PyModule_Check(new) && PyUnicode_CheckExact(key)) {
		const char *name = PyUnicode_AsUTF8(key);

		if (name != NULL)
			lp_leftovers_add_module(name, new);
	}
	watch.popped = event == PyDict_EVENT_DELETED ? old : NULL;
}

static int on_event(PyDict_WatchEvent event, PyObject *dict, PyObject *key, PyObject *new)
{
	PyObject *error;

	if (watch.pausing || event == PyDict_EVENT_DEALLOCATED)
		return 0;
	/* The dict may be changed while an exception is on its way. */
	error = PyErr_GetRaisedException();
	if (key == NULL) {
		note_all(dict);
	} else {
		PyObject *old = PyDict_GetItemWithError(dict, key);

		if (dict == watch.modules)
			follow_import(event, key, old, new);
		note_change(dict, key, old, new);
	}
	PyErr_Clear();
	PyErr_SetRaisedException(error);
	return 0;
}

static void watch_dict(PyObject *dict, PyObject *owner, const char *name)
{
	if (dict == NULL || lp_internals_dict_is_watched(dict, watch.watcher) || PyDict_Watch(watch.watcher, dict) < 0)
		return;
	LP_GROW(watch.watched, watch.watched_count, watch.watched_capacity);
	watch.watched[watch.watched_count++] = (struct watched){ Py_NewRef(dict), Py_XNewRef(owner), name };
}

bool lp_modules_is_watched(PyObject *dict)
{
	return lp_internals_dict_is_watched(dict, watch.watcher);
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

	if (lp_internals_dict_is_watched(dict, watch.watcher))
		return;
	watch_dict(dict, module, NULL);
	while (PyDict_Next(dict, &position, &key, &value))
		if (PyType_Check(value) && (((PyTypeObject *)value)->tp_flags & Py_TPFLAGS_IMMUTABLETYPE) == 0)
			watch_dict(((PyTypeObject *)value)->tp_dict, value, NULL);
}

/* What a look makes of the notes. */

/* The name that a person knows: of a module, or of a type with its module. */
static PyObject *name_of(const struct watched *of)
{
	if (of->owner == NULL)
		return PyUnicode_FromString(of->name);
	if (PyType_Check(of->owner))
		return PyType_GetFullyQualifiedName((PyTypeObject *)of->owner);
	return PyModule_GetNameObject(of->owner);
}

/* "posix" is what no rule ever wrote. */
static const char *public_name(const char *name)
{
	return strcmp(name, "posix") == 0 ? "os" : strcmp(name, "_signal") == 0 ? "signal" : name;
}

static const char *kind_of(PyObject *value)
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

static bool is_as_it_was(const struct note *note)
{
	PyObject *now = PyDict_GetItemWithError(note->of.dict, note->key);

	if (now == note->old)
		return true;
	if (note->old == NULL)
		return note->of.owner != NULL && PyType_Check(note->of.owner) &&
		       !is_inherited((PyTypeObject *)note->of.owner, note->key);
	/* time.tzset() makes new objects of the same value. */
	return now != NULL && Py_TYPE(now) == Py_TYPE(note->old) &&
	       (PyLong_CheckExact(now) || PyUnicode_CheckExact(now) || PyTuple_CheckExact(now)) &&
	       PyObject_RichCompareBool(now, note->old, Py_EQ) == 1;
}

static bool put_back(const struct note *note)
{
	int result;

	if (note->of.owner != NULL && PyType_Check(note->of.owner))
		/* Not the metatype's: that of Enum refuses. */
		result = PyType_Type.tp_setattro(note->of.owner, note->key, note->old);
	else if (note->old == NULL)
		result = PyDict_DelItem(note->of.dict, note->key);
	else
		result = PyDict_SetItem(note->of.dict, note->key, note->old);
	PyErr_Clear();
	return result == 0;
}

/* "math.sqrt", or without a module where a person writes none. */
static void full_name(const struct note *note, char *full, size_t size)
{
	PyObject *owner = name_of(&note->of);
	const char *name = owner == NULL ? NULL : PyUnicode_AsUTF8(owner), *key = PyUnicode_AsUTF8(note->key);

	if (name == NULL || key == NULL)
		snprintf(full, size, "a name of the standard library");
	else if (note->of.dict == watch.modules || note->of.dict == watch.builtins)
		snprintf(full, size, "%s", key);
	else
		snprintf(full, size, "%s.%s", public_name(name), key);
	Py_XDECREF(owner);
	PyErr_Clear();
}

static void put_back_one(struct lp_leftovers *found, const struct note *note)
{
	PyObject *now = Py_XNewRef(PyDict_GetItemWithError(note->of.dict, note->key));
	bool ok = put_back(note);
	const char *shown;
	char full[256];

	/* Only now, because a module's own name may be among what was taken away. */
	full_name(note, full, sizeof full);
	shown = shown_name(full);
	if (shown != NULL) {
		lp_leftovers_name(found, "%s%s", kind_of(note->old), shown);
		found->replace = found->replace || !ok;
	} else if (now != NULL) {
		PyDict_SetItem(note->of.dict, note->key, now);
	}
	PyErr_Clear();
	Py_XDECREF(now);
}

static void forget_notes(void)
{
	for (size_t i = 0; i < watch.note_count; i++) {
		Py_DECREF(watch.notes[i].key);
		Py_XDECREF(watch.notes[i].old);
	}
	watch.note_count = 0;
	watch.overflowed = false;
}

void lp_modules_put_back(struct lp_leftovers *found)
{
	watch.pausing = true;
	for (size_t i = 0; i < watch.note_count; i++) {
		if (!is_as_it_was(&watch.notes[i]))
			put_back_one(found, &watch.notes[i]);
		PyErr_Clear();
	}
	if (watch.overflowed) {
		lp_leftovers_name(found, "names of the standard library");
		found->replace = true;
	}
	forget_notes();
	watch.pausing = false;
}

static bool start_watching(void)
{
	watch.watcher = PyDict_AddWatcher(on_event);
	if (watch.watcher < 0)
		return false;
	watch.modules = PyImport_GetModuleDict();
	watch.builtins = PyEval_GetBuiltins();
	watch_dict(watch.modules, NULL, "sys.modules");
	return true;
}

bool lp_modules_keep(struct lp_error *error)
{
	PyObject *name, *module;
	Py_ssize_t position = 0;

	if (watch.watcher < 0 && !start_watching())
		return lp_fail(error, LP_EXIT_INTERNAL,
		               "cannot prepare the Python interpreter: no dict can be watched");
	forget_notes();
	while (PyDict_Next(watch.modules, &position, &name, &module))
		if (PyUnicode_CheckExact(name) && PyModule_Check(module))
			lp_leftovers_add_module(PyUnicode_AsUTF8(name), module);
	PyErr_Clear();
	return true;
}
