/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The state of a checker.
 *
 * A line proves itself if its MAC is good under a key of the log or, when no key was given, if it
 * is canonical.  The checker keeps the last line that proved itself and counts the lines since then
 * that did not.  Each line that proves itself must follow the last one.  If it does not, that is a
 * finding, and the check goes on from this line.  A log is good if there is no finding.
 *
 * Everything has a fixed size except the findings, and only a limited number of those is kept.
 */
#ifndef VRES_CORE_AUDIT_CHECK_STATE_H
#define VRES_CORE_AUDIT_CHECK_STATE_H

#include <vres/audit_check.h>

#include "audit/format/keys.h"
#include "audit/format/line_read.h"

/*
 * How many epochs a checker walks, in all, to reach an epoch that a line or checkpoint names: about
 * ten seconds of work, so that a hostile log cannot keep a checker busy.  The step after each
 * log_epoch is not counted.
 */
#define AUDIT_EPOCH_STEPS (UINT64_C(1) << 21)

/* The last line that proved itself. */
struct audit_last {
	bool is_known;
	uint64_t seq, epoch;
	enum audit_event event;
	char hash[AUDIT_HEX], session[AUDIT_SESSION];
};

/* A line that the log must have, as its checkpoint or a head that was kept elsewhere says. */
struct audit_mark {
	bool is_given;
	uint64_t seq, epoch;
	char hash[AUDIT_HEX];
	uint32_t verdict;  /* vres_audit_mark */
	const char *fault; /* when the verdict is BAD: why */
};

struct vres_audit_checker {
	int64_t process;
	vres_audit_finding_fn finding;
	void *finding_ctx;
	vres_audit_finding *findings, spare; /* spare: for one that is only counted */
	uint32_t findings_kept, findings_most;
	uint64_t findings_count;

	struct audit_keys *keys; /* of the current epoch; NULL: links alone are checked */
	struct hmac hmac;        /* under the current line key; open only during a call */
	uint64_t steps_left;     /* of AUDIT_EPOCH_STEPS */
	bool is_exhausted;       /* a line named an epoch that was not reached for that reason */

	bool has_file, is_ended, is_from_later; /* the oldest files were left out on purpose */
	char carry[AUDIT_LINE_MAX]; /* the beginning of a line whose end has not been fed yet */
	size_t carried;
	bool is_skipping; /* the rest of a line that is too long */
	uint32_t file;    /* the line that is being read, or was read last */
	uint64_t line, lines, bytes;

	struct audit_last last;
	uint64_t unproven; /* lines since the last one that did not prove themselves */
	vres_audit_finding *unproven_finding;
	uint64_t bad_macs;               /* canonical lines whose MAC is not good */
	bool names_forward, names_token; /* the key modes that log_headers name */

	struct audit_mark checkpoint, head;
	vres_audit_summary sum;
};

/* Add a finding at the line that is being read.  The caller may change it afterwards. */
__attribute__((format(printf, 5, 6))) vres_audit_finding *
audit_finding_add(struct vres_audit_checker *c, uint32_t fault, uint64_t seq, uint64_t lines,
                  const char *format, ...);

/* Lengthen its message. */
void audit_finding_append(vres_audit_finding *f, const char *what, uint64_t seq);

#endif
