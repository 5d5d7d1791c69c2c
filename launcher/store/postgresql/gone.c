/* See gone.h. */
#include "store/postgresql/gone.h"

#include "observe/observe.h"
#include "store/store.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Databases that did not answer, with what was said of each: what connects next would wait for it as long again. */
struct gone {
	struct gone *next;
	char *address;
	struct lp_error why;
};

static struct gone *all_gone;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct gone *find_gone(const char *address)
{
	struct gone *gone = all_gone;

	while (gone != NULL && strcmp(gone->address, address) != 0)
		gone = gone->next;
	return gone;
}

bool lp_pg_is_gone(const char *address, struct lp_error *why)
{
	const struct gone *gone;
	bool found;

	pthread_mutex_lock(&lock);
	gone = find_gone(address);
	found = gone != NULL;
	if (found)
		*why = gone->why;
	pthread_mutex_unlock(&lock);
	return found;
}

void lp_pg_look_again(void)
{
	pthread_mutex_lock(&lock);
	while (all_gone != NULL) {
		struct gone *gone = all_gone;

		all_gone = gone->next;
		free(gone->address);
		free(gone);
	}
	pthread_mutex_unlock(&lock);
}

void lp_pg_note_gone(const char *address, const struct lp_error *why)
{
	char described[256];
	bool is_new;

	pthread_mutex_lock(&lock);
	is_new = find_gone(address) == NULL;
	if (is_new) {
		struct gone *gone = lp_allocate(sizeof *gone);

		*gone = (struct gone){ .next = all_gone, .address = lp_copy_text(address), .why = *why };
		all_gone = gone;
	}
	pthread_mutex_unlock(&lock);
	lp_store_describe(address, described, sizeof described);
	if (is_new)
		lp_log(LP_LOG_WARNING, "a database of samples does not answer: what reads it fails until the next run",
		       LP_TEXT("database", described), LP_TEXT("error", why->what));
}
