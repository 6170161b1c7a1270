/* SPDX-License-Identifier: GPL-3.0-or-later */
/* poll() says that a pipe can be written to when it takes a page, which stdio writes at a time. */
#include "ui/reader.h"

#include <unistd.h>

/* An endless wait is made of waits of this length. */
#define HOUR UINT64_C(3600000000000)

bool reader_wait_for(struct stop *stop, uint64_t ns)
{
	if (!output_has_room())
		stop_wait_for_room(stop, STDOUT_FILENO, ns);
	return output_has_room();
}

void reader_wait(struct output *o, struct stop *stop)
{
	while (!reader_wait_for(stop, HOUR)) {
		if (!stop_requested(stop))
			continue;
		output_abandon(o);
		return;
	}
}
