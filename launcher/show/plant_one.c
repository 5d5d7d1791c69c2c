/* One calculation of a plant, over a time that somebody chose, as JSON: see show.h. */
#include "show/plant.h"

#include "text/json.h"

/* Somebody waits for it, so that it may have more than each of many charts of a page. */
enum { SERIES_MOST = 400000, ALL_MOST = 2000000 };

static void add_seconds(struct lp_text *json, const char *name, bool known, int64_t nanoseconds)
{
	if (known)
		lp_json_add_seconds(json, name, nanoseconds, 6);
	else
		lp_json_add_null(json, name);
}

/* What it is at the moment. */
static void add_state(struct lp_text *json, const struct lp_plant_row *row)
{
	const struct lp_status *status = &row->status;
	bool known = lp_status_has_outcome(status), none = status->window.start == LP_TIME_NONE;
	lp_json_begin(json, "now", "{");
	lp_json_add_text(json, "state", lp_state_name(status->state));
	lp_plant_add_time(json, "since", status->since);
	lp_plant_add_time(json, "failing_since", status->failing_since);
	lp_plant_add_time(json, "window_end", none ? LP_TIME_NONE : status->window.end);
	lp_plant_add_time(json, "watermark", status->watermark);
	add_seconds(json, "lag", row->lag >= 0, row->lag * 1000);
	lp_json_add_integer(json, "attempts", status->attempts);
	lp_plant_add_time(json, "next_attempt", status->next_attempt);
	add_seconds(json, "duration", known, status->duration);
	lp_json_add_text(json, "waits", status->cause != NULL ? status->cause : row->waits);
	lp_json_end(json, "}");
}

static bool show(struct lp_document *document, const struct lp_plant *plant, struct lp_error *error)
{
	struct lp_text *json = &document->text;
	const struct lp_plant_row *row = plant->rows;
	const struct lp_calculation *calculation = &row->status.calculation;
	struct lp_plant_left left = { .series = SERIES_MOST, .all = ALL_MOST };
	char every[24];
	lp_span_format(calculation->schedule.every, every);
	lp_json_begin(json, NULL, "{\n ");
	lp_plant_add_time(json, "made", plant->now);
	lp_json_add_text(json, "zone", lp_zone_name(plant->query->zone));
	lp_plant_add_time(json, "from", plant->from);
	lp_plant_add_time(json, "to", plant->to);
	lp_json_new_line(json, 1);
	add_state(json, row);
	lp_json_new_line(json, 1);
	lp_json_add_text(json, "rule", calculation->rule);
	lp_json_add_text(json, "every", every);
	lp_json_add_text(json, "mode", lp_mode_names[calculation->mode]);
	lp_json_add_stored(json, "labels", plant->labels[row->label]);
	if (!lp_plant_show_detail(document, plant, row, &left, error))
		return false;
	lp_json_end(json, "\n}\n");
	return true;
}

bool lp_show_calculation(struct lp_document *document, const struct lp_calculation_query *query, struct lp_error *error)
{
	const struct lp_plant_query of_plant = {
		.store = query->store, .zone = query->zone, .from = query->from, .to = query->to
	};
	struct lp_plant plant;
	bool ok = lp_plant_read_one(&plant, &of_plant, query->name, error);
	plant.is_exact = query->from != LP_TIME_NONE;
	ok = ok && show(document, &plant, error);
	lp_plant_free(&plant);
	return ok;
}
