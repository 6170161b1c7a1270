/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Verifying the shards of one device together: signature and residency one by one, then the bytes of as many as fit in one job, then each
 * root, and, where one is wrong, where.
 *
 * What comes out is what comes out one by one.  A job that fails says nothing of its shards, so they are then checked one by one, unless the
 * failure would only be repeated: a device that is lost, or a deadline that each of them would wait for again.
 */
#include "measure_many.h"
#include "policy.h"
#include "verify.h"

/* Data of one job: enough that its launches cost nothing beside it; and all of a shard, however large. */
#define JOB_BYTES (UINT64_C(1) << 30)

/* Shards whose bytes wait to be checked together, all hashed up to the same level. */
struct batch {
	struct vres_device *device;
	uint32_t level;
	struct verification **members; /* NULL: there was no memory, and each is checked by itself */
	size_t n, room;
	uint64_t bytes;
};

static void batch_close(struct batch *b)
{
	vres_host_free((void *)b->members);
}

static void check_alone(struct verification *v)
{
	v->report.status = vres_verify_content(v, &v->error);
	vres_verify_end(v);
}

static void check_each(struct batch *b)
{
	for (size_t i = 0; i < b->n; i++)
		check_alone(b->members[i]);
}

/* The device has hashed it: is it what was signed? */
static vres_status check_digests(struct verification *v, uint32_t level, const uint8_t *digests, vres_error *err)
{
	const struct vres_shard *s = v->shard;
	CLEANUP(vres_measure_close) struct measure ms = {0};
	uint8_t root[VRES_SHA256_BYTES];
	vres_status status;
	bool has_measure;

	v->report.bytes_hashed = s->shape.bytes;
	if (level == s->shape.top)
		memcpy(root, digests, sizeof(root));
	else
		TRY(tree_root_of(&s->shape, level, digests, root, err));
	v->report.blocks_checked = s->shape.count[0];
	if (vres_crypto_equal(root, s->record.verity_root, sizeof(root)))
		return VRES_OK;
	has_measure = vres_verify_measure(v, &ms, NULL) == VRES_OK;
	status = vres_verify_root(v, has_measure ? &ms : NULL, root, err);
	v->report.bytes_hashed += ms.bytes_hashed;
	return status;
}

static void check_job(struct batch *b, const struct measure_job *job)
{
	const uint8_t *digests = job->digests;

	for (size_t i = 0; i < b->n; i++) {
		struct verification *v = b->members[i];

		v->report.status = check_digests(v, b->level, digests, &v->error);
		vres_verify_end(v);
		digests += v->shard->shape.count[b->level] * VRES_SHA256_BYTES;
	}
}

static vres_status run(const struct batch *b, struct measure_job *job, vres_error *err)
{
	const struct verification *first = b->members[0];
	const vres_policy *policy = &first->shard->manager->policy;
	const uint32_t priority = first->params.background ? VRES_LANE_LOW_PRIORITY : 0;

	TRY(vres_measure_job_open(job, b->device, vres_policy_lane_flags(policy) | priority, first->shard->shape.block_size, b->level, b->n,
	                          err));
	for (size_t i = 0; i < b->n; i++)
		vres_measure_job_add(job, &b->members[i]->shard->mem, &b->members[i]->shard->shape);
	return vres_measure_job_run(job, policy->deadline, err);
}

static void could_not_be_checked(struct batch *b, const vres_error *detail)
{
	for (size_t i = 0; i < b->n; i++) {
		b->members[i]->report.status = detail->status;
		b->members[i]->error = *detail;
		vres_verify_end(b->members[i]);
	}
}

static void flush(struct batch *b)
{
	CLEANUP(vres_measure_job_close) struct measure_job job = {0};
	vres_error detail = {0};

	if (b->n == 1)
		check_each(b);
	else if (b->n > 1 && run(b, &job, &detail) == VRES_OK)
		check_job(b, &job);
	else if (b->n > 1 && (detail.status == VRES_E_DEVICE_LOST || detail.reason == VRES_REASON_DEADLINE))
		could_not_be_checked(b, &detail);
	else if (b->n > 1)
		check_each(b);
	b->n = 0;
	b->bytes = 0;
}

static void add(struct batch *b, struct verification *v)
{
	const uint64_t bytes = v->shard->shape.bytes, most = v->params.background ? SLICE_BYTES : JOB_BYTES;

	if (b->bytes > 0 && bytes > most - min_u64(b->bytes, most))
		flush(b);
	b->members[b->n++] = v;
	b->bytes += bytes;
	if (b->n == b->room)
		flush(b);
}

static void verify_one(struct batch *b, struct verification *v, struct vres_shard *s, const vres_verify_params *p)
{
	vres_verify_begin(v, s, p, false);
	if (!v->has_bytes_to_check)
		vres_verify_end(v);
	else if (b->members && v->params.mode == VRES_VERIFY_FULL)
		add(b, v);
	else
		check_alone(v);
}

void vres_verify_batches(struct verification *done, vres_shard *const *shards, size_t n, uint32_t device, const vres_verify_params *p)
{
	CLEANUP(batch_close) struct batch b = {0};
	size_t here = 0;

	for (size_t i = 0; i < n; i++)
		if (shards[i]->record.gpu_device == device) {
			b.device = shards[i]->mem.device;
			here++;
		}
	b.room = (size_t)min_u64(here, RUNS_MAX);
	b.members = vres_host_alloc(b.room * sizeof(struct verification *));
	for (b.level = 0; b.level < TREE_LEVELS_MAX; b.level++) {
		for (size_t i = 0; i < n; i++)
			if (shards[i]->record.gpu_device == device && vres_measure_job_level(&shards[i]->shape, here) == b.level)
				verify_one(&b, &done[i], shards[i], p);
		flush(&b);
	}
}
