/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a run begins and ends, and what its numbers must be after every operation. */
#include "ops.h"

static vres_status record(void *ctx, const vres_event *event)
{
	const struct run *r = ctx;

	CLAIM(event->name && event->worker_id && strcmp(event->worker_id, "worker") == 0 &&
	      event->simulated);
	CLAIM(event->gpu_device < DEVICES || event->gpu_device == VRES_NO_DEVICE);
	return r->refuses ? VRES_E_IO : VRES_OK;
}

static void count_incident(void *ctx, const vres_event *event)
{
	CLAIM(event->critical);
	((struct run *)ctx)->incidents++;
}

static void count_closed(void *ctx)
{
	((struct run *)ctx)->closed++;
}

static void read_log(void *ctx, int level, const char *event, const char *const *keys,
                     const char *const *values, size_t n)
{
	(void)ctx;
	CLAIM(level >= VRES_LOG_ERROR && level <= VRES_LOG_DEBUG && strlen(event) > 0);
	for (size_t i = 0; i < n; i++)
		CLAIM(strlen(keys[i]) > 0 && strlen(values[i]) > 0);
}

static void choose_policy(struct run *r)
{
	static const uint64_t allowed[] = {VRES_ALLOW_READBACK, VRES_ALLOW_EXPORTABLE,
	                                   VRES_ALLOW_WEAK_LEASE, VRES_ALLOW_PINNED_STAGING};
	static const uint32_t weak[] = {VRES_VERIFY_SIGNATURE, VRES_VERIFY_SAMPLED,
	                                VRES_VERIFY_FULL};
	const uint64_t bits = input_number(&r->in, 1);
	vres_policy *p = &r->policy;

	*p = vres_policy_init();
	p->allow = VRES_ALLOW_SIMULATED | VRES_ALLOW_NO_ECC;
	for (unsigned i = 0; i < 4; i++)
		p->allow |= bits >> i & 1 ? allowed[i] : 0;
	p->require = (bits & 16 ? VRES_REQUIRE_READONLY : 0) | (bits & 32 ? VRES_REQUIRE_STOP : 0);
	p->max_model_bytes = bits & 64 ? LARGEST - 4096 : 0;
	p->lease_max_age = bits & 128 ? UINT64_C(3600000000000) : 0;
	p->deadline = 1000; /* ns: the mock measures scripted delays, not work */
	p->sample_units = 1 + input_below(&r->in, 4);
	if (p->allow & VRES_ALLOW_WEAK_LEASE)
		p->lease_verify = weak[input_below(&r->in, 3)];
	if ((p->allow & VRES_ALLOW_READBACK) && input_flag(&r->in))
		p->lease_verify = VRES_VERIFY_READBACK;
}

void run_begin(struct run *r)
{
	static const uint64_t grains[] = {4096, 512, 65536};
	vres_mock_params mock = vres_mock_params_init();
	vres_config c = vres_config_init();

	choose_policy(r);
	r->grain = grains[input_below(&r->in, 3)];
	r->can_hash = input_below(&r->in, 4) > 0;
	r->keep_leaves = input_flag(&r->in);
	r->block_size = input_flag(&r->in) ? 1024 : 4096;
	mock.devices = DEVICES;
	mock.no_device_hash = !r->can_hash;
	mock.bytes_per_device = CAPACITY;
	mock.granularity = r->grain;
	CLAIM(vres_mock_create(&mock, &r->mock, NULL) == VRES_OK);
	CLAIM(vres_key_derive(TOKEN, strlen(TOKEN), NULL, &r->key, NULL) == VRES_OK);
	c.backend = vres_backend_mock();
	c.backend_arg = r->mock;
	c.key = r->key;
	c.worker_id = "worker";
	c.policy = &r->policy;
	c.audit = (vres_audit_sink){.record = record, .ctx = r};
	c.log = read_log;
	c.on_incident = count_incident;
	c.closed = count_closed;
	c.incident_ctx = c.closed_ctx = r;
	c.block_size = r->block_size;
	c.keep_leaves = r->keep_leaves;
	CLAIM(vres_manager_create(&c, &r->manager, NULL) == VRES_OK);
}

