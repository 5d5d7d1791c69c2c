/* Runs in all processes, in any thread.  It knows bytes, and not what they mean. */
#include "process/message.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum lp_role lp_role;

/* Room for the descriptors of a message, aligned as the kernel asks. */
union control {
	char room[CMSG_SPACE(LP_REPLY_DESCRIPTORS * sizeof(int))];
	struct cmsghdr align;
};

bool lp_send(int socket, const void *message, size_t size, const int *descriptors, int count)
{
	struct iovec bytes = { .iov_base = (void *)(uintptr_t)message, .iov_len = size };
	union control control = { .room = { 0 } };
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

static void close_descriptors(const struct cmsghdr *rights)
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
	union control control;
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
			/* There were none, or not as many. */
			close_descriptors(rights);
		}
	}
	/* There is always room for what is sent: descriptors are cut off where this process may open no more. */
	errno = got == 0 ? 0 : (header.msg_flags & MSG_CTRUNC) != 0 ? EMFILE : EPROTO;
	/* Descriptors may be missing: the message then says why there are none. */
	return got == (ssize_t)size && (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0;
}
