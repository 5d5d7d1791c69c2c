/*
 * Keyword arguments of the methods of Series.
 *
 * Runs wherever Python does, with the GIL held.
 */
#include "rules/series.h"

/* Finds a keyword by its name.  Most callers name them in their order, so the one at `guess` is tried first. */
static const struct lp_keyword *find_keyword(const struct lp_keyword *keywords, PyObject *name, size_t guess)
{
	size_t k = 0;

	while (k < guess && keywords[k].name != NULL)
		k++;
	if (keywords[k].name == NULL || PyUnicode_CompareWithASCIIString(name, keywords[k].name) != 0)
		k = 0;
	while (keywords[k].name != NULL && PyUnicode_CompareWithASCIIString(name, keywords[k].name) != 0)
		k++;
	return keywords[k].name == NULL ? NULL : &keywords[k];
}

static bool find_choice(const struct lp_keyword *keyword, PyObject *value, int *choice)
{
	for (*choice = 0; keyword->choices[*choice] != NULL; ++*choice)
		if (PyUnicode_Check(value) && PyUnicode_CompareWithASCIIString(value, keyword->choices[*choice]) == 0)
			return true;
	return false;
}

bool lp_keywords_parse(const char *method, const struct lp_keyword *keywords, union lp_keyword_value *values,
                       PyObject *const *arguments, Py_ssize_t count, PyObject *names)
{
	if (count > 0) {
		PyErr_Format(PyExc_TypeError, "%s() takes keyword arguments only", method);
		return false;
	}
	for (Py_ssize_t i = 0; names != NULL && i < PyTuple_GET_SIZE(names); i++) {
		PyObject *name = PyTuple_GET_ITEM(names, i), *value = arguments[i];
		const struct lp_keyword *keyword = find_keyword(keywords, name, (size_t)i);
		union lp_keyword_value *slot;

		if (keyword == NULL) {
			PyErr_Format(PyExc_TypeError, "%s() has no argument %R", method, name);
			return false;
		}
		slot = &values[keyword - keywords];
		if (keyword->choices != NULL) {
			if (find_choice(keyword, value, &slot->choice))
				continue;
			PyErr_Format(PyExc_ValueError, "%s(): %U can't be %R; it is one of: %s", method, name, value,
			             keyword->choices_text);
			return false;
		}
		if (value == Py_None)
			continue;
		slot->number = PyFloat_AsDouble(value);
		if (slot->number == -1.0 && PyErr_Occurred())
			return false;
	}
	return true;
}
