/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bytes that are signed or stored: a bounded writer and a bounded reader.  Integers are
 * little-endian and of fixed width, byte strings carry their length in 32 bits.  Both cursors are
 * sticky: after the first misfit nothing more is written or read, and the end says so once.
 */
#ifndef VRES_CORE_BASE_WIRE_H
#define VRES_CORE_BASE_WIRE_H

#include "base/dialect.h"

struct wire_writer {
	uint8_t *bytes;
	size_t capacity, length;
	bool overflow;
};

struct wire_reader {
	const uint8_t *bytes;
	size_t length, position;
	bool malformed;
};

void wire_put_raw(struct wire_writer *w, const void *bytes, size_t n);
void wire_put_u32(struct wire_writer *w, uint32_t value);
void wire_put_u64(struct wire_writer *w, uint64_t value);
void wire_put_string(struct wire_writer *w, const char *string);
void wire_put_bytes(struct wire_writer *w, const void *bytes, uint32_t n);

void wire_get_raw(struct wire_reader *r, void *bytes, size_t n);
uint32_t wire_get_u32(struct wire_reader *r);
uint64_t wire_get_u64(struct wire_reader *r);

/*
 * A string of at most @capacity - 1 bytes, without NUL in it, into @string, which is
 * NUL-terminated.
 */
void wire_get_string(struct wire_reader *r, char *string, size_t capacity);

/* A byte string of exactly @n bytes. */
void wire_get_bytes(struct wire_reader *r, void *bytes, uint32_t n);

/* Was everything well-formed, and nothing left over? */
bool wire_ended(const struct wire_reader *r);

#endif
