/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Events into slots, slots into canonical lines.  The table of events is the one in docs/FORMAT.md,
 * with the keys in the order of their bytes.
 */
#include "audit/format/line_write.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/error.h"
#include "base/json.h"
#include "base/validate.h"

enum kind {
	NONE,
	NAME,         /* event_type */
	WORD,         /* always the same */
	SIMULATED,    /* true, or absent */
	NUMBER,       /* u64 of the event */
	COUNT,        /* the same; absent if it is 0 or the event was made before the field was */
	DEVICE,       /* u32 of the event; absent for VRES_NO_DEVICE */
	TEXT,         /* string of the event */
	REASON,       /* its reason, as a word */
	STATUS,       /* its status, by name */
	SHARD_NUMBER, /* u64, string of its shard */
	SHARD_TEXT,
	OWN_NUMBER, /* of the log's own events */
	OWN_TEXT,
};

struct field {
	const char *key;
	enum kind kind;
	size_t at;
	const char *word;
};

#define FIELD(key, kind, at, word)                                                                 \
	{                                                                                          \
		key, kind, at, word                                                                \
	}
#define EVENT(key, kind, member) FIELD(key, kind, offsetof(vres_event, member), NULL)
#define SHARD(key, kind, member) FIELD(key, kind, offsetof(vres_shard_info, member), NULL)
#define ALWAYS(key, word)        FIELD(key, WORD, 0, word)
#define OTHER(key, kind)         FIELD(key, kind, 0, NULL)
#define TYPE                     OTHER("event_type", NAME)
#define IF_SIMULATED             OTHER("simulated", SIMULATED)
#define GPU_DEVICE               EVENT("gpu_device", DEVICE, gpu_device)
#define SHARD_ID                 SHARD("shard_id", SHARD_TEXT, shard_id)

struct layout {
	uint32_t type;
	const char *name;
	struct field fields[AUDIT_FIELDS];
};

static const struct layout layouts[] = {
	{VRES_EVENT_VRAM_SEALED,
         "vram_sealed",
         {SHARD("digest", SHARD_TEXT, digest), TYPE, GPU_DEVICE, SHARD_ID, IF_SIMULATED,
          SHARD("vram_bytes", SHARD_NUMBER, vram_bytes)}},
	{VRES_EVENT_SEAL_VERIFIED,
         "seal_verified",
         {TYPE, EVENT("mode", TEXT, mode), SHARD_ID, IF_SIMULATED}},
	{VRES_EVENT_SEAL_VERIFICATION_FAILED,
         "seal_verification_failed",
         {EVENT("actual_digest", TEXT, actual_digest), EVENT("damage_count", COUNT, damage_count),
          TYPE, EVENT("expected_digest", TEXT, expected_digest), OTHER("reason", REASON),
          ALWAYS("severity", "critical"), SHARD_ID, IF_SIMULATED}},
	{VRES_EVENT_VRAM_ALLOCATED,
         "vram_allocated",
         {EVENT("allocated_bytes", NUMBER, allocated_bytes),
          EVENT("available_bytes", NUMBER, available_bytes), TYPE, GPU_DEVICE,
          EVENT("requested_bytes", NUMBER, requested_bytes), IF_SIMULATED,
          EVENT("used_bytes", NUMBER, used_bytes)}},
	{VRES_EVENT_VRAM_ALLOCATION_FAILED,
         "vram_allocation_failed",
         {EVENT("available_bytes", NUMBER, available_bytes), TYPE, GPU_DEVICE,
          EVENT("reason", TEXT, detail), EVENT("requested_bytes", NUMBER, requested_bytes),
          IF_SIMULATED}},
	{VRES_EVENT_VRAM_DEALLOCATED,
         "vram_deallocated",
         {TYPE, EVENT("freed_bytes", NUMBER, freed_bytes), GPU_DEVICE,
          EVENT("remaining_used", NUMBER, used_bytes), SHARD_ID, IF_SIMULATED}},
	{VRES_EVENT_VRAM_DEALLOCATION_FAILED,
         "vram_deallocation_failed",
         {TYPE, GPU_DEVICE, EVENT("reason", TEXT, detail), SHARD_ID, IF_SIMULATED}},
	{VRES_EVENT_POLICY_VIOLATION,
         "policy_violation",
         {EVENT("action_taken", TEXT, action_taken), EVENT("details", TEXT, detail), TYPE,
          GPU_DEVICE, ALWAYS("policy", "vram_only"), ALWAYS("severity", "critical"), IF_SIMULATED,
          EVENT("violation", TEXT, violation)}},
	{VRES_EVENT_SEAL_VERIFICATION_ERROR,
         "seal_verification_error",
         {TYPE, GPU_DEVICE, EVENT("mode", TEXT, mode), SHARD_ID, IF_SIMULATED,
          OTHER("status", STATUS)}},
	{VRES_EVENT_SEAL_FAILED,
         "seal_failed",
         {TYPE, GPU_DEVICE, EVENT("mode", TEXT, mode), SHARD_ID, IF_SIMULATED,
          OTHER("status", STATUS)}},
	{VRES_EVENT_VRAM_RELEASED, "vram_released", {TYPE, GPU_DEVICE, SHARD_ID, IF_SIMULATED}},
	{AUDIT_HEADER,
         "log_header",
         {OTHER("epoch", OWN_NUMBER), TYPE, ALWAYS("format", "vres-audit/1"),
          OTHER("key_mode", OWN_TEXT), OTHER("session", OWN_TEXT), IF_SIMULATED}},
	{AUDIT_OPENED, "log_opened", {TYPE, OTHER("session", OWN_TEXT)}},
	{AUDIT_REPAIRED,
         "log_repaired",
         {TYPE, OTHER("removed_bytes", OWN_NUMBER), OTHER("removed_sha256", OWN_TEXT)}},
	{AUDIT_LOST, "log_lost", {TYPE, OTHER("lost_events", OWN_NUMBER)}},
	{AUDIT_EPOCH, "log_epoch", {OTHER("epoch", OWN_NUMBER), TYPE}},
	{AUDIT_ROTATED, "log_rotated", {TYPE}},
	{AUDIT_CLOSED, "log_closed", {TYPE}},
};

