/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A list of findings about this machine: what was looked at, how it is, and what to do if it is not
 * good.
 */
#ifndef VRES_CLI_COMMANDS_DOCTOR_FINDINGS_H
#define VRES_CLI_COMMANDS_DOCTOR_FINDINGS_H

#include "session/session.h"

enum finding { FINDING_GOOD, FINDING_WARN, FINDING_BAD, FINDINGS };

struct doctor {
	struct output *o;
	json_t *findings;
	unsigned count[FINDINGS];
	/* Policy would refuse the device, or memory that an engine would allocate. */
	bool is_refused;
	bool is_coloured;
};

/* One finding; @fix NULL: there is nothing to do. */
__attribute__((format(printf, 5, 6))) void doctor_say(struct doctor *d, enum finding finding,
                                                      const char *what, const char *fix,
                                                      const char *format, ...);

void doctor_look_at_device(struct doctor *d, const struct device_options *options);
void doctor_look_at_secrets(struct doctor *d);
void doctor_look_at_dumps(struct doctor *d);
void doctor_look_at_clock(struct doctor *d);
void doctor_look_at_environment(struct doctor *d);
void doctor_look_at_audit(struct doctor *d, const char *path);

#endif
