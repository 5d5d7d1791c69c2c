/*
 * Structured log lines: logfmt or JSON, to standard error, a line an event,
 * one write(2) each, so that threads never mix theirs.
 */
#ifndef LP_OBSERVE_OBSERVE_H
#define LP_OBSERVE_OBSERVE_H

#include "model/time.h"
#include <stdbool.h>

enum lp_log_format { LP_LOG_FORMAT_AUTO, LP_LOG_FORMAT_LOGFMT, LP_LOG_FORMAT_JSON };
enum lp_log_level { LP_LOG_DEBUG, LP_LOG_INFO, LP_LOG_WARNING, LP_LOG_ERROR };
enum { LP_LOG_FORMATS = 3, LP_LOG_LEVELS = 4 };
/* Their words in settings and options, and these in a sentence. */
extern const char *const lp_log_formats[LP_LOG_FORMATS];
extern const char *const lp_log_levels[LP_LOG_LEVELS];
#define LP_LOG_FORMAT_WORDS "auto, logfmt or json"
#define LP_LOG_LEVEL_WORDS  "debug, info, warning or error"

struct lp_log_field {
	const char *name;
	enum {
		LP_LOG_FIELD_TEXT,
		LP_LOG_FIELD_INT,
		LP_LOG_FIELD_FLOAT,
		LP_LOG_FIELD_TIME,
		LP_LOG_FIELD_NANOSECONDS
	} type;
	union {
		const char *text; /* NULL: the field is left out */
		int64_t integer;  /* also times and nanoseconds (written as seconds) */
		double number;
	} value;
};
#define LP_TEXT(name_, value_)                                                                                         \
	((struct lp_log_field){ .name = (name_), .type = LP_LOG_FIELD_TEXT, .value.text = (value_) })
#define LP_INT(name_, value_)                                                                                          \
	((struct lp_log_field){ .name = (name_), .type = LP_LOG_FIELD_INT, .value.integer = (int64_t)(value_) })
#define LP_FLOAT(name_, value_)                                                                                        \
	((struct lp_log_field){ .name = (name_), .type = LP_LOG_FIELD_FLOAT, .value.number = (value_) })
#define LP_WHEN(name_, value_)                                                                                         \
	((struct lp_log_field){ .name = (name_), .type = LP_LOG_FIELD_TIME, .value.integer = (value_) })
#define LP_TOOK(name_, value_)                                                                                         \
	((struct lp_log_field){ .name = (name_), .type = LP_LOG_FIELD_NANOSECONDS, .value.integer = (value_) })

/* Set once, before there are threads.  AUTO: logfmt. */
void lp_log_set(enum lp_log_format format, enum lp_log_level level);
bool lp_log_enabled(enum lp_log_level level);
/* "time=... level=warning message=\"calculation failed\" calculation=..." */
#define lp_log(level, message, ...)                                                                                    \
	lp_log_fields(level, message, (const struct lp_log_field[]){ __VA_ARGS__ __VA_OPT__(, ){ 0 } })
void lp_log_fields(enum lp_log_level level, const char *message,
                   const struct lp_log_field *fields); /* ends with name NULL */

#endif