struct model_shard *run_pick(struct run *r)
{
	const uint32_t first = input_below(&r->in, SHARDS);

	for (uint32_t i = 0; i < SHARDS; i++)
		if (r->shards[(first + i) % SHARDS].references > 0)
			return &r->shards[(first + i) % SHARDS];
	return NULL;
}

struct model_shard *run_pick_alive(struct run *r)
{
	const uint32_t first = input_below(&r->in, SHARDS);

	for (uint32_t i = 0; i < SHARDS; i++)
		if (model_is_alive(&r->shards[(first + i) % SHARDS]))
			return &r->shards[(first + i) % SHARDS];
	return NULL;
}

/*
 * Allocated memory has been freed by now.  Adopted memory still belongs to its owner, who frees it.
 */
void run_forget_if_gone(struct run *r, struct model_shard *s)
{
	if (model_is_alive(s))
		return;
	if (!s->owner_gone) /* otherwise another allocation may lie there by now */
		CLAIM((vres_mock_flip(r->mock, s->address, 0) == VRES_OK) == (s->owner != 0));
	if (s->owner && !s->owner_gone)
		vres_mock_free(r->mock, s->owner);
	free(s->content);
	free(s->delta);
	memset(s, 0, sizeof(*s));
}

static void claim_device(struct run *r, uint32_t device, uint64_t used)
{
	vres_device_info info = vres_device_info_init();
	const vres_status status = vres_device_describe(r->manager, device, &info, NULL);

	CLAIM(status == (r->lost[device] ? VRES_E_DEVICE_LOST : VRES_OK));
	if (status != VRES_OK)
		return;
	CLAIM(info.used_bytes == used && info.reserved_bytes == 0 && info.total_bytes == CAPACITY &&
	      info.free_bytes == model_free(r, device));
	CLAIM(info.available_bytes <= info.free_bytes);
}

void run_claim_numbers(struct run *r)
{
	uint64_t shards = 0, leases = 0, quarantined = 0, used[DEVICES] = {0};
	vres_metrics m = vres_metrics_init();

	CLAIM(r->incidents == r->incidents_expected);
	if (r->manager == NULL)
		return;
	for (unsigned i = 0; i < SHARDS; i++) {
		const struct model_shard *s = &r->shards[i];

		shards += model_is_alive(s);
		leases += s->leases;
		quarantined += model_is_alive(s) && s->quarantined;
		used[s->device] += model_is_alive(s) && !s->owner ? s->padded : 0;
	}
	CLAIM(vres_manager_metrics(r->manager, &m, NULL) == VRES_OK);
	CLAIM(m.shards_now == shards && m.leases_now == leases && m.quarantined_now == quarantined);
	CLAIM(m.used_bytes_now == used[0] + used[1]);
	for (uint32_t device = 0; device < DEVICES; device++)
		claim_device(r, device, used[device]);
}

void run_end(struct run *r)
{
	fault_over(r);
	for (unsigned i = 0; i < SHARDS; i++) {
		struct model_shard *s = &r->shards[i];

		if (!model_is_alive(s))
			continue;
		while (s->leases > 0)
			vres_lease_release(s->lease[--s->leases]);
		for (; s->references > 0; s->references--)
			vres_shard_release(s->shard);
		run_forget_if_gone(r, s);
	}
	run_claim_numbers(r);
	vres_manager_destroy(r->manager);
	vres_key_destroy(r->key);
	CLAIM(r->closed == 1 && vres_mock_live_handles(r->mock) == 0);
	CLAIM(vres_mock_unwiped(r->mock) == 0 || r->wipe_may_fail);
	for (unsigned i = 0; i < RECEIPTS; i++)
		free(r->receipts[i].bytes);
	vres_mock_destroy(r->mock);
}
