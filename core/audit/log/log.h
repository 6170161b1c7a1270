/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The audit log as files (docs/FORMAT.md, "Audit log"): which lines come in which order, when an
 * epoch ends, and when another file begins.  One thread at a time.
 */
#ifndef VRES_CORE_AUDIT_LOG_LOG_H
#define VRES_CORE_AUDIT_LOG_LOG_H

#include "audit/log/batch.h"

/* Free what it holds, after vres_audit_log_open() or a failure of it; writes nothing. */
void vres_audit_log_close(struct audit_log *log);

/*
 * Add an event, which counts as attempted from now on.  Losses before it are reported first.
 */
vres_status vres_audit_log_event(struct audit_log *log, const struct audit_slot *slot,
                                 vres_error *err);

/* The first line of a file; the first line of a session in a file that has lines. */
vres_status vres_audit_log_header(struct audit_log *log, vres_error *err);
vres_status vres_audit_log_opened(struct audit_log *log, vres_error *err);

/* The line directly after either of them, if a torn line was cut off. */
vres_status vres_audit_log_repaired(struct audit_log *log, uint64_t bytes, const char *sha256,
                                    vres_error *err);

/* Report lost events, if there are any that were not reported. */
vres_status vres_audit_log_settle(struct audit_log *log, vres_error *err);

/* Write the last lines of a session and bring them to disk. */
vres_status vres_audit_log_finish(struct audit_log *log, vres_error *err);

/* Has LOG no room for another line and for what ends it? */
bool vres_audit_log_is_full(const struct audit_log *log);

/* End this file and begin the next. */
vres_status vres_audit_log_rotate(struct audit_log *log, vres_error *err);

/* How many of the attempted events are not in the log.  The batch must be empty. */
uint64_t vres_audit_log_lost(const struct audit_log *log);

/* Has an epoch ended whose key is still in LOG.key? */
bool vres_audit_log_epoch_ended(const struct audit_log *log);

#endif