static const struct layout *layout_of(uint32_t type)
{
	for (size_t i = 0; i < COUNT_OF(layouts); i++)
		if (layouts[i].type == type)
			return &layouts[i];
	return NULL;
}

/*
 * Into slots
 * ----------------------------------------------------------------------------------------
 */

/* Can the text stand in a line as it is: UTF-8 without control characters? */
static bool is_clean(const char *text, size_t n)
{
	const unsigned char *bytes = (const unsigned char *)text;
	uint32_t c = 0;

	for (size_t i = 0, step; i < n; i += step) {
		step = 1;
		if (bytes[i] >= 0x20 && bytes[i] < 0x7f) /* nearly always */
			continue;
		step = vres_utf8_next(bytes + i, n - i, &c);
		if (step == 0 || c < 0x20 || (c >= 0x7f && c <= 0x9f))
			return false;
	}
	return true;
}

static void put_number(struct audit_slot *slot, size_t i, uint64_t value)
{
	slot->values[i] = min_u64(value, AUDIT_NUMBER_MAX);
	slot->present |= (uint16_t)(1u << i);
}

static void put_clean(struct audit_slot *slot, size_t i, const char *text, size_t n)
{
	memcpy(slot->text + slot->text_bytes, text, n);
	slot->text_bytes += (uint32_t)n;
	put_number(slot, i, n);
}

static vres_status put_text(struct audit_slot *slot, size_t i, const char *text,
                            struct sha256 *hash, vres_error *err)
{
	static const char prefix[] = "sha256:";
	uint8_t digest[VRES_SHA256_BYTES];
	char replacement[sizeof(prefix) + 64];
	size_t n;

	if (text == NULL)
		return VRES_OK;
	n = strlen(text);
	/* Too long together, as when a fixed array lacks its NUL. */
	if (n > sizeof(slot->text) - slot->text_bytes && n <= AUDIT_TEXT_MAX)
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "the texts of an event have more than %zu bytes together",
		                 sizeof(slot->text));
	if (n <= AUDIT_TEXT_MAX && is_clean(text, n)) {
		put_clean(slot, i, text, n);
		return VRES_OK;
	}
	TRY(vres_sha256_whole(hash, text, n, digest, err));
	memcpy(replacement, prefix, sizeof(prefix) - 1);
	vres_hex(digest, replacement + sizeof(prefix) - 1);
	put_clean(slot, i, replacement, sizeof(replacement) - 1);
	return VRES_OK;
}

static uint64_t number_at(const void *object, size_t at)
{
	uint64_t value;

	memcpy(&value, (const char *)object + at, sizeof(value));
	return value;
}

