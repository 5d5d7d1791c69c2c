/* The report of a run.  Every figure is one that the run counted; nothing is worked out twice. */
#include "command/run_report.h"

#include "command/output.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void lp_report_count(uint64_t count, char text[32])
{
	char digits[24];
	int length = snprintf(digits, sizeof digits, "%" PRIu64, count), to = 0;
	for (int at = 0; at < length; at++) {
		if (at > 0 && (length - at) % 3 == 0)
			text[to++] = ',';
		text[to++] = digits[at];
	}
	text[to] = '\0';
}

void lp_report_duration(int64_t nanoseconds, char text[32])
{
	static const struct {
		double unit;
		const char *name;
	} units[] = { { 1e9, "s" }, { 1e6, "ms" }, { 1e3, "us" } };
	double value = (double)nanoseconds;
	for (size_t at = 0; at < sizeof units / sizeof units[0]; at++) {
		if (value >= units[at].unit || at == sizeof units / sizeof units[0] - 1) {
			value /= units[at].unit;
			snprintf(text, 32, "%.*f %s", value >= 100 ? 0 : value >= 10 ? 1 : 2, value, units[at].name);
			return;
		}
	}
}

static void print_states(const struct lp_run *run)
{
	char number[32];
	lp_report_count(run->windows, number);
	printf("  calculations  %s window%s computed", number, run->windows == 1 ? "" : "s");
	const char *separator = ": ";
	for (int state = 0; state < LP_STATE_COUNT; state++) {
		if (run->states[state] == 0)
			continue;
		lp_report_count(run->states[state], number);
		printf("%s%s %s", separator, number, lp_state_name((enum lp_state)state));
		separator = ", ";
	}
	if (run->newly_failed > 0) {
		lp_report_count(run->newly_failed, number);
		printf(" (%s newly failing)", number);
	}
	putchar('\n');
}

static void print_again(const struct lp_run *run, const struct lp_run_timing *timing, const struct lp_zone *zone)
{
	char number[32], since[40];
	if (run->recomputed > 0) {
		lp_report_count(run->recomputed, number);
		printf("  again         %s window%s whose samples had changed, or that were asked for\n", number,
		       run->recomputed == 1 ? "" : "s");
	}
	if (run->kept_imported > 0) {
		lp_report_count(run->kept_imported, number);
		printf("  imported      %s result%s kept, because somebody had imported %s: see `backfill --help`\n",
		       number, run->kept_imported == 1 ? "" : "s", run->kept_imported == 1 ? "it" : "them");
	}
	if (timing->too_old > 0) {
		lp_report_count(timing->too_old, number);
		printf("  not followed  changes in %s hour%s of series, longer ago than recompute_within: see `invalidate`\n",
		       number, timing->too_old == 1 ? "" : "s");
	}
	if (timing->left > 0) {
		lp_report_count(timing->left, number);
		printf("  pruned        %s window%s left as %s: the samples were pruned; see `explain`\n", number,
		       timing->left == 1 ? "" : "s", timing->left == 1 ? "it is" : "they are");
	}
	if (timing->without > 0) {
		lp_report_count(timing->without, number);
		printf("  pruned        %s window%s without a result: the samples were pruned before\n", number,
		       timing->without == 1 ? "" : "s");
	}
	for (size_t i = 0; i < timing->stopped_count && i < LP_RUN_FAILURES_MOST; i++) {
		const struct lp_run_stopped *stopped = &timing->stopped[i];
		lp_time_format(stopped->since, zone, since);
		lp_print("  STOPPED       the rule %s since %s: %llu of %llu calculations failed, %llu trial%s since\n"
		         "                %s\n",
		         stopped->rule, since, (unsigned long long)stopped->failed, (unsigned long long)stopped->of,
		         (unsigned long long)stopped->trials, stopped->trials == 1 ? "" : "s", stopped->error);
	}
}

static void print_stage(const char *name, int64_t busy, int threads, int64_t wall)
{
	char duration[32];
	lp_report_duration(busy, duration);
	double share = threads > 0 && wall > 0 ? 100.0 * (double)busy / ((double)wall * threads) : 0;
	printf("                %-9s %8s  %d thread%s, %.0f %% busy\n", name, duration, threads,
	       threads == 1 ? "" : "s", share);
}

