/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Events and the log's own lines in their order, one file after another. */
#include "audit/log/log.h"

#include "audit/log/checkpoint.h"
#include "base/json.h"

/*
 * Room in a file for the lines that end it: the end of a session, the beginning of the next, and
 * the ends of two epochs.
 */
#define ROTATION_BYTES 4096u

uint64_t vres_audit_log_lost(const struct audit_log *log)
{
	return log->attempted - log->written.events;
}

bool vres_audit_log_epoch_ended(const struct audit_log *log)
{
	return log->choice.is_forward && vres_audit_batch_end(log)->line_epoch != log->keys->epoch;
}

/* Begin a line of the log's own. */
static struct audit_slot *own_line(struct audit_log *log, enum audit_event type)
{
	vres_audit_slot_begin(&log->own, (uint32_t)type, log->choice.wall());
	return &log->own;
}

/* The day never goes back: a clock that was set back must not make a file for each line. */
static void note_day(struct audit_log *log, uint64_t time)
{
	char day[31];

	vres_rfc3339(time, day);
	if (memcmp(day, log->day, 10) > 0)
		memcpy(log->day, day, 10);
}

vres_status vres_audit_log_header(struct audit_log *log, vres_error *err)
{
	struct audit_slot *header = own_line(log, AUDIT_HEADER);

	if (log->choice.is_forward)
		vres_audit_slot_number(header, "epoch", vres_audit_batch_end(log)->epoch);
	vres_audit_slot_text(header, "key_mode", log->choice.is_forward ? "forward" : "token");
	vres_audit_slot_text(header, "session", log->author.session);
	if (log->choice.is_simulated)
		vres_audit_slot_number(header, "simulated", 1);
	note_day(log, header->time);
	log->first_seq = vres_audit_batch_end(log)->seq + 1;
	return vres_audit_batch_add(log, header, err);
}

vres_status vres_audit_log_opened(struct audit_log *log, vres_error *err)
{
	vres_audit_slot_text(own_line(log, AUDIT_OPENED), "session", log->author.session);
	return vres_audit_batch_add(log, &log->own, err);
}

vres_status vres_audit_log_repaired(struct audit_log *log, uint64_t bytes, const char *sha256,
                                    vres_error *err)
{
	struct audit_slot *line = own_line(log, AUDIT_REPAIRED);

	vres_audit_slot_number(line, "removed_bytes", bytes);
	vres_audit_slot_text(line, "removed_sha256", sha256);
	return vres_audit_batch_add(log, line, err);
}

/* End the epoch, unless LOG.key still has the key of the epoch before: that has to go first. */
static vres_status end_epoch(struct audit_log *log, vres_error *err)
{
	const uint64_t epoch = vres_audit_batch_end(log)->epoch;

	if (!log->choice.is_forward || epoch != log->keys->epoch)
		return VRES_OK;
	vres_audit_slot_number(own_line(log, AUDIT_EPOCH), "epoch", epoch + 1);
	return vres_audit_batch_add(log, &log->own, err);
}

/* The last line of a file or a session, under the next epoch's key. */
static vres_status add_last_line(struct audit_log *log, enum audit_event type, vres_error *err)
{
	/* The epoch that ended last must be complete on disk before this one can end. */
	if (vres_audit_log_epoch_ended(log)) {
		TRY(vres_audit_batch_sync(log, err));
		TRY(vres_audit_checkpoint_write(log, err));
	}
	TRY(end_epoch(log, err));
	return vres_audit_batch_add(log, own_line(log, type), err);
}

vres_status vres_audit_log_rotate(struct audit_log *log, vres_error *err)
{
	if (!log->is_rotating) {
		TRY(add_last_line(log, AUDIT_ROTATED, err));
		TRY(vres_audit_batch_sync(log, err));
		log->is_rotating = true;
	}
	return vres_audit_checkpoint_next_file(log, err);
}

bool vres_audit_log_is_full(const struct audit_log *log)
{
	return vres_audit_batch_end(log)->size + AUDIT_LINE_MAX + ROTATION_BYTES >
	       log->choice.rotate_bytes;
}

static bool needs_next_file(const struct audit_log *log, const struct audit_slot *slot)
{
	char day[31];

	if (log->is_rotating)
		return true;
	if (vres_audit_batch_end(log)->size == 0)
		return false;
	if (vres_audit_log_is_full(log) || !log->choice.rotate_daily)
		return vres_audit_log_is_full(log);
	vres_rfc3339(slot->time, day);
	return memcmp(day, log->day, 10) > 0;
}

/* Add what has to come before a line: another file, its header, the end of an epoch. */
static vres_status prepare(struct audit_log *log, const struct audit_slot *slot, vres_error *err)
{
	if (needs_next_file(log, slot)) {
		TRY(vres_audit_log_rotate(log, err));
		note_day(log, slot->time);
	}
	if (vres_audit_batch_end(log)->size == 0)
		TRY(vres_audit_log_header(log, err));
	return vres_audit_batch_end(log)->epoch_lines + 1 >= log->choice.epoch_lines
	               ? end_epoch(log, err)
	               : VRES_OK;
}

vres_status vres_audit_log_settle(struct audit_log *log, vres_error *err)
{
	const struct audit_point *p = vres_audit_batch_end(log);
	const uint64_t lost = log->attempted - p->events - p->reported;
	struct audit_slot line;

	if (lost == 0)
		return VRES_OK;
	vres_audit_slot_number(own_line(log, AUDIT_LOST), "lost_events", lost);
	line = log->own; /* what comes before it is made in log->own */
	TRY(prepare(log, &line, err));
	return vres_audit_batch_add(log, &line, err);
}

vres_status vres_audit_log_event(struct audit_log *log, const struct audit_slot *slot,
                                 vres_error *err)
{
	const vres_status settled = vres_audit_log_settle(log, err);

	log->attempted++;
	TRY(settled);
	TRY(prepare(log, slot, err));
	return vres_audit_batch_add(log, slot, err);
}

vres_status vres_audit_log_finish(struct audit_log *log, vres_error *err)
{
	TRY(vres_audit_log_settle(log, err));
	if (log->is_rotating || vres_audit_batch_end(log)->size == 0)
		TRY(prepare(log, own_line(log, AUDIT_CLOSED), err));
	TRY(add_last_line(log, AUDIT_CLOSED, err));
	TRY(vres_audit_batch_sync(log, err));
	return vres_audit_checkpoint_write(log, err);
}

void vres_audit_log_close(struct audit_log *log)
{
	vres_audit_keys_destroy(&log->keys);
	vres_sha256_close(&log->hash);
	vres_os_free(log->batch);
	log->batch = NULL;
	for (size_t i = 0; i < 3; i++) {
		int *fd = (int *[]){&log->fd, &log->folder, &log->lock}[i];

		if (*fd >= 0)
			vres_os_close(*fd);
		*fd = -1;
	}
}
