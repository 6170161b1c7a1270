/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Audit logs for tests of the checker, made from docs/FORMAT.md with an HMAC that the caller brings
 * and nothing of the library, into memory of a fixed size: suites and fuzz targets share it.
 */
#ifndef TESTS_SUPPORT_AUDIT_AUDIT_MAKER_H
#define TESTS_SUPPORT_AUDIT_AUDIT_MAKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAKER_LINES 64
#define MAKER_BYTES 32768

typedef void (*maker_hmac_fn)(const uint8_t key[32], const void *bytes, size_t n, uint8_t mac[32]);

struct audit_maker {
	maker_hmac_fn hmac;
	bool is_forward;
	uint8_t first[32], chain[32]; /* mode forward: K(0), K(epoch) */
	uint8_t key[32];              /* the line key */
	uint64_t seq, epoch;
	unsigned session;
	char prev[65];
	char bytes[MAKER_BYTES];
	size_t n;
	size_t starts[MAKER_LINES + 1]; /* of each line, and of the end */
	size_t lines;
};

/* Ready for the first line, which the caller adds. */
void maker_token(struct audit_maker *m, maker_hmac_fn hmac, const char *token);
void maker_forward(struct audit_maker *m, maker_hmac_fn hmac, const uint8_t first[32]);

/* A line with @event, a JSON object without white space and with sorted keys. */
void maker_line(struct audit_maker *m, const char *event);

/* The log's own lines; maker_opened() begins another session. */
void maker_header(struct audit_maker *m);
void maker_opened(struct audit_maker *m);
void maker_epoch(struct audit_maker *m);

/* The checkpoint of what there is so far; its length. */
size_t maker_checkpoint(const struct audit_maker *m, char text[512]);

/* The key file of the present epoch. */
size_t maker_key_file(const struct audit_maker *m, char text[128]);

#endif
