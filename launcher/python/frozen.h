/* The modules that are frozen into the program: tables that build/freeze.py
 * writes. The standard library's come with the CPython entry of the build
 * cache, the program's own (app/) are made at each build. Whoever reads this
 * learns where the bytes are, not how a module gets loaded. */
#ifndef LP_PYTHON_FROZEN_H
#define LP_PYTHON_FROZEN_H

#include <Python.h>

/* Source texts one after the other, packed (xz): together they take a quarter
 * less than one by one, and are only wanted by who looks at a traceback. */
struct lp_frozen_block {
	const unsigned char *packed;
	size_t packed_size;
	size_t size;
};

/* Where the source text of a frozen module lies in its table's blocks. The path
 * is the one in the module's code objects, and so in tracebacks; no such file
 * exists. */
struct lp_frozen_source {
	const char *name;
	const char *path;
	size_t block;
	size_t offset;
	size_t size;
};

/* Each table is in the order of strcmp() of the names and ends with a row
 * whose name is NULL. */
extern const struct _frozen lp_frozen_stdlib[];
extern const struct _frozen lp_frozen_app[];
extern const struct lp_frozen_block lp_frozen_stdlib_blocks[];
extern const struct lp_frozen_block lp_frozen_app_blocks[];
extern const struct lp_frozen_source lp_frozen_stdlib_sources[];
extern const struct lp_frozen_source lp_frozen_app_sources[];

#endif
