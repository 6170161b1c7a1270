/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asked for, written beside its name, renamed. */
#include "metrics_file.h"

#include <stdlib.h>
#include "files.h"

static void free_text(char **text)
{
	free(*text);
}

static bool write_text(const struct metrics_file *f, struct output *o)
{
	CLEANUP(free_text) char *text = NULL;
	size_t need = 0, n = 0;
	vres_error err;

	if (vres_metrics_prometheus(f->manager, NULL, 0, &need, &err) != VRES_E_BUFFER)
		return output_fail(o, f->path, &err);
	text = malloc(need + 1); /* however the counters grow */
	if (text == NULL)
		return output_refuse(o, EXIT_TROUBLE, f->path, "out of memory");
	if (vres_metrics_prometheus(f->manager, text, need + 1, &n, &err) != VRES_OK)
		return output_fail(o, f->path, &err);
	return file_publish(o, f->path, text, n);
}

void metrics_file_write(struct metrics_file *f, struct output *o)
{
	if (f->path != NULL && !f->has_failed)
		f->has_failed = !write_text(f, o);
}
