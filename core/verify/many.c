/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Verifying several shards, one thread a device; and the shards of a model, which must form exactly
 * one set.
 */
#include "base/abi.h"
#include "verify/batch.h"
#include "verify/verify.h"

#define SHARDS_MAX ((size_t)1 << 20)

/* The shards of one device. */
struct part {
	struct many *many;
	uint32_t device;
	size_t shards;
	pthread_t thread;
	bool is_started;
};

struct many {
	vres_shard *const *shards;
	size_t n;
	vres_verify_params params;
	struct verification *done; /* one a shard */
	struct part *parts;        /* one a device */
	uint32_t devices;
};

static void many_close(struct many *many)
{
	for (size_t i = 0; many->done && i < many->n; i++)
		vres_verify_close(&many->done[i]);
	vres_os_free(many->done);
	vres_os_free(many->parts);
}

static vres_status many_open(struct many *many, vres_manager *m, vres_error *err)
{
	many->devices = m->driver.device_count;
	many->parts = vres_os_alloc(many->devices * sizeof(*many->parts));
	many->done = vres_os_alloc(many->n * sizeof(*many->done));
	if (many->parts == NULL || many->done == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory to verify %zu shards", many->n);
	for (uint32_t i = 0; i < many->devices; i++)
		many->parts[i] = (struct part){.many = many, .device = i};
	vres_manager_lock(m);
	for (size_t i = 0; i < many->n; i++) {
		many->done[i].shard = vres_shard_hold_locked(many->shards[i]);
		many->parts[vres_shard_device(many->shards[i])].shards++;
	}
	vres_manager_unlock(m);
	return VRES_OK;
}

static void *check_part(void *arg)
{
	const struct part *part = arg;
	struct many *many = part->many;

	vres_verify_batches(many->done, many->shards, many->n, part->device, part->shards,
	                    &many->params);
	return NULL;
}

/*
 * One thread a device; the caller's takes the first, and those for which no thread could be
 * started.
 */
static void check_parts(struct many *many)
{
	bool has_own = false;

	for (uint32_t i = 0; i < many->devices; i++) {
		struct part *part = &many->parts[i];

		if (has_own && part->shards > 0)
			part->is_started = vres_os_thread_start(&part->thread, check_part, part);
		has_own = has_own || part->shards > 0;
	}
	for (uint32_t i = 0; i < many->devices; i++)
		if (many->parts[i].shards > 0 && !many->parts[i].is_started)
			(void)check_part(&many->parts[i]);
	for (uint32_t i = 0; i < many->devices; i++)
		if (many->parts[i].is_started)
			vres_os_thread_join(many->parts[i].thread);
}

static vres_status conclude_all(struct many *many, vres_verify_report *reports, int32_t *first,
                                vres_error *err)
{
	const size_t stride = reports ? reports->struct_size : 0;
	size_t worst = 0;

	for (size_t i = 0; i < many->n; i++) {
		many->done[i].report.status = vres_verify_conclude(&many->done[i], NULL);
		if (vres_verify_outranks(many->done[i].report.status,
		                         many->done[worst].report.status))
			worst = i;
		if (reports)
			ABI_OUT((vres_verify_report *)(void *)((unsigned char *)reports +
			                                       i * stride),
			        &many->done[i].report);
	}
	if (many->done[worst].report.status == VRES_OK)
		return VRES_OK;
	*first = (int32_t)worst;
	if (err) {
		const vres_error *detail = &many->done[worst].error;

		(void)vres_fail_at(err, detail->status, (vres_reason)detail->reason,
		                   detail->gpu_device, "shard %zu of %zu: %.180s", worst, many->n,
		                   detail->message);
		err->backend_code = detail->backend_code;
	}
	return many->done[worst].report.status;
}

static vres_status shards_check(const vres_manager *m, vres_shard *const *shards, size_t n,
                                vres_error *err)
{
	if (shards == NULL || n == 0 || n > SHARDS_MAX)
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 shards ? "%zu shards, expected 1 to 2^20" : "shards is NULL", n);
	for (size_t i = 0; i < n; i++)
		if (shards[i] == NULL || shards[i]->manager != m)
			return vres_fail(err, VRES_E_INVALID_INPUT, "shard %zu is %s", i,
			                 shards[i] ? "of another manager" : "NULL");
	return VRES_OK;
}

