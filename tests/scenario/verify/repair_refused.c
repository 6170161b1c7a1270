/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Repair: when it is refused, who is refused meanwhile, and what is never lifted. */
#include <stdio.h>
#include "support/fixture/repairing.h"

static vres_repair_params from(struct content_source *source)
{
	vres_repair_params p = vres_repair_params_init();

	p.source = content_read_at;
	p.source_ctx = source;
	return p;
}

START_TEST(input_that_is_refused_does_nothing)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = repair_damaged(f, NULL);
	struct content_source source = repair_source();
	vres_verify_report r = vres_verify_report_init();
	vres_damage list[2] = {vres_damage_init()};
	vres_repair_params p = from(&source);
	vres_error err;

	ck_status(vres_shard_repair(NULL, &p, NULL, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_shard_repair(shard, NULL, NULL, &err), VRES_E_INVALID_INPUT);
	p.source = NULL;
	ck_status(vres_shard_repair(shard, &p, NULL, &err), VRES_E_INVALID_INPUT);
	p = from(&source);
	p.damage_cap = 2;
	ck_status(vres_shard_repair(shard, &p, NULL, &err), VRES_E_INVALID_INPUT);
	p.damage = list;
	list[0].struct_size--;
	ck_status(vres_shard_repair(shard, &p, NULL, &err), VRES_E_ABI);
	p = from(&source);
	p.struct_size--;
	ck_status(vres_shard_repair(shard, &p, NULL, &err), VRES_E_ABI);
	p = from(&source);
	r.struct_size = 8;
	ck_status(vres_shard_repair(shard, &p, &r, &err), VRES_E_ABI);
	ck_assert_uint_eq(source.calls, 0);
	ck_assert_uint_eq(info_of(shard).state, VRES_SHARD_SEALED);
	ck_assert_uint_eq(record_critical(&f->record), 0);
}
END_TEST

START_TEST(adopted_memory_is_its_owners_to_load_again)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(free_bytes) uint8_t *data = content(REPAIR_BYTES, REPAIR_SEED);
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_seal_params seal = vres_seal_params_init();
	uint64_t address = 0;
	vres_error err;

	seal.digest_alg = VRES_DIGEST_VERITY;
	ck_assert_int_eq(test_device_alloc(f->test_device, 0, REPAIR_BYTES, data, &address),
	                 VRES_OK);
	ck_ok(vres_seal_adopt(f->manager, &seal, address, REPAIR_BYTES, &shard, &err));
	ck_status(repair_from(shard, NULL, NULL, &err), VRES_E_UNSUPPORTED);
	ck_ok(vres_shard_suspend(shard, &err));
	ck_status_reason(repair_from(shard, NULL, NULL, &err), VRES_E_STATE, VRES_REASON_SUSPENDED);
	ck_ok(vres_shard_resume(shard, NULL, NULL, &err));
}
END_TEST

START_TEST(shard_that_somebody_leases_is_not_written)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, REPAIR_BYTES, REPAIR_SEED);
	CLEANUP(release_lease) vres_lease *lease = NULL;
	struct content_source source = repair_source();
	vres_error err;

	ck_ok(vres_lease_acquire(shard, &lease, &err));
	flip_at(f, vres_lease_device_ptr(lease), 5, 5);
	ck_status(repair_from(shard, &source, NULL, &err), VRES_E_BUSY);
	ck_assert_uint_eq(source.calls, 0);
	release_lease(&lease);
	ck_ok(repair_from(shard, NULL, NULL, &err));
	ck_repaired(shard);
}
END_TEST

struct late_lease {
	vres_shard *shard;
	vres_lease *lease;
};

static vres_status takes_a_lease(void *ctx, uint64_t offset, void *buf, size_t n)
{
	struct late_lease *late = ctx;
	vres_error err;

	if (late->lease == NULL)
		ck_ok(vres_lease_acquire(late->shard, &late->lease, &err));
	content_fill(buf, n, REPAIR_SEED, offset);
	return VRES_OK;
}

