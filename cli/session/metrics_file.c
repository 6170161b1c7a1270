/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A failure is reported when it begins; while it lasts the file is tried again quietly. */
#include "session/metrics_file.h"

#include "ui/failure.h"
#include "ui/save.h"

static bool fail(const struct metrics_file *f, struct output *o, const vres_error *err)
{
	return !f->is_failing && output_fail(o, f->path, err);
}

static bool write_text(const struct metrics_file *f, struct output *o)
{
	CLEANUP(free_pointer) char *text = NULL;
	size_t need = 0, n = 0;
	vres_error err;

	if (vres_metrics_prometheus(f->manager, NULL, 0, &need, &err) != VRES_E_BUFFER)
		return fail(f, o, &err);
	text = malloc(need + 1);
	if (text == NULL)
		return !f->is_failing && output_no_memory(o, f->path);
	if (vres_metrics_prometheus(f->manager, text, need + 1, &n, &err) != VRES_OK)
		return fail(f, o, &err);
	return f->is_failing ? file_publish_quietly(f->path, text, n)
	                     : file_publish(o, f->path, text, n);
}

void metrics_file_write(struct metrics_file *f, struct output *o)
{
	bool is_good;

	if (f->path == NULL)
		return;
	is_good = write_text(f, o);
	if (is_good && f->is_failing)
		output_note(o, "the metrics file is written again");
	f->is_failing = !is_good;
}
