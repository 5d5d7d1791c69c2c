/*
 * The slow part of logging in by password (SCRAM-SHA-256): 4,096 HMACs, made
 * slow on purpose.  libpq makes each of them with calls of OpenSSL that look up
 * the algorithm anew: 8 ms of processor time a connection, of which a run has
 * four.  It is PBKDF2 (RFC 5802, section 2.2: Hi), which OpenSSL does in one
 * call, in half the time.
 */
#include <openssl/evp.h>
#include <string.h>

enum { SHA256_LENGTH = 32 };

/* The linker's names (--wrap, in link-options.txt); the type is an enumeration of libpq's. */
int __real_scram_SaltedPassword(const char *password, int type, int key_length, const char *salt, int salt_length,
                                int iterations, unsigned char *result, const char **error);
int __wrap_scram_SaltedPassword(const char *password, int type, int key_length, const char *salt, int salt_length,
                                int iterations, unsigned char *result, const char **error);

int __wrap_scram_SaltedPassword(const char *password, int type, int key_length, const char *salt, int salt_length,
                                int iterations, unsigned char *result, const char **error)
{
	/* There is no other kind of SCRAM; should there be one, libpq knows it. */
	if (key_length == SHA256_LENGTH &&
	    PKCS5_PBKDF2_HMAC(password, (int)strlen(password), (const unsigned char *)salt, salt_length, iterations,
	                      EVP_sha256(), key_length, result) == 1)
		return 0;
	return __real_scram_SaltedPassword(password, type, key_length, salt, salt_length, iterations, result, error);
}
