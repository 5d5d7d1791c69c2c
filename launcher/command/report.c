/* `report`: the page about a run or a period, as one HTML file that works without a server. */
#include "command/command.h"
#include "command/output.h"
#include "command/times.h"
#include "show/show.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DETAILS_DEFAULT = 50 };

struct request {
	const char *from, *to, *output;
	struct lp_words names;
	uint32_t run, details;
	bool json;
};

static bool write_to(void *context, const char *data, size_t length, struct lp_error *error)
{
	const char *failed = "cannot write the report";
	return fwrite(data, 1, length, context) == length ||
	       lp_fail_errno(error, LP_EXIT_CANNOT_WRITE, errno == 0 ? EIO : errno, "%s", failed);
}

static bool write_report(FILE *file, const struct lp_plant_query *query, bool json, struct lp_error *error)
{
	struct lp_document document = { .send = write_to, .context = file };
	if (json)
		return lp_document_end(&document, lp_show_plant(&document, query, error), error);
	return lp_show_page(&document, query, error);
}

/* Who looks at the file meanwhile sees the one before, whole. */
static bool write_file(const char *name, const struct lp_plant_query *query, bool json, struct lp_error *error)
{
	char *beside = lp_format_text("%s.new%ld", name, (long)getpid());
	FILE *file = fopen(beside, "wxe");
	bool ok = file != NULL && write_report(file, query, json, error);
	if (file == NULL) {
		lp_fail_errno(error, LP_EXIT_CANNOT_WRITE, errno, "cannot write %s", beside);
		free(beside);
		return false;
	}
	if (fclose(file) != 0 && ok)
		ok = lp_fail_errno(error, LP_EXIT_CANNOT_WRITE, errno, "cannot write %s", beside);
	if (ok && rename(beside, name) != 0)
		ok = lp_fail_errno(error, LP_EXIT_CANNOT_WRITE, errno, "cannot write %s", name);
	if (!ok)
		(void)unlink(beside);
	free(beside);
	return ok;
}

static bool check(void *data, struct lp_overrides *overrides, struct lp_error *error)
{
	const struct request *request = data;
	(void)overrides;
	if (request->run != 0 && (request->from != NULL || request->to != NULL))
		return lp_fail(error, LP_EXIT_USAGE, "--run is one run: no --from and --to with it");
	if (request->output == NULL && !request->json && lp_is_terminal(stdout)) {
		lp_fail(error, LP_EXIT_USAGE, "a report is an HTML file, and standard output is a terminal");
		return lp_hint(error, "Give --output FILE.");
	}
	return true;
}

static bool run(struct lp_session *session, void *data, struct lp_error *error)
{
	const struct request *request = data;
	char described[512];
	lp_store_describe(session->store_options.address, described, sizeof described);
	struct lp_plant_query query = {
		.store = session->store,
		.zone = session->zone,
		.described = described,
		.run_id = request->run,
		.name = request->names.count > 0 ? request->names.items[0] : NULL,
		.details = request->details > 0 ? request->details : DETAILS_DEFAULT,
	};
	if (!lp_option_range(request->from, request->to, session->zone, &query.from, &query.to, error))
		return false;
	if (request->output != NULL)
		return write_file(request->output, &query, request->json, error);
	return write_report(stdout, &query, request->json, error);
}

static const struct lp_option options[] = {
	{ .name = "--run", .value = "N", .form = LP_OPTION_COUNT, .field = offsetof(struct request, run) },
	{ .name = "--from", .value = "TIME", .field = offsetof(struct request, from) },
	{ .name = "--to", .value = "TIME", .field = offsetof(struct request, to) },
	{ .name = "--details", .value = "N", .form = LP_OPTION_COUNT, .field = offsetof(struct request, details) },
	{ .name = "--output", .letter = 'o', .value = "FILE", .field = offsetof(struct request, output) },
	{ .name = "--json", .field = offsetof(struct request, json) },
	{ .name = NULL },
};

const struct lp_command lp_command_report = {
	.name = "report",
	.summary = "a page about a run or a period, as one HTML file",
	.help = "Usage: local-processing report [OPTION...] [NAME]\n"
		"\n"
		"Writes one HTML file that needs no server and no other file: what fails, since when and why, the runs\n"
		"as charts, every calculation with its state and what it cost, who reads whom, and some calculations in\n"
		"detail, with their inputs and outputs over time. It is about the day up to the newest run, or what the\n"
		"options say; states are those of now. What does not fit in is counted on the page.\n"
		"\n"
		"NAME may have * and ? in it: these calculations are shown in detail first, then those that fail, that\n"
		"are behind, and that took longest.\n"
		"\n"
		"  --run N            about one run\n"
		"  --from TIME        runs for ticks from there on (a day before the end)\n"
		"  --to TIME          to before this one (behind the newest run)\n"
		"  --details N        so many calculations in detail, at most (50)\n"
		"  -o, --output FILE  the file; it is replaced as a whole\n"
		"  --json             the data alone\n"
		"\n"
		"Exits 0 when it is written, 65 when there is no such run or calculation.\n"
		"\n"
		"Examples:\n"
		"  local-processing report --output report.html\n"
		"  local-processing report --from 2026-03-01 --to 2026-03-02 -o march-1.html 'p1/*'\n"
		"  local-processing report --run 1234 -o run.html\n",
	.options = options,
	.operands = { .most = 1,
	              .what = "one name",
	              .hint = "Names with blanks go in quotes, and so do * and ?: 'p1/*'.",
	              .field = offsetof(struct request, names) },
	.request_size = sizeof(struct request),
	.need = LP_NEED_STORE,
	.check = check,
	.run = run,
};
