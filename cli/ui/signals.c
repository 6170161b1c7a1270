/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Signals come through a descriptor, so there is no handler and no variable at file scope. */
#include "ui/signals.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

/* What was ignored when the tool was started (nohup, a background job) stays ignored. */
static void add_unless_ignored(sigset_t *set, int number)
{
	struct sigaction now;

	if (sigaction(number, NULL, &now) == 0 && now.sa_handler != SIG_IGN)
		sigaddset(set, number);
}

bool stop_open(struct stop *s)
{
	sigset_t set;

	*s = (struct stop){.fd = -1};
	sigemptyset(&set);
	add_unless_ignored(&set, SIGINT);
	add_unless_ignored(&set, SIGTERM);
	add_unless_ignored(&set, SIGHUP);
	s->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->fd >= 0 && sigprocmask(SIG_BLOCK, &set, &s->mask) == 0;
}

bool stop_requested(struct stop *s)
{
	struct signalfd_siginfo info;

	if (s->signal == 0 && read(s->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		s->signal = (int)info.ssi_signo;
	return s->signal != 0;
}

static struct timespec span(uint64_t ns)
{
	return (struct timespec){.tv_sec = (time_t)(ns / 1000000000u),
	                         .tv_nsec = (long)(ns % 1000000000u)};
}

static bool wait_until(struct stop *s, int fd, short events, const struct timespec *timeout)
{
	struct pollfd fds[] = {{.fd = s->fd, .events = POLLIN}, {.fd = fd, .events = events}};

	if (s->signal == 0)
		ppoll(fds, 2, timeout, NULL);
	return stop_requested(s);
}

bool stop_wait(struct stop *s, uint64_t ns)
{
	const struct timespec timeout = span(ns);

	return wait_until(s, -1, 0, &timeout);
}

bool stop_wait_for(struct stop *s, int fd)
{
	return wait_until(s, fd, POLLIN, NULL);
}

bool stop_wait_for_room(struct stop *s, int fd, uint64_t ns)
{
	const struct timespec timeout = span(ns);

	return wait_until(s, fd, POLLOUT, &timeout);
}

void stop_close(struct stop *s)
{
	if (s->fd < 0)
		return;
	close(s->fd);
	s->fd = -1;
	sigprocmask(SIG_SETMASK, &s->mask, NULL);
}

void stop_die(const struct stop *s)
{
	if (s->signal == 0)
		return;
	signal(s->signal, SIG_DFL);
	raise(s->signal);
}