/* A lease that looks at no bytes is granted until the damage is known. */
START_TEST(lease_that_is_granted_while_damage_is_looked_for_keeps_it_from_being_written)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	struct late_lease late = {.lease = NULL};
	vres_repair_params p = vres_repair_params_init();
	uint64_t before;
	vres_error err;

	s.policy.allow |= VRES_ALLOW_WEAK_LEASE;
	s.policy.lease_verify = VRES_VERIFY_SIGNATURE;
	f = begin(&s);
	late.shard = shard = repair_damaged(f, NULL);
	before = test_device_calls(f->test_device, VRES_MOCK_OP_LANE_PUSH);
	p.source = takes_a_lease;
	p.source_ctx = &late;
	ck_status(vres_shard_repair(shard, &p, NULL, &err), VRES_E_BUSY);
	ck_assert_uint_eq(test_device_calls(f->test_device, VRES_MOCK_OP_LANE_PUSH), before);
	ck_refused(vres_lease_check(late.lease, &err), VRES_REASON_QUARANTINED);
	release_lease(&late.lease);
	ck_repairable(shard);
}
END_TEST

static vres_status repairs_meanwhile(void *ctx, uint64_t offset, void *buf, size_t n)
{
	vres_error err;

	ck_status(repair_from(ctx, NULL, NULL, &err), VRES_E_BUSY);
	content_fill(buf, n, REPAIR_SEED, offset);
	return VRES_OK;
}

/* It would wait for the verification that waits for it. */
START_TEST(repair_from_within_the_source_of_a_verification_is_refused)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, 3 * BLOCK, REPAIR_SEED);
	vres_verify_params p = mode_of(VRES_VERIFY_FULL);
	vres_error err;

	flip(f, shard, BLOCK, 1);
	p.source = repairs_meanwhile;
	p.source_ctx = shard;
	ck_refused(vres_shard_verify(shard, &p, NULL, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_SEAL_VERIFICATION_FAILED), 1);
	ck_repairable(shard);
}
END_TEST

/* What other threads may do while the source is read; here its callback does it. */
struct meanwhile {
	struct fixture *f;
	vres_shard **shard;
	bool is_done, releases;
};

static void ck_meanwhile(struct fixture *f, vres_shard *shard)
{
	vres_lease *lease = NULL;
	vres_shard *found = NULL;
	vres_error err;

	ck_status(repair_from(shard, NULL, NULL, &err), VRES_E_BUSY);
	ck_status(vres_shard_close(shard, &err), VRES_E_BUSY);
	ck_ok(vres_scrub_step(f->manager, UINT64_MAX, NULL, &err));
	ck_ok(vres_enforce_vram_only(f->manager, 0, NULL, &err));
	ck_ok(vres_manager_find(f->manager, "mended", &found, &err));
	ck_assert_uint_eq(info_of(found).leases, 0);
	release_shard(&found);
	if (info_of(shard).state == VRES_SHARD_SEALED) /* the verdict is not known yet */
		return;
	ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_QUARANTINED);
	ck_refused(vres_lease_acquire(shard, &lease, &err), VRES_REASON_QUARANTINED);
}

static vres_status meanwhile(void *ctx, uint64_t offset, void *buf, size_t n)
{
	struct meanwhile *m = ctx;

	if (!m->is_done && info_of(*m->shard).state == VRES_SHARD_QUARANTINED) {
		m->is_done = true;
		ck_meanwhile(m->f, *m->shard);
		if (m->releases)
			release_shard(m->shard);
	}
	content_fill(buf, n, REPAIR_SEED, offset);
	return VRES_OK;
}

