/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The tap's slots.  Its handles hold the inner backend's, which are of the same types by name and
 * of others by content: they are passed on and never looked into.
 */
#include <inttypes.h>
#include <string.h>
#include "support/suite/alloc.h"
#include "support/tap/tap_model.h"

struct vres_bself {
	struct tap *tap;
	vres_bself *inner;
	uint32_t devices; /* the inner backend's */
};

struct vres_bdev {
	struct tap *tap;
	vres_bdev *inner;
	uint32_t index, inner_index;
};

struct vres_bmem {
	vres_bdev *dev;
	vres_bmem *inner;
	uint64_t addr, bytes, capacity; /* capacity 0: adopted */
	atomic_bool is_written;
};

/* Runs that name the inner backend's memory, kept until the lane is through with them. */
struct job_runs {
	struct job_runs *next;
	vres_hash_run runs[];
};

struct vres_blane {
	vres_bdev *dev;
	vres_blane *inner;
	struct job_runs *jobs;
	bool is_stuck; /* it missed a deadline */
};

#define ANSWERED(op, tap, device)                                                                  \
	do {                                                                                       \
		vres_status answered;                                                              \
		if (tap_answers(tap, op, device, NO_DEADLINE, &answered, err))                     \
			return answered;                                                           \
	} while (0)

#define TRY(call)                                                                                  \
	do {                                                                                       \
		const vres_status try_status = (call);                                             \
		if (try_status != VRES_OK)                                                         \
			return try_status;                                                         \
	} while (0)

static vres_status tapped_open(const vres_backend_open *params, vres_bself **out, vres_error *err)
{
	struct tap *tap = params->arg;
	const vres_backend_open own = {.struct_size = sizeof(own),
	                               .library_path = params->library_path};
	vres_bself *self, *inner;
	uint32_t devices = 0;
	vres_status status;

	if (tap == NULL)
		return tap_error(err, VRES_E_INVALID_INPUT, TAP_SCRIPTED, VRES_NO_DEVICE,
		                 "a tap needs itself as backend_arg");
	ANSWERED(VRES_MOCK_OP_OPEN, tap, VRES_NO_DEVICE);
	TRY(tap->inner->open(&own, &inner, err));
	status = tap->inner->device_count(inner, &devices, err);
	if (status != VRES_OK) {
		tap->inner->close(inner);
		return status;
	}
	self = test_alloc(sizeof(*self));
	*self = (struct vres_bself){tap, inner, devices};
	atomic_fetch_add(&tap->live, 1);
	*out = self;
	return VRES_OK;
}

static void tapped_close(vres_bself *self)
{
	self->tap->inner->close(self->inner);
	atomic_fetch_sub(&self->tap->live, 1);
	test_free(self);
}

static vres_status tapped_device_count(vres_bself *self, uint32_t *out, vres_error *err)
{
	uint32_t n;

	ANSWERED(VRES_MOCK_OP_DEVICE_COUNT, self->tap, VRES_NO_DEVICE);
	TRY(self->tap->inner->device_count(self->inner, &n, err));
	*out = n == 0 ? 0 : self->tap->devices;
	return VRES_OK;
}

/*
 * As the inner device, with the tap's room and the tap's abilities; one that is lent again gets
 * another last digit.
 */
static void props_spoil(const vres_bdev *dev, uint32_t devices, vres_device_props *p)
{
	const struct tap *tap = dev->tap;
	const size_t last = strlen(p->uuid);

	p->total_bytes = tap->bytes_per_device;
	p->granularity = tap->granularity;
	p->scratch_bytes = 0; /* taken beside that room */
	if (tap->no_device_hash)
		p->facts &= ~VRES_DEVICE_CAN_HASH;
	if (dev->index >= devices && last > 0)
		p->uuid[last - 1] = (char)('g' + dev->index / devices);
}

