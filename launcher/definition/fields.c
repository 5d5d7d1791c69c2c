/* The fields of a calculation as texts.  Knows no file and no store. */
#include "definition/fields.h"

#include "calendar/calendar.h"
#include "text/size.h"
#include <string.h>

static void add(struct lp_text *text, const char *value)
{
	lp_text_add(text, value, strlen(value));
}

static void format_description(const struct lp_calculation *calculation, struct lp_text *text)
{
	add(text, calculation->description);
}

static void format_rule(const struct lp_calculation *calculation, struct lp_text *text)
{
	add(text, calculation->rule);
}

static void format_parameters(const struct lp_calculation *calculation, struct lp_text *text)
{
	add(text, calculation->parameters);
}

static void format_labels(const struct lp_calculation *calculation, struct lp_text *text)
{
	add(text, calculation->labels);
}

bool lp_input_is_plain(const struct lp_input *input)
{
	return input->lookback == 0 && input->window.count == 0 && input->shift.count == 0;
}

void lp_input_format(const struct lp_input *input, struct lp_text *text)
{
	const struct {
		const char *name;
		struct lp_span span;
	} spans[] = { { "window", input->window }, { "shift", input->shift } };
	char written[32];
	size_t count = 0;
	if (input->lookback != 0) {
		lp_duration_format(input->lookback, written);
		lp_text_addf(text, "lookback: %s", written);
		count++;
	}
	for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
		if (spans[i].span.count == 0)
			continue;
		lp_span_format(spans[i].span, written);
		lp_text_addf(text, "%s%s: %s", count++ == 0 ? "" : ", ", spans[i].name, written);
	}
}

static void format_inputs(const struct lp_calculation *calculation, struct lp_text *text)
{
	for (size_t i = 0; i < calculation->input_count; i++) {
		const struct lp_input *input = &calculation->inputs[i];
		lp_text_addf(text, "%s%s: %s", i == 0 ? "" : ", ", input->name, input->series);
		if (lp_input_is_plain(input))
			continue;
		lp_text_addf(text, " (");
		lp_input_format(input, text);
		lp_text_addf(text, ")");
	}
}

static void format_outputs(const struct lp_calculation *calculation, struct lp_text *text)
{
	for (size_t o = 0; o < calculation->output_count; o++) {
		const struct lp_output *output = &calculation->outputs[o];
		lp_text_addf(text, "%s%s%s%s", o == 0 ? "" : ", ", output->name, output->name[0] == '\0' ? "" : ": ",
		             output->series);
	}
}

static void add_span(struct lp_text *text, struct lp_span span)
{
	char written[24];
	if (span.count == 0) {
		add(text, "0 s");
		return;
	}
	lp_span_format(span, written);
	add(text, written);
}

static void add_duration(struct lp_text *text, int64_t duration)
{
	char written[32];
	if (duration == 0) {
		add(text, "0 s");
		return;
	}
	lp_duration_format(duration, written);
	add(text, written);
}

static void format_every(const struct lp_calculation *calculation, struct lp_text *text)
{
	add_span(text, calculation->schedule.every);
}

static void format_window(const struct lp_calculation *calculation, struct lp_text *text)
{
	add_span(text, calculation->schedule.window);
}

static void format_offset(const struct lp_calculation *calculation, struct lp_text *text)
{
	add_span(text, calculation->schedule.offset);
}

static void format_delay(const struct lp_calculation *calculation, struct lp_text *text)
{
	add_duration(text, calculation->schedule.delay);
}

static void format_time_limit(const struct lp_calculation *calculation, struct lp_text *text)
{
	add_duration(text, calculation->time_limit);
}

static void format_memory_limit(const struct lp_calculation *calculation, struct lp_text *text)
{
	char written[32];
	if (calculation->memory_limit == 0)
		return;
	lp_size_write(calculation->memory_limit, written);
	add(text, written);
}

static void format_week_start(const struct lp_calculation *calculation, struct lp_text *text)
{
	int32_t day = calculation->schedule.week_start;
	add(text, lp_weekdays[day < 1 || day > 7 ? 0 : day - 1]);
}

static void format_time_zone(const struct lp_calculation *calculation, struct lp_text *text)
{
	add(text, calculation->schedule.zone);
}

static void format_start(const struct lp_calculation *calculation, struct lp_text *text)
{
	struct lp_error ignored;
	const struct lp_zone *zone;
	char written[40] = "null";
	/* With its offset, a time means the same in any zone: UTC serves where the own one is not known here. */
	if (calculation->start != LP_TIME_NONE &&
	    (lp_zone_find(calculation->schedule.zone, &zone, &ignored) || lp_zone_find("UTC", &zone, &ignored)))
		lp_time_format(calculation->start, zone, written);
	add(text, written);
}

