/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lines into a batch, a batch into LOG, LOG to disk; see writer.h.  Rotation and checkpoint are in
 * rotate.c.
 */
#include "audit/log/log.h"

#include <stdio.h>

#include "base/json.h"

/*
 * Room in a file for what ends it: the end of a session, the beginning of the next, and of both an
 * epoch's end.
 */
#define ROTATION_BYTES 4096u

void vres_audit_log_name(const struct audit_log *log, const char *suffix, char out[AUDIT_NAME_MAX])
{
	(void)snprintf(out, AUDIT_NAME_MAX, "%s%s", log->name, suffix);
}

static const struct audit_point *last_point(const struct audit_log *log)
{
	return log->points_count > 0 ? &log->points[log->points_count - 1] : &log->written;
}

uint64_t vres_audit_log_lost(const struct audit_log *log)
{
	return log->attempted - log->written.events;
}

bool vres_audit_log_epoch_ended(const struct audit_log *log)
{
	return log->choice.is_forward && last_point(log)->line_epoch != log->keys->epoch;
}

/*
 * Into LOG
 * ----------------------------------------------------------------------------------------
 */

static vres_status cut(struct audit_log *log, vres_error *err)
{
	TRY(vres_file_cut(log->fd, log->written.size, err));
	log->is_torn = false;
	return VRES_OK;
}

/* Is LOG still the file that was opened, as long as it was left? */
static vres_status look(struct audit_log *log, vres_error *err)
{
	struct os_name now;

	if (log->is_replaced)
		return vres_fail(err, VRES_E_AUDIT,
		                 "the audit log was replaced or changed by somebody else");
	TRY(vres_file_look(log->folder, log->name, log->fd, &now, err));
	log->is_replaced =
		!now.exists || !now.is_same || (!log->is_torn && now.bytes != log->written.size);
	if (log->is_replaced)
		return look(log, err);
	return log->is_torn ? cut(log, err) : VRES_OK;
}

vres_status vres_audit_log_commit(struct audit_log *log, vres_error *err)
{
	const size_t n = log->batch_bytes, count = log->points_count;
	const uint64_t start = log->written.size;
	size_t done = 0;
	vres_status status;

	log->batch_bytes = 0;
	log->points_count = 0;
	if (count == 0)
		return VRES_OK;
	TRY(look(log, err));
	status = vres_file_append(log->fd, log->batch, n, &done, err);
	for (size_t i = 0; i < count && log->points[i].size <= start + done; i++)
		log->written = log->points[i];
	if (status != VRES_OK) {
		log->is_torn = true;
		(void)cut(log, NULL); /* tried again before the next batch */
	}
	return status;
}

vres_status vres_audit_log_sync(struct audit_log *log, vres_error *err)
{
	vres_status status;

	TRY(vres_audit_log_commit(log, err));
	if (log->synced.seq == log->written.seq && log->synced.size == log->written.size)
		return VRES_OK;
	status = vres_file_sync(log->fd, err);
	if (status == VRES_OK) {
		log->synced = log->written;
		return VRES_OK;
	}
	/*
	 * What the system failed to write it may have forgotten; a later success would say nothing
	 * of it.  Only what was on disk before counts.
	 */
	log->written = log->synced;
	log->is_torn = true;
	(void)cut(log, NULL);
	return status;
}

/*
 * Into the batch
 * ----------------------------------------------------------------------------------------
 */

static void advance(struct audit_point *p, const struct audit_slot *slot,
                    const uint8_t hash[VRES_SHA256_BYTES], size_t bytes)
{
	p->size += bytes;
	p->seq++;
	memcpy(p->hash, hash, VRES_SHA256_BYTES);
	p->line_epoch = p->epoch;
	p->epoch_lines++;
	if (slot->type < AUDIT_HEADER)
		p->events++;
	if (slot->type == AUDIT_LOST)
		p->reported += slot->values[1];
	if (slot->type != AUDIT_EPOCH)
		return;
	p->epoch++;
	p->epoch_lines = 0;
}

static vres_status add(struct audit_log *log, const struct audit_slot *slot, vres_error *err)
{
	uint8_t hash[VRES_SHA256_BYTES];
	struct audit_point next;
	const uint8_t *key;
	size_t n, hash_at;

	if (log->batch_bytes + AUDIT_LINE_MAX > AUDIT_BATCH_BYTES ||
	    log->points_count == AUDIT_BATCH_LINES)
		TRY(vres_audit_log_commit(log, err));
	next = *last_point(log);
	key = vres_audit_keys_line(log->keys, next.epoch);
	if (key == NULL || next.seq >= AUDIT_NUMBER_MAX)
		return vres_fail(err, VRES_E_AUDIT,
		                 key ? "the log's sequence numbers are used up"
		                     : "the log's key is behind its last line");
	n = vres_audit_line(slot, &log->author, next.seq + 1, next.hash, log->line, &hash_at);
	TRY(vres_crypto_hmac(key, log->line, n, hash, err));
	vres_audit_line_insert(log->line, &n, hash_at, hash);
	log->line[n++] = '\n';
	memcpy(log->batch + log->batch_bytes, log->line, n);
	log->batch_bytes += n;
	advance(&next, slot, hash, n);
	log->points[log->points_count++] = next;
	return VRES_OK;
}

struct audit_slot *vres_audit_log_own(struct audit_log *log, enum audit_event type)
{
	vres_audit_slot_begin(&log->own, (uint32_t)type, log->choice.wall());
	return &log->own;
}

