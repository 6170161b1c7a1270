/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The only door to a backend: drivers, devices, memory, lanes.  Bounds of device memory are checked
 * here and nowhere else; what a backend returns is checked here too, and its statuses are kept from
 * passing judgement.
 */
#ifndef VRES_CORE_DEVICE_DEVICE_H
#define VRES_CORE_DEVICE_DEVICE_H

#include <stdatomic.h>
#include <vres/backend.h>

#include "device/ledger.h"

/*
 * Bytes of one staging buffer.  Large enough that launching a copy costs nothing beside it; two of
 * them are all the host memory a seal needs.
 */
#define LANE_BYTES ((size_t)16 << 20)

struct vres_driver {
	vres_backend table;
	vres_bself *self;
	char name[16];
	bool is_simulated;
	uint32_t device_count;
};

struct vres_device {
	const struct vres_driver *driver;
	vres_bdev *handle;
	vres_device_props props;
	struct vres_ledger ledger;
	uint32_t index;
	atomic_bool is_lost;
};

/* A range of device memory.  Value; moved with TAKE. */
struct vres_mem {
	struct vres_device *device;
	vres_bmem *handle;
	uint64_t addr, bytes, capacity;
	bool is_adopted;
};

/* A queue with its staging buffer.  Value; moved with TAKE. */
struct vres_lane {
	struct vres_device *device;
	vres_blane *handle;
	uint8_t *staging;
	size_t bytes;
	/* Random; what buffers hold before a pull, which flips all its bits, or a hash fills them.
	 */
	uint8_t poison[32];
	/* The pull under way; pulled 0: none. */
	const struct vres_mem *from;
	uint64_t from_offset;
	size_t pulled;
	const uint8_t *digests; /* of the hash job under way, or NULL */
	uint64_t digests_count, nonce, echo;
};

vres_status vres_driver_open(const vres_backend *backend, void *arg, const char *library_path,
                             struct vres_driver *out, vres_error *err);
void vres_driver_close(struct vres_driver *driver);

vres_status vres_device_create(const struct vres_driver *driver, uint32_t index,
                               struct vres_device **out, vres_error *err);
void vres_device_destroy(struct vres_device *d, bool touch); /* @touch: false in a forked child */
vres_status vres_device_ask(struct vres_device *d, vres_device_status *out, vres_error *err);

bool vres_device_can(const struct vres_device *d, uint32_t fact);

vres_status vres_mem_alloc(struct vres_device *d, uint64_t bytes, struct vres_mem *out,
                           vres_error *err);
vres_status vres_mem_adopt(struct vres_device *d, uint64_t addr, uint64_t bytes,
                           struct vres_mem *out, vres_error *err);
vres_status vres_mem_residency(const struct vres_mem *mem, vres_residency *out, vres_error *err);
vres_status vres_mem_wipe(const struct vres_mem *mem, vres_error *err);
vres_status vres_mem_protect(const struct vres_mem *mem, bool read_only, vres_error *err);
/* The memory is given up whatever it returns. */
vres_status vres_mem_release(struct vres_mem *mem, vres_error *err);

/* @bytes 0: for hashing only.  @flags: VRES_LANE_x */
vres_status vres_lane_open(struct vres_device *d, size_t bytes, uint32_t flags,
                           struct vres_lane *out, vres_error *err);
void vres_lane_close(struct vres_lane *lane);
vres_status vres_lane_push(struct vres_lane *lane, const struct vres_mem *dst, uint64_t offset,
                           size_t n, vres_error *err);
vres_status vres_lane_pull(struct vres_lane *lane, const struct vres_mem *src, uint64_t offset,
                           size_t n, vres_error *err);

/* A range of @mem to hash. */
struct vres_range {
	const struct vres_mem *mem;
	uint64_t offset, bytes;
};

/*
 * Ranges that are hashed at once in arrays on the stack; and in the largest job, so many that its
 * launches cost nothing beside its bytes.
 */
#define RANGES_MAX 64u
#define RUNS_MAX   1024u

/*
 * Digests of @n ranges, at most RUNS_MAX, at @level into @digests, which has room for exactly
 * @count of them; @runs has room for @n.  One job at a time on a lane.
 */
vres_status vres_lane_hash(struct vres_lane *lane, const struct vres_range *ranges, size_t n,
                           uint32_t block_size, uint32_t level, vres_hash_run *runs,
                           uint8_t *digests, uint64_t count, vres_error *err);

/* Wait for all that was put on the lane, and check that it was really done. */
vres_status vres_lane_wait(struct vres_lane *lane, uint64_t deadline, vres_error *err);

#endif
