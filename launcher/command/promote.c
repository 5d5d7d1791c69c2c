/*
 * `promote` and `demote`: which calculations are live and which in shadow. The
 * choice is checked against who reads whom, and made in one transaction.
 */
#include "command/command.h"
#include "command/output.h"
#include "command/run_report.h"
#include "command/times.h"
#include "command/turn.h"
#include "definition/definition.h"
#include "text/names.h"
#include "text/utf8.h"

#include <stdlib.h>
#include <string.h>

enum { NAMED_MOST = 10 }; /* in a message */

struct request {
	const char *rule, *label, *label_value, *from_text;
	bool all, dry_run, along;
	struct lp_words names;
};

static bool choose_one(struct lp_turn *turn, size_t i)
{
	if (turn->stored.calculations[i].mode == turn->mode)
		turn->already += !turn->chosen[i];
	turn->chosen[i] = true;
	return true;
}

struct match {
	struct lp_turn *turn;
	size_t found;
};

static bool take_match(void *context, const struct lp_status *status, struct lp_error *error)
{
	struct match *match = context;
	size_t at;
	(void)error;
	match->found++;
	/* One that was added meanwhile is not among those that were read. */
	return !lp_names_find(&match->turn->by_name, status->calculation.name, &at) || choose_one(match->turn, at);
}

static bool choose(struct lp_turn *turn, const struct request *request, const char *pattern, struct lp_error *error)
{
	const struct lp_status_filter filter = { .name = pattern,
		                                 .rule = request->rule,
		                                 .label_name = request->label,
		                                 .label_value = request->label_value };
	struct match match = { .turn = turn };
	if (!lp_store_each_status(turn->store, &filter, take_match, &match, error))
		return false;
	if (match.found > 0)
		return true;
	if (pattern != NULL)
		lp_fail(error, LP_EXIT_DATA, "there is no calculation \"%.*s\"%s", LP_CUT(300, pattern),
		        request->rule != NULL || request->label != NULL ? " with that rule and label" : "");
	else
		lp_fail(error, LP_EXIT_DATA, "there is no such calculation");
	return lp_hint(error, "`local-processing status` lists all; * and ? stand for any characters.");
}

static bool choose_all(struct lp_turn *turn, const struct request *request, struct lp_error *error)
{
	const struct lp_words *names = &request->names;
	if (names->count == 0)
		return choose(turn, request, NULL, error);
	for (size_t i = 0; i < names->count; i++)
		if (!choose(turn, request, names->items[i], error))
			return false;
	return true;
}

/* Adds a name to a list of some; count: of those before. */
static void add_name(struct lp_text *names, size_t count, const char *name)
{
	if (count < NAMED_MOST)
		lp_text_addf(names, "%s\"%.*s\"", count == 0 ? "" : ", ", LP_CUT(200, name));
	else if (count == NAMED_MOST)
		lp_text_addf(names, ", ...");
}

/*
 * Visits what stands in the way: for what is to be live, those in shadow that
 * it reads; for what is to be in shadow, those that are live and read it.
 */
static bool in_the_way(const struct lp_turn *turn, size_t reader, size_t input, size_t *other)
{
	const struct lp_calculation *calculations = turn->stored.calculations;
	size_t writer;
	if (!lp_names_find(&turn->writers, calculations[reader].inputs[input].series, &writer) || writer == reader)
		return false;
	if (turn->mode == LP_MODE_LIVE) {
		*other = writer;
		return turn->chosen[reader] && !turn->chosen[writer] && calculations[writer].mode == LP_MODE_SHADOW;
	}
	*other = reader;
	return turn->chosen[writer] && !turn->chosen[reader] && calculations[reader].mode == LP_MODE_LIVE &&
	       calculations[writer].mode == LP_MODE_LIVE;
}

/* Finds them, and takes them along if that was asked for; along: what they read, or who reads them, as well. */
static void find_in_the_way(struct lp_turn *turn, struct lp_text *names, size_t *count)
{
	bool more = true;
	while (more) {
		more = false;
		for (size_t i = 0; i < turn->stored.calculation_count; i++) {
			for (size_t k = 0; k < turn->stored.calculations[i].input_count; k++) {
				size_t other;
				if (!in_the_way(turn, i, k, &other))
					continue;
				if (turn->along) {
					more = choose_one(turn, other);
					continue;
				}
				add_name(names, (*count)++, turn->stored.calculations[other].name);
			}
		}
	}
}

static bool check_readers(struct lp_turn *turn, struct lp_error *error)
{
	struct lp_text names = { 0 };
	size_t count = 0;
	find_in_the_way(turn, &names, &count);
	if (count > 0 && turn->mode == LP_MODE_LIVE) {
		lp_fail(error, LP_EXIT_DATA, "what is to be live reads what is in shadow: %s", names.data);
		lp_hint(error, "Nobody would write what it reads. --with-upstream promotes what it reads as well.");
	} else if (count > 0) {
		lp_fail(error, LP_EXIT_DATA, "what is to be in shadow is read by what is live: %s", names.data);
		lp_hint(error, "Nobody would write what they read. --with-downstream demotes them as well.");
	}
	lp_text_free(&names);
	return count == 0;
}

