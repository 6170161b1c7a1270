/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a finding is shown: a line, its fix below it, and an object in the document. */
#include "commands/doctor/findings.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const names[] = {
	[FINDING_GOOD] = "good", [FINDING_WARN] = "warn", [FINDING_BAD] = "bad"};
static const char *const colours[] = {
	[FINDING_GOOD] = "\x1b[32m", [FINDING_WARN] = "\x1b[33m", [FINDING_BAD] = "\x1b[31m"};

void doctor_say(struct doctor *d, enum finding finding, const char *what, const char *fix,
                const char *format, ...)
{
	va_list args;
	char value[512];
	json_t *object = json_object();

	va_start(args, format);
	vsnprintf(value, sizeof(value), format, args);
	va_end(args);
	d->count[finding]++;
	output_text(d->o, "%s%-4s%s %-20s ", d->is_coloured ? colours[finding] : "", names[finding],
	            d->is_coloured ? "\x1b[0m" : "", what);
	output_name(d->o, value); /* some come from elsewhere */
	output_text(d->o, "\n");
	if (finding != FINDING_GOOD && fix != NULL)
		output_text(d->o, "     fix: %s\n", fix);
	output_put_text(d->o, object, "verdict", names[finding]);
	output_put_text(d->o, object, "what", what);
	output_put_file(d->o, object, "value", value);
	output_put(d->o, object, "fix",
	           finding != FINDING_GOOD && fix != NULL ? json_string(fix) : json_null());
	output_add(d->o, d->findings, object);
}
