/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The grammar of a line.  Order and spelling of the keys around the event are fixed, so they are
 * compared with constants; only the event may have any keys.
 */
#include "audit/format/line_read.h"

#include "audit/format/cursor.h"
#include "audit/format/event_table.h"
#include "base/validate.h"

#define KEY_MAX 64u

/* A field of the event: its key, and its value if that is a string or a number. */
struct value {
	struct slice key, text;
	uint64_t number;
	enum { IS_STRING, IS_NUMBER, IS_TRUE } kind;
};

static bool is_text(struct slice s, const char *text)
{
	return s.n == strlen(text) && memcmp(s.text, text, s.n) == 0;
}

/* A key of the event.  It must be greater than the one before, so no key comes twice. */
static struct slice event_key(struct cursor *c, struct slice before)
{
	const unsigned char *first = c->at;
	struct slice s = {0};
	int order;

	if (!cursor_expect(c, "\""))
		return s;
	s.text = (const char *)c->at;
	while (c->at < c->end && ((*c->at >= 'a' && *c->at <= 'z') ||
	                          (*c->at >= '0' && *c->at <= '9') || *c->at == '_'))
		c->at++;
	s.n = (size_t)((const char *)c->at - s.text);
	if (s.n == 0 || s.n > KEY_MAX) {
		(void)cursor_fail(c, "a key is empty, too long or not of a-z, 0-9 and _");
		return s;
	}
	order = before.text ? memcmp(before.text, s.text, before.n < s.n ? before.n : s.n) : -1;
	if (order > 0 || (order == 0 && before.n >= s.n)) {
		c->at = first;
		(void)cursor_fail(c, "keys are not sorted");
	}
	(void)cursor_expect(c, "\":");
	return s;
}

static struct value event_value(struct cursor *c, struct slice key)
{
	const unsigned char first = c->at < c->end ? *c->at : 0;
	struct value v = {.key = key};

	v.kind = first == '"' ? IS_STRING : first == 't' ? IS_TRUE : IS_NUMBER;
	if (v.kind == IS_STRING)
		v.text = cursor_string(c);
	else if (v.kind == IS_TRUE)
		(void)cursor_expect(c, "true");
	else
		v.number = cursor_integer(c);
	return v;
}

static bool is_hex(struct slice s, size_t digits)
{
	const unsigned char *text = (const unsigned char *)s.text;
	struct cursor c = {text, text, text + s.n, NULL};

	(void)cursor_hex(&c, digits);
	return c.fault == NULL && c.at == c.end;
}

/* Take one field of a log's own event into the line.  False: its value is not as @f says. */
static bool take_field(const struct audit_field *f, const struct value *v, struct audit_line *out)
{
	switch (f->kind) {
	case FIELD_SIMULATED: return v->kind == IS_TRUE;
	case FIELD_WORD: return v->kind == IS_STRING && is_text(v->text, f->word);
	case FIELD_OWN_EPOCH:
	case FIELD_OWN_NUMBER: out->number = v->number; return v->kind == IS_NUMBER;
	case FIELD_OWN_HEX:
		if (f->at == AUDIT_SESSION)
			out->event_session = v->text.text;
		return v->kind == IS_STRING && is_hex(v->text, f->at);
	case FIELD_OWN_TEXT: /* key_mode */
		out->is_forward = is_text(v->text, "forward");
		return v->kind == IS_STRING && (out->is_forward || is_text(v->text, "token"));
	default: return v->kind == IS_STRING;
	}
}

/* Check the fields of one of the log's own events: those of its layout and no other. */
static void own_event(struct cursor *c, const struct audit_layout *layout,
                      const struct value *values, size_t n, struct audit_line *out)
{
	static const char own_fault[] =
		"an event of the log itself lacks a field or has one too many";
	const struct audit_field *f;
	bool has_epoch = false;
	size_t taken = 0;

	out->event = (enum audit_event)layout->type;
	for (size_t i = 0; (f = audit_layout_field(layout, i)) != NULL; i++) {
		const bool is_there = taken < n && is_text(values[taken].key, f->key);

		if (!is_there && (f->kind == FIELD_SIMULATED || f->kind == FIELD_OWN_EPOCH))
			continue;
		if (!is_there || !take_field(f, &values[taken], out)) {
			(void)cursor_fail(c, f->kind == FIELD_WORD || f->kind == FIELD_OWN_TEXT
			                             ? "a header of another format or key_mode"
			                             : own_fault);
			return;
		}
		has_epoch |= f->kind == FIELD_OWN_EPOCH;
		taken++;
	}
	if (taken < n)
		(void)cursor_fail(c, own_fault);
	else if (out->event == AUDIT_HEADER && out->is_forward != has_epoch)
		(void)cursor_fail(c, "a header's epoch does not fit its key_mode");
}

