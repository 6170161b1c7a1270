/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reading back canonical lines: a cursor that eats exactly what must stand there, and never moves
 * again once something else did.
 */
#include "audit/format/parse.h"

struct cursor {
	const char *at, *end;
	bool is_bad;
};

static const char *eat(struct cursor *c, size_t n)
{
	const char *here = c->at;

	if (c->is_bad || (size_t)(c->end - here) < n) {
		c->is_bad = true;
		return NULL;
	}
	c->at += n;
	return here;
}

static void eat_word(struct cursor *c, const char *word)
{
	const size_t n = strlen(word);
	const char *here = eat(c, n);

	c->is_bad = here == NULL || memcmp(here, word, n) != 0;
}

/* The same, where it may be missing. */
static bool eat_if(struct cursor *c, const char *word)
{
	const size_t n = strlen(word);

	if (c->is_bad || (size_t)(c->end - c->at) < n || memcmp(c->at, word, n) != 0)
		return false;
	c->at += n;
	return true;
}

/* Shortest decimal, up to 2^53 - 1. */
static uint64_t eat_number(struct cursor *c)
{
	const char *start = c->at;
	uint64_t value = 0;

	while (!c->is_bad && c->at < c->end && *c->at >= '0' && *c->at <= '9' &&
	       value <= AUDIT_NUMBER_MAX)
		value = 10 * value + (uint64_t)(*c->at++ - '0');
	c->is_bad = c->is_bad || c->at == start || value > AUDIT_NUMBER_MAX ||
	            (*start == '0' && c->at - start > 1);
	return value;
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void eat_hex(struct cursor *c, uint8_t *bytes, size_t n)
{
	const char *here = eat(c, 2 * n);

	for (size_t i = 0; i < n && !c->is_bad; i++) {
		const int high = digit(here[2 * i]), low = digit(here[2 * i + 1]);

		c->is_bad = high < 0 || low < 0;
		if (!c->is_bad)
			bytes[i] = (uint8_t)(high << 4 | low);
	}
}

static void eat_identifier(struct cursor *c)
{
	const char *start = c->at;

	while (!c->is_bad && c->at < c->end && *c->at != '"') {
		const char x = *c->at++;

		c->is_bad = !((x >= 'A' && x <= 'Z') || (x >= 'a' && x <= 'z') ||
		              (x >= '0' && x <= '9') || x == '_' || x == '-');
	}
	c->is_bad = c->is_bad || c->at == start;
}

static bool is_finished(const struct cursor *c)
{
	return !c->is_bad && c->at == c->end;
}

static void eat_time(struct cursor *c, char day[11])
{
	static const char shape[] = "dddd-dd-ddTdd:dd:dd.dddddddddZ";
	const char *here = eat(c, sizeof(shape) - 1);

	for (size_t i = 0; i < sizeof(shape) - 1 && !c->is_bad; i++)
		c->is_bad = shape[i] == 'd' ? here[i] < '0' || here[i] > '9' : here[i] != shape[i];
	if (c->is_bad)
		return;
	memcpy(day, here, 10);
	day[10] = '\0';
}

/*
 * Where the event ends: at the last place that reads as what follows an event, since inside a
 * string every quotation mark is escaped.
 */
static const char *event_end(const char *line, size_t n)
{
	static const char mark[] = "},\"hash\":\"";
	const char *found = NULL, *next = line;

	while ((next = memmem(next, n - (size_t)(next - line), mark, sizeof(mark) - 1)) != NULL)
		found = next++;
	return found ? found + 1 : NULL;
}

static const char line_start[] = "{\"audit_id\":\"audit-";

bool vres_audit_parse_line(const char *line, size_t n, struct audit_read_line *out)
{
	struct cursor c = {.at = line, .end = line + n};
	const char *end = event_end(line, n);
	uint8_t session[16], seq[8];
	uint64_t seq_of_id = 0;

	eat_word(&c, line_start);
	eat_hex(&c, session, sizeof(session));
	eat_word(&c, "-");
	eat_hex(&c, seq, sizeof(seq));
	eat_word(&c, "\",\"event\":");
	if (c.is_bad || end == NULL || end <= c.at)
		return false;
	out->event = c.at;
	out->event_bytes = (size_t)(end - c.at);
	c.at = end;
	eat_word(&c, ",\"hash\":\"");
	out->hash_at = (size_t)(c.at - line);
	eat_hex(&c, out->hash, sizeof(out->hash));
	eat_word(&c, "\",\"prev_hash\":\"");
	eat_hex(&c, out->prev_hash, sizeof(out->prev_hash));
	eat_word(&c, "\",\"seq\":");
	out->seq = eat_number(&c);
	eat_word(&c, ",\"timestamp\":\"");
	eat_time(&c, out->day);
	eat_word(&c, "\",\"worker_id\":\"");
	eat_identifier(&c);
	eat_word(&c, "\"}");
	for (size_t i = 0; i < sizeof(seq) && !c.is_bad; i++)
		seq_of_id = seq_of_id << 8 | seq[i];
	return is_finished(&c) && out->seq == seq_of_id && out->seq > 0;
}

bool vres_audit_parse_header(const struct audit_read_line *line, struct audit_read_header *out)
{
	struct cursor c = {.at = line->event, .end = line->event + line->event_bytes};
	uint8_t session[16];

	*out = (struct audit_read_header){.is_forward = false};
	if (eat_if(&c, "{\"epoch\":")) {
		out->is_forward = true;
		out->epoch = eat_number(&c);
		eat_word(&c, ",");
	} else {
		eat_word(&c, "{");
	}
	eat_word(&c, "\"event_type\":\"log_header\",\"format\":\"vres-audit/1\",\"key_mode\":\"");
	eat_word(&c, out->is_forward ? "forward" : "token");
	eat_word(&c, "\",\"session\":\"");
	eat_hex(&c, session, sizeof(session));
	eat_word(&c, "\"");
	out->is_simulated = eat_if(&c, ",\"simulated\":true");
	eat_word(&c, "}");
	return is_finished(&c);
}

bool vres_audit_parse_checkpoint(const char *line, size_t n, struct audit_read_checkpoint *out)
{
	struct cursor c = {.at = line, .end = line + n};

	eat_word(&c, "{\"epoch\":");
	out->epoch = eat_number(&c);
	eat_word(&c, ",\"format\":\"vres-audit-checkpoint/1\",\"hash\":\"");
	eat_hex(&c, out->hash, sizeof(out->hash));
	eat_word(&c, "\",\"mac\":\"");
	out->mac_at = (size_t)(c.at - line);
	eat_hex(&c, out->mac, sizeof(out->mac));
	eat_word(&c, "\",\"seq\":");
	out->seq = eat_number(&c);
	eat_word(&c, ",\"worker_id\":\"");
	eat_identifier(&c);
	eat_word(&c, "\"}");
	return is_finished(&c) && out->seq > 0;
}

bool vres_audit_is_rotated(const struct audit_read_line *line)
{
	struct cursor c = {.at = line->event, .end = line->event + line->event_bytes};

	eat_word(&c, "{\"event_type\":\"log_rotated\"}");
	return is_finished(&c);
}

bool vres_audit_is_epoch(const struct audit_read_line *line, uint64_t *epoch)
{
	struct cursor c = {.at = line->event, .end = line->event + line->event_bytes};

	eat_word(&c, "{\"epoch\":");
	*epoch = eat_number(&c);
	eat_word(&c, ",\"event_type\":\"log_epoch\"}");
	return is_finished(&c);
}

bool vres_audit_may_begin(const char *bytes, size_t n)
{
	return memcmp(bytes, line_start, n < sizeof(line_start) - 1 ? n : sizeof(line_start) - 1) ==
	       0;
}

bool vres_audit_parse_key(const char *text, size_t n, uint64_t *epoch,
                          uint8_t key[VRES_SHA256_BYTES])
{
	struct cursor c = {.at = text, .end = text + n};

	eat_word(&c, "vres-audit-key/1 ");
	*epoch = eat_number(&c);
	eat_word(&c, " ");
	eat_hex(&c, key, VRES_SHA256_BYTES);
	eat_word(&c, "\n");
	return is_finished(&c);
}