static const char *reason_word(const vres_event *event)
{
	return event->status == VRES_E_NOT_SEALED ? "not_sealed" : vres_reason_word(event->reason);
}

static vres_status put_field(struct audit_slot *slot, size_t i, const struct field *f,
                             const vres_event *event, struct sha256 *hash, vres_error *err)
{
	const char *text;

	switch (f->kind) {
	case NAME:
	case WORD: put_number(slot, i, 0); return VRES_OK;
	case SIMULATED:
		if (event->simulated)
			put_number(slot, i, 1);
		return VRES_OK;
	case NUMBER: put_number(slot, i, number_at(event, f->at)); return VRES_OK;
	case COUNT:
		if (event->struct_size >= f->at + sizeof(uint64_t) && number_at(event, f->at) > 0)
			put_number(slot, i, number_at(event, f->at));
		return VRES_OK;
	case DEVICE:
		if (event->gpu_device != VRES_NO_DEVICE)
			put_number(slot, i, event->gpu_device);
		return VRES_OK;
	case TEXT:
		memcpy(&text, (const char *)event + f->at, sizeof(text));
		return put_text(slot, i, text, hash, err);
	case REASON: return put_text(slot, i, reason_word(event), hash, err);
	case STATUS: return put_text(slot, i, vres_status_name(event->status), hash, err);
	case SHARD_NUMBER:
		if (event->shard)
			put_number(slot, i, number_at(event->shard, f->at));
		return VRES_OK;
	case SHARD_TEXT:
		return put_text(slot, i, event->shard ? (const char *)event->shard + f->at : NULL,
		                hash, err);
	default: return VRES_OK;
	}
}

vres_status vres_audit_slot_fill(struct audit_slot *slot, const vres_event *event,
                                 struct sha256 *hash, vres_error *err)
{
	const struct layout *layout = layout_of(event->type);

	if (layout == NULL || event->type >= AUDIT_HEADER)
		return vres_fail(err, VRES_E_INVALID_INPUT, "events of type %u are not known here",
		                 (unsigned)event->type);
	slot->type = event->type;
	slot->time = event->time;
	slot->text_bytes = 0;
	slot->present = 0;
	for (size_t i = 0; i < AUDIT_FIELDS && layout->fields[i].kind != NONE; i++)
		TRY(put_field(slot, i, &layout->fields[i], event, hash, err));
	return VRES_OK;
}

void vres_audit_slot_begin(struct audit_slot *slot, uint32_t type, uint64_t time)
{
	const struct layout *layout = layout_of(type);

	slot->type = type;
	slot->time = time;
	slot->text_bytes = 0;
	slot->present = 0;
	for (size_t i = 0; i < AUDIT_FIELDS && layout->fields[i].kind != NONE; i++)
		if (layout->fields[i].kind == NAME || layout->fields[i].kind == WORD)
			put_number(slot, i, 0);
}

static size_t field_of(const struct audit_slot *slot, const char *key)
{
	const struct layout *layout = layout_of(slot->type);
	size_t i = 0;

	while (i + 1 < AUDIT_FIELDS && layout->fields[i].kind != NONE &&
	       strcmp(layout->fields[i].key, key) != 0)
		i++;
	return i;
}

void vres_audit_slot_number(struct audit_slot *slot, const char *key, uint64_t value)
{
	put_number(slot, field_of(slot, key), value);
}

void vres_audit_slot_text(struct audit_slot *slot, const char *key, const char *value)
{
	put_clean(slot, field_of(slot, key), value, strlen(value));
}

/*
 * Into lines
 * ----------------------------------------------------------------------------------------
 */

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
	const struct layout *layout = layout_of(slot->type);
	const char *text = slot->text;
	char before = '{';

	for (size_t i = 0; i < AUDIT_FIELDS && layout->fields[i].kind != NONE; i++) {
		const struct field *f = &layout->fields[i];

		if ((slot->present >> i & 1) == 0)
			continue;
		put_bytes(o, &before, 1);
		put_quoted(o, f->key, strlen(f->key));
		put_bytes(o, ":", 1);
		before = ',';
		switch (f->kind) {
		case NAME: put_quoted(o, layout->name, strlen(layout->name)); break;
		case WORD: put_quoted(o, f->word, strlen(f->word)); break;
		case SIMULATED: put_string(o, "true"); break;
		case TEXT:
		case REASON:
		case STATUS:
		case SHARD_TEXT:
		case OWN_TEXT:
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
