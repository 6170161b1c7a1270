/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The metrics of a manager, in a file that is replaced as a whole: what node_exporter's textfile
 * collector reads.
 */
#ifndef VRES_CLI_SESSION_METRICS_FILE_H
#define VRES_CLI_SESSION_METRICS_FILE_H

#include <vres/vres.h>
#include "ui/output.h"

struct metrics_file {
	const char *path; /* NULL: none is wanted */
	vres_manager *manager;
	bool is_failing; /* the last write failed, and that was reported */
};

void metrics_file_write(struct metrics_file *f, struct output *o);

#endif
