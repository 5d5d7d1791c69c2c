/* Runs in the main process and in the rule server, in any thread. */
#include "process/record.h"

#include "text/utf8.h"

#include <string.h>

enum { ITEMS_MOST = 1 << 20 };

static int64_t count_left(const struct lp_record *record)
{
	return record->end - record->at;
}

void lp_record_number(struct lp_record *record, int64_t *number, int64_t least, int64_t most)
{
	if (record->text != NULL) {
		lp_text_add(record->text, (const char *)number, sizeof *number);
		return;
	}
	record->bad = record->bad || count_left(record) < (int64_t)sizeof *number;
	if (!record->bad) {
		memcpy(number, record->at, sizeof *number);
		record->at += sizeof *number;
		record->bad = *number < least || *number > most;
	}
	if (record->bad)
		*number = 0;
}

static const char *read_text(struct lp_record *record, int64_t length)
{
	const char *copy;

	record->bad = record->bad || length > count_left(record);
	if (record->bad)
		return "";
	copy = lp_arena_copy(record->arena, record->at, (size_t)length);
	record->at += length;
	record->bad = strlen(copy) != (size_t)length || !lp_utf8_is_valid(copy);
	return record->bad ? "" : copy;
}

void lp_record_text(struct lp_record *record, const char **text)
{
	int64_t length = record->text == NULL || *text == NULL ? -1 : (int64_t)strlen(*text);

	lp_record_number(record, &length, -1, count_left(record));
	if (record->text == NULL)
		*text = length < 0 ? NULL : read_text(record, length);
	else if (*text != NULL)
		lp_text_add(record->text, *text, (size_t)length);
}

void lp_record_required_text(struct lp_record *record, const char **text)
{
	lp_record_text(record, text);
	if (record->text == NULL && *text == NULL) {
		record->bad = true;
		*text = "";
	}
}

void *lp_record_items(struct lp_record *record, void *items, size_t *count, size_t size)
{
	int64_t left = count_left(record);

	/* An item takes a byte at least, so a larger count makes no sense. */
	LP_RECORD_NUMBER(record, *count, 0, left < ITEMS_MOST ? left : ITEMS_MOST);
	return record->text != NULL ? items : lp_arena_zeroed(record->arena, *count, size);
}
