/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The checkpoint, LOG.key, and the file that follows a full one. */
#include "audit/log/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>

static vres_status write_checkpoint(struct audit_log *log, vres_error *err)
{
	const struct audit_point *p = &log->synced;
	const uint8_t *key = vres_audit_keys_line(log->keys, p->line_epoch);
	char name[AUDIT_NAME_MAX], temporary[AUDIT_NAME_MAX];
	uint8_t mac[VRES_SHA256_BYTES];
	size_t n, mac_at;
	vres_status status;

	if (key == NULL)
		return vres_fail(err, VRES_E_AUDIT, "the log's key is behind its last line");
	vres_audit_batch_name(log, ".checkpoint", name);
	vres_audit_batch_name(log, ".checkpoint.tmp", temporary);
	n = vres_audit_checkpoint_line(p->line_epoch, p->hash, p->seq, log->author.worker_id,
	                               log->line, &mac_at);
	TRY(vres_crypto_hmac(key, log->line, n, mac, err));
	vres_audit_line_insert(log->line, &n, mac_at, mac);
	log->line[n++] = '\n';
	vres_file_unlink(log->folder, temporary);
	status = vres_file_write_new(log->folder, temporary, "the new checkpoint", log->line, n,
	                             err);
	if (status == VRES_OK)
		status = vres_file_rename(log->folder, temporary, name, true, err);
	if (status != VRES_OK)
		vres_file_unlink(log->folder, temporary);
	/*
	 * The first checkpoint must stay: a log of two lines without one looks as if it had been
	 * removed.  Later, an older checkpoint that comes back after a loss of power does no harm.
	 */
	if (status == VRES_OK && log->checkpointed == 0)
		status = vres_folder_sync(log->folder, err);
	if (status == VRES_OK)
		log->checkpointed = p->seq;
	return status;
}

vres_status vres_audit_checkpoint_write(struct audit_log *log, vres_error *err)
{
	char name[AUDIT_NAME_MAX];

	if (log->checkpointed != log->synced.seq)
		TRY(write_checkpoint(log, err));
	if (!log->choice.is_forward || log->synced.line_epoch == log->keys->epoch)
		return VRES_OK;
	/* The checkpoint's name must be on disk before the key it needs is gone. */
	TRY(vres_folder_sync(log->folder, err));
	vres_audit_batch_name(log, ".key", name);
	return vres_audit_keys_advance(log->keys, log->folder, name, err);
}

/* Rename LOG, unless an earlier attempt got that far. */
static vres_status rename_full(struct audit_log *log, vres_error *err)
{
	char full[AUDIT_NAME_MAX], suffix[24];
	struct os_name now;

	TRY(vres_file_look(log->folder, log->name, log->fd, &now, err));
	if (now.exists && !now.is_same) {
		log->is_replaced = true;
		return vres_fail(err, VRES_E_AUDIT,
		                 "the audit log was replaced or changed by somebody else");
	}
	if (now.exists) {
		(void)snprintf(suffix, sizeof(suffix), ".%016" PRIx64, log->first_seq);
		vres_audit_batch_name(log, suffix, full);
		TRY(vres_file_rename(log->folder, log->name, full, false, err));
	}
	return vres_folder_sync(log->folder, err);
}

vres_status vres_audit_checkpoint_next_file(struct audit_log *log, vres_error *err)
{
	int fd = -1;
	vres_status status;

	TRY(vres_audit_checkpoint_write(log, err));
	/* The next file goes on from the checkpoint, so it must be on disk before LOG is renamed.
	 */
	TRY(vres_folder_sync(log->folder, err));
	TRY(rename_full(log, err));
	TRY(vres_file_open(log->folder, log->name, FILE_CREATE, "the next audit log", &fd, err));
	status = vres_folder_sync(log->folder, err);
	if (status != VRES_OK) { /* the name may not be on disk: start over */
		vres_file_unlink(log->folder, log->name);
		vres_os_close(fd);
		return status;
	}
	vres_os_close(log->fd);
	log->fd = fd;
	log->written.size = 0;
	log->synced = log->written;
	log->is_rotating = false;
	return VRES_OK;
}
