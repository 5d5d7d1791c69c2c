/* See progress.h. */
#include "command/progress.h"

#include "command/output.h"
#include "command/run_report.h"
#include "model/clock.h"

#include <stdio.h>

static void format_rest(int64_t seconds, uint64_t computed, uint64_t planned, char text[64])
{
	text[0] = '\0';
	if (computed == 0 || seconds <= 1 || planned <= computed)
		return;
	double rate = (double)computed / (double)seconds;
	int64_t rest = (int64_t)((double)(planned - computed) / rate);
	snprintf(text, 64, ", about %lld:%02lld left", (long long)(rest / 60), (long long)(rest % 60));
}

/* The cursor goes back to the start of the line, so that the next one, or a line of the log, covers it. */
static void show(void *context, const struct lp_run *so_far, uint64_t computed, uint64_t planned)
{
	const struct lp_progress_line *progress = context;
	char done[32], all[32], rest[64] = "", failed[48] = "";
	int64_t seconds = lp_monotonic() / LP_MONOTONIC_SECOND - progress->began;
	lp_report_count(computed, done);
	lp_report_count(planned > computed ? planned : computed, all);
	if (progress->to_end)
		format_rest(seconds, computed, planned, rest);
	else
		snprintf(failed, sizeof failed, "%llu failed, ", (unsigned long long)lp_run_count_failed(so_far));
	fprintf(stderr, "%s of %s windows, %s%lld s%s\x1b[K\r", done, all, failed, (long long)seconds, rest);
	fflush(stderr);
}

void lp_progress_line_begin(struct lp_progress_line *progress, struct lp_pipeline_options *options)
{
	progress->began = lp_monotonic() / LP_MONOTONIC_SECOND;
	progress->shown = !progress->quiet && lp_is_terminal(stderr);
	if (!progress->shown)
		return;
	options->progress = show;
	options->progress_context = progress;
}

void lp_progress_line_end(const struct lp_progress_line *progress)
{
	if (progress->shown)
		fputs("\x1b[K", stderr);
}
