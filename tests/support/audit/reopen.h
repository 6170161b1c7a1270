/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An audit log that is opened again after something was done to it. */
#ifndef TESTS_SUPPORT_AUDIT_REOPEN_H
#define TESTS_SUPPORT_AUDIT_REOPEN_H

#include "support/audit/temp_log.h"

/* A log of three events, closed. */
struct temp_log log_of_three(bool forward);

/*
 * Open and close the log of a place with the key of @token, or as temp_log_options() has it.  A
 * refusal is seen to give nothing out.
 */
vres_status reopen_with(struct temp_log *p, const char *token, const vres_audit_file_options *o,
                        vres_error *err);
vres_status reopen(struct temp_log *p, bool forward, vres_error *err);

/* A digest of every file of the place but LOG.lock: names, modes and bytes. */
void files_digest(const struct temp_log *p, char hex[65]);

/* Opening it fails so, and leaves everything as it is. */
void ck_reopen_refused(struct temp_log *p, bool forward, vres_status want, const char *message);

#endif
