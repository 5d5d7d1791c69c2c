/*
 * What the two halves of this room share: the embedding (runtime, frozen
 * imports, time limits) and the rules (the Series type, the catalogue,
 * calling a rule).  Nobody outside launcher/python includes it.
 */
#ifndef LP_PYTHON_INTERNAL_H
#define LP_PYTHON_INTERNAL_H

#include <Python.h>

#include "python/python.h"

struct lp_worker_rules; /* rule_plan.h: what is kept of the rules that are imported */

/* There is one interpreter in a process, and one thread that has it. */
struct lp_python_worker {
	struct lp_worker_rules *rules;
	/* What is computed now; NULL outside of lp_worker_compute_task. */
	struct lp_batch *batch;
	struct lp_task *task;
};
extern struct lp_python_worker lp_worker;

/*
 * The embedding calls these of the rules' half.
 */

/* The builtin module `_local_processing`: multi-phase, its state per interpreter. */
PyObject *lp_series_module_init(void);
/*
 * Once all files are imported: makes lp_worker.rules.  A rule's file that does
 * not load is no error here: the catalogue has told, and its calculations fail
 * with the import's error.
 */
bool lp_worker_load_rules(struct lp_error *error) LP_MUST_CHECK;
/*
 * Computes one task and fills its outcome (samples_read, state, results,
 * error, duration), all in batch->arena.  No exception is set before or after.
 * The time limit is armed by the caller, and it is the caller who turns an
 * interrupted task into what it is: a rule that is interrupted just raises.
 */
void lp_worker_compute_task(struct lp_batch *batch, struct lp_task *task, double *covered);

/*
 * The rules' half calls these of the embedding.
 */

/*
 * A file below the directory of the users' rules, read once at start: every
 * interpreter gets the same.  Names that begin with a dot, __pycache__,
 * conftest.py, test_*.py and directories named test or tests are left out.
 */
struct lp_rule_source {
	const char *module; /* "pumps", "plant.pumps": what to import */
	const char *path;   /* as it is to be shown; the file name in tracebacks */
	const char *text;   /* UTF-8 or what its coding cookie says; NUL-terminated */
	size_t size;
	char version[13];    /* 12 hexadecimal digits over module and text */
	bool is_package;     /* an __init__.py, or a directory without one (text "") */
	const char *problem; /* why it can't be imported ("its name is one of the standard library"); NULL: it can */
};
/* Sorted by module; importlib.import_module(module) loads them, in any interpreter. */
const struct lp_rule_source *lp_rule_sources(size_t *count);
/* Built-in modules: hexadecimal digits over the frozen code of app/, in the form of lp_rule_source.version. */
const char *lp_app_version(void);
const struct lp_python_options *lp_python_options(void);

/* An exception as plain texts: UTF-8 without NUL, surrogates as \udc80; of more than 16 KB the middle is left out. */
struct lp_python_failure {
	const char *type;      /* "ZeroDivisionError", "pumps.PumpError" */
	const char *message;   /* str() of it; "" where it has none */
	const char *traceback; /* all of it, with causes and source lines, no newline at its end */
	const char *file;      /* of a SyntaxError, or of the last frame that stands in a file of the rules; or NULL */
	int line;              /* 0: not known */
	int column;            /* from 1; 0: not known */
};
/* Takes the exception that is set and clears it.  Never fails: at the worst it says that the exception can't be shown. */
void lp_python_failure_take(struct lp_arena *arena, struct lp_python_failure *failure);
/* The same into an outcome, with state failed. */
void lp_python_error_take(struct lp_arena *arena, struct lp_outcome *outcome);

#endif
