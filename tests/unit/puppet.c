/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The puppet's table, and the door over it. */
#include "puppet.h"

#include "alloc.h"
#include "content.h"
#include "status.h"
#include "suite.h"

struct vres_bself {
	struct puppet *puppet;
};

struct vres_bdev {
	struct puppet *puppet;
	uint32_t index;
};

struct vres_bmem {
	vres_bdev *dev;
	uint8_t *bytes;
	uint64_t size;
	bool is_adopted;
};

/* What the core ever has under way on a lane: one thing, or a hash behind a push. */
enum { IDLE = 0, PUSH = 1, PULL = 2, HASH = 4 };

struct vres_blane {
	struct puppet *puppet;
	uint8_t *staging;
	size_t size;
	unsigned under_way;
	vres_bmem *mem;
	uint64_t offset;
	size_t n;
	vres_hash_job job;
};

static vres_status called(struct puppet *p, enum puppet_op op, vres_error *err)
{
	atomic_fetch_add(&p->calls[op], 1);
	if (p->answer[op] != VRES_OK)
		*err = p->detail;
	return p->answer[op];
}

/* TRY, for operations that return what the test wants. */
#define CALLED(puppet, op)                                                                                                                      \
	do {                                                                                                                                    \
		const vres_status called_status = called((puppet), (op), err);                                                                  \
		if (called_status != VRES_OK)                                                                                                   \
			return called_status;                                                                                                   \
	} while (0)

static void *opened(struct puppet *p, size_t n)
{
	atomic_fetch_add(&p->live, 1);
	return test_alloc(n);
}

static void closed(struct puppet *p, void *object)
{
	atomic_fetch_sub(&p->live, 1);
	test_free(object);
}

static vres_status driver_open(const vres_backend_open *params, vres_bself **out, vres_error *err)
{
	struct puppet *p = params->arg;

	CALLED(p, PUPPET_OPEN);
	*out = opened(p, sizeof(**out));
	(*out)->puppet = p;
	return VRES_OK;
}

static void driver_close(vres_bself *self)
{
	closed(self->puppet, self);
}

static vres_status device_count(vres_bself *self, uint32_t *out, vres_error *err)
{
	CALLED(self->puppet, PUPPET_DEVICE_COUNT);
	*out = self->puppet->devices;
	return VRES_OK;
}

static vres_status device_open(vres_bself *self, uint32_t index, vres_device_props *props, vres_bdev **out, vres_error *err)
{
	CALLED(self->puppet, PUPPET_DEVICE_OPEN);
	*out = opened(self->puppet, sizeof(**out));
	**out = (vres_bdev){.puppet = self->puppet, .index = index};
	*props = self->puppet->props;
	return VRES_OK;
}

static vres_status device_status(vres_bdev *dev, vres_device_status *out, vres_error *err)
{
	CALLED(dev->puppet, PUPPET_DEVICE_STATUS);
	(void)pthread_mutex_lock(&dev->puppet->lock);
	*out = dev->puppet->status;
	(void)pthread_mutex_unlock(&dev->puppet->lock);
	if (dev->puppet->meanwhile)
		dev->puppet->meanwhile(dev->puppet->meanwhile_ctx);
	return VRES_OK;
}

static void device_close(vres_bdev *dev)
{
	closed(dev->puppet, dev);
}

static vres_status mem_alloc(vres_bdev *dev, uint64_t bytes, vres_bmem **out, vres_mem_info *info, vres_error *err)
{
	struct puppet *p = dev->puppet;
	const uint64_t unit = p->props.granularity, capacity = (bytes + unit - 1) / unit * unit;

	CALLED(p, PUPPET_MEM_ALLOC);
	*out = opened(p, sizeof(**out));
	**out = (vres_bmem){.dev = dev, .bytes = test_alloc((size_t)capacity), .size = capacity};
	info->addr = p->gives_no_address ? 0 : (uint64_t)(uintptr_t)(*out)->bytes;
	info->capacity = p->gives_less ? p->gives_less : capacity;
	return VRES_OK;
}

static vres_status mem_adopt(vres_bdev *dev, uint64_t addr, uint64_t bytes, vres_bmem **out, vres_error *err)
{
	CALLED(dev->puppet, PUPPET_MEM_ADOPT);
	*out = opened(dev->puppet, sizeof(**out));
	**out = (vres_bmem){.dev = dev, .bytes = (uint8_t *)(uintptr_t)addr, .size = bytes, .is_adopted = true};
	return VRES_OK;
}

static vres_status mem_residency(vres_bmem *mem, vres_residency *out, vres_error *err)
{
	CALLED(mem->dev->puppet, PUPPET_MEM_RESIDENCY);
	out->base = (uint64_t)(uintptr_t)mem->bytes;
	out->bytes = mem->size;
	out->device = mem->dev->index;
	out->facts = mem->dev->puppet->residency;
	return VRES_OK;
}

static vres_status mem_wipe(vres_bmem *mem, vres_error *err)
{
	CALLED(mem->dev->puppet, PUPPET_MEM_WIPE);
	memset(mem->bytes, 0, (size_t)mem->size);
	return VRES_OK;
}

