/* libFuzzer: any bytes as a CSV file, and each of its cells as a number. */
#include "text/csv.h"
#include "text/number.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FILE *file = size == 0 ? NULL : fmemopen((void *)(uintptr_t)data, size, "r");
	if (file == NULL) {
		return 0;
	}
	struct lp_csv *csv = lp_csv_new(file, "fuzz.csv", '\0');
	struct lp_csv_row row;
	struct lp_error error = { 0 };
	bool found = false, good;
	int line = 0;
	while ((good = lp_csv_next(csv, &row, &found, &error)) && found) {
		assert(row.line > line && row.count > 0);
		line = row.line;
		for (size_t i = 0; i < row.count; i++) {
			double number = 0;
			assert(row.cells[i].line >= row.line && row.cells[i].column > 0);
			if (lp_number_parse(row.cells[i].text, false, &number) == LP_NUMBER_READ) {
				assert(isfinite(number));
			}
		}
	}
	assert(good || error.exit == LP_EXIT_DATA);
	lp_csv_free(csv);
	fclose(file);
	return 0;
}
