/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening a log: what is there, whether it can be trusted, and what is done about it. */
#include "audit/log/reopen.h"

#include <inttypes.h>

#include "audit/format/line_read.h"
#include "audit/log/checkpoint.h"
#include "audit/log/log.h"
#include "base/validate.h"
#include "os/private_file.h"
#include "sign/record.h"

#define CHECKPOINT_MAX 1024u
#define WINDOW         (2 * (size_t)AUDIT_LINE_MAX)
_Static_assert(WINDOW <= AUDIT_BATCH_BYTES, "the end of a log is read into the batch");

/* What was found. */
struct audit_found {
	bool has_checkpoint, has_line; /* LOG.checkpoint; a whole line in LOG */
	bool is_rotated;               /* that line is log_rotated */
	uint64_t torn;                 /* bytes of LOG behind the last newline */
	char torn_sha256[65];
	uint64_t checkpoint_seq, checkpoint_epoch;
	uint8_t checkpoint_hash[VRES_SHA256_BYTES];
	bool is_simulated; /* as the header of LOG says */
	struct audit_point last;
};

/* Open a file that may be missing; then *fd stays -1. */
static vres_status open_if(const struct audit_log *log, const char *suffix, enum file_open how,
                           const char *what, int *fd, vres_error *err)
{
	char name[AUDIT_NAME_MAX];
	vres_error detail;
	vres_status status;

	vres_audit_batch_name(log, suffix, name);
	status = vres_file_open(log->folder, name, how, what, fd, &detail);
	return status == VRES_OK || status == VRES_E_NOT_FOUND ? VRES_OK
	                                                       : vres_fail_with(err, &detail);
}

static vres_status take_lock(struct audit_log *log, vres_error *err)
{
	char name[AUDIT_NAME_MAX];
	vres_status status;
	uint64_t bytes;

	vres_audit_batch_name(log, ".lock", name);
	TRY(vres_file_open(log->folder, name, FILE_LOCK, "the log's lock file", &log->lock, err));
	TRY(vres_private_check(log->lock, false, "the log's lock file", &bytes, err));
	status = vres_file_lock(log->lock, err);
	if (status != VRES_OK && status != VRES_E_BUSY)
		vres_file_unlink(log->folder, name); /* no file system to lock on: nobody has it */
	return status;
}

/*
 * Keys
 * ----------------------------------------------------------------------------------------
 */

static vres_status find_forward_keys(struct audit_log *log, bool is_new, vres_error *err)
{
	char name[AUDIT_NAME_MAX];
	vres_error detail;
	vres_status status;

	vres_audit_batch_name(log, ".key", name);
	status = vres_audit_keys_load(log->folder, name, &log->keys, &detail);
	if (status == VRES_OK && is_new && log->keys->epoch > 0)
		return vres_fail(err, VRES_E_AUDIT,
		                 "the log's key is of epoch %" PRIu64
		                 ", and there is no log: it was removed",
		                 log->keys->epoch);
	if (status != VRES_E_NOT_FOUND)
		return status == VRES_OK ? VRES_OK : vres_fail_with(err, &detail);
	if (!is_new)
		return vres_fail(err, VRES_E_AUDIT, "there is a log, and its key file is missing");
	if (log->choice.forward_key == NULL)
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "a log in mode forward begins with a forward_key, which is NULL");
	TRY(vres_audit_keys_read(log->choice.forward_key, &log->keys, err));
	if (log->keys->epoch != 0)
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "the forward key file is of epoch %" PRIu64
		                 ": a log begins with epoch 0",
		                 log->keys->epoch);
	return vres_audit_keys_store(log->keys, log->folder, name, err);
}

static vres_status find_keys(struct audit_log *log, bool is_new, vres_error *err)
{
	return log->choice.is_forward ? find_forward_keys(log, is_new, err)
	                              : vres_audit_keys_token(log->choice.key, &log->keys, err);
}

