/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shards/damage.h"

#include <inttypes.h>

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

/*
 * The tensors that a range touches, from number @next on, so that one between two ranges is named
 * once. Returns the first that was not looked at.
 */
static size_t report_tensors(struct output *o, json_t *array, const struct tensor_map *s,
                             const vres_damage *range, size_t next)
{
	size_t i = tensor_map_from(s, range->offset);

	for (i = i > next ? i : next;
	     i < s->count && s->tensors[i].begin < range->offset + range->bytes; i++) {
		if (s->tensors[i].begin != s->tensors[i].end)
			report_tensor(o, array, &s->tensors[i]);
	}
	return i;
}

static void name_tensors(struct output *o, json_t *damage, const struct input *in,
                         const vres_damage *ranges, size_t count)
{
	const struct tensor_map *s = &in->model.tensors;
	const bool is_header = in->model.has_tensors && ranges[0].offset < s->data;
	json_t *array;

	if (!in->model.has_tensors)
		return;
	array = json_array();
	if (is_header)
		output_text(o, "  the %s header\n", s->format);
	for (size_t i = 0, next = 0; i < count; i++)
		next = report_tensors(o, array, s, &ranges[i], next);
	output_put_bool(o, damage, "header", is_header);
	output_put_u64(o, damage, "tensors_count", json_array_size(array));
	output_put(o, damage, "tensors", array);
}

static void name_ranges(struct output *o, json_t *damage, const struct verification *v,
                        const vres_damage *ranges, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++) {
		json_t *range = json_object();

		if (i > 0)
			output_text(o, "  and bytes %" PRIu64 " to %" PRIu64 "\n", ranges[i].offset,
			            ranges[i].offset + ranges[i].bytes - 1);
		output_put_u64(o, range, "offset", ranges[i].offset);
		output_put_u64(o, range, "bytes", ranges[i].bytes);
		output_add(o, array, range);
	}
	if (v->report.damage_count > count)
		output_text(o, "  and %" PRIu64 " more ranges\n", v->report.damage_count - count);
	output_put_u64(o, damage, "offset", ranges[0].offset);
	output_put_u64(o, damage, "bytes", ranges[0].bytes);
	output_put_u64(o, damage, "bad_blocks_at_least", v->report.bad_blocks);
	output_put_u64(o, damage, "ranges_count",
	               v->report.damage_count > count ? v->report.damage_count : count);
	output_put(o, damage, "ranges", array);
}

void damage_report(struct output *o, json_t *object, const struct input *in,
                   const struct verification *v)
{
	const vres_damage first = {.offset = v->report.first_bad_offset,
	                           .bytes = v->report.first_bad_bytes};
	const vres_damage *ranges = v->damage_kept != 0 ? v->damage : &first;
	const size_t count = v->damage_kept != 0 ? v->damage_kept : 1;
	json_t *damage;

	if (ranges[0].bytes == 0)
		return;
	damage = json_object();
	output_text(o, "DAMAGED ");
	output_name(o, in->name);
	output_text(o,
	            ": bytes %" PRIu64 " to %" PRIu64 "; at least %" PRIu64 " of %" PRIu64
	            " blocks bad\n",
	            ranges[0].offset, ranges[0].offset + ranges[0].bytes - 1, v->report.bad_blocks,
	            v->report.blocks_total);
	name_ranges(o, damage, v, ranges, count);
	name_tensors(o, damage, in, ranges, count);
	output_put(o, object, "damage", damage);
}
