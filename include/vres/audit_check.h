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

#include <vres/audit_finding.h>
#include <vres/vres.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Told of each finding by vres_audit_checker_end(), in the order of files and lines; of checkpoint
 * and head at last.
 */
typedef void (*vres_audit_finding_fn)(void *ctx, const vres_audit_finding *finding);

/**
 * struct vres_audit_check_options - what to hold a log to
 * @key:          of a log in mode token; copied, so that the caller may destroy it at once; or NULL
 * @forward_key:  of a log in mode forward: path of the file with the key of epoch 0, or of a later
 *                epoch to check only what came later; as private as a token file; or NULL.  Not
 *                both keys; with neither, only the links are checked
 * @finding:      receives the findings; NULL: they are only counted
 * @finding_ctx:  passed to it
 * @max_findings: how many findings are kept, the others are counted; 0: 100; at most 10000
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
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT; VRES_E_STATE for a second one, or after
 *         vres_audit_checker_file().
 */
VRES_API VRES_MUST_CHECK vres_status vres_audit_checker_head(vres_audit_checker *c, uint64_t seq,
                                                             const char *hash, vres_error *err);

/**
 * vres_audit_checker_from_later() - the oldest files of the log are left out on purpose
 * @c:   the checker, before its first file
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
