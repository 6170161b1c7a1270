/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The lines of an audit log (docs/FORMAT.md, "Audit log"): an event is copied, screened, into a
 * slot of fixed size, and a slot is written as a line.  Copying is what the thread that has the
 * event pays for; writing is the writer's work.  No allocation in either.
 */
#ifndef VRES_CORE_AUDIT_FORMAT_LINE_WRITE_H
#define VRES_CORE_AUDIT_FORMAT_LINE_WRITE_H

#include <vres/vres.h>

#include "audit/format/format.h"
#include "hash/crypto.h"

/*
 * A value longer than this is replaced by its SHA-256: fixed by the format.  Three of them, each
 * byte escaped, and the rest of a line fit.
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
 * Copy @event; @hash serves for what does not pass the screening.  VRES_E_INVALID_INPUT for a type
 * this file does not know.
 */
vres_status vres_audit_slot_fill(struct audit_slot *slot, const vres_event *event,
                                 struct sha256 *hash, vres_error *err);

/* One of our own: begin, then the fields in the order of the table in line.c. */
void vres_audit_slot_begin(struct audit_slot *slot, uint32_t type, uint64_t time);
void vres_audit_slot_number(struct audit_slot *slot, const char *key, uint64_t value);
void vres_audit_slot_text(struct audit_slot *slot, const char *key, const char *value);

/* Who writes: the same in every line of a session. */
struct audit_author {
	char session[33], worker_id[65];
};

/*
 * The line without its newline and with an empty hash; its length.  *hash_at is where the 64 digits
 * belong.  @prev is the hash of the line before.
 */
size_t vres_audit_line(const struct audit_slot *slot, const struct audit_author *author,
                       uint64_t seq, const uint8_t prev[VRES_SHA256_BYTES],
                       char line[AUDIT_LINE_MAX], size_t *hash_at);

/* The checkpoint's line without its newline and with an empty mac. */
size_t vres_audit_checkpoint_line(uint64_t epoch, const uint8_t hash[VRES_SHA256_BYTES],
                                  uint64_t seq, const char *worker_id, char line[AUDIT_LINE_MAX],
                                  size_t *mac_at);

/* Put 64 hex digits in at @at of a line of *n bytes. */
void vres_audit_line_insert(char *line, size_t *n, size_t at, const uint8_t mac[VRES_SHA256_BYTES]);

#endif
