/*
 * JSON as objects of Python, by app/local_processing/_json.py.
 *
 * Runs wherever Python does, with the GIL held.
 */
#include "rules/types.h"

PyObject *lp_json_parse(struct lp_rule_state *state, const char *json)
{
	PyObject *text, *result;

	if (state->parse_json == NULL) {
		PyObject *module = PyImport_ImportModule("local_processing._json");

		if (module == NULL)
			return NULL;
		state->parse_json = PyObject_GetAttrString(module, "parse");
		Py_DECREF(module);
		if (state->parse_json == NULL)
			return NULL;
	}
	text = lp_text_object(json);
	if (text == NULL)
		return NULL;
	result = PyObject_CallOneArg(state->parse_json, text);
	Py_DECREF(text);
	return result;
}

PyObject *lp_json_mapping(struct lp_rule_state *state, const char *json)
{
	PyObject *mapping, *proxy;

	if (json == NULL || strcmp(json, "{}") == 0)
		return Py_NewRef(state->empty_mapping);
	mapping = lp_json_parse(state, json);
	if (mapping == NULL)
		return NULL;
	proxy = PyDictProxy_New(mapping);
	Py_DECREF(mapping);
	return proxy;
}