/* Is the MAC at @at good under the key of @epoch?  Not if the log has no such key. */
static vres_status check_mac(const struct audit_log *log, uint64_t epoch, const char *text,
                             size_t n, size_t at, bool *is_good, vres_error *err)
{
	CLEANUP(vres_hmac_close) struct hmac hmac = {NULL};
	const uint8_t *key = vres_audit_keys_line(log->keys, epoch);

	*is_good = false;
	return key ? vres_audit_mac_check(&hmac, key, text, n, at, is_good, err) : VRES_OK;
}

/*
 * What is there
 * ----------------------------------------------------------------------------------------
 */

static vres_status read_checkpoint(struct audit_log *log, int fd, struct audit_found *f,
                                   vres_error *err)
{
	struct audit_checkpoint c;
	bool is_good = false;
	uint64_t bytes;
	size_t n = 0;

	TRY(vres_private_check(fd, false, "the log's checkpoint", &bytes, err));
	TRY(vres_os_read(fd, 0, log->batch, CHECKPOINT_MAX, &n, err));
	if (n == 0 || log->batch[n - 1] != '\n' || !audit_checkpoint_scan(log->batch, n - 1, &c))
		return vres_fail(err, VRES_E_AUDIT, "the log's checkpoint is damaged");
	TRY(check_mac(log, c.epoch, c.text, c.bytes, c.mac_at, &is_good, err));
	if (!is_good)
		return vres_fail(err, VRES_E_AUDIT,
		                 "the log's checkpoint is under another key, or was edited");
	f->has_checkpoint = true;
	f->checkpoint_seq = c.seq;
	f->checkpoint_epoch = c.epoch;
	audit_hash_bytes(c.hash, f->checkpoint_hash);
	return VRES_OK;
}

static vres_status read_first_line(struct audit_log *log, struct audit_found *f, vres_error *err)
{
	struct audit_line first;
	const char *end;
	size_t n = 0;

	TRY(vres_os_read(log->fd, 0, log->line, AUDIT_LINE_MAX, &n, err));
	end = memchr(log->line, '\n', n);
	if (end == NULL || !audit_line_scan(log->line, (size_t)(end - log->line), &first) ||
	    first.event != AUDIT_HEADER)
		return vres_fail(err, VRES_E_AUDIT, "the file does not begin as an audit log does");
	if (first.is_forward != log->choice.is_forward)
		return vres_fail(err, VRES_E_AUDIT, "the log is in mode %s",
		                 first.is_forward ? "forward" : "token");
	f->is_simulated = first.is_simulated;
	log->first_seq = first.seq;
	memcpy(log->day, first.timestamp, sizeof(log->day) - 1);
	return VRES_OK;
}

static vres_status check_last_line(struct audit_log *log, const char *line, size_t n,
                                   struct audit_found *f, vres_error *err)
{
	struct audit_point *p = &f->last;
	struct audit_line last;
	bool is_good = false;

	if (!audit_line_scan(line, n, &last) || last.seq < log->first_seq)
		return vres_fail(err, VRES_E_AUDIT,
		                 "the last line of the log is not one that this library writes");
	for (uint64_t ahead = 0; ahead < 2 && !is_good; ahead++) {
		p->line_epoch = log->keys->epoch + ahead;
		TRY(check_mac(log, p->line_epoch, line, n, last.hash_at, &is_good, err));
	}
	if (!is_good)
		return vres_fail(err, VRES_E_AUDIT,
		                 "the last line of the log, seq %" PRIu64
		                 ", is under another key, or was edited",
		                 last.seq);
	p->seq = last.seq;
	audit_hash_bytes(last.hash, p->hash);
	p->epoch = p->line_epoch + (last.event == AUDIT_EPOCH);
	f->is_rotated = last.event == AUDIT_ROTATED;
	return VRES_OK;
}

