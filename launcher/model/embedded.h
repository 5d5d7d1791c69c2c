/*
 * Files that travel inside the executable: time zones, CA certificates,
 * licences, the demo's data, facts about the build.
 *
 * build/embed.py makes the table; it is sorted by name:
 *   zoneinfo/Europe/Berlin   TZif; zoneinfo-version: "2026a"
 *   ca-certificates.pem      Mozilla's, as Debian has them
 *   version                  "0.1.0"
 *   committed                when the sources were committed, in seconds since 1970: "1795403683"
 *   version.txt, .json       the program and what is linked in: name, version, licence, origin
 *   build-info.txt, .json    compiler, flags, PGO and LTO, sysconfig
 *   licences.txt             the licence of everything linked in
 *   sbom.json                CycloneDX
 *   page.html                the page, with a place for its data
 *   demo/<file>              what `demo` starts from
 *   local_processing/<file>, your_python/<file>
 *                            the Python that runs in an interpreter of the user's
 *   units/<file>             the database of UDUNITS
 *   schema/<store>/<file>    the steps of the store's schema
 */
#ifndef LP_MODEL_EMBEDDED_H
#define LP_MODEL_EMBEDDED_H

#include <stddef.h>

struct lp_embedded {
	const char *name;
	const unsigned char *data; /* a zero byte follows the last one */
	size_t size;
	size_t deflated; /* bytes at data until the file is asked for, if it is deflated (zlib); 0 afterwards */
};

/*
 * Returns NULL if there is no file of that name. A deflated file is inflated
 * when it is first asked for, and stays so.
 */
const struct lp_embedded *lp_embedded_find(const char *name);
/* Visits all files whose name begins with prefix: previous NULL asks for the first; NULL comes after the last. */
const struct lp_embedded *lp_embedded_next(const char *prefix, const struct lp_embedded *previous);

/* The table itself, made at build time; only for the functions above. */
extern struct lp_embedded lp_embedded_table[];
extern const size_t lp_embedded_count;

#endif
