/*
 * A question about many series, asked of each table that has their samples: this
 * program's own, and those of somebody else.
 */
#ifndef LP_STORE_POSTGRESQL_GROUPS_H
#define LP_STORE_POSTGRESQL_GROUPS_H

#include "store/postgresql/mapping.h"

struct pg_group {
	struct pg_mapping *mapping; /* NULL: this program's own table */
	size_t *items;              /* indices of what is asked, in their order */
	const char **keys;          /* of their series; NULL: ids are asked for */
	const int64_t *ids;
	size_t count;
};

struct pg_groups {
	struct pg_group *groups;
	size_t count;
	struct lp_arena arena;
};

/*
 * Within a transaction: groups what is asked, of which the id of the first
 * series stands at `first`, and others stride bytes apart.
 */
bool lp_pg_group(struct pg_store *store, const int64_t *first, size_t stride, size_t count, struct pg_groups *groups,
                 struct lp_error *error) LP_MUST_CHECK;
void lp_pg_ungroup(struct pg_groups *groups);
/* Begins the arguments of a statement with an array of a group's ids or keys. */
struct pg_arguments *lp_pg_begin_group(struct pg_store *store, const struct pg_group *group);
/* Runs the statement for a group's table; NULL in *result: the table of somebody else does not answer, which is logged. */
bool lp_pg_ask_group(struct pg_store *store, const struct pg_group *group, enum pg_statement own,
                     enum pg_statement mapped, PGresult **result, struct lp_error *error) LP_MUST_CHECK;

#endif
