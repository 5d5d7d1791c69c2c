/* The settings as they hold, to be shown: each with its value as it would be written, without what is secret. */
#include "config/config.h"
#include "config/settings.h"

#include "calendar/calendar.h"
#include "model/calculation.h"
#include "model/memory.h"
#include "store/store.h"
#include "text/json.h"
#include "text/size.h"
#include <stdio.h>
#include <string.h>

#define SECRET "***"

static void add_number(struct lp_text *text, struct lp_text *json, int32_t value)
{
	lp_text_addf(text, "%d", (int)value);
	lp_json_add_integer(json, NULL, value);
}

static void add_flag(struct lp_text *text, struct lp_text *json, bool value)
{
	lp_text_addf(text, "%s", value ? "true" : "false");
	lp_json_add_bool(json, NULL, value);
}

static void add_list(struct lp_text *text, struct lp_text *json, const struct lp_config_list *list)
{
	lp_json_begin(json, NULL, "[");
	for (size_t i = 0; i < list->count; i++) {
		lp_text_addf(text, "%s%s", i == 0 ? "[" : ", ", list->items[i]);
		lp_json_add_text(json, NULL, list->items[i]);
	}
	lp_text_addf(text, "%s", list->count == 0 ? "[]" : "]");
	lp_json_end(json, "]");
}

/* Writes a value that is a text in both forms; false: there is none. */
static bool write_text(const struct lp_setting *setting, const void *field, char written[512])
{
	const char *text = NULL;
	const int64_t duration = setting->kind == LP_SETTING_SECONDS ? *(const int32_t *)field * LP_SECOND : 0;
	switch (setting->kind) {
	case LP_SETTING_SECONDS:
		lp_duration_format(duration, written);
		return true;
	case LP_SETTING_DURATION:
		lp_duration_format(*(const int64_t *)field, written);
		return true;
	case LP_SETTING_RETENTION:
		if (*(const int64_t *)field > 0)
			lp_duration_format(*(const int64_t *)field, written);
		else
			text = "forever";
		break;
	case LP_SETTING_SIZE:
		if (*(const int64_t *)field > 0)
			lp_size_write(*(const int64_t *)field, written);
		else
			text = "auto";
		break;
	case LP_SETTING_FORMAT:
		text = lp_log_formats[*(const enum lp_log_format *)field];
		break;
	case LP_SETTING_LEVEL:
		text = lp_log_levels[*(const enum lp_log_level *)field];
		break;
	case LP_SETTING_MODE:
		text = lp_mode_names[*(const enum lp_mode *)field];
		break;
	default:
		return false;
	}
	if (text != NULL)
		(void)snprintf(written, 512, "%s", text);
	return true;
}

static void add_value(const struct lp_setting *setting, const void *field, struct lp_text *text, struct lp_text *json)
{
	char written[512];
	const char *value = NULL;
	if (setting->kind == LP_SETTING_NUMBER) {
		add_number(text, json, *(const int32_t *)field);
		return;
	}
	if (setting->kind == LP_SETTING_FLAG) {
		add_flag(text, json, *(const bool *)field);
		return;
	}
	if (setting->kind == LP_SETTING_DIRECTORIES || setting->kind == LP_SETTING_MODULES) {
		add_list(text, json, field);
		return;
	}
	if (write_text(setting, field, written))
		value = written;
	else
		value = *(char *const *)field;
	if (setting->kind == LP_SETTING_ADDRESS && value != NULL) {
		lp_store_describe(value, written, sizeof written);
		value = written;
	}
	if (setting->kind == LP_SETTING_LISTEN && value == NULL)
		value = LP_LISTEN_USUAL;
	if (value != NULL)
		lp_text_addf(text, "%s", value);
	lp_json_add_text(json, NULL, value);
}

static bool is_table(const struct lp_setting *setting)
{
	return setting->kind == LP_SETTING_TABLE || setting->kind == LP_SETTING_TABLES;
}

/* True if another setting of the same value, `python` or `python.interpreter`, is the one to show. */
static bool is_said_by_another(const struct lp_config *config, size_t at)
{
	const struct lp_setting *setting = &lp_settings[at];
	for (size_t other = 0; other < lp_setting_count; other++) {
		if (other == at || is_table(setting) || lp_settings[other].field != setting->field)
			continue;
		if (config->origins[at].kind == LP_ORIGIN_DEFAULT &&
		    (other < at || config->origins[other].kind != LP_ORIGIN_DEFAULT))
			return true;
	}
	return false;
}

void lp_config_each(const struct lp_config *config,
                    void (*visit)(void *context, const struct lp_effective_setting *setting), void *context)
{
	for (size_t s = 0; s < config->origin_count; s++) {
		const struct lp_setting *setting = &lp_settings[s];
		const struct lp_origin *origin = &config->origins[s];
		struct lp_text text = { 0 }, json = { 0 };
		if (is_said_by_another(config, s))
			continue;
		if (is_table(setting)) {
			lp_text_addf(&text, "%s", origin->written == NULL ? "" : origin->written);
			lp_text_addf(&json, "%s", origin->written == NULL ? "null" : origin->written);
		} else if (origin->value_file != NULL && setting->kind != LP_SETTING_ADDRESS) {
			lp_text_addf(&text, SECRET);
			lp_json_add_text(&json, NULL, SECRET);
		} else {
			add_value(setting, (const char *)config + setting->field, &text, &json);
		}
		visit(context, &(struct lp_effective_setting){ .path = setting->path,
		                                               .text = text.data == NULL ? "" : text.data,
		                                               .json = json.data,
		                                               .origin = origin });
		lp_text_free(&text);
		lp_text_free(&json);
	}
}
