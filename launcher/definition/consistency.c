/*
 * All definitions of the files, with the stored ones that stay, against each
 * other: one writer for a series, inputs that exist, units that agree, no
 * cycles.  Knows no file: problems go to the places that reading kept.
 */
#include "definition/internal.h"

#include "text/json_tree.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The nearest name is looked for among all series: for the first few problems only. */
enum { SUGGESTIONS_MOST = 20, CYCLE_NAMES_MOST = 20 };

/* No store has to write a look-back that is longer than history. */
#define HOLD_MOST (36600 * LP_DAY)

struct calculation_set {
	struct lp_definition_reader *reader;
	const struct lp_calculation **calculations; /* those of the files first, in their order */
	size_t count, of_files;
	struct lp_names writers; /* series to the calculation that writes it */
	struct lp_names stored;  /* names to stored calculations, once modes are looked at */
	int suggestions;
};

static void LP_PRINTF(3, 4) problem(const struct calculation_set *set, size_t calculation, const char *format, ...)
{
	const struct lp_definitions *definitions = set->reader->definitions;
	const struct lp_position *position = &definitions->calculation_positions[calculation];
	va_list arguments;
	char *what;
	va_start(arguments, format);
	int length = vasprintf(&what, format, arguments);
	va_end(arguments);
	lp_problem_add(set->reader->problems, position->file, position->line, position->column,
	               "calculation \"%s\": %s", definitions->calculations[calculation].name,
	               length < 0 ? "is wrong, and there is no memory to say why" : what);
	if (length >= 0)
		free(what);
}

static void gather(struct calculation_set *set)
{
	const struct lp_definition_reader *reader = set->reader;
	const struct lp_definitions *files = reader->definitions, *stored = reader->files->stored;
	size_t most = files->calculation_count + (stored == NULL ? 0 : stored->calculation_count);
	set->calculations = lp_allocate(most * sizeof(struct lp_calculation *));
	for (size_t i = 0; i < files->calculation_count; i++)
		set->calculations[set->count++] = &files->calculations[i];
	set->of_files = set->count;
	for (size_t i = 0; stored != NULL && !reader->files->prune && i < stored->calculation_count; i++)
		if (!lp_names_find(&reader->calculation_names, stored->calculations[i].name, NULL))
			set->calculations[set->count++] = &stored->calculations[i];
}

static void find_writers(struct calculation_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct lp_calculation *calculation = set->calculations[i];
		for (size_t o = 0; o < calculation->output_count; o++) {
			const char *series = calculation->outputs[o].series;
			size_t other;
			if (series[0] == '\0' || lp_names_add(&set->writers, series, i, &other))
				continue;
			if (other == i)
				problem(set, i, "two of its outputs go to the series \"%s\"", series);
			else if (i >= set->of_files)
				problem(set, other,
				        "the series \"%s\" is written by the stored calculation \"%s\" already "
				        "(--prune deletes "
				        "calculations that no file has)",
				        series, calculation->name);
			else
				problem(set, i,
				        "the series \"%s\" is written by the calculation \"%s\" already (%s, line %d)",
				        series, set->calculations[other]->name,
				        set->reader->definitions->calculation_positions[other].file,
				        set->reader->definitions->calculation_positions[other].line);
		}
	}
}

static bool is_known(const struct calculation_set *set, const char *series)
{
	return lp_names_find(&set->reader->series_names, series, NULL) ||
	       lp_names_find(&set->reader->stored_series, series, NULL) || lp_names_find(&set->writers, series, NULL);
}

struct known_series {
	const struct lp_names *tables[3];
	size_t table, slot;
};

static const char *next_series(void *context)
{
	struct known_series *known = context;
	for (; known->table < 3; known->table++, known->slot = 0) {
		const struct lp_names *names = known->tables[known->table];
		while (known->slot < names->capacity) {
			const char *text = names->slots[known->slot++].text;
			if (text != NULL)
				return text;
		}
	}
	return NULL;
}

