/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The state of a log that is open for writing, and how its lines reach the file: lines gather in a
 * batch, a batch is appended to LOG, and LOG is brought to disk.  One thread at a time.
 *
 * A struct audit_point says where the log stands after a line.  The batch keeps the point after
 * each of its lines.  Whatever part of a batch reaches the file, the log goes back to the last
 * point that is whole, and with it go the numbers of events recorded and reported as lost.
 */
#ifndef VRES_CORE_AUDIT_LOG_BATCH_H
#define VRES_CORE_AUDIT_LOG_BATCH_H

#include "audit/format/keys.h"
#include "audit/format/line_write.h"
#include "os/durable_file.h"

#define AUDIT_BATCH_BYTES ((size_t)64 << 10)
#define AUDIT_BATCH_LINES 256u

struct audit_point {
	uint64_t size; /* of LOG */
	uint64_t seq;  /* of the last line; 0: there is none yet */
	uint8_t hash[VRES_SHA256_BYTES];
	uint64_t line_epoch, epoch; /* epochs of the keys of the last line and of the next */
	uint64_t epoch_lines;       /* lines of this session under the key of @epoch */
	uint64_t events, reported;  /* of this session: events recorded, and reported as lost */
};

/* The options of the application, which were checked. */
struct audit_choice {
	const char *path, *forward_key;
	const vres_key *key; /* mode token */
	bool is_forward, is_simulated, rotate_daily;
	uint64_t rotate_bytes, epoch_lines;
	uint64_t (*wall)(void); /* the wall clock */
	const uint8_t *session; /* 16 random bytes; NULL: from the system */
};

struct audit_log {
	struct audit_choice choice; /* its pointers are NULL after opening */
	struct audit_author author;
	struct audit_keys *keys;
	int folder, lock, fd; /* -1: not open */
	char name[FILE_NAME_MAX + 1];
	uint64_t first_seq; /* of LOG */
	/* The day of LOG, YYYY-MM-DD; with rotate_daily a line of a later day begins a file. */
	char day[11];

	struct audit_point written, synced; /* in LOG; on disk */
	uint64_t attempted;                 /* events of this session, recorded or not */
	uint64_t checkpointed;              /* seq of the checkpoint */
	bool is_torn;                       /* there may be bytes behind written.size */
	/* The last line is log_rotated, and the next file was not created yet. */
	bool is_rotating;
	/* Somebody else changed LOG, so nothing is written any more. */
	bool is_replaced;

	struct sha256 hash;
	struct audit_slot own;
	char line[AUDIT_LINE_MAX];
	char *batch; /* of AUDIT_BATCH_BYTES */
	size_t batch_bytes, points_count;
	struct audit_point points[AUDIT_BATCH_LINES];
};

/* Where the log stands after the last line of the batch. */
const struct audit_point *vres_audit_batch_end(const struct audit_log *log);

/* Add a line.  The batch is written first if it has no room. */
vres_status vres_audit_batch_add(struct audit_log *log, const struct audit_slot *slot,
                                 vres_error *err);

/* Append the batch to LOG; bring LOG to disk too. */
vres_status vres_audit_batch_commit(struct audit_log *log, vres_error *err);
vres_status vres_audit_batch_sync(struct audit_log *log, vres_error *err);

/* The name of LOG with a suffix, for the files beside it. */
#define AUDIT_NAME_MAX (FILE_NAME_MAX + 25u)
void vres_audit_batch_name(const struct audit_log *log, const char *suffix,
                           char out[AUDIT_NAME_MAX]);

#endif
