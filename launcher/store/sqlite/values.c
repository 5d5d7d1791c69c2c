/* Single values as parameters, and from a row. */
#include "store/sqlite/internal.h"

#include "text/glob.h"
#include <stdlib.h>

void lp_sqlite_bind_text(sqlite3_stmt *statement, int index, const char *text)
{
	/* Texts live until the statement has run; without memory the insert would store NULL: the step fails instead. */
	if (text != NULL)
		sqlite3_bind_text(statement, index, text, -1, SQLITE_STATIC);
	else
		sqlite3_bind_null(statement, index);
}

void lp_sqlite_bind_time(sqlite3_stmt *statement, int index, lp_time time)
{
	if (time != LP_TIME_NONE)
		sqlite3_bind_int64(statement, index, time);
	else
		sqlite3_bind_null(statement, index);
}

lp_time lp_sqlite_time(sqlite3_stmt *statement, int column)
{
	if (sqlite3_column_type(statement, column) == SQLITE_NULL)
		return LP_TIME_NONE;
	return sqlite3_column_int64(statement, column);
}

const char *lp_sqlite_text(sqlite3_stmt *statement, int column)
{
	return (const char *)sqlite3_column_text(statement, column);
}

void lp_sqlite_bind_glob(sqlite3_stmt *statement, int index, const char *glob)
{
	/* NULL: NULL.  The pattern is freed once it is bound to something else. */
	sqlite3_bind_text(statement, index, lp_glob_to_sqlite(glob), -1, free);
}
