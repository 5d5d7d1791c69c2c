/* Runs in all processes, in any thread.  Knows bytes, and not what they are about. */
#include "process/message.h"

#include "text/utf8.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum lp_role lp_role;

bool lp_send(int socket, const void *message, size_t size, const int *descriptors, int count)
{
	struct iovec bytes = { .iov_base = (void *)(uintptr_t)message, .iov_len = size };
	union {
		char room[CMSG_SPACE(LP_REPLY_DESCRIPTORS * sizeof(int))];
		struct cmsghdr align;
	} control = { .room = { 0 } };
	struct msghdr header = { .msg_iov = &bytes, .msg_iovlen = 1 };
	ssize_t sent;

	assert(count <= LP_REPLY_DESCRIPTORS);
	if (count > 0) {
		struct cmsghdr *rights;

		header.msg_control = control.room;
		header.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
		rights = CMSG_FIRSTHDR(&header);
		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
		memcpy(CMSG_DATA(rights), descriptors, (size_t)count * sizeof(int));
	}
	do
		sent = sendmsg(socket, &header, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)size;
}

static void close_all(const struct cmsghdr *rights)
{
	size_t count = (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int);

	for (size_t i = 0; i < count; i++) {
		int descriptor;

		memcpy(&descriptor, CMSG_DATA(rights) + i * sizeof descriptor, sizeof descriptor);
		close(descriptor);
	}
}

bool lp_receive(int socket, void *message, size_t size, int *descriptors, int count)
{
	struct iovec bytes = { .iov_base = message, .iov_len = size };
	union {
		char room[CMSG_SPACE(LP_REPLY_DESCRIPTORS * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr header = {
		.msg_iov = &bytes, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room
	};
	ssize_t got;
	bool whole = count == 0;

	for (int i = 0; i < count; i++)
		descriptors[i] = -1;
	do
		got = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return false;
	for (struct cmsghdr *rights = CMSG_FIRSTHDR(&header); rights != NULL; rights = CMSG_NXTHDR(&header, rights)) {
		if (rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS)
			continue;
		if (count > 0 && !whole && rights->cmsg_len == CMSG_LEN((size_t)count * sizeof(int))) {
			memcpy(descriptors, CMSG_DATA(rights), (size_t)count * sizeof(int));
			whole = true;
		} else {
			close_all(rights);
		}
	}
	errno = got == 0 ? 0 : EPROTO;
	/* A message without descriptors may still say why there are none. */
	return got == (ssize_t)size && (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0;
}

void lp_put_number(struct lp_text *text, int64_t number)
{
	lp_text_add(text, (const char *)&number, sizeof number);
}

void lp_put_text(struct lp_text *text, const char *value)
{
	lp_put_number(text, value == NULL ? -1 : (int64_t)strlen(value));
	if (value != NULL)
		lp_text_add(text, value, strlen(value));
}

int64_t lp_get_number(struct lp_reading *reading, int64_t least, int64_t most)
{
	int64_t number = 0;

	if (reading->bad || (size_t)(reading->end - reading->at) < sizeof number) {
		reading->bad = true;
		return 0;
	}
	memcpy(&number, reading->at, sizeof number);
	reading->at += sizeof number;
	if (number < least || number > most) {
		reading->bad = true;
		return 0;
	}
	return number;
}

const char *lp_get_text(struct lp_reading *reading, struct lp_arena *arena)
{
	int64_t length = lp_get_number(reading, -1, reading->end - reading->at);
	const char *copy;

	if (length < 0 && !reading->bad)
		return NULL;
	if (reading->bad || length > reading->end - reading->at) {
		reading->bad = true;
		return "";
	}
	copy = lp_arena_copy(arena, reading->at, (size_t)length);
	reading->at += length;
	if (strlen(copy) != (size_t)length || !lp_utf8_is_valid(copy)) {
		reading->bad = true;
		return "";
	}
	return copy;
}
