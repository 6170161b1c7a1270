/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A log of a few lines, and a checker that reads it. */
#ifndef TESTS_SUPPORT_AUDIT_SMALL_LOG_H
#define TESTS_SUPPORT_AUDIT_SMALL_LOG_H

#include <vres/audit_check.h>

#include "support/audit/audit_maker.h"

/* To be given to test_free(). */
struct audit_maker *small_log(bool is_forward);

/* The key of the log in mode token. */
vres_key *small_log_key(void);

/* The file @path with the key of epoch 0 of the log in mode forward; @path ends with XXXXXX. */
void small_log_key_file(char *path);

vres_audit_checker *small_log_checker(const vres_audit_check_options *o);

/* Feed a file, in pieces of @piece bytes. */
void small_log_feed(vres_audit_checker *c, const struct audit_maker *m, size_t piece);

/* The first findings. small_log_tell() is the finding function that fills it. */
struct small_log_told {
	vres_audit_finding findings[8];
	size_t count;
};

void small_log_tell(void *told, const vres_audit_finding *f);

#endif
