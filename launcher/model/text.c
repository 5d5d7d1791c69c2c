/* See text.h.  Looks at nothing behind the bytes that it is given. */
#include "model/text.h"

size_t lp_text_whole(const char *text, size_t length)
{
	size_t first = length;

	/* The last byte that begins a character. */
	while (first > 0 && ((unsigned char)text[first - 1] & 0xc0) == 0x80)
		first--;
	if (first == 0)
		return length;
	unsigned char lead = (unsigned char)text[first - 1];
	size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
	return length - (first - 1) < size ? first - 1 : length;
}
