/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of events, the one in docs/FORMAT.md, with the keys in the order of their bytes. */
#include "audit/format/event_table.h"

#include "events/events.h"

#define ROW(key, kind, at, word)                                                                   \
	{                                                                                          \
		key, FIELD_##kind, at, word                                                        \
	}
#define EVENT(key, kind, member) ROW(key, kind, offsetof(vres_event, member), NULL)
#define SHARD(key, kind, member) ROW(key, kind, offsetof(vres_shard_info, member), NULL)
#define ALWAYS(key, word)        ROW(key, WORD, 0, word)
#define OTHER(key, kind)         ROW(key, kind, 0, NULL)
#define HEX(key, digits)         ROW(key, OWN_HEX, digits, NULL)
#define TYPE                     OTHER("event_type", NAME)
#define IF_SIMULATED             OTHER("simulated", SIMULATED)
#define GPU_DEVICE               EVENT("gpu_device", DEVICE, gpu_device)
#define SHARD_ID                 SHARD("shard_id", SHARD_TEXT, shard_id)

#define LIBRARY(event, ...)                                                                        \
	{                                                                                          \
		.type = (event), .fields = { __VA_ARGS__ }                                         \
	}
#define OWN(event, name, ...)                                                                      \
	{                                                                                          \
		.type = (event), .own_name = (name), .fields = { __VA_ARGS__ }                     \
	}

