/* Addresses as people write them: private to web/. */
#ifndef LP_WEB_ADDRESS_H
#define LP_WEB_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* Reads 127.0.0.1:8462 or [::1]:8462. */
bool lp_web_address_parse(const char *text, struct sockaddr_storage *address, socklen_t *length);
enum { LP_WEB_ADDRESS_SIZE = 64 };
void lp_web_address_format(const struct sockaddr_storage *address, char text[LP_WEB_ADDRESS_SIZE]);

#endif
