/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Shards of adopted memory that is not divided into tensors: suspending them, what is in use, and
 * closing them.
 */
#include "support/fixture/engine.h"

#include <string.h>

START_TEST(one_adopted_range_can_sleep_and_change_too)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_begin(f);
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_seal_params p = vres_seal_params_init();
	vres_resume_params r = vres_resume_params_init();
	vres_change change = vres_change_init();
	vres_shard_info before;
	char digest[65];
	vres_error err;

	(void)engine_segment(e, 0, MIB(2), 1);
	(void)engine_tensor(e, 0, 0, GROUP + 9);
	p.digest_alg = VRES_DIGEST_VERITY;
	ck_ok(vres_seal_adopt(f->manager, &p, e->addresses[0], GROUP + 9, &shard, &err));
	before = info_of(shard);
	ck_ok(vres_shard_suspend(shard, &err));
	ck_ok(vres_shard_resume(shard, NULL, NULL, &err));
	ck_assert_str_eq(info_of(shard).digest, before.digest);
	ck_ok(vres_shard_suspend(shard, &err));
	engine_flip(e, 0, GROUP + 1);
	engine_digest(e, 0, digest);
	change.expected_digest = digest;
	r.changes = &change;
	r.changes_n = 1;
	ck_ok(vres_shard_resume(shard, &r, NULL, &err));
	ck_assert_str_eq(info_of(shard).digest, digest);
	ck_assert_str_eq(info_of(shard).verity_digest, digest);
	ck_assert_uint_eq(info_of(shard).epoch, 1);
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
	ck_ok(vres_shard_suspend(shard, &err));
	engine_flip(e, 0, GROUP + 1);
	ck_refused(vres_shard_resume(shard, NULL, NULL, &err), VRES_REASON_DIGEST);
}
END_TEST

static vres_status suspending_source(void *ctx, uint64_t offset, void *buf, size_t n)
{
	struct engine *e = ctx;
	vres_shard *shard = NULL;
	vres_error err;

	ck_ok(vres_manager_find(e->f->manager, "a", &shard, &err));
	ck_status(vres_shard_suspend(shard, &err), VRES_E_BUSY);
	release_shard(&shard);
	memcpy(buf, e->bytes[0] + offset, n);
	return VRES_OK;
}

START_TEST(suspend_and_close_say_what_is_in_use)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_begin(f);
	CLEANUP(release_shard) vres_shard *shard = NULL, *own = sealed(f, BLOCK, 1);
	vres_seal_params p = vres_seal_params_init();
	vres_verify_params v = mode_of(VRES_VERIFY_FULL);
	vres_lease *lease = NULL;
	vres_error err;

	(void)engine_segment(e, 0, MIB(2), 1);
	(void)engine_tensor(e, 0, 0, GROUP + 9);
	p.digest_alg = VRES_DIGEST_VERITY;
	p.shard_id = "a";
	ck_ok(vres_seal_adopt(f->manager, &p, e->addresses[0], GROUP + 9, &shard, &err));
	ck_status(vres_shard_suspend(own, &err), VRES_E_UNSUPPORTED);
	ck_status(vres_shard_resume(own, NULL, NULL, &err), VRES_E_UNSUPPORTED);
	ck_ok(vres_lease_acquire(shard, &lease, &err));
	ck_status(vres_shard_suspend(shard, &err), VRES_E_BUSY);
	ck_status(vres_shard_close(shard, &err), VRES_E_BUSY);
	release_lease(&lease);
	ck_assert_int_eq(test_device_flip(f->test_device, e->addresses[0], 0), VRES_OK);
	v.source = suspending_source;
	v.source_ctx = e;
	ck_refused(vres_shard_verify(shard, &v, NULL, &err), VRES_REASON_DIGEST);
	ck_ok(vres_shard_suspend(shard, &err));
}
END_TEST

START_TEST(close_gives_the_last_reference_back_and_frees)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	vres_shard *shard = engine_sealed(e), *own = sealed_as(f, "own", BLOCK, 1), *again = NULL;
	vres_error err;

	ck_ok(vres_manager_find(f->manager, "own", &again, &err));
	ck_status(vres_shard_close(own, &err), VRES_E_BUSY);
	release_shard(&again);
	ck_ok(vres_shard_close(own, &err));
	ck_assert_uint_eq(test_device_calls(f->test_device, VRES_MOCK_OP_MEM_WIPE), 1);
	ck_status(vres_manager_find(f->manager, "own", &again, &err), VRES_E_NOT_FOUND);
	ck_ok(vres_shard_close(shard, &err));
	ck_assert_uint_eq(metrics_of(f).shards_now, 0);
	shard = engine_sealed(e);
	ck_ok(vres_shard_suspend(shard, &err));
	ck_status(vres_shard_close(NULL, &err), VRES_E_INVALID_INPUT);
	ck_ok(vres_shard_close(shard, &err));
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(one_adopted_range_can_sleep_and_change_too, "CI-004", "integrity", ""),
		CASE(suspend_and_close_say_what_is_in_use, "MS-004", "availability",
	             "memory taken away under a verification"),
		CASE(close_gives_the_last_reference_back_and_frees, "MS-004", "integrity",
	             "use after free"),
	};

	return suite_run("tensors_adopted", "verify", cases, COUNT(cases));
}
