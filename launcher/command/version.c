/*
 * `version`: what this executable is made of. The texts are made with it by
 * build/embed.py and embedded in it; only its own hash cannot be.
 */
#include "command/command.h"
#include "command/output.h"

#include "model/embedded.h"
#include "process/process.h"
#include "service/service.h"
#include <assert.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct request {
	bool build, licenses, sbom, python, json;
};

enum { DIGEST_TEXT = 2 * EVP_MAX_MD_SIZE + 1 };

static bool digest_file(int file, EVP_MD_CTX *context, char text[DIGEST_TEXT])
{
	unsigned char buffer[1 << 16], digest[EVP_MAX_MD_SIZE];
	unsigned int size;
	ssize_t got;
	if (EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
		return false;
	while ((got = read(file, buffer, sizeof buffer)) > 0)
		if (EVP_DigestUpdate(context, buffer, (size_t)got) != 1)
			return false;
	if (got < 0 || EVP_DigestFinal_ex(context, digest, &size) != 1)
		return false;
	for (unsigned int i = 0; i < size; i++)
		snprintf(text + 2 * (size_t)i, 3, "%02x", digest[i]);
	return true;
}

/* Hashes this file. False: it cannot be read, for example without /proc. */
static bool digest_executable(char text[DIGEST_TEXT])
{
	int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool ok = file >= 0 && context != NULL && digest_file(file, context, text);
	EVP_MD_CTX_free(context);
	if (file >= 0)
		close(file);
	return ok;
}

/* The hash comes first in the text's first section, or in the JSON's object. */
static void print_build(const struct lp_embedded *text, bool json)
{
	const char *data = (const char *)text->data;
	size_t first_line = strcspn(data, "\n") + 1;
	char digest[DIGEST_TEXT];
	bool known = digest_executable(digest);
	assert(first_line <= text->size);
	fwrite(data, 1, first_line, stdout);
	if (json)
		printf(" \"executable_sha256\": %s%s%s,\n", known ? "\"" : "", known ? digest : "null",
		       known ? "\"" : "");
	else
		printf("  this file: %s%s\n", known ? "SHA-256 " : "not known, /proc/self/exe cannot be read",
		       known ? digest : "");
	fwrite(data + first_line, 1, text->size - first_line, stdout);
}

static bool check(void *data, struct lp_overrides *overrides, struct lp_error *error)
{
	const struct request *request = data;
	(void)overrides;
	if (request->build + request->licenses + request->sbom + request->python > 1)
		return lp_fail(error, LP_EXIT_USAGE, "--build, --licenses, --sbom and --python exclude each other");
	if (request->python && request->json)
		return lp_fail(error, LP_EXIT_USAGE, "--python is one line: it has no --json");
	if (request->licenses && request->json)
		return lp_fail(error, LP_EXIT_USAGE, "licences are texts: --licenses has no --json");
	return true;
}

/* Prints which interpreter of the user's computes rules, and with which packages. */
static bool print_python(struct lp_session *session, struct lp_error *error)
{
	struct lp_problems problems = { 0 };
	const struct lp_rule_catalogue *catalogue;
	struct lp_process_options options;
	struct lp_rule_server *server;
	const char *other;
	bool ok;
	if (!lp_config_load(session->overrides->config, true, &session->config, &problems, error)) {
		lp_command_print_problems(&lp_command_version, &problems);
		lp_problems_free(&problems);
		return false;
	}
	options = lp_rule_options(&session->config);
	server = lp_rule_server_new(&options);
	ok = lp_rule_server_catalogue(server, NULL, &catalogue, &problems, error);
	other = ok ? lp_rule_server_other(server) : NULL;
	if (other != NULL)
		lp_print("%s\n", other);
	else if (ok && options.other.interpreter == NULL)
		lp_print("the built-in interpreter computes all rules: the configuration names no other (python)\n");
	else if (ok)
		ok = lp_fail(error, LP_EXIT_CONFIGURATION, "%s cannot be used; `local-processing check` says why",
		             options.other.interpreter);
	lp_rule_server_free(server);
	lp_problems_free(&problems);
	return ok;
}

static bool run(struct lp_session *session, void *data, struct lp_error *error)
{
	const struct request *request = data;
	const char *name = request->build      ? (request->json ? "build-info.json" : "build-info.txt")
	                   : request->licenses ? "licences.txt"
	                   : request->sbom     ? "sbom.json"
	                   : request->json     ? "version.json"
	                                       : "version.txt";
	const struct lp_embedded *text = lp_embedded_find(name);
	if (request->python)
		return print_python(session, error);
	assert(text != NULL);
	if (request->build)
		print_build(text, request->json);
	else
		fwrite(text->data, 1, text->size, stdout);
	return true;
}

static const struct lp_option options[] = {
	{ .name = "--build", .field = offsetof(struct request, build) },
	{ .name = "--licenses", .field = offsetof(struct request, licenses) },
	{ .name = "--licences", .field = offsetof(struct request, licenses) },
	{ .name = "--python", .field = offsetof(struct request, python) },
	{ .name = "--sbom", .field = offsetof(struct request, sbom) },
	{ .name = "--json", .field = offsetof(struct request, json) },
	{ .name = NULL },
};

const struct lp_command lp_command_version = {
	.name = "version",
	.summary = "what this program is made of: versions, build, licences",
	.help = "Usage: local-processing version [--build | --licenses | --sbom | --python] [--json]\n"
		"\n"
		"Prints the version of the program and of everything that is linked into it.\n"
		"\n"
		"  --build     the SHA-256 of this file, and how it was made: compiler, flags, configure arguments,\n"
		"              patches, profile, and what `python3 -m sysconfig` would say; one commit and the same\n"
		"              versions of packages give the same file\n"
		"  --licenses  the licence of everything that is linked in; --licences does the same\n"
		"  --sbom      the software bill of materials, as CycloneDX (JSON)\n"
		"  --python    the interpreter of yours that the configuration names for rules, with the versions of\n"
		"              NumPy and pandas\n"
		"  --json      the versions, or with --build the build, as JSON\n"
		"\n"
		"Examples:\n"
		"  local-processing version --build                      to compare two machines\n"
		"  local-processing version --licenses > LICENCES        to hand on with the program\n"
		"  local-processing version --sbom > sbom.cdx.json       for a scanner of vulnerabilities\n",
	.options = options,
	.operands = { .what = "version takes options only" },
	.request_size = sizeof(struct request),
	.need = LP_NEED_OVERRIDES,
	.check = check,
	.run = run,
};
