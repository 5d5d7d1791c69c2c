/* See figures.h. */
#include "command/figures.h"

#include "model/clock.h"
#include "model/embedded.h"
#include "observe/observe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void lp_figures_note(struct lp_figures *figures, const struct lp_run *run, const struct lp_run_timing *timing, bool ok)
{
	figures->last_tick = run->tick;
	/* Whether the other run does its work is for that one to say. */
	if (ok && !timing->busy)
		figures->last_success = lp_now();
	lp_totals_add(&figures->totals, run, timing, ok);
	if (run->id == 0)
		return;
	figures->has_run = true;
	figures->run = *run;
	figures->timing = *timing;
}

void lp_figures_read_store(struct lp_figures *figures, struct lp_store *store)
{
	struct lp_error error;
	lp_store_figures_free(&figures->store);
	figures->has_store = lp_store_figures_read(store, figures->last_tick, &figures->store, &error);
	if (!figures->has_store)
		lp_log(LP_LOG_WARNING, "figures of the store are left out", LP_TEXT("error", error.what));
}

/* Bytes of memory that a process has; 0: not known. */
static uint64_t memory_of(pid_t process)
{
	char path[64], line[128];
	unsigned long long kilobytes = 0;
	(void)snprintf(path, sizeof path, "/proc/%d/status", (int)process);
	FILE *file = process > 0 ? fopen(path, "re") : NULL;
	while (file != NULL && fgets(line, sizeof line, file) != NULL && sscanf(line, "VmRSS: %llu", &kilobytes) != 1)
		continue;
	if (file != NULL)
		(void)fclose(file);
	return (uint64_t)kilobytes * 1024;
}

static uint64_t memory_of_rules(const struct lp_service *service)
{
	pid_t processes[LP_RULE_SERVER_PROCESSES] = { 0 };
	uint64_t sum = 0;
	if (service->rules != NULL)
		lp_rule_server_processes(service->rules, processes);
	for (size_t i = 0; i < LP_RULE_SERVER_PROCESSES; i++)
		sum += memory_of(processes[i]);
	return sum;
}

void lp_figures_write(const struct lp_figures *figures, const struct lp_service *service, bool open_metrics,
                      struct lp_text *text)
{
	const struct lp_embedded *version = lp_embedded_find("version");
	const struct lp_metrics metrics = {
		.version = version == NULL ? "" : (const char *)version->data,
		.open_metrics = open_metrics,
		.totals = figures->counts ? &figures->totals : NULL,
		.run = figures->has_run ? &figures->run : NULL,
		.timing = &figures->timing,
		.last_tick = figures->last_tick,
		.last_success = figures->last_success,
		.store = figures->has_store ? &figures->store : NULL,
		.main_memory = memory_of(getpid()),
		.rules_memory = memory_of_rules(service),
	};
	lp_metrics_write(text, &metrics);
}

static bool write_all(int file, const struct lp_text *text)
{
	size_t done = 0;
	while (done < text->length) {
		ssize_t written = write(file, text->data + done, text->length - done);
		if (written < 0 && errno != EINTR)
			return false;
		done += written > 0 ? (size_t)written : 0;
	}
	return true;
}

bool lp_figures_write_file(const struct lp_figures *figures, const struct lp_service *service, const char *path,
                           struct lp_error *error)
{
	/* Collectors take files that end in .prom: this one does not. */
	char *part = lp_format_text("%s.%d.part", path, (int)getpid());
	struct lp_text text = { 0 };
	int file = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	lp_figures_write(figures, service, false, &text);
	bool ok = file >= 0 && write_all(file, &text);
	int number = errno;
	if (file >= 0 && close(file) != 0 && ok) {
		ok = false;
		number = errno;
	}
	if (ok && rename(part, path) != 0) {
		ok = false;
		number = errno;
	}
	if (!ok) {
		(void)unlink(part);
		lp_fail_errno(error, LP_EXIT_CANNOT_WRITE, number, "cannot write the figures to %s", path);
	}
	lp_text_free(&text);
	free(part);
	return ok;
}

void lp_figures_free(struct lp_figures *figures)
{
	lp_store_figures_free(&figures->store);
}
