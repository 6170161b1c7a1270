/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The checkpoint, and one file after another.
 *
 * The order of the steps is what makes each crash harmless.  The checkpoint comes after the lines
 * it speaks of, LOG.key after the checkpoint, so that the last line and the checkpoint are under
 * the key in LOG.key or the next.  A file is renamed after the checkpoint of its last line, which
 * is all that the next file needs to go on.
 */
#include <inttypes.h>
#include <stdio.h>

#include "audit/log/log.h"

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		vres_os_close(*fd);
}

static vres_status write_new(int folder, const char *name, const char *line, size_t n,
                             vres_error *err)
{
	CLEANUP(close_fd) int fd = -1;
	size_t done;

	vres_file_unlink(folder, name);
	TRY(vres_file_open(folder, name, FILE_CREATE, "the new checkpoint", &fd, err));
	TRY(vres_file_append(fd, line, n, &done, err));
	return vres_file_sync(fd, err);
}

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
	vres_audit_log_name(log, ".checkpoint", name);
	vres_audit_log_name(log, ".checkpoint.tmp", temporary);
	n = vres_audit_checkpoint_line(p->line_epoch, p->hash, p->seq, log->author.worker_id,
	                               log->line, &mac_at);
	TRY(vres_crypto_hmac(key, log->line, n, mac, err));
	vres_audit_line_insert(log->line, &n, mac_at, mac);
	log->line[n++] = '\n';
	status = write_new(log->folder, temporary, log->line, n, err);
	if (status == VRES_OK)
		status = vres_file_rename(log->folder, temporary, name, true, err);
	if (status != VRES_OK)
		vres_file_unlink(log->folder, temporary);
	/*
	 * Of later ones an older one may come back after a loss of power; without any, a second
	 * line would be taken for a checkpoint removed.
	 */
	if (status == VRES_OK && log->checkpointed == 0)
		status = vres_folder_sync(log->folder, err);
	if (status == VRES_OK)
		log->checkpointed = p->seq;
	return status;
}

vres_status vres_audit_log_checkpoint(struct audit_log *log, vres_error *err)
{
	char name[AUDIT_NAME_MAX];

	if (log->checkpointed != log->synced.seq)
		TRY(write_checkpoint(log, err));
	if (!log->choice.is_forward || log->synced.line_epoch == log->keys->epoch)
		return VRES_OK;
	/* The checkpoint's name must be on disk before the key it needs is gone. */
	TRY(vres_folder_sync(log->folder, err));
	vres_audit_log_name(log, ".key", name);
	return vres_audit_keys_advance(log->keys, log->folder, name, err);
}

/* Rename LOG, unless that was done before something failed. */
static vres_status put_aside(struct audit_log *log, vres_error *err)
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
		vres_audit_log_name(log, suffix, full);
		TRY(vres_file_rename(log->folder, log->name, full, false, err));
	}
	return vres_folder_sync(log->folder, err);
}

static vres_status follow(struct audit_log *log, vres_error *err)
{
	int fd = -1;
	vres_status status;

	TRY(vres_audit_log_checkpoint(log, err));
	/* Before the name of what it speaks of changes: the next file goes on from it. */
	TRY(vres_folder_sync(log->folder, err));
	TRY(put_aside(log, err));
	TRY(vres_file_open(log->folder, log->name, FILE_CREATE, "the next audit log", &fd, err));
	status = vres_folder_sync(log->folder, err);
	if (status != VRES_OK) { /* its name may not be on disk: begin again */
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

static vres_status end_file(struct audit_log *log, vres_error *err)
{
	TRY(vres_audit_log_last_line(log, AUDIT_ROTATED, err));
	TRY(vres_audit_log_sync(log, err));
	log->is_rotating = true;
	return VRES_OK;
}

vres_status vres_audit_log_rotate(struct audit_log *log, vres_error *err)
{
	if (!log->is_rotating)
		TRY(end_file(log, err));
	return follow(log, err);
}
