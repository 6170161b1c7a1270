/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One line of an audit log, read strictly: what it says, or at which byte it is not canonical
 * (docs/FORMAT.md, "Audit log").  Pure: no memory of its own, no key, no clock; whatever the bytes
 * are, time is linear in their number.
 */
#ifndef VRES_CORE_AUDIT_FORMAT_LINE_READ_H
#define VRES_CORE_AUDIT_FORMAT_LINE_READ_H

#include "base/dialect.h"

#define AUDIT_LINE_MAX   8192u /* with the newline */
#define AUDIT_HEX        64u   /* digits of a hash */
#define AUDIT_SESSION    32u
#define AUDIT_NUMBER_MAX ((UINT64_C(1) << 53) - 1)

/* What the checker must understand; every other event is just carried. */
enum audit_event {
	AUDIT_OTHER,
	AUDIT_HEADER,
	AUDIT_OPENED,
	AUDIT_REPAIRED,
	AUDIT_LOST,
	AUDIT_EPOCH,
	AUDIT_ROTATED,
	AUDIT_CLOSED
};

/* Pointers lead into the line that was scanned. */
struct audit_line {
	const char *text; /* without the newline */
	size_t bytes;
	size_t hash_at; /* offset of the 64 digits that are empty in what is signed */
	const char *hash, *prev_hash, *timestamp;
	const char *session;       /* in the audit_id */
	const char *event_session; /* that the event names, or NULL */
	uint64_t seq;
	enum audit_event event;
	uint64_t number; /* epoch of a header or an epoch's end, lost_events */
	bool is_forward; /* a header's key_mode */
	bool is_simulated;
	/* when it is not canonical */
	const char *fault;
	size_t fault_at;
	bool has_tail; /* a whole line is there, and more bytes after it */
};

struct audit_checkpoint {
	const char *text;
	size_t bytes;
	size_t mac_at;
	const char *hash;
	uint64_t seq, epoch;
	const char *fault;
	size_t fault_at;
};

/*
 * @text: @n bytes, without the newline.  False: see fault and fault_at, a byte's position from 0.
 */
bool audit_line_scan(const char *text, size_t n, struct audit_line *out);
bool audit_checkpoint_scan(const char *text, size_t n, struct audit_checkpoint *out);

/* EPOCH and HEX of a key file, "vres-audit-key/1 EPOCH HEX\n". */
bool audit_key_scan(const char *text, size_t n, uint64_t *epoch, uint8_t key[VRES_SHA256_BYTES]);

#endif