/* Later days only: a clock that was set back must not make a file for each line. */
static void note_day(struct audit_log *log, uint64_t time)
{
	char day[31];

	vres_rfc3339(time, day);
	if (memcmp(day, log->day, 10) > 0)
		memcpy(log->day, day, 10);
}

vres_status vres_audit_log_header(struct audit_log *log, vres_error *err)
{
	struct audit_slot *header = vres_audit_log_own(log, AUDIT_HEADER);

	if (log->choice.is_forward)
		vres_audit_slot_number(header, "epoch", last_point(log)->epoch);
	vres_audit_slot_text(header, "key_mode", log->choice.is_forward ? "forward" : "token");
	vres_audit_slot_text(header, "session", log->author.session);
	if (log->choice.is_simulated)
		vres_audit_slot_number(header, "simulated", 1);
	note_day(log, header->time);
	log->first_seq = last_point(log)->seq + 1;
	return add(log, header, err);
}

static vres_status add_epoch(struct audit_log *log, vres_error *err)
{
	struct audit_slot *epoch = vres_audit_log_own(log, AUDIT_EPOCH);

	vres_audit_slot_number(epoch, "epoch", last_point(log)->epoch + 1);
	return add(log, epoch, err);
}

/* End the epoch, unless its predecessor's key is still in LOG.key: that has to go first. */
static vres_status end_epoch(struct audit_log *log, vres_error *err)
{
	if (!log->choice.is_forward || last_point(log)->epoch != log->keys->epoch)
		return VRES_OK;
	return add_epoch(log, err);
}

bool vres_audit_log_is_full(const struct audit_log *log)
{
	return last_point(log)->size + AUDIT_LINE_MAX + ROTATION_BYTES > log->choice.rotate_bytes;
}

static bool file_is_over(const struct audit_log *log, const struct audit_slot *slot)
{
	char day[31];

	if (vres_audit_log_is_full(log))
		return true;
	if (!log->choice.rotate_daily)
		return false;
	vres_rfc3339(slot->time, day);
	return memcmp(day, log->day, 10) > 0;
}

/* Whatever has to come before a line: another file, its header, another epoch. */
static vres_status prepare(struct audit_log *log, const struct audit_slot *slot, vres_error *err)
{
	if (log->is_rotating || (last_point(log)->size > 0 && file_is_over(log, slot))) {
		TRY(vres_audit_log_rotate(log, err));
		note_day(log, slot->time);
	}
	if (last_point(log)->size == 0)
		TRY(vres_audit_log_header(log, err));
	if (last_point(log)->epoch_lines + 1 >= log->choice.epoch_lines)
		TRY(end_epoch(log, err));
	return VRES_OK;
}

vres_status vres_audit_log_add_own(struct audit_log *log, vres_error *err)
{
	/* What comes before it is made in the same place. */
	const struct audit_slot line = log->own;

	TRY(prepare(log, &line, err));
	return add(log, &line, err);
}

vres_status vres_audit_log_opened(struct audit_log *log, vres_error *err)
{
	vres_audit_slot_text(vres_audit_log_own(log, AUDIT_OPENED), "session", log->author.session);
	return add(log, &log->own, err);
}

vres_status vres_audit_log_repaired(struct audit_log *log, uint64_t bytes, const char *sha256,
                                    vres_error *err)
{
	struct audit_slot *line = vres_audit_log_own(log, AUDIT_REPAIRED);

	vres_audit_slot_number(line, "removed_bytes", bytes);
	vres_audit_slot_text(line, "removed_sha256", sha256);
	return add(log, line, err);
}

vres_status vres_audit_log_settle(struct audit_log *log, vres_error *err)
{
	const struct audit_point *p = last_point(log);
	const uint64_t lost = log->attempted - p->events - p->reported;

	if (lost == 0)
		return VRES_OK;
	vres_audit_slot_number(vres_audit_log_own(log, AUDIT_LOST), "lost_events", lost);
	return vres_audit_log_add_own(log, err);
}

vres_status vres_audit_log_event(struct audit_log *log, const struct audit_slot *slot,
                                 vres_error *err)
{
	const vres_status settled = vres_audit_log_settle(log, err);

	log->attempted++;
	TRY(settled);
	TRY(prepare(log, slot, err));
	return add(log, slot, err);
}

vres_status vres_audit_log_last_line(struct audit_log *log, enum audit_event type, vres_error *err)
{
	/* An epoch that ended has to be done with before another can end. */
	if (vres_audit_log_epoch_ended(log)) {
		TRY(vres_audit_log_sync(log, err));
		TRY(vres_audit_log_checkpoint(log, err));
	}
	TRY(end_epoch(log, err));
	return add(log, vres_audit_log_own(log, type), err);
}

vres_status vres_audit_log_finish(struct audit_log *log, vres_error *err)
{
	TRY(vres_audit_log_settle(log, err));
	if (log->is_rotating || last_point(log)->size == 0)
		TRY(prepare(log, vres_audit_log_own(log, AUDIT_CLOSED), err));
	TRY(vres_audit_log_last_line(log, AUDIT_CLOSED, err));
	TRY(vres_audit_log_sync(log, err));
	return vres_audit_log_checkpoint(log, err);
}

void vres_audit_log_close(struct audit_log *log)
{
	vres_audit_keys_destroy(&log->keys);
	vres_sha256_close(&log->hash);
	vres_os_free(log->batch);
	for (size_t i = 0; i < 3; i++) {
		int *fd = (int *[]){&log->fd, &log->folder, &log->lock}[i];

		if (*fd >= 0)
			vres_os_close(*fd);
		*fd = -1;
	}
	log->batch = NULL;
}
