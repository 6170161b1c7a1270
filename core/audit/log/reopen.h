/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Opening a log: find out where it stands, and refuse to go on where that cannot be trusted.
 *
 * Nothing is changed before everything was checked: the lock, the checkpoint and its MAC, the
 * header, the last whole line and its MAC, and that the log reaches its checkpoint.  Then a torn
 * last line is cut off, and the first lines of the session are brought to disk.
 */
#ifndef VRES_CORE_AUDIT_LOG_REOPEN_H
#define VRES_CORE_AUDIT_LOG_REOPEN_H

#include "audit/log/batch.h"

/* @log is all zero.  It must be closed with vres_audit_log_close() even if this fails. */
vres_status vres_audit_log_open(struct audit_log *log, const struct audit_choice *choice,
                                const char *worker_id, vres_error *err);

#endif
