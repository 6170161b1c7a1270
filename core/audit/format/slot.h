/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An event on its way to the log.  The thread that has it copies and screens it into a slot of
 * fixed size; the writer's thread makes a line of the slot.  Neither allocates.
 */
#ifndef VRES_CORE_AUDIT_FORMAT_SLOT_H
#define VRES_CORE_AUDIT_FORMAT_SLOT_H

#include <vres/vres.h>

#include "audit/format/event_table.h"
#include "hash/crypto.h"

/*
 * A longer text is replaced by its SHA-256; fixed by the format.  A line has room for three of them
 * with every byte escaped.
 */
#define AUDIT_TEXT_MAX 512u
#define AUDIT_TEXTS    3u
_Static_assert(2 * AUDIT_TEXTS * AUDIT_TEXT_MAX + 2048 <= AUDIT_LINE_MAX,
               "the longest line must fit");

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

/* An event of the log's own: begin, then the fields in the order of the table. */
void vres_audit_slot_begin(struct audit_slot *slot, uint32_t type, uint64_t time);
void vres_audit_slot_number(struct audit_slot *slot, const char *key, uint64_t value);
void vres_audit_slot_text(struct audit_slot *slot, const char *key, const char *value);

#endif
