/*
 * libyaml's words for what is wrong are those of the YAML specification; these
 * are for people.  Knows nothing but the texts.
 */
#include "text/yaml_words.h"

#include <stddef.h>
#include <string.h>

const char *lp_yaml_plain_words(const char *problem)
{
	static const struct {
		const char *theirs, *ours;
	} words[] = {
		{ "did not find expected key",
		  "a key was expected here: is this line indented as its neighbours are?" },
		{ "did not find expected '-' indicator",
		  "'- ' was expected here, for the next item of the list: is this line indented as its neighbours are?" },
		{ "mapping values are not allowed in this context",
		  "': ' cannot stand here: a text that contains it needs quotes, and a key a line of its own" },
		{ "could not find expected ':'", "this looks like a key, but no ': ' follows it" },
		{ "did not find expected ',' or '}'", "',' or '}' was expected here" },
		{ "did not find expected ',' or ']'", "',' or ']' was expected here" },
		{ "found unexpected end of stream", "the file ends within a quoted text: a quote is missing" },
		{ "found unexpected document indicator",
		  "'---' or '...' stands within a quoted text: a quote is missing" },
		{ "found unknown escape character", "unknown escape after '\\' in a text in double quotes: write \\\\ "
		                                    "for a backslash, or use single quotes" },
		{ "did not find expected hexdecimal number", "hexadecimal digits were expected after this escape" },
		{ "found invalid Unicode character escape code", "this escape is no character of Unicode" },
		{ "block sequence entries are not allowed in this context",
		  "an item of a list ('- ') cannot begin here" },
		{ "block mapping keys are not allowed in this context", "a key in a form with '?' cannot begin here" },
		{ "mapping keys are not allowed in this context", "a key cannot begin here" },
		{ "found duplicate %YAML directive", "%YAML stands here for the second time" },
		{ "found incompatible YAML document", "this is written for another version of YAML" },
		{ "did not find expected <document start>",
		  "this does not belong to what stands before it: is it indented as its neighbours are?" },
		{ "did not find expected node content", "a value was expected here" },
		{ "did not find expected alphabetic or numeric character", "a name was expected after '&' or '*'" },
		{ "found undefined tag handle",
		  "tags ('!name') have no meaning here: a text that begins with '!' needs quotes" },
		{ "found a tab character that violates indentation",
		  "a tab stands where YAML wants blanks: indent with blanks" },
		{ "found a tab character where an indentation space is expected",
		  "a tab stands where YAML wants blanks: indent with blanks" },
		{ "control characters are not allowed", "this control character cannot stand in YAML" },
		{ "exceeded maximum depth", "this is nested too deep" },
	};
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(problem, words[i].theirs) == 0)
			return words[i].ours;
	return problem;
}
