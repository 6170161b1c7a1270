/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The injector's slots.  Its handles hold handles of the inner backend.  Both have the same type
 * names but different contents, so the inner ones are passed on and never dereferenced.
 */
#include <inttypes.h>
#include <string.h>
#include "support/suite/alloc.h"
#include "support/injector/injector_model.h"

static vres_status injected_open(const vres_backend_open *params, vres_bself **out, vres_error *err)
{
	struct injector *injector = params->arg;
	const vres_backend_open own = {.struct_size = sizeof(own),
	                               .library_path = params->library_path};
	vres_bself *self, *inner;
	uint32_t devices = 0;
	vres_status status;

	if (injector == NULL)
		return injector_error(err, VRES_E_INVALID_INPUT, INJECTOR_SCRIPTED, VRES_NO_DEVICE,
		                      "an injector needs itself as backend_arg");
	ANSWERED(VRES_MOCK_OP_OPEN, injector, VRES_NO_DEVICE);
	TRY(injector->inner->open(&own, &inner, err));
	status = injector->inner->device_count(inner, &devices, err);
	if (status != VRES_OK) {
		injector->inner->close(inner);
		return status;
	}
	self = test_alloc(sizeof(*self));
	*self = (struct vres_bself){injector, inner, devices};
	atomic_fetch_add(&injector->live, 1);
	*out = self;
	return VRES_OK;
}

static void injected_close(vres_bself *self)
{
	self->injector->inner->close(self->inner);
	atomic_fetch_sub(&self->injector->live, 1);
	test_free(self);
}

static vres_status injected_device_count(vres_bself *self, uint32_t *out, vres_error *err)
{
	uint32_t n;

	ANSWERED(VRES_MOCK_OP_DEVICE_COUNT, self->injector, VRES_NO_DEVICE);
	TRY(self->injector->inner->device_count(self->inner, &n, err));
	*out = n == 0 ? 0 : self->injector->devices;
	return VRES_OK;
}

/*
 * Properties of the inner device, with the injector's capacity and abilities.  A device that is
 * opened again gets a UUID with another last digit.
 */
static void props_spoil(const vres_bdev *dev, uint32_t devices, vres_device_props *p)
{
	const struct injector *injector = dev->injector;
	const size_t last = strlen(p->uuid);

	p->total_bytes = injector->bytes_per_device;
	p->granularity = injector->granularity;
	p->scratch_bytes = 0; /* not counted against that capacity */
	if (injector->no_device_hash)
		p->facts &= ~VRES_DEVICE_CAN_HASH;
	if (dev->index >= devices && last > 0)
		p->uuid[last - 1] = (char)('g' + dev->index / devices);
}

static vres_status injected_device_open(vres_bself *self, uint32_t index, vres_device_props *props,
                                        vres_bdev **out, vres_error *err)
{
	struct injector *injector = self->injector;
	vres_device_props answer = {.struct_size = sizeof(answer)};
	size_t room = props->struct_size;
	vres_bdev *dev, *inner;

	ANSWERED(VRES_MOCK_OP_DEVICE_OPEN, injector, index);
	if (index >= injector->devices || self->devices == 0)
		return injector_error(err, VRES_E_NO_DEVICE, INJECTOR_SCRIPTED, index,
		                      "no device %" PRIu32 ", there are %" PRIu32, index,
		                      injector->devices);
	TRY(injector->inner->device_open(self->inner, index % self->devices, &answer, &inner, err));
	dev = test_alloc(sizeof(*dev));
	*dev = (struct vres_bdev){injector, inner, index, index % self->devices};
	props_spoil(dev, self->devices, &answer);
	room = room < sizeof(answer) ? room : sizeof(answer);
	answer.struct_size = room;
	memcpy(props, &answer, room);
	atomic_fetch_add(&injector->live, 1);
	*out = dev;
	return VRES_OK;
}

static vres_status injected_device_status(vres_bdev *dev, vres_device_status *out, vres_error *err)
{
	struct injector *injector = dev->injector;

	ANSWERED(VRES_MOCK_OP_DEVICE_STATUS, injector, dev->index);
	TRY(injector->inner->device_status(dev->inner, out, err));
	(void)pthread_mutex_lock(&injector->lock);
	out->free_bytes = injector->bytes_per_device - injector->used[dev->index];
	(void)pthread_mutex_unlock(&injector->lock);
	return VRES_OK;
}

static void injected_device_close(vres_bdev *dev)
{
	dev->injector->inner->device_close(dev->inner);
	atomic_fetch_sub(&dev->injector->live, 1);
	test_free(dev);
}

static vres_status no_room(vres_bdev *dev, uint64_t bytes, uint64_t left, vres_error *err)
{
	(void)injector_error(err, VRES_E_INSUFFICIENT_VRAM, INJECTOR_CAPACITY, dev->index,
	                     "need %" PRIu64 " bytes, device %" PRIu32 " has %" PRIu64, bytes,
	                     dev->index, left);
	err->needed_bytes = bytes;
	err->available_bytes = left;
	return VRES_E_INSUFFICIENT_VRAM;
}

static void mem_publish(vres_bdev *dev, vres_bmem *inner, uint64_t addr, uint64_t bytes,
                        uint64_t capacity, vres_bmem **out)
{
	vres_bmem *mem = test_alloc(sizeof(*mem));

	mem->dev = dev;
	mem->inner = inner;
	mem->addr = addr;
	mem->bytes = bytes;
	mem->capacity = capacity;
	atomic_fetch_add(&dev->injector->live, 1);
	*out = mem;
}