static vres_status tapped_device_open(vres_bself *self, uint32_t index, vres_device_props *props,
                                      vres_bdev **out, vres_error *err)
{
	struct tap *tap = self->tap;
	vres_device_props answer = {.struct_size = sizeof(answer)};
	size_t room = props->struct_size;
	vres_bdev *dev, *inner;

	ANSWERED(VRES_MOCK_OP_DEVICE_OPEN, tap, index);
	if (index >= tap->devices || self->devices == 0)
		return tap_error(err, VRES_E_NO_DEVICE, TAP_SCRIPTED, index,
		                 "no device %" PRIu32 ", there are %" PRIu32, index, tap->devices);
	TRY(tap->inner->device_open(self->inner, index % self->devices, &answer, &inner, err));
	dev = test_alloc(sizeof(*dev));
	*dev = (struct vres_bdev){tap, inner, index, index % self->devices};
	props_spoil(dev, self->devices, &answer);
	room = room < sizeof(answer) ? room : sizeof(answer);
	answer.struct_size = room;
	memcpy(props, &answer, room);
	atomic_fetch_add(&tap->live, 1);
	*out = dev;
	return VRES_OK;
}

static vres_status tapped_device_status(vres_bdev *dev, vres_device_status *out, vres_error *err)
{
	struct tap *tap = dev->tap;

	ANSWERED(VRES_MOCK_OP_DEVICE_STATUS, tap, dev->index);
	TRY(tap->inner->device_status(dev->inner, out, err));
	(void)pthread_mutex_lock(&tap->lock);
	out->free_bytes = tap->bytes_per_device - tap->used[dev->index];
	(void)pthread_mutex_unlock(&tap->lock);
	return VRES_OK;
}

static void tapped_device_close(vres_bdev *dev)
{
	dev->tap->inner->device_close(dev->inner);
	atomic_fetch_sub(&dev->tap->live, 1);
	test_free(dev);
}

