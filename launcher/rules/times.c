/*
 * Times between microseconds since 1970 and datetime, and time zones.
 *
 * Runs wherever Python does, with the GIL held.
 */
#include "rules/types.h"

#include "calendar/calendar.h"

const char *lp_time_text(lp_time time, char text[LP_TIME_TEXT_SIZE])
{
	struct lp_civil civil;
	int length;

	if (time < LP_TIME_MIN || time > LP_TIME_MAX) {
		snprintf(text, LP_TIME_TEXT_SIZE, "%lld us", (long long)time);
		return text;
	}
	lp_civil_from_local(time, &civil);
	length = snprintf(text, LP_TIME_TEXT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d", civil.year, civil.month, civil.day,
	                  civil.hour, civil.minute, civil.second);
	if (civil.microsecond != 0)
		length += snprintf(text + length, LP_TIME_TEXT_SIZE - (size_t)length, ".%06d", civil.microsecond);
	snprintf(text + length, LP_TIME_TEXT_SIZE - (size_t)length, "Z");
	return text;
}

PyObject *lp_datetime_new(struct lp_rule_state *state, lp_time time, PyObject *zone)
{
	const PyDateTime_CAPI *api = state->datetime;
	PyObject *utc, *local;
	struct lp_civil civil;

	if (time < LP_TIME_MIN || time > LP_TIME_MAX) {
		PyErr_Format(PyExc_OverflowError, "%lld microseconds since 1970 is outside of the years 1 to 9999",
		             (long long)time);
		return NULL;
	}
	lp_civil_from_local(time, &civil);
	utc = api->DateTime_FromDateAndTime(civil.year, civil.month, civil.day, civil.hour, civil.minute, civil.second,
	                                    civil.microsecond, api->TimeZone_UTC, api->DateTimeType);
	if (utc == NULL || zone == NULL || zone == api->TimeZone_UTC)
		return utc;
	local = PyObject_CallMethod(utc, "astimezone", "O", zone);
	if (local == NULL && PyErr_ExceptionMatches(PyExc_OverflowError)) {
		/* The first and the last hours of the calendar have no local time, so UTC stands for the same instant. */
		PyErr_Clear();
		return utc;
	}
	Py_DECREF(utc);
	return local;
}

PyObject *lp_zone_of_time(struct lp_rule_state *state, PyObject *time)
{
	if (PyObject_TypeCheck(time, state->datetime->DateTimeType) && ((PyDateTime_DateTime *)time)->hastzinfo)
		return Py_NewRef(((PyDateTime_DateTime *)time)->tzinfo);
	return Py_NewRef(state->datetime->TimeZone_UTC);
}

bool lp_time_from_object(struct lp_rule_state *state, PyObject *object, const char *what, lp_time *time)
{
	PyObject *offset;
	int overflow;

	if (PyLong_Check(object) && !PyBool_Check(object)) {
		*time = PyLong_AsLongLongAndOverflow(object, &overflow);
		if (overflow == 0 && *time >= LP_TIME_MIN && *time <= LP_TIME_MAX)
			return true;
		PyErr_Format(PyExc_ValueError, "%s: %R microseconds since 1970 is outside of the years 1 to 9999", what,
		             object);
		return false;
	}
	if (!PyObject_TypeCheck(object, state->datetime->DateTimeType)) {
		PyErr_Format(PyExc_TypeError,
		             "%s must be a datetime with a time zone (or an int of microseconds since 1970), not %s",
		             what, Py_TYPE(object)->tp_name);
		return false;
	}
	*time = lp_civil_to_local(&(struct lp_civil){ .year = PyDateTime_GET_YEAR(object),
	                                              .month = PyDateTime_GET_MONTH(object),
	                                              .day = PyDateTime_GET_DAY(object),
	                                              .hour = PyDateTime_DATE_GET_HOUR(object),
	                                              .minute = PyDateTime_DATE_GET_MINUTE(object),
	                                              .second = PyDateTime_DATE_GET_SECOND(object),
	                                              .microsecond = PyDateTime_DATE_GET_MICROSECOND(object) });
	if (((PyDateTime_DateTime *)object)->hastzinfo &&
	    ((PyDateTime_DateTime *)object)->tzinfo == state->datetime->TimeZone_UTC)
		return true;
	offset = PyObject_CallMethod(object, "utcoffset", NULL);
	if (offset == NULL)
		return false;
	if (!PyObject_TypeCheck(offset, state->datetime->DeltaType)) {
		Py_DECREF(offset);
		PyErr_Format(PyExc_ValueError, "%s: %S has no time zone: which instant it is can't be told", what,
		             object);
		return false;
	}
	*time -= PyDateTime_DELTA_GET_DAYS(offset) * LP_DAY + PyDateTime_DELTA_GET_SECONDS(offset) * LP_SECOND +
	         PyDateTime_DELTA_GET_MICROSECONDS(offset);
	Py_DECREF(offset);
	return true;
}

PyObject *lp_zone_get(struct lp_rule_state *state, const char *name)
{
	PyObject *key, *zone, *module;

	if (name == NULL || name[0] == '\0' || strcmp(name, "UTC") == 0)
		return Py_NewRef(state->datetime->TimeZone_UTC);
	key = PyUnicode_FromString(name);
	if (key == NULL)
		return NULL;
	zone = Py_XNewRef(PyDict_GetItemWithError(state->zones, key));
	if (zone == NULL && !PyErr_Occurred() && (module = PyImport_ImportModule("zoneinfo")) != NULL) {
		zone = PyObject_CallMethod(module, "ZoneInfo", "O", key);
		Py_DECREF(module);
		if (zone != NULL && PyDict_SetItem(state->zones, key, zone) < 0)
			Py_CLEAR(zone);
	}
	Py_DECREF(key);
	return zone;
}
