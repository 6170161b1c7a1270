/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The audit log as files (docs/FORMAT.md, "Audit log"): lines into a batch, a batch into LOG, what
 * is in LOG to disk, then the checkpoint and LOG.key.  One thread at a time.
 *
 * Where the log stands after a line is a point.  A batch is a list of points, so that whatever part
 * of it reached the file, the log goes back to a whole line; and how many events are recorded and
 * how many reported as lost is part of the point, so that going back corrects that too.
 */
#ifndef VRES_CORE_AUDIT_LOG_LOG_H
#define VRES_CORE_AUDIT_LOG_LOG_H

#include "audit/format/keys.h"
#include "audit/format/line_write.h"
#include "os/durable_file.h"

#define AUDIT_BATCH_BYTES ((size_t)64 << 10)
#define AUDIT_BATCH_LINES 256u

struct audit_point {
	uint64_t size; /* of LOG */
	uint64_t seq;  /* of the last line; 0: there is none yet */
	uint8_t hash[VRES_SHA256_BYTES];
	uint64_t line_epoch, epoch; /* whose key the last line is under; the next line will be */
	uint64_t epoch_lines;       /* of this session under that key */
	uint64_t events, reported;  /* of this session: recorded; reported as lost */
};

/* What the application chose; checked. */
struct audit_choice {
	const char *path, *forward_key;
	const vres_key *key; /* mode token */
	bool is_forward, is_simulated, rotate_daily;
	uint64_t rotate_bytes, epoch_lines;
	uint64_t (*wall)(void); /* what time it is */
	const uint8_t *session; /* 16 random bytes; NULL: from the system */
};

struct audit_log {
	struct audit_choice choice; /* its pointers are NULL after opening */
	struct audit_author author;
	struct audit_keys *keys;
	int folder, lock, fd; /* -1: not open */
	char name[FILE_NAME_MAX + 1];
	uint64_t first_seq; /* of LOG */
	/* Of LOG, YYYY-MM-DD: a line of a later day belongs into another file. */
	char day[11];

	struct audit_point written, synced; /* in LOG; on disk */
	uint64_t attempted;                 /* events of this session that should be in the log */
	uint64_t checkpointed;              /* seq of the checkpoint */
	bool is_torn;                       /* part of a line may stand behind written.size */
	/* The last line is log_rotated, and its file not yet followed by another. */
	bool is_rotating;
	/* Somebody else changed LOG: nothing is written any more. */
	bool is_replaced;

	struct sha256 hash;
	struct audit_slot own;
	char line[AUDIT_LINE_MAX];
	char *batch; /* of AUDIT_BATCH_BYTES */
	size_t batch_bytes, points_count;
	struct audit_point points[AUDIT_BATCH_LINES];
};

/* open.c.  @log is zeroed; it is to be closed whatever comes of it. */
vres_status vres_audit_log_open(struct audit_log *log, const struct audit_choice *choice,
                                const char *worker_id, vres_error *err);

/* Give back what it holds, in good order or not; writes nothing. */
void vres_audit_log_close(struct audit_log *log);

/*
 * Add an event; it is one of @attempted from now on.  What came before it and is not in the log is
 * reported first.
 */
vres_status vres_audit_log_event(struct audit_log *log, const struct audit_slot *slot,
                                 vres_error *err);

/* Add a line of the log's own; begun with vres_audit_log_own() and filled there. */
struct audit_slot *vres_audit_log_own(struct audit_log *log, enum audit_event type);
vres_status vres_audit_log_add_own(struct audit_log *log, vres_error *err);

/* The first line of a file; the first of a session in a file that has lines. */
vres_status vres_audit_log_header(struct audit_log *log, vres_error *err);
vres_status vres_audit_log_opened(struct audit_log *log, vres_error *err);

/* The line after either of them, where a torn one was cut off; no end of an epoch comes between. */
vres_status vres_audit_log_repaired(struct audit_log *log, uint64_t bytes, const char *sha256,
                                    vres_error *err);

/* Report what is lost, if anything is. */
vres_status vres_audit_log_settle(struct audit_log *log, vres_error *err);

/* Into LOG; to disk. */
vres_status vres_audit_log_commit(struct audit_log *log, vres_error *err);
vres_status vres_audit_log_sync(struct audit_log *log, vres_error *err);

/* After a sync: the checkpoint, and LOG.key if an epoch has ended. */
vres_status vres_audit_log_checkpoint(struct audit_log *log, vres_error *err);

/* The last lines of a session, on disk. */
vres_status vres_audit_log_finish(struct audit_log *log, vres_error *err);

/* log_rotated or log_closed, under the next epoch's key. */
vres_status vres_audit_log_last_line(struct audit_log *log, enum audit_event type, vres_error *err);

/* Has LOG no room for another line and what ends it? */
bool vres_audit_log_is_full(const struct audit_log *log);

/* End this file and begin the next. */
vres_status vres_audit_log_rotate(struct audit_log *log, vres_error *err);

/* Events that are not in the log, of those attempted; nothing may be in the batch. */
uint64_t vres_audit_log_lost(const struct audit_log *log);

/* Has an epoch ended whose key is still in LOG.key? */
bool vres_audit_log_epoch_ended(const struct audit_log *log);

/* The name of LOG with a suffix; names of files beside it. */
#define AUDIT_NAME_MAX (FILE_NAME_MAX + 25u)
void vres_audit_log_name(const struct audit_log *log, const char *suffix, char out[AUDIT_NAME_MAX]);

#endif
