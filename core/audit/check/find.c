/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is wrong: kept in the order in which it is found out, told in the order of the log. */
#include "audit/check/checker.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const names[] = {
	[VRES_AUDIT_EDITED] = "edited",
	[VRES_AUDIT_DELETED] = "deleted",
	[VRES_AUDIT_INSERTED] = "inserted",
	[VRES_AUDIT_REORDERED] = "reordered",
	[VRES_AUDIT_TRUNCATED] = "truncated",
	[VRES_AUDIT_FORGED] = "forged",
	[VRES_AUDIT_TORN] = "torn",
	[VRES_AUDIT_MALFORMED] = "malformed",
	[VRES_AUDIT_ORDER] = "order",
	[VRES_AUDIT_ROTATION] = "rotation",
	[VRES_AUDIT_LINK] = "link",
	[VRES_AUDIT_KEY] = "key",
	[VRES_AUDIT_CHECKPOINT] = "checkpoint",
	[VRES_AUDIT_HEAD] = "head",
};

const char *vres_audit_fault_name(uint32_t fault)
{
	return fault < COUNT_OF(names) && names[fault] ? names[fault] : "unknown";
}

uint32_t audit_find(struct vres_audit_checker *c, uint32_t fault, struct place place, uint64_t seq,
                    uint64_t lines, const char *format, ...)
{
	vres_audit_finding *f;
	va_list args;

	c->findings.count++;
	if (c->findings.kept == c->findings.most)
		return NOT_KEPT;
	f = &c->findings.items[c->findings.kept];
	*f = (vres_audit_finding){
		.struct_size = sizeof(*f),
		.fault = fault,
		.file = place.file,
		.line = place.line,
		.seq = seq,
		.lines = lines,
	};
	va_start(args, format);
	if (vsnprintf(f->message, sizeof(f->message), format, args) < 0)
		f->message[0] = '\0';
	va_end(args);
	return c->findings.kept++;
}

void audit_find_more(struct vres_audit_checker *c, uint32_t finding)
{
	if (finding != NOT_KEPT)
		c->findings.items[finding].lines++;
}

void audit_find_instead(struct vres_audit_checker *c, uint32_t finding, uint32_t fault,
                        const char *message)
{
	vres_audit_finding *f;

	if (finding == NOT_KEPT)
		return;
	f = &c->findings.items[finding];
	f->fault = fault;
	(void)snprintf(f->message, sizeof(f->message), "%s", message);
}

static bool is_after(const vres_audit_finding *a, const vres_audit_finding *b)
{
	return a->file != b->file ? a->file > b->file : a->line > b->line;
}

/* By insertion: they are nearly in order, and few. */
static void sort(vres_audit_finding *items, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++) {
		const vres_audit_finding f = items[i];
		uint32_t at = i;

		for (; at > 0 && is_after(&items[at - 1], &f); at--)
			items[at] = items[at - 1];
		items[at] = f;
	}
}

void audit_find_tell(struct vres_audit_checker *c)
{
	sort(c->findings.items, c->findings.kept);
	for (uint32_t i = 0; c->finding && i < c->findings.kept; i++)
		c->finding(c->finding_ctx, &c->findings.items[i]);
}
