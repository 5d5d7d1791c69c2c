/* What codes of qualities mean, as an expression of SQL. */
#include "store/postgresql/mapping.h"

#include <string.h>

static void add_code(struct lp_text *sql, const char *code, bool texts)
{
	if (!texts) {
		lp_text_addf(sql, "%s", code);
		return;
	}
	lp_text_addf(sql, "E'");
	for (const char *c = code; *c != '\0'; c++)
		lp_text_addf(sql, *c == '\'' || *c == '\\' ? "\\%c" : "%c", *c);
	lp_text_addf(sql, "'");
}

static void add_list(struct lp_text *sql, const struct lp_code_list *list, const char *column, bool texts, int quality)
{
	size_t codes = 0;

	for (size_t i = 0; i < list->count; i++)
		if (list->items[i] == NULL)
			lp_text_addf(sql, " WHEN %s IS NULL THEN %d", column, quality);
		else
			codes++;
	if (codes == 0)
		return;
	lp_text_addf(sql, " WHEN %s%s IN (", column, texts ? "::text" : "");
	for (size_t i = 0, added = 0; i < list->count; i++) {
		if (list->items[i] == NULL)
			continue;
		lp_text_addf(sql, added++ == 0 ? "" : ", ");
		add_code(sql, list->items[i], texts);
	}
	lp_text_addf(sql, ") THEN %d", quality);
}

void lp_pg_add_quality(struct lp_text *sql, const struct lp_mapping *mapping, const char *column)
{
	bool texts = mapping->good.texts || mapping->uncertain.texts;

	lp_text_addf(sql, "(CASE");
	switch (mapping->codes) {
	case LP_CODES_OWN:
		lp_text_addf(sql, " WHEN %s IS NULL OR %s = 0 THEN 0 WHEN %s = 1 THEN 1", column, column, column);
		break;
	case LP_CODES_LISTED:
		add_list(sql, &mapping->good, column, texts, LP_QUALITY_GOOD);
		add_list(sql, &mapping->uncertain, column, texts, LP_QUALITY_UNCERTAIN);
		break;
	case LP_CODES_OPC_DA:
		lp_text_addf(sql, " (%s::int8 >> 6) & 3 WHEN 3 THEN 0 WHEN 1 THEN 1", column);
		break;
	case LP_CODES_OPC_UA:
		lp_text_addf(sql, " (%s::int8 >> 30) & 3 WHEN 0 THEN 0 WHEN 1 THEN 1", column);
		break;
	}
	lp_text_addf(sql, " ELSE 2 END)::int2");
}
