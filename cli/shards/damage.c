/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shards/damage.h"

#include <inttypes.h>
#include "shards/safetensors.h"

/* More than this many tensors in one damaged range are counted, not named. */
#define TENSORS_NAMED 16

static void report_tensor(struct output *o, json_t *array, const struct tensor *t)
{
	json_t *entry = json_object();

	output_text(o, "  tensor ");
	output_name(o, t->name);
	output_text(o, " (");
	output_name(o, t->type);
	output_text(o, "), bytes %" PRIu64 " to %" PRIu64 " of the file\n", t->begin, t->end - 1);
	output_put_text(o, entry, "name", t->name);
	output_put_text(o, entry, "dtype", t->type);
	output_put_u64(o, entry, "offset", t->begin);
	output_put_u64(o, entry, "bytes", t->end - t->begin);
	output_add(o, array, entry);
}

static void report_tensors(struct output *o, json_t *damage, const struct input *in, uint64_t begin,
                           uint64_t end)
{
	CLEANUP(safetensors_close) struct safetensors s = {0};
	struct tensor tensors[TENSORS_NAMED];
	json_t *array;
	size_t found;

	if (in->is_stream || !safetensors_open(&s, in->fd, in->bytes))
		return;
	array = json_array();
	found = safetensors_find(&s, begin, end, tensors, COUNT_OF(tensors));
	if (begin < s.data_start)
		output_text(o, "  the safetensors header\n");
	for (size_t i = 0; i < found && i < COUNT_OF(tensors); i++)
		report_tensor(o, array, &tensors[i]);
	if (found > COUNT_OF(tensors))
		output_text(o, "  and %zu more tensors\n", found - COUNT_OF(tensors));
	output_put_bool(o, damage, "header", begin < s.data_start);
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
