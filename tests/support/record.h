/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a manager tells its callbacks, kept: audit events, incidents and log lines, from any thread, in order.  Each event is judged as it comes
 * (its name fits its type, nothing in it is out of place); the first flaw is kept for the fixture to fail on.
 */
#ifndef TESTS_RECORD_H
#define TESTS_RECORD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <vres/vres.h>

/* A copy of an event: its pointers point into the copy. */
struct recorded_event {
	vres_event event;
	vres_shard_info shard;
	char text[7][1024]; /* name, worker_id, expected_digest, actual_digest, mode, violation, action_taken */
	char detail[1024];
};

struct record {
	pthread_mutex_t lock;
	struct recorded_event **events;
	size_t events_count, events_room;
	struct recorded_event **incidents;
	size_t incidents_count, incidents_room;
	char **lines; /* of the log: "level event key=value ..." */
	size_t lines_count, lines_room;
	uint64_t refuse;  /* 1 << type: events that the sink refuses, which are not kept */
	uint64_t refused; /* how many were */
	const char *flaw;
};

void record_init(struct record *r);
void record_clear(struct record *r);
void record_finish(struct record *r);

/* The callbacks; ctx is the record. */
vres_status record_event(void *ctx, const vres_event *event);
void record_incident(void *ctx, const vres_event *event);
void record_log(void *ctx, int level, const char *event, const char *const *keys, const char *const *values, size_t n);

/* How many events of a type were kept; 0: of all. */
size_t record_count(struct record *r, uint32_t type);

/* How many critical ones. */
size_t record_critical(struct record *r);

/* The last event, or the last of a type; NULL: none.  Not to be used while other threads still record. */
const vres_event *record_last(struct record *r, uint32_t type);

/* Does any string of any event, incident or log line hold @needle, whatever its case? */
bool record_mentions(struct record *r, const char *needle);

#endif
