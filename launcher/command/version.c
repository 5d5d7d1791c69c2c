/*
 * `version`: what this executable is made of.  The texts are made with it
 * (build/embed.py) and travel inside; only its own hash cannot.
 */
#include "command/command.h"

#include "command/output.h"
#include "model/embedded.h"
#include <assert.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int run(int count, char **arguments);

const struct lp_command lp_command_version = {
	.name = "version",
	.summary = "what this program is made of: versions, build, licences",
	.help = "Usage: local-processing version [--build | --licenses | --sbom] [--json]\n"
		"\n"
		"Prints the version of the program and of everything that is linked into it.\n"
		"\n"
		"  --build     the SHA-256 of this file, and how it was made: compiler, flags, configure arguments,\n"
		"              patches, profile, and what `python3 -m sysconfig` would say; one commit and the same\n"
		"              versions of packages give the same file\n"
		"  --licenses  the licence of everything that is linked in\n"
		"  --sbom      the software bill of materials, as CycloneDX (JSON)\n"
		"  --json      the versions, or with --build the build, as JSON\n"
		"\n"
		"Examples:\n"
		"  local-processing version --build                      to compare two machines\n"
		"  local-processing version --licenses > LICENCES        to hand on with the program\n"
		"  local-processing version --sbom > sbom.cdx.json       for a scanner of vulnerabilities\n",
	.run = run,
};

static int fail_usage(const char *what)
{
	struct lp_error error;
	lp_fail(&error, LP_EXIT_USAGE, "%s", what);
	lp_hint(&error, "See `local-processing version --help`.");
	return lp_command_fail(&lp_command_version, &error);
}

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

/* False: it cannot be read, as where there is no /proc. */
static bool digest_executable(char text[DIGEST_TEXT])
{
	int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = file >= 0 && context != NULL && digest_file(file, context, text);
	EVP_MD_CTX_free(context);
	if (file >= 0)
		close(file);
	return good;
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

static int run(int count, char **arguments)
{
	bool build = false, licenses = false, sbom = false, json = false;
	const struct lp_option options[] = {
		{ "--build", 0, NULL, &build, false },       { "--licenses", 0, NULL, &licenses, false },
		{ "--licences", 0, NULL, &licenses, false }, { "--sbom", 0, NULL, &sbom, false },
		{ "--json", 0, NULL, &json, false },         { NULL, 0, NULL, NULL, false },
	};
	struct lp_error error;
	int operands;
	if (!lp_options_parse(&lp_command_version, count, arguments, options, NULL, &operands, &error)) {
		return lp_command_fail(&lp_command_version, &error);
	}
	if (operands > 0)
		return fail_usage("there is an operand too many: version takes options only");
	if (build + licenses + sbom > 1)
		return fail_usage("--build, --licenses and --sbom exclude each other");
	if (licenses && json)
		return fail_usage("licences are texts: --licenses has no --json");

	const char *name = build      ? (json ? "build-info.json" : "build-info.txt")
	                   : licenses ? "licences.txt"
	                   : sbom     ? "sbom.json"
	                   : json     ? "version.json"
	                              : "version.txt";
	const struct lp_embedded *text = lp_embedded_find(name);
	assert(text != NULL);
	if (build)
		print_build(text, json);
	else
		fwrite(text->data, 1, text->size, stdout);
	return lp_output_finish(&error) ? LP_EXIT_OK : lp_command_fail(&lp_command_version, &error);
}
