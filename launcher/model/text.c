/* See text.h.  Looks at nothing behind the bytes that it is given. */
#include "model/text.h"

#include <string.h>

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

size_t lp_text_printable(const char *text)
{
	const unsigned char *byte = (const unsigned char *)text;
	unsigned char first = byte[0];
	if (first >= 0x20 && first < 0x7f)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	size_t length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	/* The second byte's range excludes overlong forms, surrogates and what lies beyond U+10FFFF; and C1 controls. */
	unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : first == 0xc2 ? 0xa0 : 0x80;
	unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
	if (byte[1] < low || byte[1] > high)
		return 0;
	for (size_t at = 2; at < length; at++)
		if (byte[at] < 0x80 || byte[at] > 0xbf)
			return 0;
	return length;
}

bool lp_text_has_control(const char *text)
{
	while (*text != '\0') {
		size_t length = lp_text_printable(text);
		if (length == 0)
			return true;
		text += length;
	}
	return false;
}

bool lp_text_is_utf8(const char *text)
{
	while (*text != '\0') {
		unsigned char first = (unsigned char)text[0], second = (unsigned char)text[1];
		bool is_control = first < 0x80 || (first == 0xc2 && second >= 0x80 && second < 0xa0);
		size_t length = is_control ? (first < 0x80 ? 1 : 2) : lp_text_printable(text);
		if (length == 0)
			return false;
		text += length;
	}
	return true;
}

const char *lp_name_problem(const char *name)
{
	if (name[0] == '\0')
		return "is empty";
	if (strlen(name) > LP_NAME_BYTES_MOST)
		return "is longer than 512 bytes";
	return lp_text_has_control(name) ? "has a control character in it" : NULL;
}
