/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A ready-made audit sink: a hash-chained log of lines, each a JSON object with an HMAC-SHA256
 * (FIPS 198-1), that goes on over restarts and over files (docs/FORMAT.md, "Audit log";
 * docs/OPERATIONS.md, "Audit log").
 *
 * 	vres_audit_file_options o = vres_audit_file_options_init();
 * 	vres_audit_file *log;
 *
 * 	o.worker_id = "worker-7";
 * 	vres_audit_file_open("/var/log/vres/audit.log", key, &o, &log, &err);
 * 	config.audit = vres_audit_file_sink(log);
 * 	...
 * 	vres_audit_file_close(log);	// after config.closed was called
 *
 * Routine events are copied into a bounded queue that a thread of the library writes; recording one
 * never waits and allocates nothing.  An event that vres_event.critical marks is on disk, and all
 * before it, when recording it returns.  An event that cannot be recorded is counted, and the count
 * is a line of its own (log_lost) as soon as the log can be written again.
 */
#ifndef VRES_AUDIT_FILE_H
#define VRES_AUDIT_FILE_H

#include <vres/vres.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A log that is open for writing, by this process alone. */
typedef struct vres_audit_file vres_audit_file;

/* lines are signed with a key derived from the token: whoever has the token can rewrite the log */
#define VRES_AUDIT_TOKEN 0u
/* with a key that is replaced after a while: who breaks in cannot rewrite what was signed before */
#define VRES_AUDIT_FORWARD 1u

/**
 * struct vres_audit_file_options - how a log is written
 * @worker_id:    required; identifier ([A-Za-z0-9_-]), at most 64 bytes; copied
 * @mode:         VRES_AUDIT_TOKEN or VRES_AUDIT_FORWARD; a log stays in the mode it began in
 * @forward_key:  mode forward: path of the key file that vres_audit_keygen() made; needed only
 *           where the log does not exist yet.  It is copied to
 *                LOG.key; then move it to where the log will be verified, and off this host
 * @rotate_bytes: a file does not become larger; 0: 64 MiB; at least 64 KiB
 * @rotate_daily: not 0: a line of a later day (UTC) begins another file
 * @queue_events: routine events that may wait to be written; 0: 1024; at most 1048576.  Each takes
 *           1.7 KiB of memory
 * @required:     not 0: recording what cannot be recorded fails with VRES_E_AUDIT, and so does the
 *           operation; 0: it is counted
 * @simulated:    not 0: the log is about simulated VRAM, and its header says so
 * @epoch_lines:  mode forward: lines until the key is replaced, at least 2; 0: 1024.  Each
 *           replacement waits for the disk about five times
 */
typedef struct vres_audit_file_options {
	size_t struct_size;
	const char *worker_id;
	uint32_t mode;
	uint32_t rotate_daily;
	const char *forward_key;
	uint64_t rotate_bytes;
	uint32_t queue_events;
	uint32_t required;
	uint32_t simulated;
	uint32_t epoch_lines;
} vres_audit_file_options;

VRES_DEFINE_INIT(vres_audit_file_options)

/**
 * vres_audit_keygen() - make the first key of a log in mode forward
 * @path: the key file; it must not exist; made with mode 0600, in a folder that others cannot write
 *
 * 32 bytes from the system's CSPRNG, as the key of epoch 0.  Whoever has this file can sign every
 * line of the log, and verify it.
 *
 * Return: VRES_OK, the file is on disk; VRES_E_STATE if something of that name exists, which is
 *         never overwritten; VRES_E_INVALID_INPUT for a path
 * or a folder that will not do; VRES_E_IO, and there is no file.
 */
VRES_API VRES_MUST_CHECK vres_status vres_audit_keygen(const char *path, vres_error *err);

