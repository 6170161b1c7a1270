/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * First signature and residency of all, on several threads, since next to a device's hash they take
 * the time; then the bytes of as many shards as fit in one job; then each root, and where it is
 * wrong, the place.
 *
 * The outcome is the same as one by one.  A job that fails says nothing about its shards, so they
 * are then checked one by one, unless each would only fail again: the device is lost, or the
 * deadline passed.
 */
#include "verify/batch.h"

#include "device/policy.h"
#include "device/vram_digest_many.h"
#include "os/workers.h"
#include "verify/content.h"

/*
 * Data of one job: enough that its launches cost next to nothing.  A larger shard is a job of its
 * own.
 */
#define JOB_BYTES (UINT64_C(1) << 30)

/* Shards that a thread begins at a time; that takes as long as waking a thread. */
#define BEGIN_EACH 32u

/* Shards to be checked together, all hashed up to the same level. */
struct batch {
	const vres_verify_params *params;
	uint32_t level;
	struct workers workers;
	struct verification **members;
	size_t n, room;
	uint64_t bytes;
};

static void batch_close(struct batch *b)
{
	workers_close(&b->workers);
	vres_os_free((void *)b->members);
}

/* The device has hashed it: is it what was signed? */
static vres_status check_digests(struct verification *v, uint32_t level, const uint8_t *digests,
                                 vres_error *err)
{
	const struct vres_contents *c = v->contents;
	uint8_t root[VRES_SHA256_BYTES];

	v->report.bytes_hashed = c->shape->bytes;
	if (level == c->shape->top)
		memcpy(root, digests, sizeof(root));
	else
		TRY(tree_root_of(c->shape, level, digests, root, err));
	v->report.blocks_checked = c->shape->count[0];
	return vres_verify_root(v, root, err);
}

static void check_job(struct batch *b, const struct vram_digest_job *job)
{
	const uint8_t *digests = job->digests;

	for (size_t i = 0; i < b->n; i++) {
		struct verification *v = b->members[i];

		v->report.status = check_digests(v, b->level, digests, &v->error);
		vres_verify_end(v);
		digests += v->contents->shape->count[b->level] * VRES_SHA256_BYTES;
	}
}

static vres_status hash_together(const struct batch *b, struct vram_digest_job *job,
                                 vres_error *err)
{
	const struct verification *first = b->members[0];
	const vres_policy *policy = &first->shard->manager->policy;
	const uint32_t priority = first->params.background ? VRES_LANE_LOW_PRIORITY : 0;

	TRY(vres_vram_digest_job_open(job, first->shard->device,
	                              vres_policy_lane_flags(policy) | priority,
	                              first->contents->shape->block_size, b->level, b->n, err));
	for (size_t i = 0; i < b->n; i++)
		vres_vram_digest_job_add(job, &b->members[i]->contents->memory.mem,
		                         b->members[i]->contents->shape);
	return vres_vram_digest_job_run(job, policy->deadline, err);
}

static vres_status begin_some(void *job, uint32_t worker, size_t index, vres_error *err)
{
	const struct batch *b = job;
	const size_t first = index * BEGIN_EACH, left = b->n - first;

	(void)worker;
	(void)err;
	for (size_t i = first; i < first + (left < BEGIN_EACH ? left : BEGIN_EACH); i++)
		vres_verify_begin(b->members[i], b->members[i]->shard, b->params, VERIFY_AS_ASKED);
	return VRES_OK;
}

/* Begin all members; those stay whose bytes the device is to hash. */
static void begin_all(struct batch *b)
{
	size_t stay = 0;

	workers_begin(&b->workers, begin_some, b, (size_t)div_up_u64(b->n, BEGIN_EACH));
	/* No task fails: what is wrong with a shard is in its verification. */
	(void)workers_end(&b->workers, NULL);
	for (size_t i = 0; i < b->n; i++) {
		struct verification *v = b->members[i];

		if (v->has_bytes_to_check && v->params.mode == VRES_VERIFY_FULL)
			b->members[stay++] = v;
		else
			vres_verify_finish(v);
	}
	b->n = stay;
}

static void flush(struct batch *b)
{
	CLEANUP(vres_vram_digest_job_close) struct vram_digest_job job = {0};
	vres_error detail = {0};

	begin_all(b);
	if (b->n > 1 && hash_together(b, &job, &detail) == VRES_OK) {
		check_job(b, &job);
		b->n = 0;
	}
	for (size_t i = 0; i < b->n; i++) {
		struct verification *v = b->members[i];

		if (detail.status == VRES_E_DEVICE_LOST || detail.reason == VRES_REASON_DEADLINE) {
			v->report.status = vres_fail_with(&v->error, &detail);
			vres_verify_end(v);
		} else {
			vres_verify_finish(v);
		}
	}
	b->n = 0;
	b->bytes = 0;
}

static void add(struct batch *b, struct verification *v)
{
	const uint64_t bytes = b->params->mode == VRES_VERIFY_SIGNATURE ? 0 : v->shard->bytes;
	const uint64_t most = b->params->background ? SLICE_BYTES : JOB_BYTES;

	if (b->bytes > 0 && bytes > most - min_u64(b->bytes, most))
		flush(b);
	b->members[b->n++] = v;
	b->bytes += bytes;
	if (b->n == b->room)
		flush(b);
}

/* False: no memory to check several at a time. */
static bool batch_open(struct batch *b, const vres_manager *m, size_t shards)
{
	b->room = (size_t)min_u64(shards, RUNS_MAX);
	if (workers_open(&b->workers, b->params->background ? 1 : m->threads, NULL) != VRES_OK)
		return false;
	b->members = vres_os_alloc(b->room * sizeof(struct verification *));
	return b->members != NULL;
}

/* A shard of tensors is a job of its own. */
static void check_tensors(struct verification *done, vres_shard *const *shards, size_t n,
                          uint32_t device, const vres_verify_params *p)
{
	for (size_t i = 0; i < n; i++) {
		if (!shards[i]->tensors || vres_shard_device(shards[i]) != device)
			continue;
		vres_verify_begin(&done[i], shards[i], p, VERIFY_AS_ASKED);
		vres_verify_finish(&done[i]);
	}
}

void vres_verify_batches(struct verification *done, vres_shard *const *shards, size_t n,
                         uint32_t device, size_t here, const vres_verify_params *p)
{
	CLEANUP(batch_close) struct batch b = {.params = p};
	const bool is_open = batch_open(&b, shards[0]->manager, here);

	check_tensors(done, shards, n, device, p);
	for (b.level = 0; b.level < TREE_LEVELS_MAX; b.level++) {
		for (size_t i = 0; i < n; i++) {
			if (vres_shard_device(shards[i]) != device || shards[i]->tensors ||
			    vres_vram_digest_job_level(&shards[i]->shape, here) != b.level)
				continue;
			if (is_open) {
				add(&b, &done[i]);
				continue;
			}
			vres_verify_begin(&done[i], shards[i], p, VERIFY_AS_ASKED);
			vres_verify_finish(&done[i]);
		}
		if (is_open)
			flush(&b);
	}
}
