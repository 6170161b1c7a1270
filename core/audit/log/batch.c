/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines into a batch, a batch into LOG, LOG to disk. */
#include "audit/log/batch.h"

#include <stdio.h>

void vres_audit_batch_name(const struct audit_log *log, const char *suffix,
                           char out[AUDIT_NAME_MAX])
{
	(void)snprintf(out, AUDIT_NAME_MAX, "%s%s", log->name, suffix);
}

const struct audit_point *vres_audit_batch_end(const struct audit_log *log)
{
	return log->points_count > 0 ? &log->points[log->points_count - 1] : &log->written;
}

static vres_status cut_torn(struct audit_log *log, vres_error *err)
{
	TRY(vres_file_cut(log->fd, log->written.size, err));
	log->is_torn = false;
	return VRES_OK;
}

/* Is LOG still the file that was opened, with the length we left it at? */
static vres_status check_unchanged(struct audit_log *log, vres_error *err)
{
	struct os_name now;

	if (log->is_replaced)
		return vres_fail(err, VRES_E_AUDIT,
		                 "the audit log was replaced or changed by somebody else");
	TRY(vres_file_look(log->folder, log->name, log->fd, &now, err));
	log->is_replaced =
		!now.exists || !now.is_same || (!log->is_torn && now.bytes != log->written.size);
	if (log->is_replaced)
		return check_unchanged(log, err);
	return log->is_torn ? cut_torn(log, err) : VRES_OK;
}

vres_status vres_audit_batch_commit(struct audit_log *log, vres_error *err)
{
	const size_t n = log->batch_bytes, count = log->points_count;
	const uint64_t start = log->written.size;
	size_t done = 0;
	vres_status status;

	log->batch_bytes = 0;
	log->points_count = 0;
	if (count == 0)
		return VRES_OK;
	TRY(check_unchanged(log, err));
	status = vres_file_append(log->fd, log->batch, n, &done, err);
	for (size_t i = 0; i < count && log->points[i].size <= start + done; i++)
		log->written = log->points[i];
	if (status != VRES_OK) {
		log->is_torn = true;
		(void)cut_torn(log, NULL); /* tried again before the next batch */
	}
	return status;
}

vres_status vres_audit_batch_sync(struct audit_log *log, vres_error *err)
{
	vres_status status;

	TRY(vres_audit_batch_commit(log, err));
	if (log->synced.seq == log->written.seq && log->synced.size == log->written.size)
		return VRES_OK;
	status = vres_file_sync(log->fd, err);
	if (status == VRES_OK) {
		log->synced = log->written;
		return VRES_OK;
	}
	/*
	 * After a failed fdatasync() the system may have dropped the pages, and a later success
	 * would say nothing about them.  Go back to what was on disk before.
	 */
	log->written = log->synced;
	log->is_torn = true;
	(void)cut_torn(log, NULL);
	return status;
}

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

vres_status vres_audit_batch_add(struct audit_log *log, const struct audit_slot *slot,
                                 vres_error *err)
{
	uint8_t hash[VRES_SHA256_BYTES];
	struct audit_point next;
	const uint8_t *key;
	size_t n, hash_at;

	if (log->batch_bytes + AUDIT_LINE_MAX > AUDIT_BATCH_BYTES ||
	    log->points_count == AUDIT_BATCH_LINES)
		TRY(vres_audit_batch_commit(log, err));
	next = *vres_audit_batch_end(log);
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