static void check_inputs(struct calculation_set *set)
{
	for (size_t i = 0; i < set->of_files; i++) {
		const struct lp_calculation *calculation = set->calculations[i];
		for (size_t k = 0; k < calculation->input_count; k++) {
			const struct lp_input *input = &calculation->inputs[k];
			const char *nearest = NULL;
			if (input->series[0] == '\0' || is_known(set, input->series))
				continue;
			struct known_series known = { .tables = { &set->reader->series_names,
				                                  &set->reader->stored_series, &set->writers } };
			if (set->suggestions++ < SUGGESTIONS_MOST)
				nearest = lp_nearest(input->series, next_series, &known);
			if (nearest != NULL)
				problem(set, i, "input %s: there is no series \"%s\": did you mean \"%s\"?",
				        input->name, input->series, nearest);
			else
				problem(set, i,
				        "input %s: there is no series \"%s\": it is not stored, not declared under "
				        "series: and no output",
				        input->name, input->series);
		}
	}
}

static int64_t interval_of(const struct lp_definition_reader *reader, const char *series)
{
	size_t at;
	if (lp_names_find(&reader->series_names, series, &at))
		return reader->definitions->series[at].interval;
	if (lp_names_find(&reader->stored_series, series, &at))
		return reader->files->stored->series[at].interval;
	return 0;
}

/* Returns NULL if no calculation of that name is stored. */
static const struct lp_calculation *find_stored(const struct calculation_set *set, const char *name)
{
	const struct lp_definitions *stored = set->reader->files->stored;
	size_t at;
	return stored != NULL && lp_names_find(&set->stored, name, &at) ? &stored->calculations[at] : NULL;
}

/* Returns the mode that it has once the files are applied: that of a stored one stays. */
static enum lp_mode mode_of(const struct calculation_set *set, const struct lp_calculation *calculation)
{
	const struct lp_calculation *stored = find_stored(set, calculation->name);
	return stored != NULL ? stored->mode : calculation->mode;
}

static bool reads(const struct lp_calculation *calculation, const char *series)
{
	for (size_t k = 0; k < calculation->input_count; k++)
		if (strcmp(calculation->inputs[k].series, series) == 0)
			return true;
	return false;
}

static bool is_written_live(const struct lp_definitions *stored, const char *series)
{
	for (size_t i = 0; i < stored->calculation_count; i++)
		for (size_t o = 0; o < stored->calculations[i].output_count; o++)
			if (stored->calculations[i].mode == LP_MODE_LIVE &&
			    strcmp(stored->calculations[i].outputs[o].series, series) == 0)
				return true;
	return false;
}

/*
 * What is live does not begin to read what is in shadow: nobody writes the live
 * series of that name. One that reads it already, because something else writes
 * it, goes on with that.
 */
static void check_live(struct calculation_set *set, size_t i, const struct lp_input *input)
{
	const struct lp_calculation *before = find_stored(set, set->calculations[i]->name), *writer;
	size_t at;
	if (!lp_names_find(&set->writers, input->series, &at))
		return;
	writer = set->calculations[at];
	if (at == i || mode_of(set, writer) == LP_MODE_LIVE)
		return;
	if (before != NULL && reads(before, input->series) &&
	    !is_written_live(set->reader->files->stored, input->series))
		return;
	problem(set, i,
	        "it is live, and its input %s is the series \"%s\", which the calculation \"%s\" computes in shadow: "
	        "`local-processing promote` makes that one live, `mode: shadow` a new one wait",
	        input->name, input->series, writer->name);
}

static void check_modes(struct calculation_set *set)
{
	const struct lp_definitions *stored = set->reader->files->stored;
	bool any = false;
	for (size_t i = 0; i < set->count; i++)
		any = any || set->calculations[i]->mode == LP_MODE_SHADOW;
	for (size_t i = 0; stored != NULL && i < stored->calculation_count; i++)
		any = any || stored->calculations[i].mode == LP_MODE_SHADOW;
	if (!any)
		return;
	for (size_t i = 0; stored != NULL && i < stored->calculation_count; i++)
		(void)lp_names_add(&set->stored, stored->calculations[i].name, i, NULL);
	for (size_t i = 0; i < set->of_files; i++)
		for (size_t k = 0; k < set->calculations[i]->input_count; k++)
			if (mode_of(set, set->calculations[i]) == LP_MODE_LIVE)
				check_live(set, i, &set->calculations[i]->inputs[k]);
}

