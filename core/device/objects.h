/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A driver, its devices and their memory, as device.c, lane.c and backend_call.c know them. */
#ifndef VRES_CORE_DEVICE_OBJECTS_H
#define VRES_CORE_DEVICE_OBJECTS_H

#include <stdatomic.h>
#include <vres/backend.h>

#include "device/ledger.h"

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
	/*
	 * Bytes of adopted shards that are not suspended: they are their owners', and no part of
	 * the ledger.
	 */
	atomic_uint_fast64_t adopted;
};

/* A range of device memory.  Value; moved with TAKE. */
struct vres_mem {
	struct vres_device *device;
	vres_bmem *handle;
	uint64_t addr, bytes, capacity;
	bool is_adopted;
};

#endif
