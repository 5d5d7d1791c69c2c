/*
 * The two long messages at the start of a rule server: its setup, and the
 * catalogue of rules that it answers with.  Private to process/.
 *
 * Runs in the main process and in the rule server, in the main thread of each.
 */
#ifndef LP_PROCESS_SETUP_H
#define LP_PROCESS_SETUP_H

#include "process/rights.h"
#include "rules/rules.h"

enum { LP_SETUP_SKIPS_MOST = 64, LP_SETUP_TEXTS_MOST = 256 };

struct lp_setup {
	const char *rules, *tzdata; /* as of struct lp_process_options */
	struct lp_rights rights;
	bool look_ahead;
	struct lp_other_python other; /* the server that imports its modules, or leaves them to that one: */
	bool is_other;
	int64_t memory_limit; /* bytes of the first interpreter process; 0: none */
	enum lp_log_level level;
	uint64_t shared_address, shared_size; /* of the memory of the batches; 0: none */
	struct lp_rule_skip skips[LP_SETUP_SKIPS_MOST];
	size_t skip_count;
};

void lp_setup_write(const struct lp_setup *setup, struct lp_text *text);
/* Both read functions put texts into the arena, and return false where the bytes make no sense. */
bool lp_setup_read(const char *bytes, size_t size, struct lp_arena *arena, struct lp_setup *setup) LP_MUST_CHECK;

/* description: of an interpreter of the user's, which it writes itself; NULL: it is the built-in one. */
void lp_catalogue_write(const struct lp_rule_catalogue *catalogue, struct lp_problems *problems, struct lp_text *text);
bool lp_catalogue_read(const char *bytes, size_t size, struct lp_arena *arena, struct lp_rule_catalogue *catalogue,
                       struct lp_problems *problems, const char **description) LP_MUST_CHECK;

#endif
