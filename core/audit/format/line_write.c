/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Slots into canonical lines. */
#include "audit/format/line_write.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/json.h"
#include "base/validate.h"

/* Nothing here checks for room: with AUDIT_TEXT_MAX every line fits. */
struct line_out {
	char *bytes;
	size_t n;
};

static void put_bytes(struct line_out *o, const char *bytes, size_t n)
{
	memcpy(o->bytes + o->n, bytes, n);
	o->n += n;
}

static void put_string(struct line_out *o, const char *string)
{
	put_bytes(o, string, strlen(string));
}

static void put_decimal(struct line_out *o, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	put_bytes(o, digits + at, sizeof(digits) - at);
}

static void put_hex_number(struct line_out *o, uint64_t value)
{
	for (unsigned shift = 64; shift > 0; shift -= 4)
		o->bytes[o->n++] = "0123456789abcdef"[value >> (shift - 4) & 15];
}

static void put_digest(struct line_out *o, const uint8_t digest[VRES_SHA256_BYTES])
{
	char hex[65];

	vres_hex(digest, hex);
	put_bytes(o, hex, 64);
}

static void put_quoted(struct line_out *o, const char *text, size_t n)
{
	o->bytes[o->n++] = '"';
	for (size_t i = 0; i < n; i++) {
		if (text[i] == '"' || text[i] == '\\')
			o->bytes[o->n++] = '\\';
		o->bytes[o->n++] = text[i];
	}
	o->bytes[o->n++] = '"';
}

static void put_event(struct line_out *o, const struct audit_slot *slot)
{
	const struct audit_layout *layout = audit_layout_of(slot->type);
	const char *const name = audit_layout_name(layout);
	const char *text = slot->text;
	const struct audit_field *f;
	char before = '{';

	for (size_t i = 0; (f = audit_layout_field(layout, i)) != NULL; i++) {
		if ((slot->present >> i & 1) == 0)
			continue;
		put_bytes(o, &before, 1);
		put_quoted(o, f->key, strlen(f->key));
		put_bytes(o, ":", 1);
		before = ',';
		switch (f->kind) {
		case FIELD_NAME: put_quoted(o, name, strlen(name)); break;
		case FIELD_WORD: put_quoted(o, f->word, strlen(f->word)); break;
		case FIELD_FLAG:
		case FIELD_SIMULATED: put_string(o, "true"); break;
		case FIELD_TEXT:
		case FIELD_NEW_TEXT:
		case FIELD_REASON:
		case FIELD_STATUS:
		case FIELD_SHARD_TEXT:
		case FIELD_OWN_TEXT:
		case FIELD_OWN_HEX:
			put_quoted(o, text, slot->values[i]);
			text += slot->values[i];
			break;
		default: put_decimal(o, slot->values[i]); break;
		}
	}
	put_bytes(o, "}", 1);
}

size_t vres_audit_line(const struct audit_slot *slot, const struct audit_author *author,
                       uint64_t seq, const uint8_t prev[VRES_SHA256_BYTES],
                       char line[AUDIT_LINE_MAX], size_t *hash_at)
{
	struct line_out o = {.bytes = line};
	char time[31];

	vres_rfc3339(slot->time, time);
	put_string(&o, "{\"audit_id\":\"audit-");
	put_string(&o, author->session);
	put_string(&o, "-");
	put_hex_number(&o, seq);
	put_string(&o, "\",\"event\":");
	put_event(&o, slot);
	put_string(&o, ",\"hash\":\"");
	*hash_at = o.n;
	put_string(&o, "\",\"prev_hash\":\"");
	put_digest(&o, prev);
	put_string(&o, "\",\"seq\":");
	put_decimal(&o, seq);
	put_string(&o, ",\"timestamp\":\"");
	put_string(&o, time);
	put_string(&o, "\",\"worker_id\":\"");
	put_string(&o, author->worker_id);
	put_string(&o, "\"}");
	return o.n;
}

size_t vres_audit_checkpoint_line(uint64_t epoch, const uint8_t hash[VRES_SHA256_BYTES],
                                  uint64_t seq, const char *worker_id, char line[AUDIT_LINE_MAX],
                                  size_t *mac_at)
{
	char hex[65];
	int n;

	vres_hex(hash, hex);
	n = snprintf(line, AUDIT_LINE_MAX,
	             "{\"epoch\":%" PRIu64 ",\"format\":\"vres-audit-checkpoint/1\",\"hash\":\"%s\""
	             ",\"mac\":\"",
	             epoch, hex);
	*mac_at = (size_t)n;
	n += snprintf(line + n, AUDIT_LINE_MAX - *mac_at,
	              "\",\"seq\":%" PRIu64 ",\"worker_id\":\"%s\"}", seq, worker_id);
	return (size_t)n;
}

void vres_audit_line_insert(char *line, size_t *n, size_t at, const uint8_t mac[VRES_SHA256_BYTES])
{
	char hex[65];

	vres_hex(mac, hex);
	memmove(line + at + 64, line + at, *n - at);
	memcpy(line + at, hex, 64);
	*n += 64;
}
