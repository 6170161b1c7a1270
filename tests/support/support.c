/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The fixture, and the few steps that nearly every scenario takes. */
#include <stdlib.h>
#include <string.h>
#include "support.h"

uint64_t needed(void)
{
	return SIMULATED | rig_model()->allow;
}

struct setup setup_init(void)
{
	struct setup s;

	memset(&s, 0, sizeof(s));
	s.mock = vres_mock_params_init();
	s.mock.bytes_per_device = MIB(64);
	s.policy = vres_policy_init();
	s.policy.allow = needed();
	s.threads = 2;
	return s;
}

static void on_closed(void *ctx)
{
	struct fixture *f = ctx;

	atomic_fetch_add(&f->closed, 1);
}

vres_config config_of(struct fixture *f)
{
	vres_config c = vres_config_init();

	rig_configure(f->rig, &c);
	if (f->setup.backend != NULL)
		c.backend = f->setup.backend;
	c.key = f->key;
	c.worker_id = WORKER;
	c.policy = &f->setup.policy;
	if (!f->setup.no_audit)
		c.audit = (vres_audit_sink){.record = record_event, .ctx = &f->record};
	c.log = record_log;
	c.log_ctx = &f->record;
	c.on_incident = record_incident;
	c.incident_ctx = &f->record;
	c.closed = on_closed;
	c.closed_ctx = f;
	c.threads = f->setup.threads;
	c.block_size = f->setup.block_size;
	c.keep_leaves = f->setup.keep_leaves;
	return c;
}

vres_status manager_create(struct fixture *f, const vres_config *config, vres_manager **out, vres_error *err)
{
	const vres_config usual = config_of(f);
	const vres_status status = vres_manager_create(config != NULL ? config : &usual, out, err);

	f->created += status == VRES_OK;
	return status;
}

struct fixture *begin(const struct setup *setup)
{
	struct fixture *f = test_alloc(sizeof(*f));
	vres_error err;

	/* What lives as long as the process (the library's own OpenSSL context) comes into being with the first key. */
	ck_ok(vres_key_derive(TOKEN, strlen(TOKEN), NULL, &f->key, &err));
	destroy_key(&f->key);
	f->heap_before = alloc_live();
	f->setup = setup != NULL ? *setup : setup_init();
	record_init(&f->record);
	f->rig = rig_create(&f->setup.mock);
	f->mock = rig_mock(f->rig);
	ck_ok(vres_key_derive(TOKEN, strlen(TOKEN), NULL, &f->key, &err));
	if (!f->setup.no_manager)
		ck_ok(manager_create(f, NULL, &f->manager, &err));
	return f;
}

void finish(struct fixture **f_at)
{
	struct fixture *f = *f_at;
	uint64_t heap;

	destroy_manager(&f->manager);
	ck_assert_uint_eq(atomic_load(&f->closed), f->created);
	ck_assert_uint_eq(rig_live_handles(f->rig), 0);
	if (!f->wipe_may_fail)
		ck_assert_uint_eq(rig_unwiped(f->rig), 0);
	ck_assert_msg(f->record.flaw == NULL, "there was %s", f->record.flaw);
	rig_destroy(f->rig);
	vres_key_destroy(f->key);
	record_finish(&f->record);
	heap = alloc_live();
	ck_assert_msg(heap == f->heap_before, "%ld heap blocks were not given back", (long)(heap - f->heap_before));
	test_free(f);
	*f_at = NULL;
}

void release_shard(vres_shard **shard)
{
	vres_shard_release(*shard);
	*shard = NULL;
}

void release_lease(vres_lease **lease)
{
	vres_lease_release(*lease);
	*lease = NULL;
}

void destroy_manager(vres_manager **manager)
{
	vres_manager_destroy(*manager);
	*manager = NULL;
}

void destroy_key(vres_key **key)
{
	vres_key_destroy(*key);
	*key = NULL;
}

