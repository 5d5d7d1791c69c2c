/* See address.h. */
#include "web/address.h"

#include "web/web.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool parse_port(const char *text, in_port_t *port)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || number > UINT16_MAX)
		return false;
	*port = htons((uint16_t)number);
	return true;
}

bool lp_web_address_parse(const char *text, struct sockaddr_storage *address, socklen_t *length)
{
	struct sockaddr_in *four = (struct sockaddr_in *)address;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)address;
	const char *colon = strrchr(text, ':');
	char host[LP_WEB_ADDRESS_SIZE];
	bool brackets = text[0] == '[';
	size_t size = colon == NULL ? 0 : (size_t)(colon - text) - (brackets ? 2 : 0);
	memset(address, 0, sizeof *address);
	if (colon == NULL || size >= sizeof host || (brackets && (colon - text < 3 || colon[-1] != ']')))
		return false;
	memcpy(host, text + (brackets ? 1 : 0), size);
	host[size] = '\0';
	if (brackets) {
		six->sin6_family = AF_INET6;
		*length = sizeof *six;
		return inet_pton(AF_INET6, host, &six->sin6_addr) == 1 && parse_port(colon + 1, &six->sin6_port);
	}
	four->sin_family = AF_INET;
	*length = sizeof *four;
	return inet_pton(AF_INET, host, &four->sin_addr) == 1 && parse_port(colon + 1, &four->sin_port);
}

bool lp_web_address_is_valid(const char *address)
{
	struct sockaddr_storage parsed;
	socklen_t length;
	return lp_web_address_parse(address, &parsed, &length);
}

void lp_web_address_format(const struct sockaddr_storage *address, char text[LP_WEB_ADDRESS_SIZE])
{
	const struct sockaddr_in *four = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
	char host[INET6_ADDRSTRLEN] = "";
	if (address->ss_family == AF_INET6) {
		(void)inet_ntop(AF_INET6, &six->sin6_addr, host, sizeof host);
		snprintf(text, LP_WEB_ADDRESS_SIZE, "[%s]:%u", host, ntohs(six->sin6_port));
	} else {
		(void)inet_ntop(AF_INET, &four->sin_addr, host, sizeof host);
		snprintf(text, LP_WEB_ADDRESS_SIZE, "%s:%u", host, ntohs(four->sin_port));
	}
}
