/*
 * Settings from variables of the environment.  LOCAL_PROCESSING_LOG_LEVEL sets
 * log.level: the path in capitals, with _ for the dot.  LOCAL_PROCESSING_STORE_FILE
 * names a file that has the value of LOCAL_PROCESSING_STORE.
 */
#ifndef LP_CONFIG_ENVIRONMENT_H
#define LP_CONFIG_ENVIRONMENT_H

#include "config/value.h"

enum { LP_VARIABLE_BYTES_MOST = 128 };

/* Writes the name of the variable that sets it. */
void lp_variable_name(const struct lp_setting *setting, char name[LP_VARIABLE_BYTES_MOST]);
/*
 * True for a variable that begins with LOCAL_PROCESSING_ and is no setting: of the
 * builds and tests of this program, or of Kubernetes for a service that is called
 * like it.
 */
bool lp_variable_is_of_others(const char *name, const char *value);
/* Reads all of them; what is wrong with them is reported, a name that nobody knows too. */
void lp_environment_read(struct lp_loader *loader);

#endif
