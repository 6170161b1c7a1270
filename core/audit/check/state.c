/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Findings: a list of limited length. */
#include "audit/check/state.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* By value; those that are not told any more have no name. */
static const char *const names[] = {NULL,  "bad_mac",    "missing",   NULL,       NULL, "end",
                                    NULL,  "torn",       "malformed", "order",    NULL, "link",
                                    "key", "checkpoint", "head",      "unchecked"};

const char *vres_audit_fault_name(uint32_t fault)
{
	return fault < COUNT_OF(names) && names[fault] ? names[fault] : "unknown";
}

vres_audit_finding *audit_finding_add(struct vres_audit_checker *c, uint32_t fault, uint64_t seq,
                                      uint64_t lines, const char *format, ...)
{
	vres_audit_finding *f =
		c->findings_kept < c->findings_most ? &c->findings[c->findings_kept++] : &c->spare;
	va_list args;

	c->findings_count++;
	*f = (vres_audit_finding){.struct_size = sizeof(*f), .fault = fault, .file = c->file};
	f->line = c->line;
	f->seq = seq;
	f->lines = lines;
	va_start(args, format);
	(void)vsnprintf(f->message, sizeof(f->message), format, args);
	va_end(args);
	return f;
}

void audit_finding_append(vres_audit_finding *f, const char *what, uint64_t seq)
{
	const size_t n = strlen(f->message);

	(void)snprintf(f->message + n, sizeof(f->message) - n, "%s seq %" PRIu64, what, seq);
}
