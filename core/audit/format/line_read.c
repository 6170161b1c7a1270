/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The grammar of a line.  Order and spelling of the keys around the event are fixed, so they are
 * compared with constants; only the event may have any keys.
 */
#include "audit/format/line_read.h"

#include "audit/format/cursor.h"

#define KEY_MAX       64u
#define WORKER_ID_MAX 64u

/* Bits for the fields of the log's own events. */
enum {
	FIELD_TYPE = 1,
	FIELD_FORMAT = 2,
	FIELD_MODE = 4,
	FIELD_EPOCH = 8,
	FIELD_SESSION = 16,
	FIELD_SIMULATED = 32
};
enum { FIELD_BYTES = 64, FIELD_SHA256 = 128, FIELD_LOST = 256, FIELD_OTHER = 512 };

enum field_kind { IS_STRING, IS_NUMBER, IS_TRUE };

struct field {
	const char *key;
	unsigned bit;
	enum field_kind kind;
	unsigned char hex; /* not 0: a string of this many lower-case hex digits */
};

static const struct field fields[] = {
	{"epoch", FIELD_EPOCH, IS_NUMBER, 0},
	{"event_type", FIELD_TYPE, IS_STRING, 0},
	{"format", FIELD_FORMAT, IS_STRING, 0},
	{"key_mode", FIELD_MODE, IS_STRING, 0},
	{"lost_events", FIELD_LOST, IS_NUMBER, 0},
	{"removed_bytes", FIELD_BYTES, IS_NUMBER, 0},
	{"removed_sha256", FIELD_SHA256, IS_STRING, AUDIT_HEX},
	{"session", FIELD_SESSION, IS_STRING, AUDIT_SESSION},
	{"simulated", FIELD_SIMULATED, IS_TRUE, 0},
};

struct event_form {
	const char *name;
	enum audit_event event;
	unsigned required, allowed;
};

static const struct event_form forms[] = {
	{"log_header", AUDIT_HEADER, FIELD_TYPE | FIELD_FORMAT | FIELD_MODE | FIELD_SESSION,
         FIELD_EPOCH | FIELD_SIMULATED},
	{"log_opened", AUDIT_OPENED, FIELD_TYPE | FIELD_SESSION, FIELD_SIMULATED},
	{"log_repaired", AUDIT_REPAIRED, FIELD_TYPE | FIELD_BYTES | FIELD_SHA256, FIELD_SIMULATED},
	{"log_lost", AUDIT_LOST, FIELD_TYPE | FIELD_LOST, FIELD_SIMULATED},
	{"log_epoch", AUDIT_EPOCH, FIELD_TYPE | FIELD_EPOCH, FIELD_SIMULATED},
	{"log_rotated", AUDIT_ROTATED, FIELD_TYPE, FIELD_SIMULATED},
	{"log_closed", AUDIT_CLOSED, FIELD_TYPE, FIELD_SIMULATED},
};

struct event {
	unsigned present;
	struct slice type, format, mode;
	const char *session;
	uint64_t number;
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

static const struct field *field_find(struct slice name)
{
	for (size_t i = 0; i < COUNT_OF(fields); i++)
		if (is_text(name, fields[i].key))
			return &fields[i];
	return NULL;
}

/*
 * The value of a key.  Other events may use a name of the log's own fields for another kind of
 * value, so a value of the wrong kind only counts as another field.
 */
static void event_value(struct cursor *c, const struct field *f, struct event *e)
{
	const unsigned char first = c->at < c->end ? *c->at : 0;
	enum field_kind kind = first == '"' ? IS_STRING : first == 't' ? IS_TRUE : IS_NUMBER;
	struct cursor digits = *c;
	struct slice s = {0};
	uint64_t number = 0;

	if (kind == IS_STRING)
		s = cursor_string(c);
	else if (kind == IS_TRUE)
		(void)cursor_expect(c, "true");
	else
		number = cursor_integer(c);
	if (c->fault || f == NULL || f->kind != kind) {
		e->present |= FIELD_OTHER;
		return;
	}
	if (f->hex) {
		(void)cursor_expect(&digits, "\"");
		(void)cursor_hex(&digits, f->hex);
		if (digits.fault || s.n != f->hex) {
			e->present |= FIELD_OTHER;
			return;
		}
	}
	e->present |= f->bit;
	e->type = f->bit == FIELD_TYPE ? s : e->type;
	e->format = f->bit == FIELD_FORMAT ? s : e->format;
	e->mode = f->bit == FIELD_MODE ? s : e->mode;
	e->session = f->bit == FIELD_SESSION ? s.text : e->session;
	e->number = f->bit & (FIELD_EPOCH | FIELD_LOST) ? number : e->number;
}

/* Check the fields that one of the log's own events must and may have. */
static bool check_own_event(struct cursor *c, const struct event *e, const struct event_form *form,
                            struct audit_line *out)
{
	if ((e->present & form->required) != form->required ||
	    (e->present & ~(form->required | form->allowed)) != 0)
		return cursor_fail(c,
		                   "an event of the log itself lacks a field or has one too many");
	out->event = form->event;
	out->number = e->number;
	out->event_session = e->session;
	if (form->event != AUDIT_HEADER)
		return true;
	if (!is_text(e->format, "vres-audit/1"))
		return cursor_fail(c, "a header of another format");
	out->is_forward = is_text(e->mode, "forward");
	if (!out->is_forward && !is_text(e->mode, "token"))
		return cursor_fail(c, "a header of another key_mode");
	if (out->is_forward != ((e->present & FIELD_EPOCH) != 0))
		return cursor_fail(c, "a header's epoch does not fit its key_mode");
	return true;
}

static void event(struct cursor *c, struct audit_line *out)
{
	struct slice name = {0};
	struct event e = {0};

	if (!cursor_expect(c, "{"))
		return;
	for (;;) {
		name = event_key(c, name);
		if (c->fault)
			return;
		event_value(c, field_find(name), &e);
		if (c->fault || c->at == c->end || *c->at != ',')
			break;
		c->at++;
	}
	if (!cursor_expect(c, "}"))
		return;
	if ((e.present & FIELD_TYPE) == 0 || e.type.n == 0 || e.type.n > KEY_MAX) {
		(void)cursor_fail(c, "an event without its type");
		return;
	}
	out->is_simulated = (e.present & FIELD_SIMULATED) != 0;
	for (size_t i = 0; i < COUNT_OF(forms); i++) {
		if (is_text(e.type, forms[i].name)) {
			(void)check_own_event(c, &e, &forms[i], out);
			return;
		}
	}
	if (e.type.n > 4 && strncmp(e.type.text, "log_", 4) == 0)
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
