/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ui/escape.h"
#include "ui/terminal.h"
#include "ui/units.h"

/*
 * The line is drawn at most this often; ten times a second is as fast as people read.  The first
 * waits as long, so that quick work shows none.
 */
#define REDRAW_NS UINT64_C(100000000)

#define NAME_COLUMNS 28

void progress_begin(struct progress *p, const char *verb, const char *name)
{
	*p = (struct progress){
		.verb = verb, .name = name, .is_on = terminal_can_move(STDERR_FILENO)};
	p->started = p->shown = p->is_on ? clock_now() : 0;
}

void progress_show(struct progress *p, uint64_t done, uint64_t total)
{
	char name[4 * NAME_COLUMNS + 1], amount[UNITS_TEXT], of[UNITS_TEXT];
	uint64_t now;

	if (!p->is_on)
		return;
	now = clock_now();
	if (now - p->shown < REDRAW_NS)
		return;
	p->shown = now;
	p->is_visible = true;
	escape_fit(name, NAME_COLUMNS, p->name);
	fprintf(stderr, "\r%s %s %s", p->verb, name, format_bytes(amount, done));
	if (total != 0)
		fprintf(stderr, " of %s %3.0f%%", format_bytes(of, total),
		        100.0 * (double)done / (double)total);
	fprintf(stderr, " %.2f GB/s\x1b[K", gigabytes_a_second(done, now - p->started));
	fflush(stderr);
}

void progress_end(struct progress *p)
{
	if (!p->is_visible)
		return;
	fputs("\r\x1b[K", stderr);
	fflush(stderr);
	p->is_visible = false;
}