/* Given up whatever it returns, as the contract says. */
static vres_status mem_release(vres_bmem *mem, vres_error *err)
{
	struct puppet *p = mem->dev->puppet;

	if (!mem->is_adopted)
		test_free(mem->bytes);
	closed(p, mem);
	return called(p, PUPPET_MEM_RELEASE, err);
}

static vres_status lane_open(vres_bdev *dev, size_t bytes, uint32_t flags, vres_blane **out, void **staging, vres_error *err)
{
	struct puppet *p = dev->puppet;

	CALLED(p, PUPPET_LANE_OPEN);
	pthread_mutex_lock(&p->lock);
	p->lane_flags = flags;
	pthread_mutex_unlock(&p->lock);
	*out = opened(p, sizeof(**out));
	**out = (vres_blane){.puppet = p, .size = bytes, .staging = bytes ? test_alloc(bytes) : NULL};
	if (bytes != 0 && !p->gives_no_staging)
		*staging = (*out)->staging;
	return VRES_OK;
}

/* Lanes are used by several threads at once. */
static void count_busy(struct puppet *p, int change)
{
	pthread_mutex_lock(&p->lock);
	p->busy_lanes += (unsigned)change;
	if (p->busy_lanes > p->most_busy_lanes)
		p->most_busy_lanes = p->busy_lanes;
	pthread_mutex_unlock(&p->lock);
}

static void put_on(vres_blane *lane, unsigned work)
{
	ck_assert_msg(lane->under_way == IDLE || (lane->under_way == PUSH && work == HASH), "two things at once on a lane");
	if (lane->under_way == IDLE)
		count_busy(lane->puppet, 1);
	lane->under_way |= work;
}

static void put_copy(vres_blane *lane, unsigned work, vres_bmem *mem, uint64_t offset, size_t n)
{
	put_on(lane, work);
	lane->mem = mem;
	lane->offset = offset;
	lane->n = n;
}

static void take_off(vres_blane *lane)
{
	if (lane->under_way != IDLE)
		count_busy(lane->puppet, -1);
	lane->under_way = IDLE;
}

static vres_status lane_push(vres_blane *lane, vres_bmem *dst, uint64_t offset, size_t n, vres_error *err)
{
	CALLED(lane->puppet, PUPPET_LANE_PUSH);
	put_copy(lane, PUSH, dst, offset, n);
	lane->staging[n / 2] ^= lane->puppet->push_damages ? 0x10 : 0;
	return VRES_OK;
}

static vres_status lane_pull(vres_blane *lane, vres_bmem *src, uint64_t offset, size_t n, vres_error *err)
{
	CALLED(lane->puppet, PUPPET_LANE_PULL);
	put_copy(lane, PULL, src, offset, n);
	return VRES_OK;
}

static void remember(struct puppet *p, const vres_hash_run *run)
{
	if (p->hashed_count == COUNT(p->hashed))
		return;
	p->hashed[p->hashed_count].offset = run->offset;
	p->hashed[p->hashed_count++].bytes = run->bytes;
}

static vres_status hash_blocks(vres_blane *lane, const vres_hash_job *job, vres_error *err)
{
	CALLED(lane->puppet, PUPPET_HASH);
	for (size_t i = 0; i < job->runs_count; i++)
		remember(lane->puppet, &job->runs[i]);
	lane->puppet->hashed_behind_copies += lane->under_way != 0;
	put_on(lane, HASH);
	lane->job = *job;
	return VRES_OK;
}

/* Digests of the blocks of @n bytes, the last one padded; how many. */
static size_t digest_blocks(const uint8_t *from, size_t n, uint32_t block_size, uint8_t *to)
{
	uint8_t *block = test_alloc(block_size);
	size_t count = 0;

	for (size_t at = 0; at < n; at += block_size, count++) {
		const size_t part = n - at < block_size ? n - at : block_size;

		memset(block, 0, block_size);
		memcpy(block, from + at, part);
		sha256_of(block, block_size, to + 32 * count);
	}
	test_free(block);
	return count;
}

static void do_hash(const struct puppet *p, const vres_hash_job *job)
{
	uint8_t *to = job->digests;

	for (size_t i = 0; i < job->runs_count && !p->writes_no_digests; i++) {
		const vres_hash_run *run = &job->runs[i];
		const size_t blocks = (size_t)((run->bytes + job->block_size - 1) / job->block_size);
		uint8_t *level = test_alloc(blocks * 32);
		size_t n = digest_blocks(run->mem->bytes + run->offset, (size_t)run->bytes, job->block_size, level);

		for (uint32_t up = 0; up < job->level; up++)
			n = digest_blocks(level, n * 32, job->block_size, level);
		for (size_t digest = 0; digest < n; digest++, to += 32)
			if (digest + 1 != p->leaves_out)
				memcpy(to, level + 32 * digest, 32);
		test_free(level);
	}
	if (!p->echoes_nothing)
		*job->echo = p->echoes_wrongly ? job->nonce + 1 : job->nonce;
}

