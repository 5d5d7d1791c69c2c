/* Documents on their way: see show.h. */
#include "show/show.h"

enum { MUCH = 1 << 16 };

/* The last byte stays: the writer of JSON sees by it whether a comma is needed. */
bool lp_document_flush(struct lp_document *document, struct lp_error *error)
{
	struct lp_text *text = &document->text;
	if (text->length < MUCH)
		return true;
	if (!document->send(document->context, text->data, text->length - 1, error))
		return false;
	text->data[0] = text->data[text->length - 1];
	text->data[1] = '\0';
	text->length = 1;
	return true;
}

bool lp_document_end(struct lp_document *document, bool ok, struct lp_error *error)
{
	struct lp_text *text = &document->text;
	if (ok && text->length > 0)
		ok = document->send(document->context, text->data, text->length, error);
	lp_text_free(text);
	return ok;
}
