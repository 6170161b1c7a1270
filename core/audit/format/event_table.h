/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which fields each event has (docs/FORMAT.md, "Audit log"): one table, by which events are copied
 * into slots, slots become lines, and the log's own events are read again.
 */
#ifndef VRES_CORE_AUDIT_FORMAT_EVENT_TABLE_H
#define VRES_CORE_AUDIT_FORMAT_EVENT_TABLE_H

#include "audit/format/format.h"

#define AUDIT_FIELDS 12u

/* Where the value of a field comes from, and what it looks like. */
enum audit_field_kind {
	FIELD_NONE,
	FIELD_NAME,      /* event_type */
	FIELD_WORD,      /* always the same */
	FIELD_SIMULATED, /* true, or absent */
	FIELD_NUMBER,    /* u64 of the event */
	FIELD_COUNT,    /* the same; absent if it is 0 or the event was made before the field was */
	FIELD_DEVICE,   /* u32 of the event; absent for VRES_NO_DEVICE */
	FIELD_TEXT,     /* string of the event */
	FIELD_NEW_TEXT, /* the same; absent if the event was made before the field was */
	FIELD_FLAG,     /* u32 of the event: true, or absent if it is 0 */
	FIELD_REASON,   /* its reason, as a word */
	FIELD_STATUS,   /* its status, by name */
	FIELD_SHARD_NUMBER, /* u64, string of its shard */
	FIELD_SHARD_TEXT,
	FIELD_SHARD_SMALL, /* u32 of its shard */
	FIELD_SHARD_COUNT, /* the same; absent if it is 0 */
	FIELD_OWN_NUMBER,  /* of the log's own events */
	FIELD_OWN_EPOCH,   /* a number; absent in mode token */
	FIELD_OWN_TEXT,
	FIELD_OWN_HEX, /* a string of @at lower-case hex digits */
};

struct audit_field {
	const char *key;
	enum audit_field_kind kind;
	size_t at; /* offset in the event or its shard */
	const char *word;
};

struct audit_layout {
	uint32_t type;                           /* vres_event_type or audit_event */
	struct audit_field fields[AUDIT_FIELDS]; /* in the order of their keys; then FIELD_NONE */
	const char *own_name;                    /* of the log's own events; else NULL */
};

/* NULL: there is no such event. */
const struct audit_layout *audit_layout_of(uint32_t type);

/* What stands as event_type. */
const char *audit_layout_name(const struct audit_layout *l);

/* The layout of an event of the log itself, by the @n bytes of its name. */
const struct audit_layout *audit_layout_own(const char *name, size_t n);

/* Field @i; NULL behind the last. */
static inline const struct audit_field *audit_layout_field(const struct audit_layout *l, size_t i)
{
	return i < AUDIT_FIELDS && l->fields[i].kind != FIELD_NONE ? &l->fields[i] : NULL;
}

#endif
