/*
 * Bytes of a file in its own encoding to UTF-8, a piece at a time, so that
 * memory does not grow with the file.  glibc's iconv reads its tables from files
 * that a static program does not have; these few encodings need no tables worth
 * the name.
 *
 * The byte order mark of a file says its encoding; without one it is UTF-8, or the
 * encoding that was asked for.  Nothing is guessed from its letters.
 */
#ifndef LP_TEXT_ENCODING_H
#define LP_TEXT_ENCODING_H

#include "model/error.h"
#include <stddef.h>

enum lp_encoding {
	LP_ENCODING_BY_MARK, /* by the byte order mark; UTF-8 without one */
	LP_ENCODING_UTF8,
	LP_ENCODING_UTF16, /* by the mark, which must be there */
	LP_ENCODING_UTF16LE,
	LP_ENCODING_UTF16BE,
	LP_ENCODING_WINDOWS_1252,
	LP_ENCODING_LATIN_1,
};

/* By its name, in any capitals; "latin1" and "cp1252" are known too. */
bool lp_encoding_find(const char *name, enum lp_encoding *encoding);
extern const char lp_encoding_names[]; /* "utf-8, ...": for messages */

struct lp_decoder {
	enum lp_encoding encoding;
	unsigned high;      /* UTF-16: the first half of a pair; 0: none */
	unsigned char last; /* the byte before */
	bool half;          /* UTF-16: `last` is half of a unit */
};

/*
 * Looks at the first bytes of a file.  *mark: how many of them are the byte
 * order mark.  Fails where the mark is not of the encoding that was given.
 */
bool lp_decoder_begin(struct lp_decoder *decoder, enum lp_encoding given, const unsigned char *bytes, size_t count,
                      size_t *mark, struct lp_error *error) LP_MUST_CHECK;
/* True if the bytes are UTF-8 as they are: nothing is to be decoded. */
bool lp_decoder_passes(const struct lp_decoder *decoder);

/* Bytes out for a byte in, at most, and for what was left of the piece before. */
enum { LP_DECODED_MOST = 3, LP_DECODED_LEFT = 4 };

/*
 * Writes count bytes as UTF-8 to `to`, and adds how many these are to *length.
 * False: the text that follows is no text of that encoding; *problem says why.
 * What was written before is right.  At the end of a file count is 0.
 */
bool lp_decoder_add(struct lp_decoder *decoder, const unsigned char *bytes, size_t count, unsigned char *to,
                    size_t *length, const char **problem) LP_MUST_CHECK;

#endif
