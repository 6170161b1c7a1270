/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The checkpoint, and one file after another.
 *
 * The order of the steps makes a crash at any point harmless.  The checkpoint is written after the
 * lines it names are on disk, and LOG.key after the checkpoint, so the last line and the checkpoint
 * are always under the key in LOG.key or the next one.  A full file is renamed after the checkpoint
 * of its last line, which is all that the next file needs to go on.
 */
#ifndef VRES_CORE_AUDIT_LOG_CHECKPOINT_H
#define VRES_CORE_AUDIT_LOG_CHECKPOINT_H

#include "audit/log/batch.h"

/* After a sync: write the checkpoint and, if an epoch has ended, the next LOG.key. */
vres_status vres_audit_checkpoint_write(struct audit_log *log, vres_error *err);

/* Rename LOG, whose last line is log_rotated and on disk, and create the next one. */
vres_status vres_audit_checkpoint_next_file(struct audit_log *log, vres_error *err);

#endif