static void print_times(const struct lp_run *run, const struct lp_run_timing *timing)
{
	char mean[32], worst[32], planning[32];
	if (run->windows > 0) {
		lp_report_duration(timing->rule_sum / (int64_t)run->windows, mean);
		lp_report_duration(timing->rule_worst, worst);
		lp_print("  a rule took   %s on average, %s at worst (%s)\n", mean, worst,
		         timing->rule_worst_calculation);
	}
	lp_report_duration(timing->planning, planning);
	printf("  time          %-9s %8s\n", "planning", planning);
	print_stage("fetch", timing->fetch, timing->fetchers, timing->wall);
	print_stage("compute", timing->compute, timing->workers, timing->wall);
	print_stage("commit", timing->commit, timing->committers, timing->wall);
	printf("  CPU           %.2f s user, %.2f s system\n", timing->cpu_user, timing->cpu_system);
	if (timing->peak_memory > 0)
		printf("  peak memory   %.0f MB\n", (double)timing->peak_memory / 1e6);
}

/* Prints the first line of a message. */
static void print_first_line(const char *text)
{
	char *line = lp_copy_text(text);
	line[strcspn(line, "\n")] = '\0';
	lp_print_line(stdout, line);
	free(line);
}

static void print_failures(const struct lp_run *run, const struct lp_run_timing *timing, const struct lp_zone *zone)
{
	if (timing->failure_count == 0)
		return;
	fputs("\nFailed:\n", stdout);
	for (size_t at = 0; at < timing->failure_count; at++) {
		const struct lp_run_failure *failure = &timing->failures[at];
		char time[40];
		lp_time_format(failure->window.start, zone, time);
		fputs("  ", stdout);
		print_first_line(failure->calculation);
		lp_print("  (rule %s, ", failure->rule);
		if (failure->windows > 1)
			printf("%" PRIu64 " windows, one ", failure->windows);
		else
			fputs("window ", stdout);
		printf("from %s, %s%s)\n      ", time, lp_state_name(failure->state), failure->newly ? ", new" : "");
		print_first_line(failure->error_type);
		if (failure->message[0] != '\0') {
			fputs(": ", stdout);
			print_first_line(failure->message);
		}
		putchar('\n');
	}
	uint64_t more = lp_run_count_failed(run);
	for (size_t at = 0; at < timing->failure_count; at++)
		more -= timing->failures[at].windows;
	if (more > 0)
		printf("  and %" PRIu64 " window%s of other calculations\n", more, more == 1 ? "" : "s");
	fputs("With tracebacks: local-processing status --failed\n", stdout);
}

static void print_nothing_due(const struct lp_run *run, const struct lp_run_timing *timing, const struct lp_zone *zone)
{
	char tick[40], next[40];
	lp_time_format(run->tick, zone, tick);
	printf("Nothing is due at %s.", tick);
	if (timing->next_due != LP_TIME_NONE) {
		lp_time_format(timing->next_due, zone, next);
		printf(" The next window is due at %s.\n", next);
	} else
		fputs(" There are no calculations that ever will be: `local-processing apply` brings some.\n", stdout);
}

void lp_report_print(const struct lp_run *run, const struct lp_run_timing *timing, const struct lp_zone *zone)
{
	char time[40], duration[32], number[32], other[32];
	if (run->id == 0) {
		print_nothing_due(run, timing, zone);
		return;
	}
	lp_time_format(run->tick, zone, time);
	lp_report_duration(timing->wall, duration);
	printf("Run %" PRId64 " for %s: %s in %s\n\n", run->id, time, run->result, duration);
	print_states(run);
	lp_report_count(run->samples_read, number);
	lp_report_count(run->samples_written, other);
	printf("  samples       %s read, %s written\n", number, other);
	if (timing->shadow_windows > 0) {
		lp_report_count(timing->shadow_windows, number);
		lp_report_count(timing->shadow_failed, other);
		printf("  in shadow     %s window%s computed, %s failed\n", number,
		       timing->shadow_windows == 1 ? "" : "s", other);
	}
	print_again(run, timing, zone);
	print_times(run, timing);
	if (run->still_due > 0) {
		lp_report_count(run->still_due, number);
		printf("  still due     %s window%s: the following runs do them\n", number,
		       run->still_due == 1 ? "" : "s");
	}
	if (timing->refused > 0)
		printf("  refused       %" PRIu64
		       " batches: their definitions changed or their samples were pruned meanwhile, the next run does them\n",
		       timing->refused);
	if (timing->skipped > 0)
		printf("  skipped       %" PRIu64 " batches: their schedule cannot be followed, the log says why\n",
		       timing->skipped);
	print_failures(run, timing, zone);
}