static void collect(struct lp_turn *turn)
{
	turn->turned = lp_allocate((turn->stored.calculation_count + 1) * sizeof *turn->turned);
	turn->notes = lp_allocate((turn->stored.calculation_count + 1) * sizeof *turn->notes);
	for (size_t i = 0; i < turn->stored.calculation_count; i++) {
		const struct lp_calculation *before = &turn->stored.calculations[i];
		struct lp_calculation *after = &turn->turned[turn->count];
		if (!turn->chosen[i] || before->mode == turn->mode)
			continue;
		*after = *before;
		after->mode = turn->mode;
		after->version++;
		turn->notes[turn->count++] = (struct lp_definition_change){
			.name = before->name,
			.kind = "calculation",
			.version = after->version,
			.change = turn->mode == LP_MODE_LIVE ? "changed: mode shadow -> live"
			                                     : "changed: mode live -> shadow",
		};
		lp_text_addf(&turn->description, "~ calculation %s: mode %s -> %s\n", before->name,
		             lp_mode_names[before->mode], lp_mode_names[after->mode]);
	}
}

static void describe(struct lp_turn *turn)
{
	bool live = turn->mode == LP_MODE_LIVE;
	char count[32], windows[32];
	lp_report_count(turn->count, count);
	lp_report_count(turn->windows, windows);
	lp_text_addf(&turn->description, "%s: %s calculation%s", live ? "promoted" : "demoted", count,
	             turn->count == 1 ? "" : "s");
	if (turn->already > 0)
		lp_text_addf(&turn->description, "; %s already: %zu", live ? "live" : "in shadow", turn->already);
	lp_text_addf(&turn->description, "\n");
	if (turn->windows > 0)
		lp_text_addf(&turn->description,
		             "%s window%s that %s computed %s, newest first: the next runs do that\n", windows,
		             turn->windows == 1 ? "" : "s", turn->windows == 1 ? "is" : "are",
		             live ? "again, now live" : "in shadow");
}

static bool write_turn(struct lp_turn *turn, struct lp_error *error)
{
	const struct lp_changes changes = { .turned = turn->turned, .turned_count = turn->count };
	struct lp_store *store = turn->store;
	if (turn->count == 0 || turn->dry_run)
		return true;
	return lp_store_apply(store, &changes, error) && lp_turn_note_beginnings(turn, error) &&
	       lp_store_add_owed(store, turn->again, turn->again_count, error) &&
	       lp_store_note_changes(store, turn->notes, turn->count, error);
}

/* Runs within a transaction, or, for a dry run, outside of any. */
static bool work(struct lp_turn *turn, const struct request *request, struct lp_error *error)
{
	const struct lp_definitions *stored = &turn->stored;
	if (!lp_definitions_load(turn->store, &turn->stored, error))
		return false;
	turn->chosen = lp_allocate(stored->calculation_count + 1);
	memset(turn->chosen, 0, stored->calculation_count + 1);
	for (size_t i = 0; i < stored->calculation_count; i++) {
		(void)lp_names_add(&turn->by_name, stored->calculations[i].name, i, NULL);
		for (size_t o = 0; o < stored->calculations[i].output_count; o++)
			(void)lp_names_add(&turn->writers, stored->calculations[i].outputs[o].series, i, NULL);
	}
	if (!choose_all(turn, request, error) || !check_readers(turn, error))
		return false;
	collect(turn);
	if (!lp_turn_find_windows(turn, error) || !write_turn(turn, error))
		return false;
	describe(turn);
	return true;
}

static bool work_within(struct lp_turn *turn, const struct request *request, struct lp_error *error)
{
	struct lp_store *store = turn->store;
	if (turn->dry_run)
		return work(turn, request, error);
	bool ok = lp_store_begin(store, error) && lp_store_lock_definitions(store, error);
	ok = ok && work(turn, request, error) && lp_store_commit_work(store, error);
	if (!ok)
		lp_store_rollback(store);
	return ok;
}

static bool are_results_mirrored(const struct lp_mappings *mappings)
{
	for (size_t i = 0; i < mappings->count; i++)
		if (strcmp(mappings->items[i].name, LP_RESULTS_TABLE) == 0)
			return true;
	return false;
}

static bool turn_to(struct lp_session *session, const struct request *request, enum lp_mode mode,
                    struct lp_error *error)
{
	struct lp_turn turn = { .store = session->store,
		                .mode = mode,
		                .mirrored = are_results_mirrored(&session->config.mappings),
		                .along = request->along,
		                .dry_run = request->dry_run };
	bool ok = lp_option_time("--from", request->from_text, session->zone, &turn.from, error) &&
	          work_within(&turn, request, error);
	if (ok)
		lp_print("%s%s", turn.description.data, request->dry_run ? "nothing was changed (--dry-run)\n" : "");
	lp_turn_free(&turn);
	return ok;
}

static bool promote(struct lp_session *session, void *data, struct lp_error *error)
{
	return turn_to(session, data, LP_MODE_LIVE, error);
}

