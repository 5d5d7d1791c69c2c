/* See json.h. */
#include "text/json.h"

#include "text/number.h"
#include "text/utf8.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

static void add(struct lp_text *json, const char *text)
{
	lp_text_add(json, text, strlen(text));
}

static void add_escape(struct lp_text *json, const char *at)
{
	static const char short_forms[] = "\"\"\\\\\bb\ff\nn\rr\tt";
	size_t control = lp_utf8_control(at);
	for (size_t i = 0; i + 1 < sizeof short_forms; i += 2)
		if (short_forms[i] == *at) {
			lp_text_addf(json, "\\%c", short_forms[i + 1]);
			return;
		}
	if (control > 0)
		lp_text_addf(json, "\\u%04x", (unsigned)(unsigned char)at[control - 1]);
	else
		lp_text_addf(json, "\\\\x%02x", (unsigned)(unsigned char)*at);
}

void lp_json_quote(struct lp_text *json, const char *value)
{
	const char *from = value, *at = value;
	add(json, "\"");
	while (*at != '\0') {
		size_t length = lp_utf8_printable(at), control = lp_utf8_control(at);
		if (length > 0 && *at != '"' && *at != '\\') {
			at += length;
			continue;
		}
		lp_text_add(json, from, (size_t)(at - from));
		add_escape(json, at);
		at += control == 2 ? 2 : 1;
		from = at;
	}
	add(json, from);
	add(json, "\"");
}

/* A member follows another one unless it stands first, on its line or between its brackets. */
static bool needs_comma(const struct lp_text *json)
{
	return json->length > 0 && strchr("{[ \n", json->data[json->length - 1]) == NULL;
}

static void begin_member(struct lp_text *json, const char *name)
{
	if (needs_comma(json))
		add(json, ", ");
	if (name == NULL)
		return;
	lp_json_quote(json, name);
	add(json, ": ");
}

void lp_json_begin(struct lp_text *json, const char *name, const char *opening)
{
	begin_member(json, name);
	add(json, opening);
}

void lp_json_end(struct lp_text *json, const char *closing)
{
	add(json, closing);
}

void lp_json_new_line(struct lp_text *json, int indent)
{
	lp_text_addf(json, "%s\n%*s", needs_comma(json) ? "," : "", indent, "");
}

void lp_json_add_null(struct lp_text *json, const char *name)
{
	begin_member(json, name);
	add(json, "null");
}

void lp_json_add_text(struct lp_text *json, const char *name, const char *value)
{
	if (value == NULL) {
		lp_json_add_null(json, name);
		return;
	}
	begin_member(json, name);
	lp_json_quote(json, value);
}

void lp_json_add_bool(struct lp_text *json, const char *name, bool value)
{
	begin_member(json, name);
	add(json, value ? "true" : "false");
}

void lp_json_add_integer(struct lp_text *json, const char *name, int64_t value)
{
	begin_member(json, name);
	lp_text_addf(json, "%" PRId64, value);
}

void lp_json_add_number(struct lp_text *json, const char *name, double value)
{
	char text[32];
	lp_number_format(value, text);
	begin_member(json, name);
	add(json, isfinite(value) ? text : "null");
}

void lp_json_add_seconds(struct lp_text *json, const char *name, int64_t nanoseconds, int decimals)
{
	begin_member(json, name);
	lp_text_addf(json, "%.*f", decimals, (double)nanoseconds / 1e9);
}

void lp_json_add_stored(struct lp_text *json, const char *name, const char *value)
{
	begin_member(json, name);
	while (*value != '\0') {
		size_t length = lp_utf8_printable(value), control = lp_utf8_control(value);
		if (length > 0)
			lp_text_add(json, value, length);
		else if (*value == '\n' || *value == '\t' || *value == '\r')
			add(json, " "); /* between its parts: inside a text it is an escape already */
		else
			add_escape(json, value);
		value += length > 0 ? length : control == 2 ? 2 : 1;
	}
	while (json->length > 0 && json->data[json->length - 1] == ' ')
		json->data[--json->length] = '\0'; /* a blank at the end would hide that a comma is needed */
}