static vres_status injected_mem_alloc(vres_bdev *dev, uint64_t bytes, vres_bmem **out,
                                      vres_mem_info *info, vres_error *err)
{
	struct injector *injector = dev->injector;
	const uint64_t capacity = injector_capacity(injector, bytes);
	vres_bmem *inner = NULL;
	vres_status status;
	uint64_t left;

	if (injector_answers(injector, VRES_MOCK_OP_MEM_ALLOC, dev->index, NO_DEADLINE, &status,
	                     err)) {
		if (status == VRES_E_INSUFFICIENT_VRAM &&
		    injector_take(injector, dev->index, 0, &left))
			(void)no_room(dev, bytes, left, err);
		return status;
	}
	if (!injector_take(injector, dev->index, capacity, &left))
		return no_room(dev, bytes, left, err);
	status = injector->inner->mem_alloc(dev->inner, bytes, &inner, info, err);
	if (status != VRES_OK) {
		injector_give_back(injector, dev->index, capacity);
		return status;
	}
	info->capacity = capacity;
	injector_span_add(injector, &(struct injector_span){.addr = info->addr,
	                                                    .bytes = bytes,
	                                                    .capacity = capacity,
	                                                    .device = dev->index,
	                                                    .inner = inner});
	mem_publish(dev, inner, info->addr, bytes, capacity, out);
	return VRES_OK;
}

static vres_status injected_mem_adopt(vres_bdev *dev, uint64_t addr, uint64_t bytes,
                                      vres_bmem **out, vres_error *err)
{
	vres_bmem *inner;

	ANSWERED(VRES_MOCK_OP_MEM_ADOPT, dev->injector, dev->index);
	TRY(dev->injector->inner->mem_adopt(dev->inner, addr, bytes, &inner, err));
	mem_publish(dev, inner, addr, bytes, 0, out);
	return VRES_OK;
}

static void residency_spoil(const vres_bmem *mem, vres_residency *r)
{
	struct injector_span span;

	if (r->device == mem->dev->inner_index)
		r->device = mem->dev->index;
	if (!injector_span_find(mem->dev->injector, mem->addr, &span))
		return;
	if (r->device == mem->dev->index)
		r->device = span.device;
	r->facts |= (span.lies & VRES_MOCK_MANAGED ? VRES_MEM_MANAGED : 0) |
	            (span.lies & VRES_MOCK_HOST_MAPPED ? VRES_MEM_HOST_MAPPED : 0) |
	            (span.lies & VRES_MOCK_EXPORTABLE ? VRES_MEM_EXPORTABLE : 0);
	if (span.lies & VRES_MOCK_MOVED)
		r->identity[0] ^= UINT64_C(1) << 63;
}

static vres_status injected_mem_residency(vres_bmem *mem, vres_residency *out, vres_error *err)
{
	ANSWERED(VRES_MOCK_OP_MEM_RESIDENCY, mem->dev->injector, mem->dev->index);
	TRY(mem->dev->injector->inner->mem_residency(mem->inner, out, err));
	residency_spoil(mem, out);
	return VRES_OK;
}

static vres_status injected_mem_wipe(vres_bmem *mem, vres_error *err)
{
	ANSWERED(VRES_MOCK_OP_MEM_WIPE, mem->dev->injector, mem->dev->index);
	return mem->dev->injector->inner->mem_wipe(mem->inner, err);
}

/* Freed even if the call is answered with a failure. */
static vres_status injected_mem_release(vres_bmem *mem, vres_error *err)
{
	struct injector *injector = mem->dev->injector;
	struct injector_span span;
	vres_status told, status;
	const bool is_told = injector_answers(injector, VRES_MOCK_OP_MEM_RELEASE, mem->dev->index,
	                                      NO_DEADLINE, &told, err);
	const vres_error telling = *err;

	if (mem->capacity != 0) {
		if (atomic_load(&mem->is_written) && !injector_is_lost(injector, mem->dev->index) &&
		    !injector_is_zero(injector, mem->dev->index, mem->addr, mem->bytes))
			atomic_fetch_add(&injector->unwiped, 1);
		(void)injector_span_drop(injector, mem->addr, &span);
	}
	status = injector->inner->mem_release(mem->inner, err);
	if (mem->capacity != 0)
		injector_give_back(injector, mem->dev->index, mem->capacity);
	atomic_fetch_sub(&injector->live, 1);
	test_free(mem);
	if (is_told)
		*err = telling;
	return is_told ? told : status;
}

static vres_status injected_mem_protect(vres_bmem *mem, uint32_t read_only, vres_error *err)
{
	ANSWERED(VRES_MOCK_OP_MEM_PROTECT, mem->dev->injector, mem->dev->index);
	TRY(mem->dev->injector->inner->mem_protect(mem->inner, read_only, err));
	injector_span_protect(mem->dev->injector, mem->addr, read_only);
	return VRES_OK;
}

vres_backend injector_table(const vres_backend *inner)
{
	return (vres_backend){
		.abi = VRES_BACKEND_ABI,
		.struct_size = sizeof(vres_backend),
		.name = inner->name,
		.flags = inner->flags,
		.open = injected_open,
		.close = injected_close,
		.device_count = injected_device_count,
		.device_open = injected_device_open,
		.device_status = injected_device_status,
		.device_close = injected_device_close,
		.mem_alloc = injected_mem_alloc,
		.mem_adopt = injected_mem_adopt,
		.mem_residency = injected_mem_residency,
		.mem_wipe = injected_mem_wipe,
		.mem_release = injected_mem_release,
		.lane_open = injected_lane_open,
		.lane_push = injected_lane_push,
		.lane_pull = injected_lane_pull,
		.lane_wait = injected_lane_wait,
		.lane_close = injected_lane_close,
		.hash_blocks = inner->hash_blocks ? injected_hash_blocks : NULL,
		.mem_protect = inner->mem_protect ? injected_mem_protect : NULL,
	};
}