/* Read the last whole line, and what stands behind it. */
static vres_status read_end(struct audit_log *log, uint64_t bytes, struct audit_found *f,
                            vres_error *err)
{
	const size_t room = (size_t)min_u64(bytes, WINDOW);
	const char *text = log->batch, *end, *start;
	uint8_t digest[VRES_SHA256_BYTES];
	size_t n = 0;

	TRY(vres_os_read(log->fd, (int64_t)(bytes - room), log->batch, room, &n, err));
	if (n != room)
		return vres_fail(err, VRES_E_IO, "the log became shorter while it was read");
	end = memrchr(text, '\n', n);
	f->torn = end ? (uint64_t)(text + n - end - 1) : n;
	f->last.size = bytes - f->torn;
	if (f->torn >= AUDIT_LINE_MAX ||
	    (end == NULL && (room < bytes || !audit_line_may_begin(text, n))))
		return vres_fail(err, VRES_E_AUDIT, "the file does not end as an audit log does");
	TRY(vres_sha256_whole(&log->hash, end ? end + 1 : text, (size_t)f->torn, digest, err));
	vres_hex(digest, f->torn_sha256);
	f->has_line = end != NULL;
	if (end == NULL)
		return VRES_OK;
	start = memrchr(text, '\n', (size_t)(end - text));
	if ((start == NULL && room < bytes) ||
	    (size_t)(end - (start ? start : text)) >= AUDIT_LINE_MAX)
		return vres_fail(err, VRES_E_AUDIT,
		                 "the last line of the log is longer than a line can be");
	start = start ? start + 1 : text;
	TRY(read_first_line(log, f, err));
	return check_last_line(log, start, (size_t)(end - start), f, err);
}

/* The line that the checkpoint names was on disk, so the log must reach it. */
static vres_status compare_checkpoint(struct audit_found *f, vres_error *err)
{
	struct audit_point *p = &f->last;

	/* A crash came between renaming a full file and writing the next one. */
	if (!f->has_line && f->has_checkpoint) {
		p->seq = f->checkpoint_seq;
		memcpy(p->hash, f->checkpoint_hash, sizeof(p->hash));
		p->line_epoch = p->epoch = f->checkpoint_epoch;
	}
	if (!f->has_checkpoint && f->has_line && p->seq > 1)
		return vres_fail(err, VRES_E_AUDIT,
		                 "the log has lines up to seq %" PRIu64
		                 " and no checkpoint: it was removed",
		                 p->seq);
	if (f->has_checkpoint && p->seq < f->checkpoint_seq)
		return vres_fail(err, VRES_E_AUDIT,
		                 "the log ends at seq %" PRIu64 ", its checkpoint says %" PRIu64
		                 ": lines were removed",
		                 p->seq, f->checkpoint_seq);
	if (f->has_checkpoint && p->seq == f->checkpoint_seq &&
	    memcmp(p->hash, f->checkpoint_hash, sizeof(p->hash)) != 0)
		return vres_fail(err, VRES_E_AUDIT,
		                 "the log's line at seq %" PRIu64
		                 " is not the one its checkpoint speaks of",
		                 p->seq);
	return VRES_OK;
}

/* Under a second name another writer would take another lock. */
static vres_status check_only_name(int fd, vres_error *err)
{
	struct os_file file;

	TRY(vres_os_stat(fd, &file, err));
	if (file.links != 1)
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "the audit log has another name (a hard link), under which "
		                 "somebody else may write it");
	return VRES_OK;
}

static vres_status examine_files(struct audit_log *log, struct audit_found *f, vres_error *err)
{
	CLEANUP(vres_os_closep) int checkpoint = -1;
	uint64_t bytes = 0;

	TRY(open_if(log, "", FILE_APPEND, "the audit log", &log->fd, err));
	TRY(open_if(log, ".checkpoint", FILE_READ, "the log's checkpoint", &checkpoint, err));
	if (log->fd >= 0)
		TRY(vres_private_check(log->fd, false, "the audit log", &bytes, err));
	if (log->fd >= 0)
		TRY(check_only_name(log->fd, err));
	TRY(find_keys(log, bytes == 0 && checkpoint < 0, err));
	f->last.line_epoch = f->last.epoch = log->keys->epoch;
	if (checkpoint >= 0)
		TRY(read_checkpoint(log, checkpoint, f, err));
	if (bytes > 0)
		TRY(read_end(log, bytes, f, err));
	return compare_checkpoint(f, err);
}

