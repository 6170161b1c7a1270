/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keeping copies of what callbacks are given. */
#include <stdio.h>
#include <string.h>
#include "alloc.h"
#include "record.h"
#include "rig.h"

static const char *const NAMES[] = {
	[VRES_EVENT_VRAM_SEALED] = "vram_sealed",
	[VRES_EVENT_SEAL_VERIFIED] = "seal_verified",
	[VRES_EVENT_SEAL_VERIFICATION_FAILED] = "seal_verification_failed",
	[VRES_EVENT_VRAM_ALLOCATED] = "vram_allocated",
	[VRES_EVENT_VRAM_ALLOCATION_FAILED] = "vram_allocation_failed",
	[VRES_EVENT_VRAM_DEALLOCATED] = "vram_deallocated",
	[VRES_EVENT_VRAM_DEALLOCATION_FAILED] = "vram_deallocation_failed",
	[VRES_EVENT_POLICY_VIOLATION] = "policy_violation",
};

void record_init(struct record *r)
{
	memset(r, 0, sizeof(*r));
	pthread_mutex_init(&r->lock, NULL);
}

static void drop(void *list, size_t *n)
{
	void **items = list;

	while (*n != 0)
		test_free(items[--*n]);
}

void record_clear(struct record *r)
{
	pthread_mutex_lock(&r->lock);
	drop(r->events, &r->events_count);
	drop(r->incidents, &r->incidents_count);
	drop(r->lines, &r->lines_count);
	r->refused = 0;
	pthread_mutex_unlock(&r->lock);
}

void record_finish(struct record *r)
{
	record_clear(r);
	test_free(r->events);
	test_free(r->incidents);
	test_free(r->lines);
	pthread_mutex_destroy(&r->lock);
}

/* @list grown for one more. */
static void *room(void *list, size_t n, size_t *cap)
{
	if (n < *cap)
		return list;
	*cap = *cap != 0 ? 2 * *cap : 64;
	return test_realloc(list, *cap * sizeof(void *));
}

static const char *copy_text(char *to, size_t cap, const char *text)
{
	if (text == NULL)
		return NULL;
	snprintf(to, cap, "%s", text);
	return to;
}

static struct recorded_event *copy_event(const vres_event *e)
{
	struct recorded_event *copy = test_alloc(sizeof(*copy));
	vres_event *to = &copy->event;
	const size_t cap = sizeof(copy->text[0]);

	*to = *e;
	if (e->shard != NULL) {
		copy->shard = *e->shard;
		to->shard = &copy->shard;
	}
	to->name = copy_text(copy->text[0], cap, e->name);
	to->worker_id = copy_text(copy->text[1], cap, e->worker_id);
	to->expected_digest = copy_text(copy->text[2], cap, e->expected_digest);
	to->actual_digest = copy_text(copy->text[3], cap, e->actual_digest);
	to->mode = copy_text(copy->text[4], cap, e->mode);
	to->violation = copy_text(copy->text[5], cap, e->violation);
	to->action_taken = copy_text(copy->text[6], cap, e->action_taken);
	to->detail = copy_text(copy->detail, sizeof(copy->detail), e->detail);
	return copy;
}

static bool is_critical(uint32_t type)
{
	return type == VRES_EVENT_SEAL_VERIFICATION_FAILED || type == VRES_EVENT_POLICY_VIOLATION;
}

static const char *event_flaw(const vres_event *e)
{
	if (e->struct_size < sizeof(*e))
		return "an event with a small struct_size";
	if (e->type < 1 || e->type > VRES_EVENT_POLICY_VIOLATION)
		return "an event of an unknown type";
	if (e->name == NULL || strcmp(e->name, NAMES[e->type]) != 0)
		return "an event whose name does not fit its type";
	if (e->worker_id == NULL || strcmp(e->worker_id, "worker-7") != 0)
		return "an event without its worker";
	if (e->time == 0)
		return "an event without a time";
	if (e->simulated != rig_is_simulated())
		return "an event that does not say whether it is simulated";
	if (is_critical(e->type) != (e->critical == 1))
		return "an event whose severity does not fit its type";
	if (e->type == VRES_EVENT_VRAM_SEALED && (e->shard == NULL || e->shard->shard_id[0] == '\0'))
		return "a seal event without its shard";
	return NULL;
}

