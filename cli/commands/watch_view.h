/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a watch shows while it runs: on a terminal a table that is drawn over itself, elsewhere a
 * line for each check, with --json nothing.
 */
#ifndef VRES_CLI_COMMANDS_WATCH_VIEW_H
#define VRES_CLI_COMMANDS_WATCH_VIEW_H

#include "shards/verification.h"

/* A file that is watched. */
struct watched {
	struct input *input;
	/* checks counts all; the sums are over the good ones. */
	uint64_t checks, bytes_hashed, verify_ns;
	struct verification last;
	vres_error error; /* of the last check, when it is_bad */
	bool is_bad;
	/* With --repair. */
	uint64_t repairs, repaired_bytes;
	json_t *repaired; /* what was damaged each time; NULL: nothing yet */
	vres_error repair_error;
	bool is_repair_tried; /* of the last check, and not told yet */
};

struct watch_view {
	struct watched *items;
	size_t count;
	uint64_t lines_lost; /* not printed since nobody read them, and not yet reported */
	bool is_stuck;       /* the reader is not waited for any more, so nothing is shown */
	bool is_table, is_drawn, is_coloured;
	unsigned said; /* output.said when the table was drawn */
};

/* Choose table or lines.  items and count are filled in. */
void watch_view_begin(struct watch_view *v, struct output *o);

/*
 * To be called after each check, and after each round.  Lines that are not shown are counted, and
 * their number is reported once lines are shown again.
 */
void watch_view_checked(struct watch_view *v, struct output *o, const struct watched *w,
                        bool is_shown);
void watch_view_round(struct watch_view *v, struct output *o, bool is_shown);

/* For CLEANUP: frees the items. */
void watch_view_end(struct watch_view *v);

#endif