static const struct audit_layout layouts[] = {
	LIBRARY(VRES_EVENT_VRAM_SEALED, SHARD("digest", SHARD_TEXT, digest), TYPE, GPU_DEVICE,
                SHARD_ID, IF_SIMULATED, SHARD("tensors", SHARD_COUNT, tensors),
                SHARD("vram_bytes", SHARD_NUMBER, vram_bytes)),
	LIBRARY(VRES_EVENT_SEAL_VERIFIED, TYPE, EVENT("mode", TEXT, mode), SHARD_ID, IF_SIMULATED),
	LIBRARY(VRES_EVENT_SEAL_VERIFICATION_FAILED, EVENT("actual_digest", TEXT, actual_digest),
                EVENT("bad_tensors", COUNT, bad_tensors),
                EVENT("damage_count", COUNT, damage_count), TYPE,
                EVENT("expected_digest", TEXT, expected_digest), OTHER("reason", REASON),
                ALWAYS("severity", "critical"), SHARD_ID, IF_SIMULATED,
                EVENT("tensor", NEW_TEXT, tensor)),
	LIBRARY(VRES_EVENT_VRAM_ALLOCATED, EVENT("allocated_bytes", NUMBER, allocated_bytes),
                EVENT("available_bytes", NUMBER, available_bytes), TYPE, GPU_DEVICE,
                EVENT("requested_bytes", NUMBER, requested_bytes), IF_SIMULATED,
                EVENT("used_bytes", NUMBER, used_bytes)),
	LIBRARY(VRES_EVENT_VRAM_ALLOCATION_FAILED,
                EVENT("available_bytes", NUMBER, available_bytes), TYPE, GPU_DEVICE,
                EVENT("reason", TEXT, detail), EVENT("requested_bytes", NUMBER, requested_bytes),
                IF_SIMULATED),
	LIBRARY(VRES_EVENT_VRAM_DEALLOCATED, TYPE, EVENT("freed_bytes", NUMBER, freed_bytes),
                GPU_DEVICE, EVENT("remaining_used", NUMBER, used_bytes), SHARD_ID, IF_SIMULATED),
	LIBRARY(VRES_EVENT_VRAM_DEALLOCATION_FAILED, TYPE, GPU_DEVICE,
                EVENT("reason", TEXT, detail), SHARD_ID, IF_SIMULATED),
	LIBRARY(VRES_EVENT_POLICY_VIOLATION, EVENT("action_taken", TEXT, action_taken),
                EVENT("details", TEXT, detail), TYPE, GPU_DEVICE, ALWAYS("policy", "vram_only"),
                ALWAYS("severity", "critical"), IF_SIMULATED, EVENT("violation", TEXT, violation)),
	LIBRARY(VRES_EVENT_VRAM_RESEALED, EVENT("changed_tensors", COUNT, changed_tensors),
                SHARD("digest", SHARD_TEXT, digest), SHARD("epoch", SHARD_SMALL, epoch), TYPE,
                EVENT("expected_tensors", COUNT, expected_tensors), GPU_DEVICE,
                EVENT("label", NEW_TEXT, label), EVENT("lifted", FLAG, lifted),
                EVENT("previous_digest", NEW_TEXT, previous_digest), SHARD_ID, IF_SIMULATED,
                SHARD("tensors", SHARD_COUNT, tensors)),
	LIBRARY(VRES_EVENT_VRAM_SUSPENDED, TYPE, GPU_DEVICE, SHARD_ID, IF_SIMULATED),
	LIBRARY(VRES_EVENT_VRAM_RESUMED, SHARD("epoch", SHARD_SMALL, epoch), TYPE, GPU_DEVICE,
                EVENT("label", NEW_TEXT, label), EVENT("lifted", FLAG, lifted),
                EVENT("moved_tensors", COUNT, moved_tensors), SHARD_ID, IF_SIMULATED),
	LIBRARY(VRES_EVENT_VRAM_REPAIRED, TYPE, GPU_DEVICE, EVENT("lifted", FLAG, lifted),
                EVENT("ranges", COUNT, ranges), EVENT("repaired_bytes", COUNT, repaired_bytes),
                SHARD_ID, IF_SIMULATED),
	LIBRARY(VRES_EVENT_SEAL_VERIFICATION_ERROR, TYPE, GPU_DEVICE, EVENT("mode", TEXT, mode),
                SHARD_ID, IF_SIMULATED, OTHER("status", STATUS)),
	LIBRARY(VRES_EVENT_SEAL_FAILED, TYPE, GPU_DEVICE, EVENT("mode", TEXT, mode), SHARD_ID,
                IF_SIMULATED, OTHER("status", STATUS)),
	LIBRARY(VRES_EVENT_VRAM_RELEASED, TYPE, GPU_DEVICE, SHARD_ID, IF_SIMULATED),
	OWN(AUDIT_HEADER, "log_header", OTHER("epoch", OWN_EPOCH), TYPE,
            ALWAYS("format", "vres-audit/1"), OTHER("key_mode", OWN_TEXT),
            HEX("session", AUDIT_SESSION), IF_SIMULATED),
	OWN(AUDIT_OPENED, "log_opened", TYPE, HEX("session", AUDIT_SESSION), IF_SIMULATED),
	OWN(AUDIT_REPAIRED, "log_repaired", TYPE, OTHER("removed_bytes", OWN_NUMBER),
            HEX("removed_sha256", AUDIT_HEX), IF_SIMULATED),
	OWN(AUDIT_LOST, "log_lost", TYPE, OTHER("lost_events", OWN_NUMBER), IF_SIMULATED),
	OWN(AUDIT_EPOCH, "log_epoch", OTHER("epoch", OWN_NUMBER), TYPE, IF_SIMULATED),
	OWN(AUDIT_ROTATED, "log_rotated", TYPE, IF_SIMULATED),
	OWN(AUDIT_CLOSED, "log_closed", TYPE, IF_SIMULATED),
};

const struct audit_layout *audit_layout_of(uint32_t type)
{
	for (size_t i = 0; i < COUNT_OF(layouts); i++)
		if (layouts[i].type == type)
			return &layouts[i];
	return NULL;
}

const char *audit_layout_name(const struct audit_layout *l)
{
	return l->own_name ? l->own_name : vres_event_name(l->type);
}

const struct audit_layout *audit_layout_own(const char *name, size_t n)
{
	for (size_t i = 0; i < COUNT_OF(layouts); i++)
		if (layouts[i].type >= AUDIT_HEADER && strlen(layouts[i].own_name) == n &&
		    memcmp(layouts[i].own_name, name, n) == 0)
			return &layouts[i];
	return NULL;
}
