/*
 * A value of a setting: from a node of YAML into its field, within its limits.
 * What is wrong with it becomes a problem that names its place.
 */
#ifndef LP_CONFIG_VALUE_H
#define LP_CONFIG_VALUE_H

#include "config/config.h"
#include "config/settings.h"
#include "text/yaml_node.h"

/* One of the places that values come from, while it is read. */
struct lp_loader {
	struct lp_config *config;
	char *directory; /* relative names begin there; NULL: they stay as they are */
	struct lp_problems *problems;
	struct lp_origin from; /* of what is set; the texts are copied, the place is that of the node */
	bool wrong;
};

#define LP_LOADER_PROBLEM(loader_, node_, ...)                                                                         \
	do {                                                                                                           \
		(loader_)->wrong = true;                                                                               \
		lp_problem_add((loader_)->problems, (loader_)->from.name, (node_) == NULL ? 0 : (node_)->line,         \
		               (node_) == NULL ? 0 : (node_)->column, __VA_ARGS__);                                    \
	} while (0)

/* Keeps where the value comes from, be it right or wrong; `python` and `python.interpreter` are one value. */
void lp_loader_note(const struct lp_loader *loader, const struct lp_setting *setting, const struct lp_yaml_node *node);
/* Sets the setting; a value that it cannot have is reported. */
void lp_loader_set(struct lp_loader *loader, const struct lp_setting *setting, const struct lp_yaml_node *node);
void lp_config_list_free(struct lp_config_list *list);
void lp_origin_free(struct lp_origin *origin);

#endif
