/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Findings about this machine: what was looked at, how it is, and what would make it good. */
#ifndef VRES_CLI_COMMANDS_DOCTOR_FINDINGS_H
#define VRES_CLI_COMMANDS_DOCTOR_FINDINGS_H

#include "session/session.h"

enum finding { FINDING_GOOD, FINDING_WARN, FINDING_BAD, FINDINGS };

struct doctor {
	struct output *o;
	const struct device_options *device;
	const char *audit; /* --audit; NULL: not given */
	json_t *findings;
	unsigned count[FINDINGS];
	bool is_refused; /* policy would refuse the device, or memory that an engine allocates */
	bool is_coloured;
};

/* Report a finding.  @fix: what would make it good; NULL: nothing. */
__attribute__((format(printf, 5, 6))) void doctor_say(struct doctor *d, enum finding finding,
                                                      const char *what, const char *fix,
                                                      const char *format, ...);

/* The parts of an examination, called from one table in doctor.c. */
void doctor_look_at_secrets(struct doctor *d);
void doctor_look_at_build(struct doctor *d);
void doctor_look_at_device(struct doctor *d);
void doctor_look_at_dumps(struct doctor *d);
void doctor_look_at_clock(struct doctor *d);
void doctor_look_at_environment(struct doctor *d);
void doctor_look_at_audit(struct doctor *d);

#endif
