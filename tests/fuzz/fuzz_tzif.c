/* libFuzzer: any bytes as a TZif file; what is accepted must answer for every time. */
#include "calendar/zone_data.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const lp_time times[] = { LP_TIME_MIN,          -LP_DAY,    0, 1700000000 * LP_SECOND,
		                         40000 * 365 * LP_DAY, LP_TIME_MAX };
	struct lp_zone *zone;
	struct lp_error error;

	if (!lp_tzif_read("Fuzz", data, size, &zone, &error)) {
		assert(error.exit == LP_EXIT_DATA);
		return 0;
	}
	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		const char *abbreviation;
		int64_t offset = lp_zone_offset(zone, times[i], &abbreviation);
		assert(offset >= -LP_ZONE_OFFSET_MOST && offset <= LP_ZONE_OFFSET_MOST && abbreviation != NULL);
		lp_time t = lp_zone_to_utc(zone, times[i]);
		assert(t >= times[i] - LP_ZONE_OFFSET_MOST && t <= times[i] + LP_ZONE_OFFSET_MOST);
	}
	lp_zone_free(zone);
	return 0;
}
