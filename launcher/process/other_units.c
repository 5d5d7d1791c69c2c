/*
 * Converts units for an interpreter of the user's: UDUNITS is in this executable,
 * and not in that one.
 *
 * This process is forked before the executable is replaced.  All interpreter
 * processes of the server have the other end of its socket.  A question comes with
 * a socket for its answer, so that nobody gets the answer to another question.
 * Texts come from rules, so the process limits itself as those are limited.
 *
 * Runs in a process of its own; lp_unit_helper_start in the process that becomes
 * that interpreter.
 */
#include "process/server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* As app/your_python/units.py has it. */
enum kind { CONVERT, CONVERT_STORED, HAS_ZERO };
struct question {
	uint32_t kind, unused;
	double zeros;
	char from[LP_UNIT_TEXT_SIZE], to[LP_UNIT_TEXT_SIZE];
};
struct answer {
	uint32_t known, unused;
	double scale, offset, divisor; /* values / divisor where that is not 0, else values * scale; then + offset */
	char why[768];
};

static void find_answer(const struct question *question, struct answer *answer)
{
	const struct lp_quantity from = { .unit = question->from, .zeros = question->zeros };
	struct lp_error error = { 0 };

	if (question->kind == HAS_ZERO)
		answer->known = lp_unit_has_zero(question->from);
	else if (question->kind == CONVERT_STORED)
		answer->known =
			lp_quantity_stored_conversion(&from, question->to, &answer->scale, &answer->offset, &error);
	else
		answer->known = lp_quantity_conversion(&from, question->to, &answer->scale, &answer->offset, &error);
	answer->divisor = lp_unit_divisor(answer->scale);
	snprintf(answer->why, sizeof answer->why, "%s", error.what);
}

/* Receives a question and the socket for its answer.  -1: there is no more. */
static int receive_question(int socket, struct question *question)
{
	char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
	struct iovec bytes = { .iov_base = question, .iov_len = sizeof *question };
	struct msghdr header = {
		.msg_iov = &bytes, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control
	};
	struct cmsghdr *rights;
	ssize_t got;
	int reply = -1;

	do {
		got = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got <= 0)
		return -1;
	rights = CMSG_FIRSTHDR(&header);
	if (rights != NULL && rights->cmsg_type == SCM_RIGHTS && rights->cmsg_len == CMSG_LEN(sizeof reply))
		memcpy(&reply, CMSG_DATA(rights), sizeof reply);
	/* What is no question gets no answer. */
	if (reply >= 0 && got != (ssize_t)sizeof *question) {
		close(reply);
		reply = -1;
	}
	question->from[sizeof question->from - 1] = question->to[sizeof question->to - 1] = '\0';
	return reply < 0 ? INT32_MAX : reply;
}

static _Noreturn void answer_all(int socket)
{
	struct question question;
	int reply;

	while ((reply = receive_question(socket, &question)) >= 0) {
		struct answer answer = { 0 };

		if (reply == INT32_MAX)
			continue;
		find_answer(&question, &answer);
		(void)!send(reply, &answer, sizeof answer, MSG_NOSIGNAL | MSG_DONTWAIT);
		close(reply);
	}
	_exit(0);
}

bool lp_unit_helper_start(const struct lp_rights *rights, int *socket, struct lp_error *error)
{
	int sockets[2];
	pid_t server = getpid(), helper;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0)
		return lp_fail_errno(error, LP_EXIT_TEMPORARY, errno, "cannot have a socket for units");
	helper = fork();
	if (helper < 0)
		return lp_fail_errno(error, LP_EXIT_TEMPORARY, errno, "cannot start a process for units");
	if (helper == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != server)
			_exit(LP_EXIT_TEMPORARY);
		close(sockets[0]);
		if (lp_role == LP_ROLE_SERVER) {
			close(LP_SERVER_CONTROL);
			close(LP_SERVER_SHARED);
			close(LP_SERVER_AREA);
			close(LP_SERVER_PROGRAM);
		}
		if (!lp_rights_limit_server(rights, NULL, NULL, error) || !lp_rights_limit_interpreter(rights, error))
			_exit(LP_EXIT_TEMPORARY);
		answer_all(sockets[1]);
	}
	close(sockets[1]);
	*socket = sockets[0];
	return true;
}