static vres_status lane_wait(vres_blane *lane, uint64_t deadline, vres_error *err)
{
	const struct puppet *p = lane->puppet;
	const size_t arrives = p->pulls_at_most && p->pulls_at_most < lane->n ? p->pulls_at_most : lane->n;

	(void)deadline;
	CALLED(lane->puppet, PUPPET_LANE_WAIT);
	if (lane->under_way & PUSH)
		memcpy(lane->mem->bytes + lane->offset, lane->staging, lane->n);
	if ((lane->under_way & PULL) && !p->pulls_nothing)
		memcpy(lane->staging, lane->mem->bytes + lane->offset, arrives);
	if (lane->under_way & HASH)
		do_hash(p, &lane->job);
	take_off(lane);
	return VRES_OK;
}

static void lane_close(vres_blane *lane)
{
	take_off(lane);
	test_free(lane->staging);
	closed(lane->puppet, lane);
}

static vres_status mem_protect(vres_bmem *mem, uint32_t read_only, vres_error *err)
{
	CALLED(mem->dev->puppet, PUPPET_MEM_PROTECT);
	mem->dev->puppet->hashed_unprotected = mem->dev->puppet->hashed_count;
	mem->dev->puppet->residency &= ~VRES_MEM_READ_ONLY;
	mem->dev->puppet->residency |= read_only ? VRES_MEM_READ_ONLY : 0;
	return VRES_OK;
}

static const vres_backend table = {
	.abi = VRES_BACKEND_ABI,
	.struct_size = sizeof(vres_backend),
	.name = "puppet",
	.flags = VRES_BACKEND_SIMULATED,
	.open = driver_open,
	.close = driver_close,
	.device_count = device_count,
	.device_open = device_open,
	.device_status = device_status,
	.device_close = device_close,
	.mem_alloc = mem_alloc,
	.mem_adopt = mem_adopt,
	.mem_residency = mem_residency,
	.mem_wipe = mem_wipe,
	.mem_release = mem_release,
	.lane_open = lane_open,
	.lane_push = lane_push,
	.lane_pull = lane_pull,
	.lane_wait = lane_wait,
	.lane_close = lane_close,
	.hash_blocks = hash_blocks,
	.mem_protect = mem_protect,
};

struct puppet *puppet_make(void)
{
	struct puppet *p = test_alloc(sizeof(*p));

	ck_assert_int_eq(pthread_mutex_init(&p->lock, NULL), 0);
	p->table = table;
	p->devices = 1;
	p->props = (vres_device_props){.struct_size = sizeof(p->props),
	                               .name = "puppet device",
	                               .uuid = "PUPPET-0",
	                               .total_bytes = UINT64_C(1) << 30,
	                               .granularity = 4096,
	                               .facts = VRES_DEVICE_CAN_HASH,
	                               .ecc = VRES_ECC_ON};
	p->status = (vres_device_status){.struct_size = sizeof(p->status), .free_bytes = UINT64_C(1) << 30, .healthy = 1};
	p->residency = VRES_MEM_DEVICE;
	return p;
}

void puppet_drop(struct puppet **p)
{
	if (*p == NULL)
		return;
	ck_assert_msg(atomic_load(&(*p)->live) == 0, "%d backend handles were left open", atomic_load(&(*p)->live));
	test_free(*p);
	*p = NULL;
}

bool puppet_take(struct puppet *p, uint64_t bytes)
{
	bool is_enough;

	(void)pthread_mutex_lock(&p->lock);
	is_enough = p->status.free_bytes >= bytes;
	if (is_enough)
		p->status.free_bytes -= bytes;
	(void)pthread_mutex_unlock(&p->lock);
	return is_enough;
}

void puppet_give(struct puppet *p, uint64_t bytes)
{
	(void)pthread_mutex_lock(&p->lock);
	p->status.free_bytes += bytes;
	(void)pthread_mutex_unlock(&p->lock);
}

struct door *door_open(void)
{
	struct door *door = test_alloc(sizeof(*door));
	vres_error err;

	door->puppet = puppet_make();
	ck_ok(vres_driver_open(&door->puppet->table, door->puppet, NULL, &door->driver, &err));
	ck_ok(vres_device_create(&door->driver, 0, &door->device, &err));
	return door;
}

void door_shut(struct door **door)
{
	vres_device_destroy((*door)->device, true);
	vres_driver_close(&(*door)->driver);
	puppet_drop(&(*door)->puppet);
	test_free(*door);
	*door = NULL;
}

struct vres_mem door_memory(struct door *door, uint64_t bytes, uint64_t seed)
{
	struct vres_mem mem;
	vres_error err;

	ck_ok(vres_mem_alloc(door->device, bytes, &mem, &err));
	content_fill(mem.handle->bytes, (size_t)bytes, seed, 0);
	return mem;
}

void drop_memory(struct vres_mem *mem)
{
	vres_error err;

	ck_ok(vres_mem_release(mem, &err));
}

uint8_t *puppet_bytes(const struct vres_mem *mem)
{
	return mem->handle->bytes;
}
