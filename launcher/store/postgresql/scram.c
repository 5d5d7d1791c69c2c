/*
 * The slow part of logging in by password (SCRAM-SHA-256): 4,096 HMACs, slow on
 * purpose. libpq makes each of them with calls of OpenSSL that look up the
 * algorithm anew: 8 ms of processor time per connection, and a run has five. It
 * is PBKDF2 (RFC 5802, section 2.2: Hi), which OpenSSL does in one call, in half
 * the time or less. Its result is the same for every connection of a role, so
 * the first one is kept, as libpq keeps the password itself.
 */
#include "model/memory.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { SHA256_LENGTH = 32, SALT_MOST = 64 };

static struct {
	pthread_mutex_t lock; /* while one is made, too: others wait for it rather than make it again */
	char *password;       /* NULL: none is kept */
	unsigned char salt[SALT_MOST];
	int salt_length, iterations;
	unsigned char salted[SHA256_LENGTH];
} kept = { .lock = PTHREAD_MUTEX_INITIALIZER };

static bool is_kept(const char *password, const char *salt, int salt_length, int iterations)
{
	return kept.password != NULL && kept.salt_length == salt_length && kept.iterations == iterations &&
	       memcmp(kept.salt, salt, (size_t)salt_length) == 0 && strcmp(kept.password, password) == 0;
}

static void forget(void)
{
	if (kept.password == NULL)
		return;
	explicit_bzero(kept.password, strlen(kept.password));
	free(kept.password);
	kept.password = NULL;
}

/* With the lock held: true if `salted` belongs to these. */
static bool keep(const char *password, const char *salt, int salt_length, int iterations)
{
	if (is_kept(password, salt, salt_length, iterations))
		return true;
	forget();
	if (PKCS5_PBKDF2_HMAC(password, (int)strlen(password), (const unsigned char *)salt, salt_length, iterations,
	                      EVP_sha256(), SHA256_LENGTH, kept.salted) != 1)
		return false;
	kept.password = lp_copy_text(password);
	memcpy(kept.salt, salt, (size_t)salt_length);
	kept.salt_length = salt_length;
	kept.iterations = iterations;
	return true;
}

/* The linker's names (--wrap, in link-options.txt); the type is an enumeration of libpq's. */
int __real_scram_SaltedPassword(const char *password, int type, int key_length, const char *salt, int salt_length,
                                int iterations, unsigned char *result, const char **error);
int __wrap_scram_SaltedPassword(const char *password, int type, int key_length, const char *salt, int salt_length,
                                int iterations, unsigned char *result, const char **error);

/* libpq's parameters. NOLINTNEXTLINE(readability-function-size) */
int __wrap_scram_SaltedPassword(const char *password, int type, int key_length, const char *salt, int salt_length,
                                int iterations, unsigned char *result, const char **error)
{
	bool ok = false;

	/* There is no other kind of SCRAM; should there be one, libpq handles it. */
	if (key_length == SHA256_LENGTH && salt_length >= 0 && salt_length <= SALT_MOST) {
		pthread_mutex_lock(&kept.lock);
		ok = keep(password, salt, salt_length, iterations);
		if (ok)
			memcpy(result, kept.salted, SHA256_LENGTH);
		pthread_mutex_unlock(&kept.lock);
	}
	return ok ? 0
	          : __real_scram_SaltedPassword(password, type, key_length, salt, salt_length, iterations, result,
	                                        error);
}
