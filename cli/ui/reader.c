/* SPDX-License-Identifier: GPL-3.0-or-later */
/* poll() says that a pipe can be written to when it takes a page, which stdio writes at a time. */
#include "ui/reader.h"

#include <poll.h>
#include <unistd.h>

/* An endless wait is made of waits of this length. */
#define HOUR UINT64_C(3600000000000)

/*
 * After a stop: long enough for a reader on a loaded machine, shorter than what service managers
 * grant (systemd 90 s, Kubernetes 30 s).
 */
#define LAST_WAIT_MS 10000

bool reader_wait_for(struct stop *stop, uint64_t ns)
{
	if (!output_has_room())
		stop_wait_for_room(stop, STDOUT_FILENO, ns);
	return output_has_room();
}

bool reader_wait_last(const struct stop *stop)
{
	struct pollfd fds[] = {{.fd = stop->fd, .events = POLLIN},
	                       {.fd = STDOUT_FILENO, .events = POLLOUT}};

	if (!output_has_room())
		(void)poll(fds, COUNT_OF(fds), LAST_WAIT_MS);
	return output_has_room();
}

void reader_wait(struct output *o, struct stop *stop)
{
	while (!reader_wait_for(stop, HOUR)) {
		if (!stop_requested(stop) || reader_wait_last(stop))
			continue;
		output_abandon(o);
		return;
	}
}
