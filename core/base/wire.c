/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The only place where integers and strings become bytes and back. */
#include "base/wire.h"

void wire_put_raw(struct wire_writer *w, const void *bytes, size_t n)
{
	if (w->overflow || n > w->capacity - w->length) {
		w->overflow = true;
		return;
	}
	memcpy(w->bytes + w->length, bytes, n);
	w->length += n;
}

void wire_put_u32(struct wire_writer *w, uint32_t value)
{
	const uint8_t bytes[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
	                          (uint8_t)(value >> 24)};

	wire_put_raw(w, bytes, sizeof(bytes));
}

void wire_put_u64(struct wire_writer *w, uint64_t value)
{
	wire_put_u32(w, (uint32_t)value);
	wire_put_u32(w, (uint32_t)(value >> 32));
}

void wire_put_bytes(struct wire_writer *w, const void *bytes, uint32_t n)
{
	wire_put_u32(w, n);
	wire_put_raw(w, bytes, n);
}

void wire_put_string(struct wire_writer *w, const char *string)
{
	wire_put_bytes(w, string, (uint32_t)strlen(string));
}

void wire_get_raw(struct wire_reader *r, void *bytes, size_t n)
{
	if (r->malformed || n > r->length - r->position) {
		r->malformed = true;
		memset(bytes, 0, n);
		return;
	}
	memcpy(bytes, r->bytes + r->position, n);
	r->position += n;
}

uint32_t wire_get_u32(struct wire_reader *r)
{
	uint8_t b[4];

	wire_get_raw(r, b, sizeof(b));
	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

uint64_t wire_get_u64(struct wire_reader *r)
{
	const uint64_t low = wire_get_u32(r);

	return low | (uint64_t)wire_get_u32(r) << 32;
}

void wire_get_string(struct wire_reader *r, char *string, size_t capacity)
{
	const uint32_t n = wire_get_u32(r);

	string[0] = '\0';
	if (r->malformed || n >= capacity) {
		r->malformed = true;
		return;
	}
	wire_get_raw(r, string, n);
	string[n] = '\0';
	if (memchr(string, '\0', n))
		r->malformed = true;
}

void wire_get_bytes(struct wire_reader *r, void *bytes, uint32_t n)
{
	if (wire_get_u32(r) != n)
		r->malformed = true;
	wire_get_raw(r, bytes, n);
}

bool wire_ended(const struct wire_reader *r)
{
	return !r->malformed && r->position == r->length;
}
