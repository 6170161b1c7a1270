/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The one reader of audit lines: what a line says, or at which byte it is not canonical
 * (docs/FORMAT.md, "Audit log").  The writer reopens a log with it and the checker checks one.
 *
 * Pure: it has no memory, key or clock, and takes time linear in the number of bytes.
 */
#ifndef VRES_CORE_AUDIT_FORMAT_LINE_READ_H
#define VRES_CORE_AUDIT_FORMAT_LINE_READ_H

#include "audit/format/format.h"

/* What a line says.  Pointers lead into the text that was scanned. */
struct audit_line {
	const char *text; /* without the newline */
	size_t bytes;
	size_t hash_at; /* offset of the hash, whose 64 digits are not part of what is signed */
	const char *hash, *prev_hash, *timestamp;
	const char *session;       /* in the audit_id */
	const char *event_session; /* the session that the event names, or NULL */
	uint64_t seq;
	enum audit_event event;
	uint64_t number; /* the epoch of log_header and log_epoch, the lost_events of log_lost */
	bool is_forward; /* the key_mode of a log_header */
	bool is_simulated;
	/* Why the line is not canonical, and at which byte, from 0. */
	const char *fault;
	size_t fault_at;
};

struct audit_checkpoint {
	const char *text;
	size_t bytes;
	size_t mac_at; /* offset of the MAC, whose 64 digits are not part of what is signed */
	const char *hash;
	uint64_t seq, epoch;
	const char *fault;
	size_t fault_at;
};

/*
 * Read @n bytes without the newline.  False if they are not canonical: fault and fault_at say why.
 */
bool audit_line_scan(const char *text, size_t n, struct audit_line *out);
bool audit_checkpoint_scan(const char *text, size_t n, struct audit_checkpoint *out);

/* Can a line begin with these bytes?  They may be fewer than all lines have in common. */
bool audit_line_may_begin(const char *text, size_t n);

/* EPOCH and HEX of a key file, "vres-audit-key/1 EPOCH HEX\n". */
bool audit_key_scan(const char *text, size_t n, uint64_t *epoch, uint8_t key[VRES_SHA256_BYTES]);

/* 64 lower-case hex digits, which were checked, as 32 bytes. */
void audit_hash_bytes(const char *digits, uint8_t hash[VRES_SHA256_BYTES]);

#endif
