/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/interruptible.h"

#include <errno.h>
#include "ui/failure.h"

int run_interruptible(struct output *o, bool (*work)(void *arguments, struct stop *stop),
                      void *arguments)
{
	struct stop stop;
	bool is_good_end = false;
	int status;

	if (stop_open(&stop))
		is_good_end = work(arguments, &stop);
	else
		output_fail_errno(o, NULL, "signals cannot be watched", errno);
	stop_close(&stop);
	status = output_end(o);
	if (!is_good_end)
		stop_die(&stop);
	return status;
}
