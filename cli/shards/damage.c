/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shards/damage.h"

#include <inttypes.h>

/* More than this many tensors in one damaged range are counted, not named. */
#define TENSORS_NAMED 16

/* A name is counted, not NUL-terminated: it may have a NUL inside. */
static void report_tensor(struct output *o, json_t *array, const struct tensor *t)
{
	json_t *entry = json_object();

	output_text(o, "  tensor ");
	output_name_n(o, t->name, t->name_bytes);
	output_text(o, " (");
	output_name(o, t->type);
	output_text(o, "), bytes %" PRIu64 " to %" PRIu64 " of the file\n", t->begin, t->end - 1);
	output_put(o, entry, "name", json_stringn(t->name, t->name_bytes));
	output_put_text(o, entry, "dtype", t->type);
	output_put_u64(o, entry, "offset", t->begin);
	output_put_u64(o, entry, "bytes", t->end - t->begin);
	output_add(o, array, entry);
}

static void report_tensors(struct output *o, json_t *damage, const struct input *in, uint64_t begin,
                           uint64_t end)
{
	const struct safetensors *s = &in->model.tensors;
	json_t *array;
	size_t found = 0;

	if (!in->model.has_tensors)
		return;
	array = json_array();
	if (begin < s->data)
		output_text(o, "  the safetensors header\n");
	for (size_t i = safetensors_from(s, begin); i < s->count && s->tensors[i].begin < end;
	     i++) {
		if (s->tensors[i].begin == s->tensors[i].end)
			continue;
		if (found++ < TENSORS_NAMED)
			report_tensor(o, array, &s->tensors[i]);
	}
	if (found > TENSORS_NAMED)
		output_text(o, "  and %zu more tensors\n", found - TENSORS_NAMED);
	output_put_bool(o, damage, "header", begin < s->data);
	output_put_u64(o, damage, "tensors_count", found);
	output_put(o, damage, "tensors", array);
}

void damage_report(struct output *o, json_t *object, const struct input *in,
                   const vres_verify_report *report)
{
	/* The last block of a file is shorter than a block. */
	const uint64_t begin =
		report->first_bad_offset < in->bytes ? report->first_bad_offset : in->bytes;
	const uint64_t bytes = report->first_bad_bytes < in->bytes - begin ? report->first_bad_bytes
	                                                                   : in->bytes - begin;
	json_t *damage;

	if (bytes == 0)
		return;
	damage = json_object();
	output_text(o, "DAMAGED ");
	output_name(o, in->name);
	output_text(o,
	            ": bytes %" PRIu64 " to %" PRIu64 "; at least %" PRIu64 " of %" PRIu64
	            " blocks bad\n",
	            begin, begin + bytes - 1, report->bad_blocks, report->blocks_total);
	output_put_u64(o, damage, "offset", begin);
	output_put_u64(o, damage, "bytes", bytes);
	output_put_u64(o, damage, "bad_blocks_at_least", report->bad_blocks);
	report_tensors(o, damage, in, begin, begin + bytes);
	output_put(o, object, "damage", damage);
}
