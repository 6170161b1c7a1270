/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The metrics of a manager in a file that is replaced whole, as node_exporter's textfile collector
 * wants it.
 */
#ifndef VRES_CLI_SESSION_METRICS_FILE_H
#define VRES_CLI_SESSION_METRICS_FILE_H

#include "ui/output.h"

struct metrics_file {
	const char *path; /* NULL: none is wanted */
	vres_manager *manager;
	/* Said when it begins and when it ends; the watch goes on, and its exit status tells. */
	bool is_failing;
};

void metrics_file_write(struct metrics_file *f, struct output *o);

#endif