/**
 * vres_audit_file_open() - open a log, or begin one
 * @path:    LOG.  Beside it lie LOG.lock, LOG.checkpoint, in mode forward LOG.key, and LOG.SEQ for
 *           each file that was full
 * @key:     mode token: the key whose audit subkey signs; copied, the caller may destroy it at
 *           once.  Mode forward: not used, may be NULL
 * @options: see there; copied
 * @out:     the log, to be given to vres_audit_file_close()
 *
 * Each of these files must be a regular one of this user's with mode 0600, in a folder that nobody
 * else can write (a sticky one such as /tmp will do); links are refused.  The log goes on where it
 * ended: the last line and the checkpoint are verified, a line that a crash left half written is
 * cut off, and both the opening and the repair are lines of the log, on disk when this returns.
 * Older lines are not looked at; that is what vres/audit_check.h is for.
 *
 * Blocks for a few writes to disk.  Starts a thread that takes no signals.
 *
 * Return: VRES_OK; VRES_E_BUSY if somebody has the log open, here or in another process;
 *         VRES_E_AUDIT if the log does not continue: another key or
 * mode, an edited end, lines behind the checkpoint missing, the checkpoint or LOG.key missing;
 * VRES_E_INVALID_INPUT for files of others, links, a LOG that has a second name (hard link), a
 * folder that others can write, a key file that is none; VRES_E_NOT_FOUND for a folder or
 * forward_key that does not exist; VRES_E_STATE for a key of the parent process; VRES_E_NO_MEMORY,
 * also when no thread can be had; VRES_E_IO.  Except where the disk failed or memory ran out while
 * the first lines were written, no file but LOG.lock was made or changed; also then the log opens
 * again.
 */
VRES_API VRES_MUST_CHECK vres_status vres_audit_file_open(const char *path, const vres_key *key,
                                                          const vres_audit_file_options *options,
                                                          vres_audit_file **out, vres_error *err);

/**
 * vres_audit_file_sink() - what vres_config.audit takes
 * @f: the log; NULL gives no sink
 *
 * Several managers may share a log.  It must stay open until config.closed was called for each of
 * them.  Its record() may be called by any thread, with events of the application's own making too:
 * VRES_OK; VRES_E_AUDIT (only if options.required) for an event that was not recorded;
 * VRES_E_INVALID_INPUT for an event of no known type, VRES_E_ABI, VRES_E_STATE in a forked child,
 * and nothing is recorded.  A text that is not UTF-8, has control characters or more than 512 bytes
 * is recorded as its SHA-256.
 */
VRES_API vres_audit_sink vres_audit_file_sink(vres_audit_file *f);

/**
 * vres_audit_file_flush() - wait until what was recorded is on disk, and the checkpoint after it
 * @f:   the log
 *
 * After a loss of power an older checkpoint may be back in its place, which a log that is longer
 * fits just as well.
 *
 * Any thread.  Lost events are no failure once their number is in the log.
 *
 * Return: VRES_OK; VRES_E_AUDIT if the log cannot be written at present: the message says why, and
 *         events are counted meanwhile.
 */
VRES_API VRES_MUST_CHECK vres_status vres_audit_file_flush(vres_audit_file *f, vres_error *err);

/**
 * vres_audit_file_head() - the last line that is on disk, to be kept elsewhere
 * @f:    the log
 * @seq:  its sequence number
 * @hash: its hash, 64 hex digits and a NUL
 *
 * Kept where an intruder does not come, it shows that a log was not put back to an earlier state
 * together with its checkpoint.  Any thread; does not wait.
 *
 * Return: VRES_OK.
 */
VRES_API VRES_MUST_CHECK vres_status vres_audit_file_head(vres_audit_file *f, uint64_t *seq,
                                                          char hash[65], vres_error *err);

/**
 * vres_audit_file_lost() - events that are not in the log, since it was opened
 * @f: the log
 *
 * Those that failed their operation and those that were only counted.  The latter are also part of
 * vres_metrics.audit_lost of each manager that has this log as its sink.  Any thread; does not wait
 * for the disk.
 *
 * Return: their number; 0 for NULL and in a forked child.
 */
VRES_API uint64_t vres_audit_file_lost(vres_audit_file *f);

/**
 * vres_audit_file_close() - write what is queued, close the log in good order
 * @f: the log, which nobody uses any more; NULL does nothing
 *
 * Blocks for a few writes to disk.  In a forked child it frees memory and touches no file.  Cannot
 * fail: who needs to know that everything is on disk calls vres_audit_file_flush() before.
 */
VRES_API void vres_audit_file_close(vres_audit_file *f);

#ifdef __cplusplus
}
#endif

#endif
