/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the writer reads back when it opens a log: the first line, the last, the checkpoint and the
 * key file.  Strict: what the writer would not have written is refused.  Pure; the MACs are the
 * caller's to check.
 */
#ifndef VRES_CORE_AUDIT_FORMAT_PARSE_H
#define VRES_CORE_AUDIT_FORMAT_PARSE_H

#include "audit/format/line_write.h"

/* A line: what surrounds its event. */
struct audit_read_line {
	uint64_t seq;
	uint8_t hash[VRES_SHA256_BYTES], prev_hash[VRES_SHA256_BYTES];
	size_t hash_at; /* of the 64 digits */
	char day[11];   /* of its timestamp: YYYY-MM-DD */
	const char *event;
	size_t event_bytes;
};

struct audit_read_header {
	bool is_forward, is_simulated;
	uint64_t epoch;
};

struct audit_read_checkpoint {
	uint64_t seq, epoch;
	uint8_t hash[VRES_SHA256_BYTES], mac[VRES_SHA256_BYTES];
	size_t mac_at; /* of the 64 digits */
};

/* @n bytes without the newline. */
bool vres_audit_parse_line(const char *line, size_t n, struct audit_read_line *out);
bool vres_audit_parse_header(const struct audit_read_line *line, struct audit_read_header *out);
bool vres_audit_parse_checkpoint(const char *line, size_t n, struct audit_read_checkpoint *out);

/*
 * Is its event one of the log's own, without fields: "log_rotated"?  Or "log_epoch", which has one?
 */
bool vres_audit_is_rotated(const struct audit_read_line *line);
bool vres_audit_is_epoch(const struct audit_read_line *line, uint64_t *epoch);

/*
 * Could these bytes be where a line begins?  Any beginning will do, also one shorter than what all
 * lines have in common.
 */
bool vres_audit_may_begin(const char *bytes, size_t n);

/* A key file, its newline included. */
bool vres_audit_parse_key(const char *text, size_t n, uint64_t *epoch,
                          uint8_t key[VRES_SHA256_BYTES]);

#endif