static vres_status no_room(vres_bdev *dev, uint64_t bytes, uint64_t left, vres_error *err)
{
	(void)tap_error(err, VRES_E_INSUFFICIENT_VRAM, TAP_CAPACITY, dev->index,
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
	atomic_fetch_add(&dev->tap->live, 1);
	*out = mem;
}

static vres_status tapped_mem_alloc(vres_bdev *dev, uint64_t bytes, vres_bmem **out,
                                    vres_mem_info *info, vres_error *err)
{
	struct tap *tap = dev->tap;
	const uint64_t capacity = tap_capacity(tap, bytes);
	vres_bmem *inner = NULL;
	vres_status status;
	uint64_t left;

	if (tap_answers(tap, VRES_MOCK_OP_MEM_ALLOC, dev->index, NO_DEADLINE, &status, err)) {
		if (status == VRES_E_INSUFFICIENT_VRAM && tap_take(tap, dev->index, 0, &left))
			(void)no_room(dev, bytes, left, err);
		return status;
	}
	if (!tap_take(tap, dev->index, capacity, &left))
		return no_room(dev, bytes, left, err);
	status = tap->inner->mem_alloc(dev->inner, bytes, &inner, info, err);
	if (status != VRES_OK) {
		tap_give_back(tap, dev->index, capacity);
		return status;
	}
	info->capacity = capacity;
	tap_span_add(tap, &(struct tap_span){.addr = info->addr,
	                                     .bytes = bytes,
	                                     .capacity = capacity,
	                                     .device = dev->index});
	mem_publish(dev, inner, info->addr, bytes, capacity, out);
	return VRES_OK;
}

static vres_status tapped_mem_adopt(vres_bdev *dev, uint64_t addr, uint64_t bytes, vres_bmem **out,
                                    vres_error *err)
{
	vres_bmem *inner;

	ANSWERED(VRES_MOCK_OP_MEM_ADOPT, dev->tap, dev->index);
	TRY(dev->tap->inner->mem_adopt(dev->inner, addr, bytes, &inner, err));
	mem_publish(dev, inner, addr, bytes, 0, out);
	return VRES_OK;
}

static void residency_spoil(const vres_bmem *mem, vres_residency *r)
{
	struct tap_span span;

	if (r->device == mem->dev->inner_index)
		r->device = mem->dev->index;
	if (!tap_span_find(mem->dev->tap, mem->addr, &span))
		return;
	if (r->device == mem->dev->index)
		r->device = span.device;
	r->facts |= (span.lies & VRES_MOCK_MANAGED ? VRES_MEM_MANAGED : 0) |
	            (span.lies & VRES_MOCK_HOST_MAPPED ? VRES_MEM_HOST_MAPPED : 0) |
	            (span.lies & VRES_MOCK_EXPORTABLE ? VRES_MEM_EXPORTABLE : 0);
	if (span.lies & VRES_MOCK_MOVED)
		r->identity[0] ^= UINT64_C(1) << 63;
}

static vres_status tapped_mem_residency(vres_bmem *mem, vres_residency *out, vres_error *err)
{
	ANSWERED(VRES_MOCK_OP_MEM_RESIDENCY, mem->dev->tap, mem->dev->index);
	TRY(mem->dev->tap->inner->mem_residency(mem->inner, out, err));
	residency_spoil(mem, out);
	return VRES_OK;
}

static vres_status tapped_mem_wipe(vres_bmem *mem, vres_error *err)
{
	ANSWERED(VRES_MOCK_OP_MEM_WIPE, mem->dev->tap, mem->dev->index);
	return mem->dev->tap->inner->mem_wipe(mem->inner, err);
}

/* Freed whatever is answered. */
static vres_status tapped_mem_release(vres_bmem *mem, vres_error *err)
{
	struct tap *tap = mem->dev->tap;
	struct tap_span span;
	vres_status told, status;
	const bool is_told = tap_answers(tap, VRES_MOCK_OP_MEM_RELEASE, mem->dev->index,
	                                 NO_DEADLINE, &told, err);
	const vres_error telling = *err;

	if (mem->capacity != 0) {
		if (atomic_load(&mem->is_written) && !tap_is_lost(tap, mem->dev->index) &&
		    !tap_is_zero(tap, mem->dev->index, mem->addr, mem->bytes))
			atomic_fetch_add(&tap->unwiped, 1);
		(void)tap_span_drop(tap, mem->addr, &span);
	}
	status = tap->inner->mem_release(mem->inner, err);
	if (mem->capacity != 0)
		tap_give_back(tap, mem->dev->index, mem->capacity);
	atomic_fetch_sub(&tap->live, 1);
	test_free(mem);
	if (is_told)
		*err = telling;
	return is_told ? told : status;
}

static vres_status tapped_mem_protect(vres_bmem *mem, uint32_t read_only, vres_error *err)
{
	ANSWERED(VRES_MOCK_OP_MEM_PROTECT, mem->dev->tap, mem->dev->index);
	return mem->dev->tap->inner->mem_protect(mem->inner, read_only, err);
}

static vres_status tapped_lane_open(vres_bdev *dev, size_t bytes, uint32_t flags, vres_blane **out,
                                    void **staging, vres_error *err)
{
	vres_blane *inner;

	ANSWERED(VRES_MOCK_OP_LANE_OPEN, dev->tap, dev->index);
	TRY(dev->tap->inner->lane_open(dev->inner, bytes, flags, &inner, staging, err));
	*out = test_alloc(sizeof(**out));
	**out = (struct vres_blane){.dev = dev, .inner = inner};
	atomic_fetch_add(&dev->tap->live, 1);
	return VRES_OK;
}

static vres_status stuck(const vres_blane *lane, vres_error *err)
{
	if (!lane->is_stuck)
		return VRES_OK;
	return tap_error(err, VRES_E_BACKEND, TAP_DEADLINE, lane->dev->index,
	                 "the lane missed a deadline and has not been closed since");
}

static vres_status tapped_lane_push(vres_blane *lane, vres_bmem *dst, uint64_t offset, size_t n,
                                    vres_error *err)
{
	ANSWERED(VRES_MOCK_OP_LANE_PUSH, lane->dev->tap, lane->dev->index);
	TRY(stuck(lane, err));
	atomic_store(&dst->is_written, true);
	return lane->dev->tap->inner->lane_push(lane->inner, dst->inner, offset, n, err);
}

static vres_status tapped_lane_pull(vres_blane *lane, vres_bmem *src, uint64_t offset, size_t n,
                                    vres_error *err)
{
	ANSWERED(VRES_MOCK_OP_LANE_PULL, lane->dev->tap, lane->dev->index);
	TRY(stuck(lane, err));
	return lane->dev->tap->inner->lane_pull(lane->inner, src->inner, offset, n, err);
}

static void jobs_forget(vres_blane *lane)
{
	while (lane->jobs) {
		struct job_runs *next = lane->jobs->next;

		test_free(lane->jobs);
		lane->jobs = next;
	}
}

static vres_status tapped_hash_blocks(vres_blane *lane, const vres_hash_job *job, vres_error *err)
{
	struct tap *tap = lane->dev->tap;
	vres_hash_job own = *job;
	struct job_runs *kept;

	ANSWERED(VRES_MOCK_OP_HASH_BLOCKS, tap, lane->dev->index);
	TRY(stuck(lane, err));
	if (tap->no_device_hash)
		return tap_error(err, VRES_E_UNSUPPORTED, TAP_INCAPABLE, lane->dev->index,
		                 "device %" PRIu32 " cannot hash", lane->dev->index);
	kept = test_alloc(sizeof(*kept) + job->runs_count * sizeof(kept->runs[0]));
	for (size_t i = 0; i < job->runs_count; i++)
		kept->runs[i] = (vres_hash_run){job->runs[i].mem->inner, job->runs[i].offset,
		                                job->runs[i].bytes};
	kept->next = lane->jobs;
	lane->jobs = kept;
	own.runs = kept->runs;
	return tap->inner->hash_blocks(lane->inner, &own, err);
}

static vres_status tapped_lane_wait(vres_blane *lane, uint64_t deadline, vres_error *err)
{
	struct tap *tap = lane->dev->tap;
	vres_status status, waited;
	vres_error unheard;

	if (tap_answers(tap, VRES_MOCK_OP_LANE_WAIT, lane->dev->index, deadline, &status, err)) {
		lane->is_stuck |= status != VRES_OK && err->reason == VRES_REASON_DEADLINE;
		waited = tap->inner->lane_wait(lane->inner, deadline, &unheard);
		(void)waited;
	} else {
		status = stuck(lane, err);
		if (status == VRES_OK)
			status = tap->inner->lane_wait(lane->inner, deadline, err);
	}
	jobs_forget(lane);
	return status;
}

static void tapped_lane_close(vres_blane *lane)
{
	lane->dev->tap->inner->lane_close(lane->inner);
	jobs_forget(lane);
	atomic_fetch_sub(&lane->dev->tap->live, 1);
	test_free(lane);
}

vres_backend tap_table(const vres_backend *inner)
{
	return (vres_backend){
		.abi = VRES_BACKEND_ABI,
		.struct_size = sizeof(vres_backend),
		.name = inner->name,
		.flags = inner->flags,
		.open = tapped_open,
		.close = tapped_close,
		.device_count = tapped_device_count,
		.device_open = tapped_device_open,
		.device_status = tapped_device_status,
		.device_close = tapped_device_close,
		.mem_alloc = tapped_mem_alloc,
		.mem_adopt = tapped_mem_adopt,
		.mem_residency = tapped_mem_residency,
		.mem_wipe = tapped_mem_wipe,
		.mem_release = tapped_mem_release,
		.lane_open = tapped_lane_open,
		.lane_push = tapped_lane_push,
		.lane_pull = tapped_lane_pull,
		.lane_wait = tapped_lane_wait,
		.lane_close = tapped_lane_close,
		.hash_blocks = inner->hash_blocks ? tapped_hash_blocks : NULL,
		.mem_protect = inner->mem_protect ? tapped_mem_protect : NULL,
	};
}