void free_bytes(uint8_t **bytes)
{
	test_free(*bytes);
	*bytes = NULL;
}

vres_shard *sealed_with(struct fixture *f, const vres_seal_params *p, uint64_t bytes, uint64_t seed)
{
	CLEANUP(free_bytes) uint8_t *data = content((size_t)bytes, seed);
	vres_shard *shard = NULL;
	vres_error err;

	ck_ok(vres_seal_memory(f->manager, p, data, bytes, &shard, &err));
	ck_assert_ptr_nonnull(shard);
	return shard;
}

vres_shard *sealed_as(struct fixture *f, const char *shard_id, uint64_t bytes, uint64_t seed)
{
	vres_seal_params p = vres_seal_params_init();

	p.shard_id = shard_id;
	return sealed_with(f, &p, bytes, seed);
}

vres_shard *sealed(struct fixture *f, uint64_t bytes, uint64_t seed)
{
	return sealed_as(f, NULL, bytes, seed);
}

vres_shard_info info_of(const vres_shard *shard)
{
	vres_shard_info info = vres_shard_info_init();
	vres_error err;

	ck_ok(vres_shard_describe(shard, &info, &err));
	return info;
}

vres_device_info device_of(struct fixture *f, uint32_t gpu_device)
{
	vres_device_info info = vres_device_info_init();
	vres_error err;

	ck_ok(vres_device_describe(f->manager, gpu_device, &info, &err));
	return info;
}

vres_metrics metrics_of(struct fixture *f)
{
	vres_metrics metrics = vres_metrics_init();
	vres_error err;

	ck_ok(vres_manager_metrics(f->manager, &metrics, &err));
	return metrics;
}

vres_verify_params mode_of(uint32_t mode)
{
	vres_verify_params p = vres_verify_params_init();

	p.mode = mode;
	return p;
}

uint64_t address_of(vres_shard *shard)
{
	CLEANUP(release_lease) vres_lease *lease = NULL;
	vres_error err;
	uint64_t address;

	ck_ok(vres_lease_acquire(shard, &lease, &err));
	address = vres_lease_device_ptr(lease);
	ck_assert_uint_ne(address, 0);
	return address;
}

void flip_at(struct fixture *f, uint64_t address, uint64_t offset, unsigned bit)
{
	ck_assert_int_eq(rig_flip(f->rig, address + offset, bit), VRES_OK);
}

void flip(struct fixture *f, vres_shard *shard, uint64_t offset, unsigned bit)
{
	flip_at(f, address_of(shard), offset, bit);
}

vres_shard *damaged(struct fixture *f, uint64_t bytes, uint64_t offset)
{
	vres_shard *shard = sealed(f, bytes, 99);

	flip(f, shard, offset, 3);
	record_clear(&f->record);
	return shard;
}

uint8_t *receipt_of(const vres_shard *shard, size_t *len)
{
	uint8_t *receipt;
	vres_error err;

	*len = 0;
	ck_status(vres_shard_receipt(shard, NULL, 0, len, &err), VRES_E_BUFFER);
	ck_assert_uint_gt(*len, 32);
	receipt = test_alloc(*len);
	ck_ok(vres_shard_receipt(shard, receipt, *len, len, &err));
	return receipt;
}

void ck_same_device(const vres_device_info *before, const vres_device_info *after)
{
	ck_assert_uint_eq(after->free_bytes, before->free_bytes);
	ck_assert_uint_eq(after->used_bytes, before->used_bytes);
	ck_assert_uint_eq(after->reserved_bytes, before->reserved_bytes);
	ck_assert_uint_eq(after->available_bytes, before->available_bytes);
}

void ck_works(struct fixture *f)
{
	CLEANUP(release_shard) vres_shard *shard = sealed(f, 2 * BLOCK + 1, 4711);
	vres_error err;

	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
	ck_assert_uint_ne(address_of(shard), 0);
}