/* Also when its last reference is released meanwhile: then it ends when the call returns. */
START_TEST(whoever_uses_a_shard_while_it_is_repaired_is_refused)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_seal_params seal = vres_seal_params_init();
	struct meanwhile m = {.shard = &shard};
	vres_repair_params p = vres_repair_params_init();
	vres_error err;

	if (!test_device_kind()->is_plain)
		s.policy.require |= VRES_REQUIRE_READONLY;
	s.keep_leaves = 1; /* so the source is called once, for the write */
	m.f = f = begin(&s);
	seal.shard_id = "mended";
	shard = sealed_with(f, &seal, REPAIR_BYTES, REPAIR_SEED);
	flip(f, shard, 5, 5);
	m.releases = _i;
	p.source = meanwhile;
	p.source_ctx = &m;
	ck_ok(vres_shard_repair(shard, &p, NULL, &err));
	ck_assert(m.is_done);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_REPAIRED), 1);
	if (_i)
		ck_assert_uint_eq(metrics_of(f).shards_now, 0);
	else
		ck_repaired(shard);
}
END_TEST

START_TEST(what_is_wrong_for_good_is_never_lifted)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, REPAIR_BYTES, REPAIR_SEED);
	const uint64_t address = address_of(shard);
	struct content_source source = repair_source();
	const bool was_damaged = _i;
	vres_error err;

	if (was_damaged) {
		flip_at(f, address, 1, 1);
		ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_DIGEST);
	}
	test_device_pretend(f->test_device, address, VRES_MOCK_MOVED);
	ck_refused(repair_from(shard, &source, NULL, &err), VRES_REASON_RESIDENCY);
	test_device_pretend(f->test_device, address, 0);
	ck_refused(repair_from(shard, &source, NULL, &err), VRES_REASON_QUARANTINED);
	ck_assert_uint_eq(source.calls, 0);
	/* That the quarantine is final now is told, also where the bytes were reported before. */
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_SEAL_VERIFICATION_FAILED),
	                  1 + was_damaged);
	ck_assert_uint_eq(info_of(shard).state, VRES_SHARD_QUARANTINED);
}
END_TEST

START_TEST(sink_that_refuses_leaves_the_shard_quarantined)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = repair_damaged(f, NULL);
	char text[8192];
	size_t n;
	vres_error err;

	f->record.refuse = UINT64_C(1) << VRES_EVENT_VRAM_REPAIRED;
	ck_status(repair_from(shard, NULL, NULL, &err), VRES_E_AUDIT);
	f->record.refuse = 0;
	ck_repairable(shard);
	ck_ok(vres_metrics_prometheus(f->manager, text, sizeof(text), &n, &err));
	ck_assert_ptr_nonnull(strstr(text, "\nvram_quarantined_shards 0\n"));
}
END_TEST

START_TEST(repaired_bytes_are_counted)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = repair_damaged(f, NULL);
	char text[8192], line[64];
	size_t n;
	vres_error err;

	ck_ok(repair_from(shard, NULL, NULL, &err));
	ck_ok(vres_metrics_prometheus(f->manager, text, sizeof(text), &n, &err));
	snprintf(line, sizeof(line), "\nvram_repaired_bytes_total %u\n", (unsigned)REPAIR_DAMAGE);
	ck_assert_ptr_nonnull(strstr(text, line));
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(input_that_is_refused_does_nothing, "WORKER-4150", "", ""),
		CASE(adopted_memory_is_its_owners_to_load_again, "WORKER-4150", "", ""),
		CASE(shard_that_somebody_leases_is_not_written, "CI-007", "integrity",
	             "memory that changes under an inference"),
		CASE(lease_that_is_granted_while_damage_is_looked_for_keeps_it_from_being_written,
	             "CI-007", "integrity", "memory that changes under an inference"),
		CASE(repair_from_within_the_source_of_a_verification_is_refused, "CI-007",
	             "availability", ""),
		CASE_LOOP(whoever_uses_a_shard_while_it_is_repaired_is_refused, 2,
	                  "CI-007 WORKER-4150", "integrity", "a verdict about bytes being written"),
		CASE_LOOP(what_is_wrong_for_good_is_never_lifted, 2, "CI-007", "integrity",
	                  "memory that was swapped"),
		CASE(sink_that_refuses_leaves_the_shard_quarantined, "WORKER-4150",
	             "accountability", "a repair that nobody recorded"),
		CASE(repaired_bytes_are_counted, "CI-007", "accountability", ""),
	};

	return suite_run("verify_repair_refused", "verify", cases, COUNT(cases));
}
