/* A series' map to a struct.  Knows nothing of calculations. */
#include "definition/internal.h"

enum { NAME, UNIT, INTERVAL, DESCRIPTION, ATTRIBUTES, KEY, TABLE, FOR_EACH, KEYS };

void lp_series_read(const struct lp_item *item)
{
	static const struct lp_item_key keys[KEYS] = {
		[NAME] = { "name", true },
		[UNIT] = { "unit", false },
		[INTERVAL] = { "interval", false },
		[DESCRIPTION] = { "description", false },
		[ATTRIBUTES] = { "attributes", false },
		[KEY] = { "key", false },
		[TABLE] = { "table", false },
		[FOR_EACH] = { "for_each", false }, /* taken out before; here to be suggested */
	};
	const struct lp_yaml_node *nodes[KEYS];
	struct lp_definition_reader *reader = item->reader;
	size_t earlier;
	if (!lp_item_read_keys(item, item->node, "a series", keys, KEYS, nodes))
		return;
	struct lp_series series = {
		.name = lp_item_read_name(item, nodes[NAME], "name"),
		.unit = lp_item_read_line(item, nodes[UNIT], "unit"),
		.interval = lp_item_read_duration(item, nodes[INTERVAL], "interval", 1),
		.description = lp_item_read_text(item, nodes[DESCRIPTION], "description"),
		.attributes = lp_item_read_json(item, nodes[ATTRIBUTES], LP_MAP_ATTRIBUTES),
		.key = lp_item_read_line(item, nodes[KEY], "key"),
		.table = lp_item_read_line(item, nodes[TABLE], "table"),
	};
	if (series.name[0] == '\0' || item->broken)
		return;
	if (!lp_names_add(&reader->series_names, series.name, reader->definitions->series_count, &earlier)) {
		const struct lp_position *position = &reader->definitions->series_positions[earlier];
		lp_item_problem(item, nodes[NAME], "the series \"%s\" is declared already: %s, line %d", series.name,
		                position->file, position->line);
		return;
	}
	lp_definitions_add_series(reader->definitions, &series,
	                          &(struct lp_position){ item->file, item->node->line, item->node->column });
}
