/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Drivers, devices and memory behind the backend table; lanes are in lane.c. */
#include "device/device.h"

#include <inttypes.h>

#include "device/backend_call.h"
#include "base/validate.h"

#define SCRATCH_MAX (UINT64_C(64) << 20)

/* The smaller of the two sizes is copied; every required slot must be there. */
static vres_status table_copy(const vres_backend *backend, vres_backend *out, vres_error *err)
{
	const size_t slots = offsetof(vres_backend, open), theirs = backend->struct_size;
	vres_backend table = {0};

	if (backend->abi != VRES_BACKEND_ABI)
		return vres_fail(err, VRES_E_ABI,
		                 "the backend table has abi %" PRIu32 ", expected %u", backend->abi,
		                 VRES_BACKEND_ABI);
	if (theirs < slots)
		return vres_fail(
			err, VRES_E_ABI,
			"the backend table has struct_size %zu, too small for any operation",
			theirs);
	/* Whole slots only: half a pointer is none. */
	memcpy(&table, backend,
	       theirs < sizeof(table) ? theirs - (theirs - slots) % sizeof(table.open)
	                              : sizeof(table));
	if (!table.open || !table.close || !table.device_count || !table.device_open ||
	    !table.device_status || !table.device_close || !table.mem_alloc || !table.mem_adopt ||
	    !table.mem_residency || !table.mem_wipe || !table.mem_release || !table.lane_open ||
	    !table.lane_push || !table.lane_pull || !table.lane_wait || !table.lane_close)
		return vres_fail(err, VRES_E_ABI, "the backend table lacks a required operation");
	TRY(vres_check_identifier(table.name, 15, "the backend's name", err));
	*out = table;
	return VRES_OK;
}

vres_status vres_driver_open(const vres_backend *backend, void *arg, const char *library_path,
                             struct vres_driver *out, vres_error *err)
{
	const vres_backend_open params = {
		.struct_size = sizeof(params), .arg = arg, .library_path = library_path};
	CLEANUP(vres_driver_close) struct vres_driver driver = {0};
	vres_error detail = {0};

	TRY(table_copy(backend, &driver.table, err));
	driver.is_simulated = (driver.table.flags & VRES_BACKEND_SIMULATED) || library_path;
	memcpy(driver.name, driver.table.name, strlen(driver.table.name) + 1);
	TRY(vres_call_outcome(NULL, driver.table.open(&params, &driver.self, &detail), &detail,
	                      "opening the driver", err));
	TRY(vres_call_outcome(NULL,
	                      driver.table.device_count(driver.self, &driver.device_count, &detail),
	                      &detail, "counting devices", err));
	*out = TAKE(driver);
	return VRES_OK;
}

void vres_driver_close(struct vres_driver *driver)
{
	if (driver->self)
		driver->table.close(driver->self);
	driver->self = NULL;
}

static bool has_impossible_numbers(const vres_device_props *p)
{
	return p->granularity == 0 || p->granularity > p->total_bytes ||
	       p->total_bytes > UINT64_MAX / 2 || p->scratch_bytes > SCRATCH_MAX;
}

/* Properties a backend fills wrongly must not harm us. */
static vres_status props_check(struct vres_device *d, vres_error *err)
{
	vres_device_props *p = &d->props;

	if (d->driver->table.hash_blocks == NULL)
		p->facts &= ~VRES_DEVICE_CAN_HASH;
	if (d->driver->table.mem_protect == NULL)
		p->facts &= ~VRES_DEVICE_CAN_PROTECT;
	vres_call_text(p->name, sizeof(p->name), p->name);
	p->uuid[sizeof(p->uuid) - 1] = '\0';
	p->ecc = p->ecc > VRES_ECC_UNKNOWN ? VRES_ECC_UNKNOWN : p->ecc;
	p->notes_count = p->notes_count < COUNT_OF(p->notes) ? p->notes_count : COUNT_OF(p->notes);
	for (uint32_t i = 0; i < p->notes_count; i++) {
		vres_call_text(p->notes[i].name, sizeof(p->notes[i].name), p->notes[i].name);
		vres_call_text(p->notes[i].value, sizeof(p->notes[i].value), p->notes[i].value);
	}
	/* The UUID is signed into every record, so it is refused where a name is only cleaned. */
	if (has_impossible_numbers(p) || p->uuid[0] == '\0' ||
	    vres_check_text(p->uuid, sizeof(p->uuid) - 1, "uuid", NULL) != VRES_OK)
		return vres_fail_at(err, VRES_E_BACKEND, VRES_REASON_DEVICE, d->index,
		                    "device %" PRIu32 " reports impossible properties", d->index);
	return VRES_OK;
}

static void device_destroy(struct vres_device **slot)
{
	vres_device_destroy(*slot, true);
}

vres_status vres_device_create(const struct vres_driver *driver, uint32_t index,
                               struct vres_device **out, vres_error *err)
{
	CLEANUP(device_destroy) struct vres_device *d = vres_os_alloc(sizeof(*d));
	vres_error detail = {0};