static bool demote(struct lp_session *session, void *data, struct lp_error *error)
{
	return turn_to(session, data, LP_MODE_SHADOW, error);
}

static bool check(void *data, struct lp_overrides *overrides, struct lp_error *error)
{
	struct request *request = data;
	(void)overrides;
	if (request->label != NULL) {
		char *equals = strchr(request->label, '=');
		if (equals == NULL || equals == request->label)
			return lp_fail(error, LP_EXIT_USAGE, "--label %s: expected NAME=VALUE", request->label);
		*equals = '\0';
		request->label_value = equals + 1;
	}
	if (request->names.count == 0 && request->rule == NULL && request->label == NULL && !request->all) {
		lp_fail(error, LP_EXIT_USAGE, "which calculations? Name some, a --rule, a --label, or --all");
		return lp_hint(error, "`local-processing status --shadow` lists those in shadow.");
	}
	if (request->names.count > 0 && request->all)
		return lp_fail(error, LP_EXIT_USAGE, "--all and names of calculations exclude each other");
	return true;
}

#define OPTIONS(along_name)                                                                                            \
	{                                                                                                              \
		{ .name = "--rule", .value = "RULE", .field = offsetof(struct request, rule) },                        \
			{ .name = "--label", .value = "NAME=VALUE", .field = offsetof(struct request, label) },        \
			{ .name = "--all", .field = offsetof(struct request, all) },                                   \
			{ .name = along_name, .field = offsetof(struct request, along) },                              \
			{ .name = "--from", .value = "TIME", .field = offsetof(struct request, from_text) },           \
			{ .name = "--dry-run", .letter = 'n', .field = offsetof(struct request, dry_run) },            \
			{ .name = NULL },                                                                              \
	}
static const struct lp_option promote_options[] = OPTIONS("--with-upstream");
static const struct lp_option demote_options[] = OPTIONS("--with-downstream");
#undef OPTIONS

#define CHOICE                                                                                                         \
	"  --rule RULE         those of this rule\n"                                                                   \
	"  --label NAME=VALUE  those with this label\n"                                                                \
	"  --all               all\n"

const struct lp_command lp_command_promote = {
	.name = "promote",
	.summary = "make calculations that are in shadow live",
	.help = "Usage: local-processing promote [OPTION...] [CALCULATION...]\n"
		"\n"
		"From the next run on their results go to the live series, also those of windows that are owed or\n"
		"tried again. What they have computed in shadow stays there, for `compare`, and is computed again\n"
		"live, newest first, so that no window reads half of it; whoever reads it waits for that.\n"
		"One transaction, kept beside the definition: `apply` leaves it, `history` shows it.\n"
		"\n" CHOICE
		"  --with-upstream     also what they read, and what that reads, as far as it is in shadow; without it\n"
		"                      a calculation that reads from the shadow is refused\n"
		"  --from TIME         computed again is only what ends after TIME: before it, the live series has\n"
		"                      what others have put there\n"
		"  -n, --dry-run       only say what would change\n"
		"\n"
		"CALCULATION is a name, or a pattern with * and ?. Exits 0 when it is done, 65 when there is no such\n"
		"calculation, or it reads from the shadow.\n"
		"\n"
		"Examples:\n"
		"  local-processing promote p1/efficiency --with-upstream\n"
		"  local-processing promote --label site=north --dry-run\n"
		"  local-processing promote --all --from 2026-03-01\n",
	.options = promote_options,
	.operands = { .most = LP_OPERANDS_ANY,
	              .what = "names of calculations",
	              .field = offsetof(struct request, names) },
	.request_size = sizeof(struct request),
	.need = LP_NEED_STORE,
	.check = check,
	.run = promote,
};

const struct lp_command lp_command_demote = {
	.name = "demote",
	.summary = "put live calculations in shadow",
	.help = "Usage: local-processing demote [OPTION...] [CALCULATION...]\n"
		"\n"
		"From the next run on their results go to series in shadow, also those of windows that are owed or\n"
		"tried again. What the live series have stays as it is. One transaction, kept beside the definition:\n"
		"`apply` leaves it, `history` shows it.\n"
		"\n" CHOICE
		"  --with-downstream   also what is live and reads them, and what reads that; without it a calculation\n"
		"                      that something live reads is refused\n"
		"  --from TIME         windows that end after TIME are computed in shadow, too, newest first; without it\n"
		"                      only as many as what is in shadow reads next\n"
		"  -n, --dry-run       only say what would change\n"
		"\n"
		"CALCULATION is a name, or a pattern with * and ?. Exits 0 when it is done, 65 when there is no such\n"
		"calculation, or something live reads it.\n"
		"\n"
		"Examples:\n"
		"  local-processing demote p1/efficiency --with-downstream\n"
		"  local-processing demote --rule pump.efficiency --from 2026-03-01\n",
	.options = demote_options,
	.operands = { .most = LP_OPERANDS_ANY,
	              .what = "names of calculations",
	              .field = offsetof(struct request, names) },
	.request_size = sizeof(struct request),
	.need = LP_NEED_STORE,
	.check = check,
	.run = demote,
};
