/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Is this audit log the one that was written?  A checker reads its files in order, in pieces of any
 * size and in constant memory.  It names each place at which the log does not go on as it should:
 * file and line, what is expected there and what is there, and where the log goes on.
 *
 * With the key of the log every line's MAC is checked, so that no change goes unseen but one: a log
 * that was cut, or put back as it once was, together with its checkpoint.  Against that there is a
 * head, a seq and hash that somebody kept elsewhere.  Without a key only the links are checked:
 * form, seq and prev_hash; whoever can write the file can change it so that this is not seen.
 *
 * A change of a log makes one finding or a few: a deleted line is "missing", an edited one
 * "bad_mac", and two lines that changed places are three places at which the log does not go on.
 * Which change it was the checker does not guess.
 *
 * The format is docs/FORMAT.md, "Audit log"; MACs are HMAC-SHA256 (FIPS 198-1), keys are derived by
 * HKDF (RFC 5869).
 *
 * Rules (lifetime, errors, outputs, structs) are those of vres.h.  A checker is for one thread at a
 * time.
 */
#ifndef VRES_AUDIT_CHECK_H
#define VRES_AUDIT_CHECK_H

#include <vres/vres.h>

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

/**
 * Told of each finding by vres_audit_checker_end(), in the order of files and lines; of checkpoint
 * and head at last.
 */
typedef void (*vres_audit_finding_fn)(void *ctx, const vres_audit_finding *finding);

/**
 * struct vres_audit_check_options - what to hold a log to
 * @struct_size:  from vres_audit_check_options_init()
 * @key:          of a log in mode token; subkeys are copied, the caller may destroy it at once; or
 *           NULL
 * @forward_key:  the path of the file with a key of a log in mode forward: that of epoch 0, or a
 *           later one to check what came later; it must
 *                be as private as a token file; or NULL.  Not both.  Neither: links alone are
 *                checked
 * @finding:      told of what is wrong; NULL: only counted
 * @finding_ctx:  handed to it
 * @max_findings: so many are kept to be told, the rest is counted; 0: 100; at most 10000
 * @reserved:     0
 */
typedef struct vres_audit_check_options {
	size_t struct_size;
	const vres_key *key;
	const char *forward_key;
	vres_audit_finding_fn finding;
	void *finding_ctx;
	uint32_t max_findings, reserved;
} vres_audit_check_options;

/** Defaults: no key, nobody told. */
VRES_DEFINE_INIT(vres_audit_check_options)

/** Checks one log, once. */
typedef struct vres_audit_checker vres_audit_checker;

/**
 * vres_audit_checker_create() - get ready to check a log
 * @o:   what to hold it to; NULL: links alone
 * @out: the checker, to be given to vres_audit_checker_destroy()
 * @err: why it failed, or NULL
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT for two keys or a key file that is not good;
 *         VRES_E_NOT_FOUND; VRES_E_IO.
 */
VRES_API VRES_MUST_CHECK vres_status vres_audit_checker_create(const vres_audit_check_options *o,
                                                               vres_audit_checker **out,
                                                               vres_error *err);

/**
 * vres_audit_checker_checkpoint() - the bytes of LOG.checkpoint
 * @c:     the checker, before its first file
 * @bytes: the file's content
 * @n:     how many; more than 8192 are no checkpoint
 * @err:   why it failed, or NULL
 *
 * Read it before the log, which may grow meanwhile.  One that is not good is a finding, no failure.
 *
 * Return: VRES_OK; VRES_E_STATE for a second one, or after vres_audit_checker_file().
 */
VRES_API VRES_MUST_CHECK vres_status vres_audit_checker_checkpoint(vres_audit_checker *c,
                                                                   const void *bytes, size_t n,
                                                                   vres_error *err);

/**
 * vres_audit_checker_head() - a line that the log must have
 * @c:    the checker, before its first file
 * @seq:  of a line, from 1
 * @hash: 64 lower-case hex digits
 * @err:  why it failed, or NULL
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT; VRES_E_STATE for a second one, or after
 *         vres_audit_checker_file().
 */
VRES_API VRES_MUST_CHECK vres_status vres_audit_checker_head(vres_audit_checker *c, uint64_t seq,
                                                             const char *hash, vres_error *err);

/**
 * vres_audit_checker_from_later() - the oldest files of the log are left out on purpose
 * @c:   the checker, before its first file
 * @err: why it failed, or NULL
 *
 * Under a forward key a log that does not begin with seq 1 is not good unless it was said here, or
 * a head was given that the log has.  The reason is that somebody who has the key of a later epoch
 * can throw the log away and write one of their own that begins in that epoch.  Who says this
 * should know with which seq the files begin, and compare it with first_seq of the summary.
 *
 * Return: VRES_OK; VRES_E_STATE after vres_audit_checker_file().
 */
VRES_API VRES_MUST_CHECK vres_status vres_audit_checker_from_later(vres_audit_checker *c,
                                                                   vres_error *err);

/**
 * vres_audit_checker_file() - what is fed from now on is of the next file
 * @c:   the checker
 * @err: why it failed, or NULL
 *
 * The files of a log are given from the oldest to the newest.  The oldest may be missing; see
 * vres_audit_checker_from_later().
 *
 * Return: VRES_OK; VRES_E_STATE after the end.
 */
VRES_API VRES_MUST_CHECK vres_status vres_audit_checker_file(vres_audit_checker *c,
                                                             vres_error *err);

/**
 * vres_audit_checker_feed() - the next bytes of the file
 * @c:     the checker
 * @bytes: they need not end where a line does; NULL when @n is 0
 * @n:     how many
 * @err:   why it failed, or NULL; after a failure the checker is good for nothing but
 *         vres_audit_checker_destroy()
 *
 * What is wrong with the log is no failure of this call.
 *
 * Return: VRES_OK; VRES_E_STATE before the first file or after the end.
 */
VRES_API VRES_MUST_CHECK vres_status vres_audit_checker_feed(vres_audit_checker *c,
                                                             const void *bytes, size_t n,
                                                             vres_error *err);

/**
 * vres_audit_checker_summary() - how it looks so far
 * @c:   the checker
 * @out: from vres_audit_summary_init(); what the next line will decide is not in it
 * @err: why it failed, or NULL
 *
 * Return: VRES_OK.
 */
VRES_API VRES_MUST_CHECK vres_status vres_audit_checker_summary(const vres_audit_checker *c,
                                                                vres_audit_summary *out,
                                                                vres_error *err);

/**
 * vres_audit_checker_end() - that was the log: is it good?
 * @c:   the checker; it can only be asked for its summary and destroyed now
 * @out: from vres_audit_summary_init(), or NULL; filled also with VRES_E_INTEGRITY_VIOLATION
 * @err: why it failed, or NULL
 *
 * Calls the finding function for what was kept.  A file without a whole line is not good.
 *
 * Return: VRES_OK: nothing is wrong, as far as out->keyed says that it was looked at;
 *         VRES_E_INTEGRITY_VIOLATION: something is;
 * VRES_E_STATE before the first file or when called twice.
 */
VRES_API VRES_MUST_CHECK vres_status vres_audit_checker_end(vres_audit_checker *c,
                                                            vres_audit_summary *out,
                                                            vres_error *err);

/**
 * vres_audit_checker_destroy() - free a checker
 * @c: NULL is allowed
 */
VRES_API void vres_audit_checker_destroy(vres_audit_checker *c);

#ifdef __cplusplus
}
#endif

#endif
