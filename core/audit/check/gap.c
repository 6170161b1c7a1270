/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines that are missing and may yet turn up, and lines that turned up before their time. */
#include "audit/check/checker.h"

#include <inttypes.h>

const struct gap *audit_gap_find(const struct vres_audit_checker *c, uint64_t seq)
{
	for (size_t i = 0; i < c->gap_count; i++)
		if (seq >= c->gaps[i].first && seq <= c->gaps[i].last)
			return &c->gaps[i];
	return NULL;
}

static void gap_tell(struct vres_audit_checker *c, size_t i)
{
	const struct gap g = c->gaps[i];
	const uint64_t lines = g.last - g.first + 1;

	c->gap_count--;
	memmove(&c->gaps[i], &c->gaps[i + 1], (c->gap_count - i) * sizeof(g));
	if (g.is_start) {
		(void)audit_find(c, g.fault, g.place, g.last, 1,
		                 "the lines up to seq %" PRIu64
		                 " are missing: a file begins with its log_header",
		                 g.last);
		return;
	}
	(void)audit_find(
		c, g.fault, g.place, g.first, lines,
		g.fault == VRES_AUDIT_TRUNCATED ? "the end of the file is missing: %" PRIu64
						  " line%s, seq %" PRIu64 " to %" PRIu64
		: g.fault == VRES_AUDIT_ROTATION
			? "a file before this one is missing: %" PRIu64 " line%s, seq %" PRIu64
			  " to %" PRIu64
			: "%" PRIu64 " line%s missing before this one, seq %" PRIu64 " to %" PRIu64,
		lines, lines == 1 ? "" : "s", g.first, g.last);
}

static void gap_add(struct vres_audit_checker *c, const struct gap *gap)
{
	if (c->gap_count == GAPS_MAX)
		gap_tell(c, 0);
	c->gaps[c->gap_count++] = *gap;
}

/* A line of a gap has turned up. */
bool audit_gap_fill(struct vres_audit_checker *c, const struct fact *fact)
{
	const uint64_t seq = fact->seq;
	struct gap *g = NULL;
	struct gap rest;

	for (size_t i = 0; i < c->gap_count && g == NULL; i++)
		if (seq >= c->gaps[i].first && seq <= c->gaps[i].last)
			g = &c->gaps[i];
	if (g == NULL)
		return false;
	rest = *g;
	rest.first = seq + 1;
	/* From here on it is known what is missing. */
	rest.is_start = false;
	/* Before it there was no line of this file. */
	if (g->is_start && fact->event == AUDIT_HEADER)
		g->first = seq;
	if (g->first < seq) {
		g->last = seq - 1;
		if (rest.first <= rest.last)
			gap_add(c, &rest);
	} else if (rest.first <= rest.last) {
		*g = rest;
	} else {
		c->gap_count--;
		memmove(g, g + 1, (size_t)(&c->gaps[c->gap_count] - g) * sizeof(*g));
	}
	return true;
}

/* What kind of hole is it that ends before @fact? */
void audit_gap_before(struct vres_audit_checker *c, uint64_t first, const struct fact *fact)
{
	struct gap gap = {.first = first,
	                  .last = fact->seq - 1,
	                  .epoch = c->now.epoch,
	                  .epoch_after = fact->epoch,
	                  .place = fact->place};
	const bool is_file =
		fact->place.line == 1 && fact->place.file > 0 && fact->event == AUDIT_HEADER;

	gap.fault = VRES_AUDIT_DELETED;
	gap.is_start = c->sum.first_seq == 0;
	if (is_file && c->last_event == AUDIT_ROTATED) {
		gap.fault = VRES_AUDIT_ROTATION;
	} else if (is_file) {
		gap.fault = VRES_AUDIT_TRUNCATED;
		gap.place = c->last_in_file;
		gap.place.line++;
	}
	gap_add(c, &gap);
}

void audit_early_add(struct vres_audit_checker *c, const struct fact *fact, uint32_t finding)
{
	if (c->early_count == EARLY_MAX) /* the oldest will be missing in its place */
		memmove(&c->early[0], &c->early[1], --c->early_count * sizeof(c->early[0]));
	c->early[c->early_count] = (struct early){.seq = fact->seq, .finding = finding};
	memcpy(c->early[c->early_count++].hash, fact->hash, AUDIT_HEX);
}

struct early *audit_early_find(struct vres_audit_checker *c, uint64_t seq)
{
	for (size_t i = 0; i < c->early_count; i++)
		if (c->early[i].seq == seq)
			return &c->early[i];
	return NULL;
}

void audit_early_drop(struct vres_audit_checker *c, struct early *e)
{
	c->early_count--;
	memmove(e, e + 1, (size_t)(&c->early[c->early_count] - e) * sizeof(*e));
}

void audit_gap_end(struct vres_audit_checker *c)
{
	while (c->gap_count > 0)
		gap_tell(c, 0);
}
