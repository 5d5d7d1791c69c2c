/*
 * The page as one file: what the build has put together (build/embed.py), with
 * its data where that says.  See show.h.
 */
#include "show/show.h"

#include "model/embedded.h"

#include <assert.h>
#include <string.h>

#define PLACE "<!--data-->"

/* Sends JSON on so that nothing in it can end the element that it stands in: a "<" is always within a text. */
static bool send_escaped(void *context, const char *data, size_t length, struct lp_error *error)
{
	struct lp_document *page = context;
	for (size_t at = 0; at < length;) {
		const char *special = memchr(data + at, '<', length - at);
		size_t plain = special == NULL ? length - at : (size_t)(special - data) - at;
		if (plain > 0 && !page->send(page->context, data + at, plain, error))
			return false;
		at += plain;
		if (special == NULL)
			continue;
		if (!page->send(page->context, "\\u003c", 6, error))
			return false;
		at++;
	}
	return true;
}

void lp_page_place(const struct lp_text *page, size_t *from, size_t *to)
{
	const struct lp_embedded *empty = lp_embedded_find("page.html");
	assert(empty != NULL);
	*from = (size_t)(strstr((const char *)empty->data, PLACE) - (const char *)empty->data);
	*to = page->length - (empty->size - *from - strlen(PLACE));
}

bool lp_show_page(struct lp_document *document, const struct lp_plant_query *query, struct lp_error *error)
{
	const struct lp_embedded *page = lp_embedded_find("page.html");
	assert(page != NULL);
	const char *html = (const char *)page->data, *place = strstr(html, PLACE);
	assert(place != NULL);
	struct lp_document data = { .send = send_escaped, .context = document };
	return document->send(document->context, html, (size_t)(place - html), error) &&
	       lp_document_end(&data, lp_show_plant(&data, query, error), error) &&
	       document->send(document->context, place + strlen(PLACE),
	                      page->size - (size_t)(place - html) - strlen(PLACE), error);
}
