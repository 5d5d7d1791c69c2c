/* Values of samples as texts. */
#ifndef LP_TEXT_NUMBER_H
#define LP_TEXT_NUMBER_H

#include <stdbool.h>

/* "29.5": the shortest text that reads back as the same number; "nan", "inf", "-inf". */
void lp_number_format(double number, char text[32]);

enum lp_number_reading {
	LP_NUMBER_READ,
	LP_NUMBER_MISSING,   /* empty, dashes, or a word for no value: nan, inf, null, NA, #N/A, bad, ... */
	LP_NUMBER_TOO_LARGE, /* for a double */
	LP_NUMBER_NONE,      /* no number */
};
/* How a file writes numbers. */
struct lp_number_form {
	bool comma; /* the decimal sign is a comma */
	char group; /* between groups of three digits: , . ' or a blank (also one that does not break a line); 0: nothing */
};
/* Blanks around it are passed over. Groups have three digits each, the first one to three; a number may have none. */
enum lp_number_reading lp_number_parse(const char *text, struct lp_number_form form, double *number);

#endif
