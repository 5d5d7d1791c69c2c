/* Numbers in order: comparing them, and finding a place among them. */
#ifndef LP_MODEL_ORDER_H
#define LP_MODEL_ORDER_H

#include <stddef.h>
#include <stdint.h>

static inline int lp_compare(int64_t left, int64_t right)
{
	return (left > right) - (left < right);
}

/* The same of two int64_t, for qsort and bsearch. */
static inline int lp_compare_numbers(const void *left, const void *right)
{
	return lp_compare(*(const int64_t *)left, *(const int64_t *)right);
}

/*
 * The first of `count` places, which are in order, that is not before what is
 * wanted; `count`: all are.  `is_before` is an expression of the place `i_`:
 * LP_LOWER_BOUND(count, i, items[i].id < id).
 */
#define LP_LOWER_BOUND(count_, i_, is_before_)                                                                         \
	({                                                                                                             \
		size_t low_ = 0, high_ = (count_);                                                                     \
		while (low_ < high_) {                                                                                 \
			size_t i_ = low_ + (high_ - low_) / 2;                                                         \
			if (is_before_)                                                                                \
				low_ = i_ + 1;                                                                         \
			else                                                                                           \
				high_ = i_;                                                                            \
		}                                                                                                      \
		low_;                                                                                                  \
	})

#endif
