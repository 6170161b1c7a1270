/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An audit log that is opened again after something was done to it. */
#ifndef TESTS_SUPPORT_AUDIT_REOPEN_H
#define TESTS_SUPPORT_AUDIT_REOPEN_H

#include "support/audit/temp_log.h"

/* A log of three events, closed. */
struct temp_log log_of_three(bool forward);

/*
 * Open and close the log of a folder, with the key of @token or with temp_log_options().  Asserts
 * that a refusal gives out no log.
 */
vres_status reopen_with(struct temp_log *p, const char *token, const vres_audit_file_options *o,
                        vres_error *err);
vres_status reopen(struct temp_log *p, bool forward, vres_error *err);

/* A digest of the names, modes and bytes of all files of the folder but LOG.lock. */
void files_digest(const struct temp_log *p, char hex[65]);

/* Asserts that opening fails with this status and changes no file. */
void ck_reopen_refused(struct temp_log *p, bool forward, vres_status want, const char *message);

#endif
