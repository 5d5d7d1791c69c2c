/*
 * A statement of a store.  Each store has them in statements/SUBJECT.sql,
 * from which build/statements.py makes two tables: names.table and
 * statements.table.
 */
#ifndef LP_STORE_STATEMENT_H
#define LP_STORE_STATEMENT_H

struct lp_statement {
	const char *name;  /* in PostgreSQL as a prepared statement, too */
	const char *doing; /* for messages: "cannot ..." */
	const char *sql;
};

#endif
