/* Runs in the main process and in the rule server, in any thread. */
#include "process/record.h"

#include "text/utf8.h"

#include <string.h>

void lp_put_number(struct lp_text *text, int64_t number)
{
	lp_text_add(text, (const char *)&number, sizeof number);
}

void lp_put_text(struct lp_text *text, const char *value)
{
	lp_put_number(text, value == NULL ? -1 : (int64_t)strlen(value));
	if (value != NULL)
		lp_text_add(text, value, strlen(value));
}

int64_t lp_get_number(struct lp_reader *reader, int64_t least, int64_t most)
{
	int64_t number = 0;

	if (reader->bad || (size_t)(reader->end - reader->at) < sizeof number) {
		reader->bad = true;
		return 0;
	}
	memcpy(&number, reader->at, sizeof number);
	reader->at += sizeof number;
	if (number < least || number > most) {
		reader->bad = true;
		return 0;
	}
	return number;
}

const char *lp_get_text(struct lp_reader *reader, struct lp_arena *arena)
{
	int64_t length = lp_get_number(reader, -1, reader->end - reader->at);
	const char *copy;

	if (length < 0 && !reader->bad)
		return NULL;
	if (reader->bad || length > reader->end - reader->at) {
		reader->bad = true;
		return "";
	}
	copy = lp_arena_copy(arena, reader->at, (size_t)length);
	reader->at += length;
	if (strlen(copy) != (size_t)length || !lp_utf8_is_valid(copy)) {
		reader->bad = true;
		return "";
	}
	return copy;
}