static void event(struct cursor *c, struct audit_line *out)
{
	/* An event of the log itself has fewer fields than these; of others only some matter. */
	struct value values[AUDIT_FIELDS], v = {.number = 0};
	const struct audit_layout *layout;
	struct slice type = {0};
	size_t n = 0;

	if (!cursor_expect(c, "{"))
		return;
	for (;;) {
		v = event_value(c, event_key(c, v.key));
		if (c->fault)
			return;
		if (is_text(v.key, "event_type") && v.kind == IS_STRING)
			type = v.text;
		out->is_simulated |= is_text(v.key, "simulated") && v.kind == IS_TRUE;
		if (n < AUDIT_FIELDS)
			values[n++] = v;
		if (c->at == c->end || *c->at != ',')
			break;
		c->at++;
	}
	if (!cursor_expect(c, "}"))
		return;
	layout = audit_layout_own(type.text, type.n);
	if (type.n == 0 || type.n > KEY_MAX)
		(void)cursor_fail(c, "an event without its type");
	else if (layout)
		own_event(c, layout, values, n, out);
	else if (type.n > 4 && strncmp(type.text, "log_", 4) == 0)
		(void)cursor_fail(c, "an event of the log itself that is not known");
}

static uint64_t hex_number(const char *digits, size_t n)
{
	uint64_t number = 0;

	for (size_t i = 0; i < n; i++)
		number = number << 4 |
		         (uint64_t)(digits[i] <= '9' ? digits[i] - '0' : digits[i] - 'a' + 10);
	return number;
}

static const char line_start[] = "{\"audit_id\":\"audit-";

bool audit_line_may_begin(const char *text, size_t n)
{
	return memcmp(text, line_start, n < sizeof(line_start) - 1 ? n : sizeof(line_start) - 1) ==
	       0;
}

bool audit_line_scan(const char *text, size_t n, struct audit_line *out)
{
	const unsigned char *bytes = (const unsigned char *)text;
	struct cursor c = {bytes, bytes, bytes + n, NULL};
	const char *in_id;

	memset(out, 0, sizeof(*out));
	out->text = text;
	out->bytes = n;
	(void)cursor_expect(&c, line_start);
	out->session = cursor_hex(&c, AUDIT_SESSION);
	(void)cursor_expect(&c, "-");
	in_id = cursor_hex(&c, 16);
	(void)cursor_expect(&c, "\",\"event\":");
	event(&c, out);
	(void)cursor_expect(&c, ",\"hash\":\"");
	out->hash = cursor_hex(&c, AUDIT_HEX);
	out->hash_at = (size_t)(out->hash - text);
	(void)cursor_expect(&c, "\",\"prev_hash\":\"");
	out->prev_hash = cursor_hex(&c, AUDIT_HEX);
	(void)cursor_expect(&c, "\",\"seq\":");
	out->seq = cursor_integer(&c);
	if (c.fault == NULL && (out->seq == 0 || out->seq != hex_number(in_id, 16)))
		(void)cursor_fail(&c, "the audit_id is of another seq");
	(void)cursor_expect(&c, ",\"timestamp\":\"");
	out->timestamp = cursor_timestamp(&c);
	(void)cursor_expect(&c, "\",\"worker_id\":");
	cursor_identifier(&c, WORKER_ID_MAX);
	(void)cursor_expect(&c, "}");
	if (c.at != c.end)
		(void)cursor_fail(&c, "bytes after the end of the line's object");
	out->fault = c.fault;
	out->fault_at = (size_t)(c.at - c.start);
	return c.fault == NULL;
}

bool audit_checkpoint_scan(const char *text, size_t n, struct audit_checkpoint *out)
{
	const unsigned char *bytes = (const unsigned char *)text;
	struct cursor c = {bytes, bytes, bytes + n, NULL};

	memset(out, 0, sizeof(*out));
	out->text = text;
	out->bytes = n;
	(void)cursor_expect(&c, "{\"epoch\":");
	out->epoch = cursor_integer(&c);
	(void)cursor_expect(&c, ",\"format\":\"vres-audit-checkpoint/1\",\"hash\":\"");
	out->hash = cursor_hex(&c, AUDIT_HEX);
	(void)cursor_expect(&c, "\",\"mac\":\"");
	out->mac_at = (size_t)(cursor_hex(&c, AUDIT_HEX) - text);
	(void)cursor_expect(&c, "\",\"seq\":");
	out->seq = cursor_integer(&c);
	(void)cursor_expect(&c, ",\"worker_id\":");
	cursor_identifier(&c, WORKER_ID_MAX);
	(void)cursor_expect(&c, "}");
	if (c.at != c.end)
		(void)cursor_fail(&c, "bytes after the end of the object");
	if (out->seq == 0)
		(void)cursor_fail(&c, "no line has seq 0");
	out->fault = c.fault;
	out->fault_at = (size_t)(c.at - c.start);
	return c.fault == NULL;
}

void audit_hash_bytes(const char *digits, uint8_t hash[VRES_SHA256_BYTES])
{
	for (size_t i = 0; i < VRES_SHA256_BYTES; i++)
		hash[i] = (uint8_t)hex_number(digits + 2 * i, 2);
}

bool audit_key_scan(const char *text, size_t n, uint64_t *epoch,
                    uint8_t key_bytes[VRES_SHA256_BYTES])
{
	const unsigned char *bytes = (const unsigned char *)text;
	struct cursor c = {bytes, bytes, bytes + n, NULL};
	const char *digits;

	(void)cursor_expect(&c, "vres-audit-key/1 ");
	*epoch = cursor_integer(&c);
	(void)cursor_expect(&c, " ");
	digits = cursor_hex(&c, AUDIT_HEX);
	(void)cursor_expect(&c, "\n");
	if (c.fault || c.at != c.end)
		return false;
	audit_hash_bytes(digits, key_bytes);
	return true;
}
