/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a tap is made of: script.c decides what happens to a call, tap.c passes it on, tap_side.c is
 * the tap's own use of the backend.
 */
#ifndef TESTS_SUPPORT_TAP_TAP_MODEL_H
#define TESTS_SUPPORT_TAP_TAP_MODEL_H

#include <pthread.h>
#include <stdatomic.h>
#include "support/tap/tap.h"

#define TAP_DEVICES 64
#define TAP_FAULTS  8

#define NO_DEADLINE UINT64_MAX

enum tap_code {
	TAP_SCRIPTED = 9001,
	TAP_LOST = 9002,
	TAP_DEADLINE = 9003,
	TAP_CAPACITY = 9005,
	TAP_INCAPABLE = 9008
};

/*
 * Memory that was made through the tap or by it: whose device it is said to be, and what is said of
 * it.
 */
struct tap_span {
	struct tap_span *next;
	uint64_t addr, bytes, capacity;
	uint32_t device, lies;
	vres_bmem *owned; /* the inner handle of what tap_alloc() made; NULL: a manager's */
};

struct tap_fault {
	vres_mock_op op;
	uint64_t left; /* calls until it happens; 0: none */
	vres_status status;
};

struct tap {
	pthread_mutex_t lock;
	const vres_backend *inner;
	const char *library_path;
	uint64_t bytes_per_device, granularity;
	uint32_t devices;
	bool no_device_hash;
	void (*lose)(uint32_t device);
	bool (*is_zero)(uint64_t addr, uint64_t bytes);
	struct tap_fault faults[TAP_FAULTS];
	uint64_t delay[VRES_MOCK_OP_COUNT];
	uint64_t used[TAP_DEVICES];
	bool is_lost[TAP_DEVICES];
	struct tap_span *spans;
	_Atomic uint64_t calls[VRES_MOCK_OP_COUNT];
	_Atomic uint64_t live, unwiped;

	/* The tap's own handles, opened when first needed. */
	pthread_mutex_t side_lock;
	vres_bself *self;
	vres_bdev *side[TAP_DEVICES];
	uint32_t inner_devices;
};

/* True: the call is answered with *status and *err, and is not passed on. */
bool tap_answers(struct tap *tap, vres_mock_op op, uint32_t device, uint64_t deadline,
                 vres_status *status, vres_error *err);
bool tap_is_lost(struct tap *tap, uint32_t device);

vres_status tap_error(vres_error *err, vres_status status, enum tap_code code, uint32_t device,
                      const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Room on a device, taken and given back; *left: what there was. */
bool tap_take(struct tap *tap, uint32_t device, uint64_t capacity, uint64_t *left);
void tap_give_back(struct tap *tap, uint32_t device, uint64_t capacity);
uint64_t tap_capacity(const struct tap *tap, uint64_t bytes);

void tap_span_add(struct tap *tap, const struct tap_span *span);
bool tap_span_find(struct tap *tap, uint64_t addr, struct tap_span *out);
bool tap_span_drop(struct tap *tap, uint64_t addr, struct tap_span *out);

/* Is every byte of a range zero?  Asked of the device. */
bool tap_is_zero(struct tap *tap, uint32_t device, uint64_t addr, uint64_t bytes);

#endif
