/* See encoding.h. */
#include "text/encoding.h"

#include "text/utf8.h"
#include <stdint.h>
#include <string.h>
#include <strings.h>

const char lp_encoding_names[] = "utf-8, utf-16, utf-16le, utf-16be, windows-1252 or latin-1";

static const struct {
	const char *name;
	enum lp_encoding encoding;
} names[] = {
	{ "utf-8", LP_ENCODING_UTF8 },          { "utf8", LP_ENCODING_UTF8 },
	{ "utf-16", LP_ENCODING_UTF16 },        { "utf-16le", LP_ENCODING_UTF16LE },
	{ "utf-16be", LP_ENCODING_UTF16BE },    { "windows-1252", LP_ENCODING_WINDOWS_1252 },
	{ "cp1252", LP_ENCODING_WINDOWS_1252 }, { "latin-1", LP_ENCODING_LATIN_1 },
	{ "latin1", LP_ENCODING_LATIN_1 },      { "iso-8859-1", LP_ENCODING_LATIN_1 },
};

bool lp_encoding_find(const char *name, enum lp_encoding *encoding)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (strcasecmp(names[i].name, name) == 0) {
			*encoding = names[i].encoding;
			return true;
		}
	}
	return false;
}

static const char *name_of(enum lp_encoding encoding)
{
	size_t i = 0;
	while (names[i].encoding != encoding)
		i++;
	return names[i].name;
}

/* The encoding that a byte order mark tells. */
static enum lp_encoding find_mark(const unsigned char *bytes, size_t count, size_t *mark)
{
	static const struct {
		const char *bytes;
		size_t count;
		enum lp_encoding encoding;
	} marks[] = {
		{ "\xEF\xBB\xBF", 3, LP_ENCODING_UTF8 },
		{ "\xFF\xFE", 2, LP_ENCODING_UTF16LE },
		{ "\xFE\xFF", 2, LP_ENCODING_UTF16BE },
	};

	*mark = 0;
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		if (count >= marks[i].count && memcmp(bytes, marks[i].bytes, marks[i].count) == 0) {
			*mark = marks[i].count;
			return marks[i].encoding;
		}
	}
	return LP_ENCODING_BY_MARK;
}

/* A text that begins with two ASCII letters has a NUL in every other byte only in UTF-16. */
static bool fail_no_mark(enum lp_encoding likely, struct lp_error *error)
{
	lp_fail(error, LP_EXIT_DATA, "this is UTF-16 without a byte order mark");
	return lp_hint(error, "Say which one it is: --encoding %s looks right.", name_of(likely));
}

bool lp_decoder_begin(struct lp_decoder *decoder, enum lp_encoding given, const unsigned char *bytes, size_t count,
                      size_t *mark, struct lp_error *error)
{
	enum lp_encoding marked = find_mark(bytes, count, mark);
	bool is_16 = marked == LP_ENCODING_UTF16LE || marked == LP_ENCODING_UTF16BE;

	*decoder = (struct lp_decoder){ .encoding = given };
	if (count >= 4 && (memcmp(bytes, "\xFF\xFE\0\0", 4) == 0 || memcmp(bytes, "\0\0\xFE\xFF", 4) == 0)) {
		lp_fail(error, LP_EXIT_DATA, "this is UTF-32, which is not read");
		return lp_hint(error, "Save it as UTF-8.");
	}
	if (*mark == 0 && count >= 4 && (given == LP_ENCODING_BY_MARK || given == LP_ENCODING_UTF16)) {
		if (bytes[0] != 0 && bytes[1] == 0 && bytes[2] != 0 && bytes[3] == 0)
			return fail_no_mark(LP_ENCODING_UTF16LE, error);
		if (bytes[0] == 0 && bytes[1] != 0 && bytes[2] == 0 && bytes[3] != 0)
			return fail_no_mark(LP_ENCODING_UTF16BE, error);
	}
	if (*mark == 0 && given == LP_ENCODING_UTF16) {
		lp_fail(error, LP_EXIT_DATA, "this is no UTF-16 with a byte order mark");
		return lp_hint(error, "Without the mark say --encoding utf-16le or utf-16be, or leave --encoding out.");
	}
	if (*mark > 0 && given != LP_ENCODING_BY_MARK && given != marked && !(given == LP_ENCODING_UTF16 && is_16)) {
		lp_fail(error, LP_EXIT_DATA, "this is %s, as its byte order mark says, not %s", name_of(marked),
		        name_of(given));
		return lp_hint(error, "Leave --encoding out for this file: the mark tells.");
	}
	decoder->encoding = *mark > 0 ? marked : given == LP_ENCODING_BY_MARK ? LP_ENCODING_UTF8 : given;
	return true;
}