	if (d == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for device %" PRIu32, index);
	d->driver = driver;
	d->index = index;
	d->props.struct_size = sizeof(d->props);
	TRY(vres_ledger_open(&d->ledger, err));
	TRY(vres_call_outcome(
		d, driver->table.device_open(driver->self, index, &d->props, &d->handle, &detail),
		&detail, "opening the device", err));
	TRY(props_check(d, err));
	*out = TAKE(d);
	return VRES_OK;
}

void vres_device_destroy(struct vres_device *d, bool touch)
{
	if (d == NULL)
		return;
	if (d->handle && touch)
		d->driver->table.device_close(d->handle);
	/*
	 * A child may have come by waiters of the parent's, for whom destroying a condition waits
	 * for ever.
	 */
	if (touch)
		vres_ledger_close(&d->ledger);
	vres_os_free(d);
}

vres_status vres_device_ask(struct vres_device *d, vres_device_status *out, vres_error *err)
{
	vres_device_status status = {.struct_size = sizeof(status)};
	vres_error detail = {0};

	TRY(vres_call_alive(d, err));
	TRY(vres_call_outcome(d, d->driver->table.device_status(d->handle, &status, &detail),
	                      &detail, "asking the device", err));
	if (status.free_bytes > d->props.total_bytes)
		return vres_fail_at(err, VRES_E_BACKEND, VRES_REASON_DEVICE, d->index,
		                    "device %" PRIu32 " reports %" PRIu64 " bytes free of %" PRIu64,
		                    d->index, status.free_bytes, d->props.total_bytes);
	*out = status;
	return VRES_OK;
}

bool vres_device_can(const struct vres_device *d, uint32_t fact)
{
	return (d->props.facts & fact) != 0;
}

/* A shortage always comes with its two numbers, also from a driver that only says no. */
static void add_numbers(struct vres_device *d, uint64_t bytes, vres_error *detail)
{
	vres_device_status now;

	detail->needed_bytes = bytes;
	detail->available_bytes = vres_device_ask(d, &now, NULL) == VRES_OK ? now.free_bytes : 0;
}

/* What an allocation of @bytes can be: all of it addressable, in whole pieces of the device. */
static bool is_possible(const struct vres_device *d, const vres_mem_info *info, uint64_t bytes)
{
	uint64_t end;

	return info->addr != 0 && info->capacity >= bytes &&
	       info->capacity % d->props.granularity == 0 &&
	       info->capacity <= d->props.total_bytes &&
	       !ckd_add_u64(&end, info->addr, info->capacity);
}

vres_status vres_mem_alloc(struct vres_device *d, uint64_t bytes, struct vres_mem *out,
                           vres_error *err)
{
	struct vres_mem mem = {.device = d, .bytes = bytes};
	vres_mem_info info = {0};
	vres_error detail = {0};
	vres_status status;

	TRY(vres_call_alive(d, err));
	status = d->driver->table.mem_alloc(d->handle, bytes, &mem.handle, &info, &detail);
	if (status == VRES_E_INSUFFICIENT_VRAM && detail.needed_bytes == 0)
		add_numbers(d, bytes, &detail);
	TRY(vres_call_outcome(d, status, &detail, "allocating VRAM", err));
	mem.addr = info.addr;
	mem.capacity = info.capacity;
	if (!is_possible(d, &info, bytes)) {
		(void)vres_mem_release(&mem, NULL);
		return vres_fail_at(err, VRES_E_BACKEND, VRES_REASON_DEVICE, d->index,
		                    "the driver gave %" PRIu64 " bytes where %" PRIu64
		                    " were asked for",
		                    info.capacity, bytes);
	}
	*out = mem;
	return VRES_OK;
}

vres_status vres_mem_adopt(struct vres_device *d, uint64_t addr, uint64_t bytes,
                           struct vres_mem *out, vres_error *err)
{
	struct vres_mem mem = {.device = d, .bytes = bytes, .addr = addr, .is_adopted = true};
	vres_error detail = {0};

	TRY(vres_call_alive(d, err));
	TRY(vres_call_outcome(
		d, d->driver->table.mem_adopt(d->handle, addr, bytes, &mem.handle, &detail),
		&detail, "adopting memory", err));
	*out = mem;
	return VRES_OK;
}

vres_status vres_mem_residency(const struct vres_mem *mem, vres_residency *out, vres_error *err)
{
	struct vres_device *d = mem->device;
	vres_residency now = {.struct_size = sizeof(now)};
	vres_error detail = {0};
	uint64_t end;

	TRY(vres_call_alive(d, err));
	TRY(vres_call_outcome(d, d->driver->table.mem_residency(mem->handle, &now, &detail),
	                      &detail, "asking where the memory is", err));
	if (ckd_add_u64(&end, now.base, now.bytes))
		return vres_fail_at(err, VRES_E_BACKEND, VRES_REASON_DEVICE, d->index,
		                    "the driver reports a mapping that wraps around");
	*out = now;
	return VRES_OK;
}

vres_status vres_mem_wipe(const struct vres_mem *mem, vres_error *err)
{
	struct vres_device *d = mem->device;
	vres_error detail = {0};

	TRY(vres_call_alive(d, err));
	return vres_call_outcome(d, d->driver->table.mem_wipe(mem->handle, &detail), &detail,
	                         "wiping VRAM", err);
}

vres_status vres_mem_protect(const struct vres_mem *mem, bool read_only, vres_error *err)
{
	struct vres_device *d = mem->device;
	vres_error detail = {0};

	if (d->driver->table.mem_protect == NULL)
		return vres_fail_at(err, VRES_E_UNSUPPORTED, VRES_REASON_DEVICE, d->index,
		                    "the backend cannot change the protection of VRAM");
	TRY(vres_call_alive(d, err));
	return vres_call_outcome(d, d->driver->table.mem_protect(mem->handle, read_only, &detail),
	                         &detail, "changing the protection of VRAM", err);
}

vres_status vres_mem_release(struct vres_mem *mem, vres_error *err)
{
	struct vres_device *d = mem->device;
	vres_error detail = {0};
	vres_status status;

	if (mem->handle == NULL)
		return VRES_OK;
	/* Not vres_call_alive(): a lost device still has host-side objects to free. */
	status = d->driver->table.mem_release(mem->handle, &detail);
	mem->handle = NULL;
	return vres_call_outcome(d, status, &detail, "freeing VRAM", err);
}