static vres_status reports_check(const vres_verify_report *reports, size_t n, vres_error *err)
{
	TRY(vres_abi_out_check(reports, offsetof(vres_verify_report, damage_count),
	                       "vres_verify_report", err));
	for (size_t i = 1; i < n; i++) {
		size_t size;

		memcpy(&size, (const unsigned char *)reports + i * reports->struct_size,
		       sizeof(size));
		if (size != reports->struct_size)
			return vres_fail(err, VRES_E_ABI,
			                 "report %zu has another struct_size than the first", i);
	}
	return VRES_OK;
}

static vres_status verify_all(vres_manager *m, vres_shard *const *shards, size_t n,
                              const vres_verify_params *p, vres_verify_report *reports,
                              vres_set_report *summary, vres_error *err)
{
	CLEANUP(many_close) struct many many = {.shards = shards, .n = n};
	vres_status status;

	TRY(vres_verify_params_in(p, &many.params, err));
	if (many.params.source || many.params.damage)
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "params.%s is for one shard, not for several",
		                 many.params.source ? "source" : "damage");
	TRY(many_open(&many, m, err));
	check_parts(&many);
	status = conclude_all(&many, reports, &summary->first_failed, err);
	for (size_t i = 0; i < n; i++)
		many.done[i].report.status == VRES_OK ? summary->verified++ : summary->failed++;
	return status;
}

vres_status vres_verify_many(vres_manager *m, vres_shard *const *shards, size_t n,
                             const vres_verify_params *p, vres_verify_report *reports,
                             vres_error *err)
{
	PUBLIC_CALL;
	vres_set_report summary = vres_set_report_init();

	TRY(vres_manager_enter(m, err));
	TRY(shards_check(m, shards, n, err));
	if (reports)
		TRY(reports_check(reports, n, err));
	return verify_all(m, shards, n, p, reports, &summary, err);
}

/* Why @r does not belong to the set of @one, of @n; NULL: it does. */
static const char *outsider(const struct vres_record *one, const struct vres_record *r, size_t n,
                            uint8_t *seen)
{
	if (one->total_shards != n)
		return one->total_shards == 0 ? "is not part of a set"
		                              : "belongs to a set of another size";
	if (r->total_shards != one->total_shards)
		return "has another total_shards";
	if (strcmp(r->model_ref, one->model_ref) != 0)
		return "has another model_ref";
	if (strcmp(r->group_id, one->group_id) != 0)
		return "has another group_id";
	if (r->shard_index >= n) /* no seal accepts that: the record was tampered with */
		return "has an index past the set";
	return seen[r->shard_index]++ ? "has an index that came before" : NULL;
}

/* Every index once, and all else alike; @seen has a zero byte for each index. */
static vres_status members_check(vres_shard *const *shards, size_t n, uint8_t *seen, int32_t *first,
                                 vres_error *err)
{
	CLEANUP(vres_contents_unuse) struct vres_contents *one = vres_contents_of(shards[0]);

	for (size_t i = 0; i < n; i++) {
		CLEANUP(vres_contents_unuse) struct vres_contents *c = vres_contents_of(shards[i]);
		const char *why = outsider(&one->record, &c->record, n, seen);

		if (why) {
			*first = (int32_t)i;
			return vres_fail(err, VRES_E_INVALID_INPUT,
			                 "not one complete set: shard %zu %s", i, why);
		}
	}
	return VRES_OK;
}

vres_status vres_set_verify(vres_manager *m, vres_shard *const *shards, size_t n,
                            const vres_verify_params *p, vres_set_report *out, vres_error *err)
{
	PUBLIC_CALL;
	CLEANUP(vres_os_freep) uint8_t *seen = NULL;
	vres_set_report report = vres_set_report_init();
	vres_status status;

	report.first_failed = -1;
	TRY(vres_manager_enter(m, err));
	TRY(shards_check(m, shards, n, err));
	if (out)
		TRY(ABI_OUT_CHECK(out, "vres_set_report", err));
	seen = vres_os_alloc(n);
	if (seen == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory to check a set of %zu shards",
		                 n);
	status = members_check(shards, n, seen, &report.first_failed, err);
	if (status == VRES_OK)
		status = verify_all(m, shards, n, p, NULL, &report, err);
	if (out)
		ABI_OUT(out, &report);
	return status;
}