static int64_t lookback_of(const struct lp_rule *rule, const struct lp_input *input)
{
	int64_t wanted = 0;
	for (size_t r = 0; r < rule->input_count; r++) {
		if (strcmp(rule->inputs[r].name, input->name) == 0)
			return rule->inputs[r].lookback;
		if (rule->inputs[r].many)
			wanted = rule->inputs[r].lookback;
	}
	return wanted;
}

/* For as long as a value of the series holds, or as the parameter `hold` says, in seconds, where that is longer. */
static int64_t held_lookback(const struct lp_definition_reader *reader, const struct lp_calculation *calculation,
                             const struct lp_input *input)
{
	int64_t held = lp_series_hold(interval_of(reader, input->series));
	struct lp_arena arena = { 0 };
	const struct lp_yaml_node *parameters = strstr(calculation->parameters, "\"hold\"") == NULL
	                                                ? NULL
	                                                : lp_json_read(calculation->parameters, &arena);
	const struct lp_yaml_node *hold =
		parameters == NULL || parameters->type != LP_YAML_MAP ? NULL : lp_yaml_get(parameters, "hold");
	if (hold != NULL && (hold->type == LP_YAML_INT || hold->type == LP_YAML_FLOAT)) {
		double seconds = hold->type == LP_YAML_INT ? (double)hold->value.integer : hold->value.number;
		double asked = fmin(seconds * (double)LP_SECOND, (double)HOLD_MOST);
		if (asked > (double)held)
			held = (int64_t)ceil(asked);
	}
	lp_arena_free(&arena);
	return held;
}

/*
 * The rule's own look-back where the definition asks for less: what is stored
 * is what is fetched.  Here, because how long a value holds is its series' to say.
 */
static void fill_lookbacks(const struct lp_definition_reader *reader)
{
	for (size_t i = 0; reader->files->catalogue != NULL && i < reader->definitions->calculation_count; i++) {
		struct lp_calculation *calculation = &reader->definitions->calculations[i];
		const struct lp_rule *rule = lp_rule_find(reader->files->catalogue, calculation->rule);
		for (size_t k = 0; rule != NULL && k < calculation->input_count; k++) {
			struct lp_input *input = &calculation->inputs[k];
			int64_t wanted = lookback_of(rule, input);
			if (wanted == LP_LOOKBACK_HOLD)
				wanted = held_lookback(reader, calculation, input);
			if (input->lookback < wanted)
				input->lookback = wanted;
		}
	}
}

/* a -> b -> a, each reads the next. */
static void tell_cycle(void *context, const size_t *members, size_t count)
{
	const struct calculation_set *set = context;
	size_t begin = 0, length = 0;
	struct lp_text text = { 0 };
	while (begin < count && members[begin] >= set->of_files)
		begin++;
	if (begin == count)
		return; /* what is stored was checked when it was applied */
	if (count == 1) {
		problem(set, members[0], "it reads its own output");
		return;
	}
	for (; length <= count; length++) {
		if (length == CYCLE_NAMES_MOST && count > CYCLE_NAMES_MOST) {
			lp_text_addf(&text, " -> (%zu more)", count - length);
			length = count - 1;
			continue;
		}
		lp_text_addf(&text, "%s%s", length == 0 ? "" : " -> ",
		             set->calculations[members[(begin + length) % count]]->name);
	}
	problem(set, members[begin], "it waits for its own result; each reads the next one's output: %s", text.data);
	lp_text_free(&text);
}

static void rank(struct calculation_set *set)
{
	int32_t *ranks = lp_allocate(set->count * sizeof *ranks);
	lp_graph_rank(set->calculations, set->count, ranks, tell_cycle, set);
	for (size_t i = 0; i < set->of_files; i++)
		set->reader->definitions->calculations[i].rank = ranks[i];
	free(ranks);
}

/*
 * An output that says its unit declares its series; one that does not takes the
 * series as it is, and makes it only where there is none.
 */
