/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing the lines of an audit log (docs/FORMAT.md, "Audit log"), and its checkpoint. */
#ifndef VRES_CORE_AUDIT_FORMAT_LINE_WRITE_H
#define VRES_CORE_AUDIT_FORMAT_LINE_WRITE_H

#include "audit/format/slot.h"

/* What is the same in every line of a session. */
struct audit_author {
	char session[33], worker_id[65];
};

/*
 * Write the line without its newline and with an empty hash; returns its length.  *hash_at is where
 * the 64 digits belong.  @prev is the hash of the line before.
 */
size_t vres_audit_line(const struct audit_slot *slot, const struct audit_author *author,
                       uint64_t seq, const uint8_t prev[VRES_SHA256_BYTES],
                       char line[AUDIT_LINE_MAX], size_t *hash_at);

/* The same for the checkpoint's line and its MAC. */
size_t vres_audit_checkpoint_line(uint64_t epoch, const uint8_t hash[VRES_SHA256_BYTES],
                                  uint64_t seq, const char *worker_id, char line[AUDIT_LINE_MAX],
                                  size_t *mac_at);

/* Insert 64 hex digits at @at into a line of *n bytes. */
void vres_audit_line_insert(char *line, size_t *n, size_t at, const uint8_t mac[VRES_SHA256_BYTES]);

#endif
