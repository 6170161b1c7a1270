/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writing the lines of an audit log (docs/FORMAT.md, "Audit log").  The thread that has an event
 * copies and screens it into a slot of fixed size.  The writer's thread makes a line of the slot.
 * Neither allocates.
 */
#ifndef VRES_CORE_AUDIT_FORMAT_LINE_WRITE_H
#define VRES_CORE_AUDIT_FORMAT_LINE_WRITE_H

#include <vres/vres.h>

#include "audit/format/format.h"
#include "hash/crypto.h"

/*
 * A longer text is replaced by its SHA-256; fixed by the format.  A line has room for three of them
 * with every byte escaped.
 */
#define AUDIT_TEXT_MAX 512u
#define AUDIT_TEXTS    3u
_Static_assert(2 * AUDIT_TEXTS * AUDIT_TEXT_MAX + 2048 <= AUDIT_LINE_MAX,
               "the longest line must fit");

#define AUDIT_FIELDS 9u

struct audit_slot {
	uint32_t type; /* vres_event_type or audit_event */
	uint32_t text_bytes;
	uint64_t time;
	uint16_t present;                        /* bit i: field i of this type has a value */
	uint64_t values[AUDIT_FIELDS];           /* the number, or the length of the text */
	char text[AUDIT_TEXTS * AUDIT_TEXT_MAX]; /* the texts, one after the other */
};

/*
 * Copy @event.  @hash is used for texts that a line cannot hold.  VRES_E_INVALID_INPUT for an
 * unknown type.
 */
vres_status vres_audit_slot_fill(struct audit_slot *slot, const vres_event *event,
                                 struct sha256 *hash, vres_error *err);

/* An event of the log's own: begin, then the fields in the order of the table in line_write.c. */
void vres_audit_slot_begin(struct audit_slot *slot, uint32_t type, uint64_t time);
void vres_audit_slot_number(struct audit_slot *slot, const char *key, uint64_t value);
void vres_audit_slot_text(struct audit_slot *slot, const char *key, const char *value);

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