/*
 * What is done about it
 * ----------------------------------------------------------------------------------------
 */

static vres_status make_file(struct audit_log *log, vres_error *err)
{
	if (log->fd < 0)
		TRY(vres_file_open(log->folder, log->name, FILE_CREATE, "the audit log", &log->fd,
		                   err));
	/* Even if it exists: its creator may have died before this. */
	return vres_folder_sync(log->folder, err);
}

static vres_status begin_session(struct audit_log *log, const struct audit_found *f,
                                 vres_error *err)
{
	TRY(make_file(log, err));
	if (f->torn > 0)
		TRY(vres_file_cut(log->fd, f->last.size, err));
	TRY(vres_file_sync(log->fd, err)); /* from here on the checkpoint may name any line */
	log->written = log->synced = f->last;
	log->checkpointed = f->checkpoint_seq;
	log->is_rotating = f->is_rotated;
	/* A log of one line may have no checkpoint; give it one before there are two lines. */
	if (f->has_line && !f->has_checkpoint)
		TRY(vres_audit_checkpoint_write(log, err));
	if (f->has_line && !f->is_rotated)
		TRY(vres_audit_log_opened(log, err));
	if ((f->has_line &&
	     (f->is_simulated != log->choice.is_simulated || vres_audit_log_is_full(log))) ||
	    f->is_rotated)
		/*
		 * What a header says must hold for its whole file, and restarts must not make it
		 * larger without end.
		 */
		TRY(vres_audit_log_rotate(log, err));
	if (log->written.size == 0)
		TRY(vres_audit_log_header(log, err));
	if (f->torn > 0)
		TRY(vres_audit_log_repaired(log, f->torn, f->torn_sha256, err));
	TRY(vres_audit_batch_sync(log, err));
	return vres_audit_checkpoint_write(log, err);
}

vres_status vres_audit_log_open(struct audit_log *log, const struct audit_choice *choice,
                                const char *worker_id, vres_error *err)
{
	uint8_t session[VRES_SHA256_BYTES];
	struct audit_found f = {.torn = 0};
	vres_status status;
	const char *name;
	char hex[65];
	bool is_new;

	log->fd = log->folder = log->lock = -1;
	log->choice = *choice;
	TRY(vres_os_random(session, sizeof(session), err));
	if (choice->session)
		memcpy(session, choice->session, SESSION_BYTES);
	vres_hex(session, hex);
	memcpy(log->author.session, hex, 2 * SESSION_BYTES);
	memcpy(log->author.worker_id, worker_id, strlen(worker_id) + 1);
	log->batch = vres_os_alloc(AUDIT_BATCH_BYTES);
	if (log->batch == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for the audit log");
	TRY(vres_sha256_open(&log->hash, err));
	TRY(vres_private_folder(choice->path, FILE_NAME_MAX, "the audit log", &log->folder, &name,
	                        err));
	memcpy(log->name, name, strlen(name) + 1);
	TRY(take_lock(log, err));
	TRY(examine_files(log, &f, err));
	is_new = log->fd < 0;
	status = begin_session(log, &f, err);
	if (status != VRES_OK && is_new && log->fd >= 0 && log->written.size == 0)
		vres_file_unlink(log->folder, log->name); /* made just now, and without a line */
	TRY(status);
	log->choice.path = log->choice.forward_key = NULL;
	log->choice.key = NULL;
	log->choice.session = NULL;
	return VRES_OK;
}