bool lp_decoder_passes(const struct lp_decoder *decoder)
{
	return decoder->encoding == LP_ENCODING_UTF8;
}

/* Windows-1252 from 0x80 to 0x9F; 0: no character.  The rest is as in Latin-1. */
static const uint16_t windows_1252[32] = {
	0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
	0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
	0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178,
};

/*
 * A byte each.  Capital A with circumflex or tilde in front of a sign is what
 * UTF-8 looks like where it is taken for one of these, and no word of a language.
 */
static bool add_bytes(struct lp_decoder *decoder, const unsigned char *bytes, size_t count, unsigned char *to,
                      size_t *length, const char **problem)
{
	for (size_t i = 0; i < count; i++) {
		unsigned character = bytes[i];
		bool of_utf8 = (decoder->last == 0xC2 || decoder->last == 0xC3) && (bytes[i] & 0xC0) == 0x80;
		if (of_utf8) {
			*problem = "this is UTF-8 already: leave --encoding out";
			return false;
		}
		if (character >= 0x80 && character < 0xA0) {
			if (decoder->encoding == LP_ENCODING_LATIN_1) {
				*problem = "this byte is no character of Latin-1; it may be --encoding windows-1252";
				return false;
			}
			character = windows_1252[character - 0x80];
		}
		if (character == 0 && bytes[i] != 0) {
			*problem = "this byte is no character of Windows-1252";
			return false;
		}
		decoder->last = bytes[i];
		*length += lp_utf8_write(character, (char *)(to + *length));
	}
	return true;
}

static bool add_unit(struct lp_decoder *decoder, unsigned unit, unsigned char *to, size_t *length, const char **problem)
{
	bool is_high = unit >= 0xD800 && unit < 0xDC00, is_low = unit >= 0xDC00 && unit < 0xE000;

	if (is_low != (decoder->high != 0)) {
		*problem = "this is no UTF-16: half a pair stands alone";
		return false;
	}
	if (is_high) {
		decoder->high = unit;
		return true;
	}
	unsigned character = is_low ? 0x10000 + ((decoder->high - 0xD800) << 10) + (unit - 0xDC00) : unit;
	decoder->high = 0;
	*length += lp_utf8_write(character, (char *)(to + *length));
	return true;
}

static bool add_pairs(struct lp_decoder *decoder, const unsigned char *bytes, size_t count, unsigned char *to,
                      size_t *length, const char **problem)
{
	bool big = decoder->encoding == LP_ENCODING_UTF16BE;

	for (size_t i = 0; i < count; i++) {
		if (!decoder->half) {
			decoder->last = bytes[i];
			decoder->half = true;
			continue;
		}
		unsigned unit = big ? (unsigned)decoder->last << 8 | bytes[i] : (unsigned)bytes[i] << 8 | decoder->last;
		decoder->half = false;
		if (!add_unit(decoder, unit, to, length, problem))
			return false;
	}
	if (count == 0 && (decoder->half || decoder->high != 0)) {
		*problem = "the file ends within a character of UTF-16";
		return false;
	}
	return true;
}

bool lp_decoder_add(struct lp_decoder *decoder, const unsigned char *bytes, size_t count, unsigned char *to,
                    size_t *length, const char **problem)
{
	bool pairs = decoder->encoding == LP_ENCODING_UTF16LE || decoder->encoding == LP_ENCODING_UTF16BE;
	return (pairs ? add_pairs : add_bytes)(decoder, bytes, count, to, length, problem);
}
