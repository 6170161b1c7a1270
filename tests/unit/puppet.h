/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A backend that does what the test says: devices made of heap memory, every operation counted, and each able to fail or to lie in ways the
 * mock cannot, since the mock keeps the contract.  What is put on a lane is done when the lane is waited for, and not before.
 *
 * The door is what core/device.c makes of it: a driver with one device open.
 */
#ifndef TESTS_PUPPET_H
#define TESTS_PUPPET_H

#include "device.h"

enum puppet_op {
	PUPPET_OPEN,
	PUPPET_DEVICE_COUNT,
	PUPPET_DEVICE_OPEN,
	PUPPET_DEVICE_STATUS,
	PUPPET_MEM_ALLOC,
	PUPPET_MEM_ADOPT,
	PUPPET_MEM_RESIDENCY,
	PUPPET_MEM_WIPE,
	PUPPET_MEM_RELEASE,
	PUPPET_LANE_OPEN,
	PUPPET_LANE_PUSH,
	PUPPET_LANE_PULL,
	PUPPET_LANE_WAIT,
	PUPPET_HASH,
	PUPPET_MEM_PROTECT,
	PUPPET_OPS
};

struct puppet {
	vres_backend table;        /* to be changed before the driver is opened */
	uint32_t devices;          /* how many it says there are */
	vres_device_props props;   /* what each says it is */
	vres_device_status status; /* how each says it is; under the lock, where threads are */
	pthread_mutex_t lock;
	uint32_t residency; /* VRES_MEM_x that it says of all memory */

	vres_status answer[PUPPET_OPS]; /* what an operation returns; VRES_OK: it is done */
	vres_error detail;              /* what *err is filled with, where that is not VRES_OK */
	atomic_uint_fast64_t calls[PUPPET_OPS];
	atomic_int live;                      /* drivers, devices, memories and lanes that are open */
	uint32_t lane_flags;                  /* of the last lane that was opened */
	unsigned busy_lanes, most_busy_lanes; /* with work under way: now, and at most */

	/* Lies: each reports success. */
	bool gives_no_address, gives_no_staging;
	uint64_t gives_less;    /* capacity of an allocation below what was asked for */
	size_t pulls_at_most;   /* bytes that arrive of a pull; 0: all */
	bool pulls_nothing;     /* nor does anything arrive */
	bool echoes_wrongly;    /* another nonce */
	bool echoes_nothing;    /* none */
	bool writes_no_digests; /* the nonce is echoed all the same */
	size_t leaves_out;      /* of the digests of a run, this one, counted from 1 */
	bool push_damages;      /* a bit of the staging buffer, before it is copied */

	/* What was hashed: offset and length of every run, in order, as long as there is room. */
	struct {
		uint64_t offset, bytes;
	} hashed[1024];
	size_t hashed_count;
	size_t hashed_behind_copies; /* jobs on lanes that had something else to do first */
	size_t hashed_unprotected;   /* how many of them when memory was protected last */

	/* Called in the middle of device_status, for what happens at once with it. */
	void (*meanwhile)(void *ctx);
	void *meanwhile_ctx;
};

/* A puppet with one device of 1 GiB, granularity 4096, that can hash and does all it is asked. */
struct puppet *puppet_make(void);
void puppet_drop(struct puppet **p);

/* Free memory that comes and goes, as a driver's does: false, and nothing done, where there is too little. */
bool puppet_take(struct puppet *p, uint64_t bytes);
void puppet_give(struct puppet *p, uint64_t bytes);

struct door {
	struct puppet *puppet;
	struct vres_driver driver;
	struct vres_device *device;
};

struct door *door_open(void);
void door_shut(struct door **door); /* asserts that nothing is left open */

/* Memory of @bytes bytes that holds the content of @seed. */
struct vres_mem door_memory(struct door *door, uint64_t bytes, uint64_t seed);
void drop_memory(struct vres_mem *mem);

/* The bytes of it, for tests to look at. */
uint8_t *puppet_bytes(const struct vres_mem *mem);

#endif
