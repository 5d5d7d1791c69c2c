/* libFuzzer: any bytes as a CSV file in each encoding, and each of its cells as a number in each form. */
#include "text/csv.h"
#include "text/number.h"
#include "text/utf8.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read as a number is one, and groups of digits are all that the sign between them adds. */
static void check_number(const char *text)
{
	static const char groups[] = { '\0', ',', '.', '\'', ' ' };

	for (size_t i = 0; i < 2 * sizeof groups; i++) {
		struct lp_number_form form = { .comma = i % 2 == 1, .group = groups[i / 2] };
		double number = 0, plain = 0;

		if (form.group == (form.comma ? ',' : '.') || lp_number_parse(text, form, &number) != LP_NUMBER_READ)
			continue;
		assert(isfinite(number));
		if (lp_number_parse(text, (struct lp_number_form){ .comma = form.comma }, &plain) == LP_NUMBER_READ)
			assert(number == plain);
	}
}

static void read_file(FILE *file, enum lp_encoding encoding)
{
	struct lp_csv *csv = lp_csv_new(file, "fuzz.csv", '\0');
	struct lp_csv_row row;
	struct lp_error error = { 0 };
	bool found = false, good;
	int line = 0;

	lp_csv_set_encoding(csv, encoding);
	while ((good = lp_csv_next(csv, &row, &found, &error)) && found) {
		assert(row.line > line && row.count > 0);
		line = row.line;
		for (size_t i = 0; i < row.count; i++) {
			assert(row.cells[i].line >= row.line && row.cells[i].column > 0);
			assert(lp_utf8_is_valid(row.cells[i].text));
			check_number(row.cells[i].text);
		}
	}
	assert(good || error.exit == LP_EXIT_DATA);
	lp_csv_free(csv);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FILE *file = size == 0 ? NULL : fmemopen((void *)(uintptr_t)data, size, "r");

	if (file == NULL)
		return 0;
	for (enum lp_encoding encoding = LP_ENCODING_BY_MARK; encoding <= LP_ENCODING_LATIN_1; encoding++) {
		rewind(file);
		read_file(file, encoding);
	}
	fclose(file);
	return 0;
}
