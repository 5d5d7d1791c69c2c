/* See utf8.h.  Looks at nothing behind the bytes that it is given. */
#include "text/utf8.h"

#include <string.h>

size_t lp_utf8_cut(const char *text, size_t length)
{
	size_t first = length;

	/* The last byte that begins a character. */
	while (first > 0 && !lp_utf8_begins(text[first - 1]))
		first--;
	if (first == 0)
		return length;
	unsigned char lead = (unsigned char)text[first - 1];
	size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
	return length - (first - 1) < size ? first - 1 : length;
}

void lp_utf8_copy(char *target, size_t size, const char *text)
{
	size_t length = text == NULL ? 0 : lp_utf8_cut(text, strnlen(text, size - 1));
	if (length > 0)
		memcpy(target, text, length);
	target[length] = '\0';
}

size_t lp_utf8_length(const char *data, size_t left)
{
	const unsigned char *byte = (const unsigned char *)data;
	unsigned char first = byte[0];
	if (first < 0x80)
		return 1;
	size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	if (first < 0xc2 || first > 0xf4 || length > left)
		return 0;
	/* The second byte's range excludes overlong forms, surrogates and what lies beyond U+10FFFF. */
	unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
	if (byte[1] < low || byte[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if (lp_utf8_begins(data[i]))
			return 0;
	return length;
}

size_t lp_utf8_write(unsigned character, char bytes[4])
{
	if (character < 0x80) {
		bytes[0] = (char)character;
		return 1;
	}
	size_t size = character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
	unsigned lead = size == 2 ? 0xc0 : size == 3 ? 0xe0 : 0xf0;
	for (size_t i = size - 1; i > 0; i--, character >>= 6)
		bytes[i] = (char)(0x80 | (character & 0x3f));
	bytes[0] = (char)(lead | character);
	return size;
}

size_t lp_utf8_control(const char *text)
{
	const unsigned char *byte = (const unsigned char *)text;
	if (byte[0] < 0x20 || byte[0] == 0x7f)
		return 1;
	return byte[0] == 0xc2 && byte[1] >= 0x80 && byte[1] < 0xa0 ? 2 : 0;
}

size_t lp_utf8_printable(const char *text)
{
	/* A text ends with a NUL, which continues no character. */
	return lp_utf8_control(text) > 0 ? 0 : lp_utf8_length(text, 4);
}

bool lp_utf8_has_control(const char *text)
{
	while (*text != '\0') {
		size_t length = lp_utf8_printable(text);
		if (length == 0)
			return true;
		text += length;
	}
	return false;
}

bool lp_utf8_is_valid(const char *text)
{
	while (*text != '\0') {
		size_t length = lp_utf8_length(text, 4);
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
	return lp_utf8_has_control(name) ? "has a control character in it" : NULL;
}