static void format_result_time(const struct lp_calculation *calculation, struct lp_text *text)
{
	add(text, lp_result_time_names[calculation->result_time]);
}

static void format_min_coverage(const struct lp_calculation *calculation, struct lp_text *text)
{
	lp_text_addf(text, "%.15g", calculation->min_coverage);
}

static void format_missed(const struct lp_calculation *calculation, struct lp_text *text)
{
	add(text, lp_missed_names[calculation->schedule.missed]);
}

static void format_recompute_within(const struct lp_calculation *calculation, struct lp_text *text)
{
	if (calculation->recompute_within == LP_NEVER)
		add(text, "never");
	else if (calculation->recompute_within != 0)
		add_duration(text, calculation->recompute_within);
}

static void format_enabled(const struct lp_calculation *calculation, struct lp_text *text)
{
	add(text, calculation->enabled ? "true" : "false");
}

static void format_mode(const struct lp_calculation *calculation, struct lp_text *text)
{
	add(text, lp_mode_names[calculation->mode]);
}

const struct lp_calculation_field lp_calculation_fields[] = {
	{ "description", LP_FIELD_PLAIN, "", LP_EFFECT_NONE, format_description },
	{ "rule", LP_FIELD_PLAIN, NULL, LP_EFFECT_VALUES, format_rule },
	{ "inputs", LP_FIELD_ITEMS, "", LP_EFFECT_VALUES, format_inputs },
	{ "parameters", LP_FIELD_JSON, "{}", LP_EFFECT_VALUES, format_parameters },
	{ "output", LP_FIELD_ITEMS, NULL, LP_EFFECT_OUTPUTS, format_outputs },
	{ "every", LP_FIELD_WORD, NULL, LP_EFFECT_WINDOWS, format_every },
	{ "window", LP_FIELD_WORD, NULL, LP_EFFECT_WINDOWS, format_window },
	{ "offset", LP_FIELD_WORD, "0 s", LP_EFFECT_WINDOWS, format_offset },
	{ "delay", LP_FIELD_WORD, "0 s", LP_EFFECT_NONE, format_delay },
	{ "week_start", LP_FIELD_WORD, "monday", LP_EFFECT_WINDOWS, format_week_start },
	{ "time_zone", LP_FIELD_PLAIN, NULL, LP_EFFECT_WINDOWS, format_time_zone },
	{ "start", LP_FIELD_WORD, "null", LP_EFFECT_NONE, format_start },
	{ "time_limit", LP_FIELD_WORD, "0 s", LP_EFFECT_NONE, format_time_limit },
	{ "memory_limit", LP_FIELD_WORD, "", LP_EFFECT_NONE, format_memory_limit },
	{ "result_time", LP_FIELD_WORD, "start", LP_EFFECT_TIMES, format_result_time },
	{ "min_coverage", LP_FIELD_WORD, "0", LP_EFFECT_VALUES, format_min_coverage },
	{ "missed", LP_FIELD_WORD, "catch_up", LP_EFFECT_NONE, format_missed },
	{ "recompute_within", LP_FIELD_WORD, "", LP_EFFECT_NONE, format_recompute_within },
	{ "labels", LP_FIELD_JSON, "{}", LP_EFFECT_NONE, format_labels },
	{ "enabled", LP_FIELD_WORD, "true", LP_EFFECT_NONE, format_enabled },
	{ "mode", LP_FIELD_WORD, "live", LP_EFFECT_NONE, format_mode },
};
const size_t lp_calculation_field_count = sizeof lp_calculation_fields / sizeof lp_calculation_fields[0];

unsigned lp_calculation_effects(const struct lp_calculation *before, const struct lp_calculation *after,
                                struct lp_text *names)
{
	struct lp_text old = { 0 }, new = { 0 };
	unsigned effects = LP_EFFECT_NONE;
	for (size_t f = 0; f < lp_calculation_field_count; f++) {
		const struct lp_calculation_field *field = &lp_calculation_fields[f];
		if (field->effect == LP_EFFECT_NONE)
			continue;
		old.length = new.length = 0;
		field->format(before, &old);
		field->format(after, &new);
		if (old.length == new.length && (old.length == 0 || memcmp(old.data, new.data, old.length) == 0))
			continue;
		effects |= (unsigned)field->effect;
		if (names != NULL)
			lp_text_addf(names, "%s%s", names->length == 0 ? "" : ", ", field->name);
	}
	lp_text_free(&old);
	lp_text_free(&new);
	return effects;
}
