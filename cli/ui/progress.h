/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A line on stderr that shows how far work has come.  Nothing is shown when stderr is no terminal,
 * or when the work is quick.
 */
#ifndef VRES_CLI_UI_PROGRESS_H
#define VRES_CLI_UI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *verb; /* "sealing" */
	const char *name; /* of the file */
	uint64_t started, shown;
	bool is_on, is_visible;
};

void progress_begin(struct progress *p, const char *verb, const char *name);
void progress_show(struct progress *p, uint64_t done, uint64_t total /* 0: not known */);
void progress_end(struct progress *p); /* removes the line */

#endif
