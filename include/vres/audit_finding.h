/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a checker of audit logs (vres/audit_check.h) finds: places at which a log does not go on as
 * it should, and a summary of the log.
 */
#ifndef VRES_AUDIT_FINDING_H
#define VRES_AUDIT_FINDING_H

#include <vres/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How the log does not go on as it should.  Values are part of the ABI. */
typedef enum vres_audit_fault {
	/* Not written with the key, or changed since: its MAC is not good. */
	VRES_AUDIT_BAD_MAC = 1,
	VRES_AUDIT_MISSING = 2, /* lines are missing before this one */
	VRES_AUDIT_END = 5,     /* the log ends before its checkpoint or head, or a file is empty */
	/* The last line has no end: the machine or the writer died, or the file was cut. */
	VRES_AUDIT_TORN = 7,
	VRES_AUDIT_MALFORMED = 8, /* not a canonical line */
	/* Genuine, but it or its event cannot stand here: an earlier line, another file or epoch.
	 */
	VRES_AUDIT_ORDER = 9,
	VRES_AUDIT_LINK = 11, /* does not link to the line before it, though its seq follows */
	/* Not a line has a MAC of this key: it is the wrong one, or nothing is genuine. */
	VRES_AUDIT_KEY = 12,
	VRES_AUDIT_CHECKPOINT = 13, /* the checkpoint is not good, or contradicts the log */
	VRES_AUDIT_HEAD = 14,       /* the log does not have the head that was given */
	/* Of an epoch that takes more steps from the key than a checker takes: nobody looked. */
	VRES_AUDIT_UNCHECKED = 15,

	/* Names from before kinds were merged.  No finding has the values 3, 4, 6 and 10. */
	VRES_AUDIT_EDITED = VRES_AUDIT_BAD_MAC,
	VRES_AUDIT_DELETED = VRES_AUDIT_MISSING,
	VRES_AUDIT_INSERTED = 3,  /* is BAD_MAC, or ORDER for a copy of another line */
	VRES_AUDIT_REORDERED = 4, /* is MISSING and ORDER */
	VRES_AUDIT_TRUNCATED = VRES_AUDIT_END,
	VRES_AUDIT_FORGED = 6,   /* is BAD_MAC */
	VRES_AUDIT_ROTATION = 10 /* is MISSING or ORDER in line 1 of a file */
} vres_audit_fault;

/**
 * vres_audit_fault_name() - a fault in lower case
 * @fault: any value
 *
 * Return: "bad_mac", "missing", ... static; "unknown" for a value that no finding has.  Any thread.
 */
VRES_API const char *vres_audit_fault_name(uint32_t fault);

/**
 * struct vres_audit_finding - one place at which the log does not go on as it should
 * @struct_size: sizeof
 * @fault:       a vres_audit_fault; where lines of several kinds stand side by side, of the first
 * @file:        index of the file, from 0 in the order in which they were given
 * @line:        its line, from 1; of lines that are missing, the line before which they are; 0 for
 *               the checkpoint and the head
 * @seq:         what that line says its seq is, or the first seq that is missing; 0 where it cannot
 *               be read
 * @lines:       how many lines are concerned
 * @message:     one line for people, NUL-terminated: what is expected, what is there, where the log
 *               goes on; nothing of the log's content is in it but numbers
 */
typedef struct vres_audit_finding {
	size_t struct_size;
	uint32_t fault, file;
	uint64_t line, seq, lines;
	char message[160];
} vres_audit_finding;

/** What lines are held to. */
typedef enum vres_audit_keyed {
	VRES_AUDIT_KEYED_LINKS = 0,   /* no key: form, seq and prev_hash alone */
	VRES_AUDIT_KEYED_TOKEN = 1,   /* the key of a token */
	VRES_AUDIT_KEYED_FORWARD = 2, /* the key of an epoch, and those that follow from it */
	/* A key was given, and no line was found to be written with it. */
	VRES_AUDIT_KEYED_UNPROVED = 3
} vres_audit_keyed;

/** How the log ends. */
typedef enum vres_audit_ending {
	VRES_AUDIT_OPEN = 0,   /* its writer is at work, or died */
	VRES_AUDIT_CLOSED = 1, /* in good order */
	VRES_AUDIT_ROTATED = 2 /* it goes on in a file that was not given */
} vres_audit_ending;

/** What became of the checkpoint, and of the head. */
typedef enum vres_audit_mark {
	VRES_AUDIT_MARK_NONE = 0, /* none was given */
	VRES_AUDIT_MARK_MET = 1,  /* the line it names is in the log */
	/*
	 * The line it names is before the first one of the files: it says nothing of them
	 * (checkpoint only).
	 */
	VRES_AUDIT_MARK_OLDER = 2,
	VRES_AUDIT_MARK_BAD = 3 /* see the findings */
} vres_audit_mark;

/**
 * Counts are of lines that are genuine, or, without a key, canonical; but @lines and @bytes are of
 * all there are.  @backward_clock_steps: a line's time is two seconds or more before that of the
 * line before it; less is the order in which several threads were served.
 */
typedef struct vres_audit_summary {
	size_t struct_size;
	uint32_t files, keyed /* vres_audit_keyed */, ending /* vres_audit_ending */, checkpoint,
		head /* vres_audit_mark */, simulated;
	uint64_t lines, bytes;
	uint64_t first_seq, last_seq; /* 0: there is no line */
	char last_hash[65];
	/* Of the first and the last line, as the wall clock gave it; "" when there is none. */
	char first_time[31], last_time[31];
	uint64_t faults; /* findings, those that were only counted included */
	uint64_t sessions, epochs, repairs, lost_events, backward_clock_steps;
} vres_audit_summary;

/** A summary to be filled, of this header's size. */
VRES_DEFINE_INIT(vres_audit_summary)

#ifdef __cplusplus
}
#endif

#endif
