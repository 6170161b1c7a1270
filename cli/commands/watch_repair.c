/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "commands/watch_repair.h"

#include <inttypes.h>
#include "shards/damage.h"

/* The document lists so many repairs of a file; beyond, they are counted. */
#define REPAIRS_MAX 1000

void watch_repair(struct watched *w)
{
	struct verification v = {.damage = NULL};

	w->is_repair_tried = true;
	if (verification_repair(&v, w->input, &w->repair_error) != VRES_OK) {
		verification_free(&v);
		return;
	}
	verification_free(&w->last);
	w->last = v;
	w->is_bad = false;
	w->repairs++;
	for (size_t i = 0; i < v.damage_kept; i++)
		w->repaired_bytes += v.damage[i].bytes;
}

void watch_repair_told(struct output *o, struct watched *w, bool is_shown)
{
	json_t *entry;

	if (!w->is_repair_tried)
		return;
	w->is_repair_tried = false;
	if (w->is_bad) {
		if (w->repair_error.status == VRES_E_INTEGRITY_VIOLATION)
			output_note_of(o, w->input->name,
			               "not repaired: the file is not what was sealed any more");
		else
			output_note_of(o, w->input->name, "not repaired: %s: %s",
			               vres_status_name(w->repair_error.status),
			               w->repair_error.message);
		return;
	}
	output_note_of(o, w->input->name,
	               "repaired: %" PRIu64 " damaged range%s read again from the file, and all of "
	               "it verified",
	               w->last.report.damage_count, w->last.report.damage_count == 1 ? "" : "s");
	if (!o->is_json && !is_shown)
		return;
	entry = json_object();
	output_put_u64(o, entry, "check", w->checks);
	damage_report(o, entry, w->input, &w->last);
	if (w->repaired == NULL)
		w->repaired = json_array();
	if (json_array_size(w->repaired) < REPAIRS_MAX)
		output_add(o, w->repaired, entry);
	else
		json_decref(entry);
}

void watch_repairs_to_json(struct output *o, json_t *object, struct watched *w)
{
	output_put_u64(o, object, "repairs", w->repairs);
	output_put_u64(o, object, "repaired_bytes", w->repaired_bytes);
	output_put(o, object, "repaired", w->repaired != NULL ? w->repaired : json_array());
	w->repaired = NULL;
}
