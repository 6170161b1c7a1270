/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Events into slots, field by field as the table says. */
#include "audit/format/slot.h"

#include "audit/format/event_table.h"
#include "base/error.h"
#include "base/validate.h"

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
		if (step == 0 || vres_is_control(c))
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

/* Of a structure that may be older, and then lacks what was added since. */
static void put_small(struct audit_slot *slot, size_t i, const void *object, size_t at,
                      bool is_absent_if_0)
{
	uint32_t value = 0;
	size_t size;

	if (object == NULL)
		return;
	memcpy(&size, object, sizeof(size));
	if (size >= at + sizeof(value))
		memcpy(&value, (const char *)object + at, sizeof(value));
	if (value > 0 || !is_absent_if_0)
		put_number(slot, i, value);
}

static const char *reason_word(const vres_event *event)
{
	return event->status == VRES_E_NOT_SEALED ? "not_sealed" : vres_reason_word(event->reason);
}

static vres_status put_field(struct audit_slot *slot, size_t i, const struct audit_field *f,
                             const vres_event *event, struct sha256 *hash, vres_error *err)
{
	const char *text;

	switch (f->kind) {
	case FIELD_SIMULATED:
		if (event->simulated)
			put_number(slot, i, 1);
		return VRES_OK;
	case FIELD_NUMBER: put_number(slot, i, number_at(event, f->at)); return VRES_OK;
	case FIELD_COUNT:
		if (event->struct_size >= f->at + sizeof(uint64_t) && number_at(event, f->at) > 0)
			put_number(slot, i, number_at(event, f->at));
		return VRES_OK;
	case FIELD_DEVICE:
		if (event->gpu_device != VRES_NO_DEVICE)
			put_number(slot, i, event->gpu_device);
		return VRES_OK;
	case FIELD_FLAG: put_small(slot, i, event, f->at, true); return VRES_OK;
	case FIELD_SHARD_SMALL: put_small(slot, i, event->shard, f->at, false); return VRES_OK;
	case FIELD_SHARD_COUNT: put_small(slot, i, event->shard, f->at, true); return VRES_OK;
	case FIELD_NEW_TEXT:
		if (event->struct_size < f->at + sizeof(text))
			return VRES_OK;
		memcpy(&text, (const char *)event + f->at, sizeof(text));
		return put_text(slot, i, text, hash, err);
	case FIELD_TEXT:
		memcpy(&text, (const char *)event + f->at, sizeof(text));
		return put_text(slot, i, text, hash, err);
	case FIELD_REASON: return put_text(slot, i, reason_word(event), hash, err);
	case FIELD_STATUS: return put_text(slot, i, vres_status_name(event->status), hash, err);
	case FIELD_SHARD_NUMBER:
		if (event->shard)
			put_number(slot, i, number_at(event->shard, f->at));
		return VRES_OK;
	case FIELD_SHARD_TEXT:
		return put_text(slot, i, event->shard ? (const char *)event->shard + f->at : NULL,
		                hash, err);
	default: return VRES_OK;
	}
}

void vres_audit_slot_begin(struct audit_slot *slot, uint32_t type, uint64_t time)
{
	const struct audit_layout *layout = audit_layout_of(type);
	const struct audit_field *f;

	slot->type = type;
	slot->time = time;
	slot->text_bytes = 0;
	slot->present = 0;
	for (size_t i = 0; (f = audit_layout_field(layout, i)) != NULL; i++)
		if (f->kind == FIELD_NAME || f->kind == FIELD_WORD)
			put_number(slot, i, 0);
}

vres_status vres_audit_slot_fill(struct audit_slot *slot, const vres_event *event,
                                 struct sha256 *hash, vres_error *err)
{
	const struct audit_layout *layout = audit_layout_of(event->type);
	const struct audit_field *f;

	if (layout == NULL || event->type >= AUDIT_HEADER)
		return vres_fail(err, VRES_E_INVALID_INPUT, "events of type %u are not known here",
		                 (unsigned)event->type);
	vres_audit_slot_begin(slot, event->type, event->time);
	for (size_t i = 0; (f = audit_layout_field(layout, i)) != NULL; i++)
		TRY(put_field(slot, i, f, event, hash, err));
	return VRES_OK;
}

static size_t field_of(const struct audit_slot *slot, const char *key)
{
	const struct audit_layout *layout = audit_layout_of(slot->type);
	size_t i = 0;

	while (i + 1 < AUDIT_FIELDS && strcmp(layout->fields[i].key, key) != 0)
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