static void declare_output(struct calculation_set *set, size_t calculation, const struct lp_output *output)
{
	struct lp_definition_reader *reader = set->reader;
	struct lp_definitions *definitions = reader->definitions;
	size_t index, stored = SIZE_MAX;
	if (lp_names_find(&reader->series_names, output->series, &index)) {
		if (output->unit[0] != '\0' && strcmp(output->unit, definitions->series[index].unit) != 0)
			problem(set, calculation, "the output %s has the unit \"%s\" here, but \"%s\" in %s, line %d",
			        output->series, output->unit, definitions->series[index].unit,
			        definitions->series_positions[index].file, definitions->series_positions[index].line);
		return;
	}
	struct lp_series series = { .name = output->series,
		                    .unit = output->unit,
		                    .description = "",
		                    .attributes = "{}",
		                    .key = "",
		                    .table = "" };
	if (lp_names_find(&reader->stored_series, output->series, &stored)) {
		if (output->unit[0] == '\0')
			return;
		series = reader->files->stored->series[stored];
		series.unit = output->unit;
	}
	(void)lp_names_add(&reader->series_names, series.name, definitions->series_count, NULL);
	lp_definitions_add_series(definitions, &series, &definitions->calculation_positions[calculation]);
}

/* Series whose samples are the same rows: of those that calculations write, and of those that they only read. */
static const char *rows_of(const struct calculation_set *set, const struct lp_series *series)
{
	struct lp_arena *arena = &set->reader->definitions->arena;
	struct lp_text text = { 0 };
	const char *rows;
	lp_text_addf(&text, "%d %s %s", lp_names_find(&set->writers, series->name, NULL), series->table, series->key);
	rows = lp_arena_copy(arena, text.data, text.length);
	lp_text_free(&text);
	return rows;
}

/* Reports series of the files that have a key in common with another one of the same table. */
static void check_keys(const struct calculation_set *set)
{
	const struct lp_definition_reader *reader = set->reader;
	const struct lp_definitions *files = reader->definitions, *stored = reader->files->stored;
	struct lp_names keys = { 0 };
	for (size_t i = 0; stored != NULL && i < stored->series_count; i++)
		if (stored->series[i].key[0] != '\0' &&
		    !lp_names_find(&reader->series_names, stored->series[i].name, NULL))
			(void)lp_names_add(&keys, rows_of(set, &stored->series[i]), files->series_count + i, NULL);
	for (size_t i = 0; i < files->series_count; i++) {
		const struct lp_series *series = &files->series[i], *other;
		size_t at;
		if (series->table[0] != '\0' && strcmp(series->table, LP_OWN_TABLE) != 0 &&
		    lp_names_find(&set->writers, series->name, NULL))
			lp_problem_add(reader->problems, files->series_positions[i].file,
			               files->series_positions[i].line, files->series_positions[i].column,
			               "series \"%s\": a calculation writes it, and writes nothing into the table %s",
			               series->name, series->table);
		if (series->key[0] == '\0' || lp_names_add(&keys, rows_of(set, series), i, &at))
			continue;
		other = at < files->series_count ? &files->series[at] : &stored->series[at - files->series_count];
		lp_problem_add(reader->problems, files->series_positions[i].file, files->series_positions[i].line,
		               files->series_positions[i].column,
		               "series \"%s\": the key %s is that of the series \"%s\" already, in the same table",
		               series->name, series->key, other->name);
	}
	lp_names_free(&keys);
}

void lp_consistency_check(struct lp_definition_reader *reader)
{
	struct calculation_set set = { .reader = reader };
	gather(&set);
	find_writers(&set);
	fill_lookbacks(reader);
	check_modes(&set);
	/* Without knowing what is stored, any series may be there. */
	if (reader->files->stored != NULL)
		check_inputs(&set);
	rank(&set);
	for (size_t i = 0; i < set.of_files; i++) {
		for (size_t o = 0; o < set.calculations[i]->output_count; o++)
			if (set.calculations[i]->outputs[o].series[0] != '\0')
				declare_output(&set, i, &set.calculations[i]->outputs[o]);
	}
	check_keys(&set);
	lp_names_free(&set.writers);
	lp_names_free(&set.stored);
	free(set.calculations);
}
