/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How a watch looks: a table that is drawn over itself on a terminal, a line for each check
 * elsewhere, nothing with --json.
 */
#ifndef VRES_CLI_COMMANDS_WATCH_VIEW_H
#define VRES_CLI_COMMANDS_WATCH_VIEW_H

#include "shards/inputs.h"

/* A file that is watched. */
struct watched {
	struct input *input;
	/* Sums over its good checks, but for the count of all. */
	uint64_t checks, bytes_hashed, verify_ns;
	vres_verify_report last;
	vres_error error; /* of the last check, when it is_bad */
	bool is_bad;
};

struct watch_view {
	struct watched *items;
	size_t count;
	uint64_t lines_lost; /* not printed, since nobody read them, and not yet told */
	bool is_stuck;       /* nobody has read for a while, so nothing is shown */
	bool is_table, is_drawn, is_coloured;
};

/* Choose the way; items and count are filled. */
void watch_view_begin(struct watch_view *v, struct output *o);

/*
 * After each check of a file, and after each round of all; what is not shown is counted, and told
 * once it is shown again.
 */
void watch_view_checked(struct watch_view *v, struct output *o, const struct watched *w,
                        bool is_shown);
void watch_view_round(struct watch_view *v, struct output *o, bool is_shown);

/* For CLEANUP: frees the items. */
void watch_view_end(struct watch_view *v);

#endif
