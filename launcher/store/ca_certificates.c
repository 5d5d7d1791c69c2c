/*
 * The CA certificates that every TLS connection of this process trusts by
 * default: libpq's with sslrootcert=system, and those of Python's ssl module.
 * Both call SSL_CTX_set_default_verify_paths, which looks where the build
 * machine's OpenSSL had its files. The linker directs their calls here (--wrap,
 * in link-options.txt). A file named by the environment wins, then the host's
 * own bundle, then the one inside of the executable, so that an empty root has
 * certificates too.
 */
#include "model/embedded.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <unistd.h>

/* The linker's names. */
int __real_SSL_CTX_set_default_verify_paths(SSL_CTX *context);
int __wrap_SSL_CTX_set_default_verify_paths(SSL_CTX *context);

/* Where the distributions have their bundle. */
static const char *const bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt",                /* Debian, Ubuntu, Alpine, Arch */
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* Fedora, RHEL */
	"/etc/ssl/ca-bundle.pem",                            /* openSUSE */
	"/etc/ssl/cert.pem",                                 /* BSDs, Alpine */
};

static int load_embedded(SSL_CTX *context)
{
	const struct lp_embedded *bundle = lp_embedded_find("ca-certificates.pem");
	X509_STORE *store = SSL_CTX_get_cert_store(context);
	BIO *file = bundle == NULL ? NULL : BIO_new_mem_buf(bundle->data, (int)bundle->size);
	X509 *certificate;
	int loaded = 0;

	while (file != NULL && (certificate = PEM_read_bio_X509(file, NULL, NULL, NULL)) != NULL) {
		loaded += X509_STORE_add_cert(store, certificate);
		X509_free(certificate);
	}
	BIO_free(file);
	/* The end of the bundle leaves "no start line" behind, which the next caller would take for its own error. */
	ERR_clear_error();
	return loaded > 0;
}

int __wrap_SSL_CTX_set_default_verify_paths(SSL_CTX *context)
{
	if (getenv("SSL_CERT_FILE") != NULL || getenv("SSL_CERT_DIR") != NULL)
		return __real_SSL_CTX_set_default_verify_paths(context);
	for (size_t i = 0; i < sizeof bundles / sizeof *bundles; i++)
		if (access(bundles[i], R_OK) == 0 && SSL_CTX_load_verify_locations(context, bundles[i], NULL) == 1)
			return 1;
	ERR_clear_error();
	return load_embedded(context);
}
