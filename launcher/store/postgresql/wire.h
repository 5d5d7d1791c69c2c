/* Numbers as PostgreSQL's binary form has them: big-endian, at any address. */
#ifndef LP_STORE_POSTGRESQL_WIRE_H
#define LP_STORE_POSTGRESQL_WIRE_H

#include "model/time.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

/* timestamptz counts microseconds from 2000-01-01T00:00:00Z. */
#define PG_EPOCH INT64_C(946684800000000)

static inline void lp_wire_put16(char *at, uint16_t value)
{
	value = htobe16(value);
	memcpy(at, &value, sizeof value);
}

static inline void lp_wire_put32(char *at, uint32_t value)
{
	value = htobe32(value);
	memcpy(at, &value, sizeof value);
}

static inline void lp_wire_put64(char *at, uint64_t value)
{
	value = htobe64(value);
	memcpy(at, &value, sizeof value);
}

static inline uint16_t lp_wire_get16(const char *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof value);
	return be16toh(value);
}

static inline uint32_t lp_wire_get32(const char *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof value);
	return be32toh(value);
}

static inline uint64_t lp_wire_get64(const char *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof value);
	return be64toh(value);
}

static inline double lp_wire_get_float8(const char *at)
{
	uint64_t bits = lp_wire_get64(at);
	double value;

	memcpy(&value, &bits, sizeof value);
	return value;
}

/* The server's infinities are the ends of int64, which its epoch must not be added to. */
static inline lp_time lp_wire_get_time(const char *at)
{
	int64_t wire = (int64_t)lp_wire_get64(at);

	if (wire == INT64_MIN)
		return LP_TIME_NONE;
	if (wire > INT64_MAX - PG_EPOCH)
		return INT64_MAX;
	return wire + PG_EPOCH;
}

#endif
