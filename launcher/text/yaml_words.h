/*
 * libyaml's messages, in words for people who have a file that does not work.
 */
#ifndef LP_TEXT_YAML_WORDS_H
#define LP_TEXT_YAML_WORDS_H

/* Its own words where there are none better. */
const char *lp_yaml_plain_words(const char *problem);

#endif
