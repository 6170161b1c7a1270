/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Talks to tests/ptx/serve.py, which has the format in its head comment.  Both ends are on one
 * machine, so numbers are as it has them.
 */
#include "fake/driver/judge.h"
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include "fake/driver/model.h"

#define ANSWER_MAX 4096u

extern char **environ;

static bool say(const char *problem)
{
	(void)fprintf(stderr, "judge: %s\n", problem);
	return false;
}

static bool send_all(const void *bytes, uint64_t n)
{
	for (const char *at = bytes; n > 0;) {
		const ssize_t sent = send(fake.judge.socket, at, n, MSG_NOSIGNAL);

		if (sent <= 0)
			return say("it takes nothing any more");
		at += sent;
		n -= (uint64_t)sent;
	}
	return true;
}

static bool receive_all(void *bytes, uint64_t n)
{
	for (char *at = bytes; n > 0;) {
		const ssize_t received = recv(fake.judge.socket, at, n, MSG_WAITALL);

		if (received <= 0)
			return say("it does not answer any more");
		at += received;
		n -= (uint64_t)received;
	}
	return true;
}

/* An answer begins with the length of a text, which says what is wrong; none: nothing is. */
static bool receive_verdict(void)
{
	char text[ANSWER_MAX + 1];
	uint64_t n;

	if (!receive_all(&n, sizeof(n)))
		return false;
	if (n > ANSWER_MAX || !receive_all(text, n))
		return say("it answers something else");
	text[n] = '\0';
	return n == 0 || say(text);
}

static bool spawn(const char *command, int end)
{
	char *const arguments[] = {(char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c",
	                           (char *)(uintptr_t)command, NULL};
	posix_spawn_file_actions_t actions;
	bool good;

	if (posix_spawn_file_actions_init(&actions) != 0)
		return false;
	good = posix_spawn_file_actions_adddup2(&actions, end, STDIN_FILENO) == 0 &&
	       posix_spawn_file_actions_adddup2(&actions, end, STDOUT_FILENO) == 0 &&
	       posix_spawn(&fake.judge.process, "/bin/sh", &actions, NULL, arguments, environ) == 0;
	(void)posix_spawn_file_actions_destroy(&actions);
	return good;
}

static bool start(const char *command)
{
	int ends[2];
	bool good;

	if (fake.judge.process != 0)
		return true;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return say("no socket");
	good = spawn(command, ends[1]);
	(void)close(ends[1]);
	fake.judge.socket = ends[0];
	if (good)
		return true;
	fake.judge.process = 0;
	(void)close(ends[0]);
	return say("it cannot be started");
}

bool fake_judge_is_wanted(void)
{
	return getenv("VRES_FAKE_JUDGE") != NULL;
}

bool fake_judge_load(const char *ptx)
{
	const struct {
		char kind[8];
		uint64_t bytes;
	} head = {"image", strlen(ptx)};

	return start(getenv("VRES_FAKE_JUDGE")) && send_all(&head, sizeof(head)) &&
	       send_all(ptx, head.bytes) && receive_verdict();
}

bool fake_judge_run(const struct fake_work *work, const struct fake_span *spans, uint32_t count)
{
	const struct {
		char kind[8];
		uint64_t threads, args_bytes, spans;
	} head = {"launch", work->all, sizeof(work->args), count};
	bool good = fake.judge.process != 0 || say("a launch, and no image was loaded");

	if (work->from != 0 || work->to != work->all)
		return say("it cannot leave out threads of a launch");
	good = good && send_all(&head, sizeof(head)) && send_all(&work->args, sizeof(work->args));
	for (uint32_t i = 0; i < count && good; i++) {
		const uint64_t span[] = {spans[i].addr, spans[i].bytes, spans[i].is_result};

		good = send_all(span, sizeof(span)) &&
		       send_all((const void *)(uintptr_t)spans[i].addr, spans[i].bytes);
	}
	good = good && receive_verdict();
	for (uint32_t i = 0; i < count && good; i++)
		good = !spans[i].is_result ||
		       receive_all((void *)(uintptr_t)spans[i].addr, spans[i].bytes);
	fake.judge.launches += good;
	return good;
}

void fake_judge_end(void)
{
	if (fake.judge.process != 0) {
		(void)close(fake.judge.socket); /* where its input ends, it does */
		(void)waitpid(fake.judge.process, NULL, 0);
	}
	fake.judge = (struct fake_judge){.process = 0};
}