vres_status record_event(void *ctx, const vres_event *event)
{
	struct record *r = ctx;
	const char *flaw = event_flaw(event);
	bool refuse;

	pthread_mutex_lock(&r->lock);
	if (flaw != NULL && r->flaw == NULL)
		r->flaw = flaw;
	refuse = (r->refuse >> event->type & 1) != 0;
	if (refuse) {
		r->refused++;
	} else {
		r->events = room(r->events, r->events_count, &r->events_room);
		r->events[r->events_count++] = copy_event(event);
	}
	pthread_mutex_unlock(&r->lock);
	return refuse ? VRES_E_IO : VRES_OK;
}

void record_incident(void *ctx, const vres_event *event)
{
	struct record *r = ctx;

	pthread_mutex_lock(&r->lock);
	if (event->critical != 1 && r->flaw == NULL)
		r->flaw = "an incident that is not critical";
	r->incidents = room(r->incidents, r->incidents_count, &r->incidents_room);
	r->incidents[r->incidents_count++] = copy_event(event);
	pthread_mutex_unlock(&r->lock);
}

void record_log(void *ctx, int level, const char *event, const char *const *keys, const char *const *values, size_t n)
{
	struct record *r = ctx;
	const size_t cap = 4096;
	char *line = test_alloc(cap);
	size_t at = (size_t)snprintf(line, cap, "%d %s", level, event);

	for (size_t i = 0; i < n && at < cap; i++)
		at += (size_t)snprintf(line + at, cap - at, " %s=%s", keys[i], values[i]);
	pthread_mutex_lock(&r->lock);
	if ((level < VRES_LOG_ERROR || level > VRES_LOG_DEBUG) && r->flaw == NULL)
		r->flaw = "a log line of an unknown level";
	r->lines = room(r->lines, r->lines_count, &r->lines_room);
	r->lines[r->lines_count++] = line;
	pthread_mutex_unlock(&r->lock);
}

size_t record_count(struct record *r, uint32_t type)
{
	size_t n = 0;

	pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < r->events_count; i++)
		n += type == 0 || r->events[i]->event.type == type;
	pthread_mutex_unlock(&r->lock);
	return n;
}

size_t record_critical(struct record *r)
{
	size_t n = 0;

	pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < r->events_count; i++)
		n += r->events[i]->event.critical;
	pthread_mutex_unlock(&r->lock);
	return n;
}

const vres_event *record_last(struct record *r, uint32_t type)
{
	const vres_event *last = NULL;

	pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < r->events_count; i++)
		if (type == 0 || r->events[i]->event.type == type)
			last = &r->events[i]->event;
	pthread_mutex_unlock(&r->lock);
	return last;
}

static bool holds(const char *text, const char *needle)
{
	return text != NULL && strcasestr(text, needle) != NULL;
}

static bool event_mentions(const struct recorded_event *e, const char *needle)
{
	const char *const fields[] = {e->shard.shard_id,      e->shard.model_ref,   e->shard.group_id, e->shard.digest,
	                              e->shard.verity_digest, e->shard.device_uuid, e->shard.backend,  e->detail};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (holds(fields[i], needle))
			return true;
	for (size_t i = 0; i < sizeof(e->text) / sizeof(e->text[0]); i++)
		if (holds(e->text[i], needle))
			return true;
	return false;
}

bool record_mentions(struct record *r, const char *needle)
{
	bool found = false;

	pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < r->events_count && !found; i++)
		found = event_mentions(r->events[i], needle);
	for (size_t i = 0; i < r->incidents_count && !found; i++)
		found = event_mentions(r->incidents[i], needle);
	for (size_t i = 0; i < r->lines_count && !found; i++)
		found = holds(r->lines[i], needle);
	pthread_mutex_unlock(&r->lock);
	return found;
}
