/*
 * Tables of somebody else may have several rows of one series and time. Rows
 * that say the same are one sample. Which of two that differ is right, nobody
 * knows: the series is not read.
 */
#ifndef LP_STORE_POSTGRESQL_DOUBLES_H
#define LP_STORE_POSTGRESQL_DOUBLES_H

#include "model/series.h"

/* Takes rows off that repeat the one before, of samples by time; returns false at the first that differs, *at. */
bool lp_pg_drop_doubles(struct lp_column *column, lp_time *at);
/* True if two samples of one time say the same. */
bool lp_pg_is_double(double value, uint8_t quality, double other_value, uint8_t other_quality);

#endif
