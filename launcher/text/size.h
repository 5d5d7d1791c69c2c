/* Sizes of memory as texts. */
#ifndef LP_TEXT_SIZE_H
#define LP_TEXT_SIZE_H

#include <stdbool.h>
#include <stdint.h>

/* Reads "512 MB" or "1.5 GiB".  False: the text is no size. */
bool lp_size_parse(const char *text, int64_t *size) __attribute__((warn_unused_result));
/* For people, with at most one decimal: "1.5 GB". */
void lp_size_format(int64_t size, char text[32]);
/* So that it is read back as the same: "1.5 GB", "64 MiB", "67108.865 kB". */
void lp_size_write(int64_t size, char text[32]);

#endif
