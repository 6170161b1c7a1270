/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sampling, and what a backend's trouble is called.  A unit is a group of 32 blocks of 1 KiB here.  The puppet says which units were hashed;
 * its memory is at hand to be damaged.
 */
#include "verify.h"

#include "alloc.h"
#include "content.h"
#include "puppet.h"
#include "status.h"
#include "suite.h"

#define BLOCK UINT64_C(1024)
#define UNIT  (32 * BLOCK)
#define UNITS UINT64_C(70)
#define BYTES ((UNITS - 1) * UNIT + 5) /* the last unit has 5 bytes */

struct rig {
	struct puppet *puppet;
	vres_manager *manager;
	vres_shard *shard;
	unsigned incidents;
};

static void count_incident(void *ctx, const vres_event *event)
{
	(void)event;
	++*(unsigned *)ctx;
}

/* One sealed shard of BYTES bytes over a puppet. */
static struct rig *begin_with(uint64_t allow, uint64_t require, uint32_t keep_leaves)
{
	struct rig *rig = test_alloc(sizeof(*rig));
	uint8_t *data = content((size_t)BYTES, 1);
	vres_seal_params params = vres_seal_params_init();
	vres_config config = vres_config_init();
	vres_policy policy = vres_policy_init();
	vres_key *key = NULL;
	vres_error err;

	rig->puppet = puppet_make();
	rig->puppet->props.facts |= VRES_DEVICE_CAN_PROTECT;
	policy.allow = VRES_ALLOW_SIMULATED | allow;
	policy.require = require;
	config.backend = &rig->puppet->table;
	config.backend_arg = rig->puppet;
	config.worker_id = "worker";
	config.policy = &policy;
	config.block_size = (uint32_t)BLOCK;
	config.keep_leaves = keep_leaves;
	config.on_incident = count_incident;
	config.incident_ctx = &rig->incidents;
	ck_ok(vres_key_derive("token", 5, NULL, &key, &err));
	config.key = key;
	ck_ok(vres_manager_create(&config, &rig->manager, &err));
	vres_key_destroy(key);
	ck_ok(vres_seal_memory(rig->manager, &params, data, BYTES, &rig->shard, &err));
	test_free(data);
	return rig;
}

static struct rig *begin(uint64_t allow, uint32_t keep_leaves)
{
	struct rig *rig = begin_with(allow, 0, keep_leaves);

	rig->puppet->hashed_count = 0;
	return rig;
}

static void end(struct rig **rig)
{
	vres_shard_release((*rig)->shard);
	vres_manager_destroy((*rig)->manager);
	puppet_drop(&(*rig)->puppet);
	test_free(*rig);
}

static vres_status verify(struct rig *rig, uint32_t mode, uint32_t units, vres_verify_report *report, vres_error *err)
{
	vres_verify_params p = vres_verify_params_init();

	p.mode = mode;
	p.sample_units = units;
	*report = vres_verify_report_init();
	return vres_shard_verify(rig->shard, &p, report, err);
}

static uint64_t unit_of(const struct rig *rig, size_t i)
{
	ck_assert_uint_eq(rig->puppet->hashed[i].offset % UNIT, 0);
	ck_assert_uint_eq(rig->puppet->hashed[i].bytes, rig->puppet->hashed[i].offset / UNIT == UNITS - 1 ? 5 : UNIT);
	return rig->puppet->hashed[i].offset / UNIT;
}

/* Units are split into k runs of nearly equal length, the longer ones first; the i-th sample is from the i-th run. */
START_TEST(each_of_k_runs_of_units_gives_one_sample)
{
	static const uint32_t k[] = {1, 2, 3, 7, 63, 64, 65, 69};
	CLEANUP(end) struct rig *rig = begin(0, 0);
	vres_verify_report report;
	vres_error err;

	for (size_t i = 0; i < COUNT(k); i++) {
		uint64_t from = 0;

		rig->puppet->hashed_count = 0;
		ck_ok(verify(rig, VRES_VERIFY_SAMPLED, k[i], &report, &err));
		ck_assert_uint_eq(rig->puppet->hashed_count, k[i]);
		for (uint32_t run = 0; run < k[i]; run++) {
			const uint64_t length = UNITS / k[i] + (run < UNITS % k[i]);

			ck_assert_uint_ge(unit_of(rig, run), from);
			ck_assert_uint_lt(unit_of(rig, run), from + length);
			from += length;
		}
		ck_assert_uint_eq(from, UNITS);
	}
}
END_TEST

START_TEST(as_many_samples_as_units_or_more_check_every_unit)
{
	static const uint32_t k[] = {(uint32_t)UNITS, (uint32_t)UNITS + 1, 1000000, UINT32_MAX};
	CLEANUP(end) struct rig *rig = begin(0, 0);
	vres_verify_report report;
	vres_error err;

	for (size_t i = 0; i < COUNT(k); i++) {
		rig->puppet->hashed_count = 0;
		ck_ok(verify(rig, VRES_VERIFY_SAMPLED, k[i], &report, &err));
		ck_assert_uint_eq(rig->puppet->hashed_count, UNITS);
		for (uint64_t unit = 0; unit < UNITS; unit++)
			ck_assert_uint_eq(unit_of(rig, unit), unit);
		ck_assert_uint_eq(report.blocks_checked, report.blocks_total);
		ck_assert_uint_eq(report.bytes_hashed, BYTES);
	}
}
END_TEST

/* With 35 of 70, a unit is missed 40 times in a row once in 10^12. */
START_TEST(every_unit_has_its_turn)
{
	CLEANUP(end) struct rig *rig = begin(0, 0);
	bool seen[UNITS] = {false};
	uint64_t count = 0;
	vres_verify_report report;
	vres_error err;

	for (unsigned round = 0; round < 40; round++) {
		rig->puppet->hashed_count = 0;
		ck_ok(verify(rig, VRES_VERIFY_SAMPLED, 35, &report, &err));
		for (size_t i = 0; i < rig->puppet->hashed_count; i++)
			seen[rig->puppet->hashed[i].offset / UNIT] = true;
	}
	for (uint64_t unit = 0; unit < UNITS; unit++)
		count += seen[unit];
	ck_assert_uint_eq(count, UNITS);
}
END_TEST

START_TEST(report_counts_what_was_sampled)
{
	CLEANUP(end) struct rig *rig = begin(0, 0);
	uint64_t bytes = 0, blocks = 0;
	vres_verify_report report;
	vres_error err;

	ck_ok(verify(rig, VRES_VERIFY_SAMPLED, 66, &report, &err));
	for (size_t i = 0; i < rig->puppet->hashed_count; i++) {
		bytes += rig->puppet->hashed[i].bytes;
		blocks += (rig->puppet->hashed[i].bytes + BLOCK - 1) / BLOCK;
	}
	ck_assert_uint_eq(report.mode, VRES_VERIFY_SAMPLED);
	ck_assert_uint_eq(report.bytes_hashed, bytes);
	ck_assert_uint_eq(report.blocks_checked, blocks);
	ck_assert_uint_eq(report.blocks_total, (UNITS - 1) * 32 + 1);
	ck_assert_uint_eq(report.bad_blocks, 0);
}
END_TEST

START_TEST(zero_samples_means_what_policy_says)
{
	CLEANUP(end) struct rig *rig = begin(0, 0);
	vres_verify_report report;
	vres_error err;

	ck_ok(verify(rig, VRES_VERIFY_SAMPLED, 0, &report, &err));
	ck_assert_uint_eq(rig->puppet->hashed_count, 64);
}
END_TEST

START_TEST(kept_leaves_make_the_unit_a_block)
{
	CLEANUP(end) struct rig *rig = begin(0, 1);
	vres_verify_report report;
	vres_error err;

	ck_ok(verify(rig, VRES_VERIFY_SAMPLED, 40, &report, &err));
	ck_assert_uint_eq(rig->puppet->hashed_count, 40);
	ck_assert_uint_eq(report.blocks_checked, 40);
	for (size_t i = 0; i < 40; i++)
		ck_assert_uint_le(rig->puppet->hashed[i].bytes, BLOCK);
}
END_TEST

START_TEST(damage_in_a_sampled_unit_is_found_and_named)
{
	CLEANUP(end) struct rig *rig = begin(0, 0);
	vres_verify_report report;
	vres_error err;

	puppet_bytes(&rig->shard->mem)[17 * UNIT + 3] ^= 1;
	puppet_bytes(&rig->shard->mem)[BYTES - 1] ^= 1;
	ck_refused(verify(rig, VRES_VERIFY_SAMPLED, (uint32_t)UNITS, &report, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(report.bad_blocks, 2);
	ck_assert_uint_eq(report.first_bad_offset, 17 * UNIT);
	ck_assert_uint_eq(report.first_bad_bytes, UNIT);
	ck_assert_uint_eq(rig->incidents, 1);
}
END_TEST

START_TEST(sampling_by_readback_is_the_same)
{
	CLEANUP(end) struct rig *rig = begin(VRES_ALLOW_READBACK, 0);
	vres_verify_report report;
	vres_error err;

	rig->shard->mem.device->props.facts &= ~VRES_DEVICE_CAN_HASH;
	ck_ok(verify(rig, VRES_VERIFY_SAMPLED, 70, &report, &err));
	ck_assert_uint_eq(report.mode, VRES_VERIFY_SAMPLED);
	ck_assert_uint_eq(rig->puppet->hashed_count, 0);
	ck_assert_uint_ge(report.bytes_hashed, 69 * UNIT + 5);
	puppet_bytes(&rig->shard->mem)[UNIT] ^= 1;
	ck_refused(verify(rig, VRES_VERIFY_SAMPLED, (uint32_t)UNITS, &report, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(report.first_bad_offset, UNIT);
}
END_TEST

/* What lies on the host is not believed either: samples are compared with digests that hash to the signed root. */
START_TEST(kept_digests_that_were_changed_are_not_believed)
{
	CLEANUP(end) struct rig *rig = begin(0, 0);
	vres_verify_report report;
	vres_error err;

	rig->shard->kept[32 * 69 + 31] ^= 1;
	ck_refused(verify(rig, VRES_VERIFY_SAMPLED, 1, &report, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(rig->puppet->hashed_count, 0);
}
END_TEST

START_TEST(full_verification_does_not_rest_on_the_kept_digests)
{
	CLEANUP(end) struct rig *rig = begin(0, 0);
	vres_verify_report report;
	vres_error err;

	rig->shard->kept[0] ^= 1;
	ck_ok(verify(rig, VRES_VERIFY_FULL, 0, &report, &err));
	puppet_bytes(&rig->shard->mem)[0] ^= 1;
	ck_refused(verify(rig, VRES_VERIFY_FULL, 0, &report, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(report.first_bad_bytes, 0); /* where, it cannot tell now */
}
END_TEST

static vres_status scrub(struct rig *rig, vres_scrub_report *report, vres_error *err)
{
	*report = vres_scrub_report_init();
	return vres_scrub_step(rig->manager, 1, report, err);
}

/* Changed in the middle of a pass: where it has been already, which the end of the pass finds, and where it has not. */
START_TEST(scrub_does_not_believe_kept_digests_that_were_changed)
{
	static const size_t changed[] = {0, 69};
	CLEANUP(end) struct rig *rig = begin(0, 0);
	vres_status status = VRES_OK;
	vres_scrub_report report;
	uint64_t hashed;
	vres_error err;

	ck_ok(scrub(rig, &report, &err));
	hashed = report.bytes_hashed;
	ck_assert_uint_gt(hashed, UNIT);
	rig->shard->kept[32 * changed[_i] + 31] ^= 1;
	for (; status == VRES_OK && hashed < BYTES; hashed += report.bytes_hashed)
		status = scrub(rig, &report, &err);
	ck_assert_int_eq(status, VRES_E_SEAL_VERIFICATION_FAILED);
	ck_assert_uint_eq(err.reason, VRES_REASON_DIGEST);
	ck_assert_ptr_nonnull(strstr(err.message, "kept level"));
	ck_assert_uint_eq(hashed, BYTES);
	ck_assert_uint_eq(rig->incidents, 1);
}
END_TEST

/* And nothing in VRAM is looked at before they have been checked. */
START_TEST(scrub_checks_the_kept_digests_first)
{
	CLEANUP(end) struct rig *rig = begin(0, 0);
	vres_scrub_report report;
	vres_error err;

	rig->shard->kept[32 * 69 + 31] ^= 1;
	ck_refused(scrub(rig, &report, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(report.bytes_hashed, 0);
	ck_assert_uint_eq(rig->puppet->hashed_count, 0);
	ck_assert_uint_eq(report.failed, 1);
}
END_TEST

/* Two callers have a part each, and the first one cannot check his: the pass begins again, and the other one's part is of the old one. */
START_TEST(scrub_does_not_count_parts_of_a_pass_that_was_given_up)
{
	CLEANUP(end) struct rig *rig = begin(0, 0);
	const struct scrub_place *place = &rig->shard->scrub;
	const uint64_t since = vres_host_monotonic();
	struct scrub_part one, other;

	ck_assert(vres_scrub_claim(rig->manager, 3 * UNIT, since, &one));
	ck_assert(vres_scrub_claim(rig->manager, 3 * UNIT, since, &other));
	ck_assert_uint_eq(other.first, 3);
	vres_scrub_release(&one, SCRUB_UNCHECKED);
	ck_assert(!vres_scrub_claim(rig->manager, UNIT, since, &one)); /* not again before it is retried */
	vres_scrub_retry(rig->manager);
	ck_assert(vres_scrub_claim(rig->manager, 2 * UNIT, since, &one));
	ck_assert_uint_eq(one.first, 0);
	vres_scrub_release(&other, SCRUB_GOOD);
	ck_assert_uint_eq(place->checked, 0);
	vres_scrub_release(&one, SCRUB_GOOD);
	ck_assert_uint_eq(place->checked, 2);
	ck_assert_uint_lt(place->checked_since, since);
	ck_assert(vres_scrub_claim(rig->manager, UNITS * UNIT, since, &one));
	ck_assert_uint_eq(one.units, UNITS - 2);
	vres_scrub_release(&one, SCRUB_GOOD);
	ck_assert_uint_ge(place->checked_since, since);
	ck_assert(!vres_scrub_claim(rig->manager, UNIT, since, &one)); /* all has been checked since */
}
END_TEST

/* As in vres_verify_many(), which concludes when all shards have been checked, and may be given one twice. */
START_TEST(check_that_saw_no_damage_makes_nothing_of_a_shard_that_others_have_quarantined_since)
{
	CLEANUP(end) struct rig *rig = begin(0, 0);
	const vres_shard *s = rig->shard;
	vres_verify_params params = vres_verify_params_init();
	vres_verify_report report;
	struct verification v;
	uint64_t verified_at, fresh, verified;
	vres_error err;

	vres_verify_check(&v, rig->shard, &params);
	ck_assert_int_eq(v.report.status, VRES_OK);
	puppet_bytes(&rig->shard->mem)[0] ^= 1;
	ck_refused(verify(rig, VRES_VERIFY_FULL, 0, &report, &err), VRES_REASON_DIGEST);
	verified_at = atomic_load(&s->verified_at);
	fresh = atomic_load(&s->fresh[0]);
	verified = atomic_load(&rig->manager->counters.verifies[OUTCOME_OK][VRES_VERIFY_FULL]);
	ck_refused(vres_verify_conclude(&v, &err), VRES_REASON_QUARANTINED);
	ck_assert_uint_eq(atomic_load(&s->verified_at), verified_at);
	ck_assert_uint_eq(atomic_load(&s->fresh[0]), fresh);
	ck_assert_uint_eq(atomic_load(&rig->manager->counters.verifies[OUTCOME_OK][VRES_VERIFY_FULL]), verified);
	ck_assert_uint_eq(rig->incidents, 1);
}
END_TEST

/* Changing the record in memory to fit other bytes is a wrong signature. */
START_TEST(record_that_was_changed_is_a_wrong_signature)
{
	CLEANUP(end) struct rig *rig = begin(0, 0);
	vres_verify_report report;
	vres_error err;

	rig->shard->record.verity_root[0] ^= 1;
	ck_refused(verify(rig, VRES_VERIFY_FULL, 0, &report, &err), VRES_REASON_SIGNATURE);
	ck_assert_uint_eq(rig->puppet->hashed_count, 0);
	ck_assert_uint_eq(rig->incidents, 1);
}
END_TEST

static void lie(struct puppet *p, unsigned which)
{
	p->echoes_nothing = which == 0;
	p->echoes_wrongly = which == 1;
	p->writes_no_digests = which == 2;
	p->pulls_nothing = which == 3;
	p->pulls_at_most = which == 4 ? 5000 : 0;
	p->answer[PUPPET_LANE_WAIT] = which == 5 ? VRES_E_SEAL_VERIFICATION_FAILED : VRES_OK;
	p->answer[PUPPET_LANE_OPEN] = which == 6 ? VRES_E_BUSY : VRES_OK;
	p->answer[PUPPET_MEM_RESIDENCY] = which == 7 ? VRES_E_INTEGRITY_VIOLATION : VRES_OK;
}

/* Nothing was learned of the bytes: no quarantine, no incident, and when the backend is well again the shard is good. */
START_TEST(trouble_of_the_backend_is_never_called_tampering)
{
	static const uint32_t modes[] = {VRES_VERIFY_SAMPLED, VRES_VERIFY_FULL, VRES_VERIFY_READBACK};
	CLEANUP(end) struct rig *rig = begin(VRES_ALLOW_READBACK, 0);
	vres_verify_report report;
	unsigned troubled = 0;
	vres_error err;

	for (unsigned which = 0; which < 8; which++)
		for (size_t i = 0; i < COUNT(modes); i++) {
			const bool by_readback = modes[i] == VRES_VERIFY_READBACK;
			const bool matters = which >= 5 || (which >= 3) == by_readback;
			vres_status status;

			lie(rig->puppet, which);
			status = verify(rig, modes[i], 0, &report, &err);
			ck_assert_int_eq(status, !matters ? VRES_OK : which == 6 ? VRES_E_BUSY : VRES_E_BACKEND);
			ck_assert_int_eq(report.status, status);
			troubled += matters;
			lie(rig->puppet, UINT32_MAX);
		}
	ck_assert_uint_eq(troubled, 3 * 2 + 2 + 3 * 3);
	ck_assert_uint_eq(rig->incidents, 0);
	ck_assert_uint_eq(atomic_load(&rig->shard->state), VRES_SHARD_SEALED);
	ck_ok(verify(rig, VRES_VERIFY_FULL, 0, &report, &err));
}
END_TEST

/* The same while sealing: nothing is signed on the word of a backend that did nothing. */
START_TEST(seal_over_a_backend_that_lies_fails_and_accuses_nobody)
{
	CLEANUP(end) struct rig *rig = begin(0, 0);
	const vres_seal_params params = vres_seal_params_init();
	const uint8_t data[5000] = {1};
	vres_error err;

	for (unsigned which = 0; which < 3; which++) {
		vres_shard *shard = NULL;

		lie(rig->puppet, which);
		ck_status(vres_seal_memory(rig->manager, &params, data, sizeof(data), &shard, &err), VRES_E_BACKEND);
		ck_assert_ptr_null(shard);
	}
	lie(rig->puppet, UINT32_MAX);
	ck_assert_uint_eq(rig->incidents, 0);
	ck_assert_uint_eq(rig->shard->mem.device->capacity.filling, 0);
	ck_assert_uint_eq(rig->shard->mem.device->capacity.pending, 0);
}
END_TEST

START_TEST(background_work_goes_on_lanes_of_low_priority_and_other_work_does_not)
{
	CLEANUP(end) struct rig *rig = begin(VRES_ALLOW_READBACK | VRES_ALLOW_PINNED_STAGING, 0);
	vres_verify_params p = vres_verify_params_init();
	vres_shard *twice[] = {rig->shard, rig->shard};
	vres_error err;

	for (p.mode = VRES_VERIFY_FULL; p.mode <= VRES_VERIFY_READBACK; p.mode++) {
		if (p.mode == VRES_VERIFY_SIGNATURE)
			continue;
		p.background = 1;
		ck_ok(vres_shard_verify(rig->shard, &p, NULL, &err));
		ck_assert_uint_eq(rig->puppet->lane_flags, VRES_LANE_PINNED | VRES_LANE_LOW_PRIORITY);
		p.background = 0;
		ck_ok(vres_shard_verify(rig->shard, &p, NULL, &err));
		ck_assert_uint_eq(rig->puppet->lane_flags, VRES_LANE_PINNED);
		p.background = 1;
		ck_ok(vres_verify_many(rig->manager, twice, COUNT(twice), &p, NULL, &err));
		ck_assert_uint_eq(rig->puppet->lane_flags, VRES_LANE_PINNED | VRES_LANE_LOW_PRIORITY);
	}
}
END_TEST

/* What is signed was hashed after nobody could write any more; without that requirement each piece is hashed as it arrives, once. */
START_TEST(read_only_mapping_is_hashed_after_it_was_protected)
{
	CLEANUP(end) struct rig *read_only = begin_with(0, VRES_REQUIRE_READONLY, 0);
	CLEANUP(end) struct rig *plain = begin_with(0, 0, 0);

	ck_assert_uint_eq(atomic_load(&read_only->puppet->calls[PUPPET_MEM_PROTECT]), 1);
	ck_assert_uint_eq(read_only->puppet->hashed_unprotected, 0);
	ck_assert_uint_eq(read_only->puppet->hashed_count, 1);
	ck_assert_uint_eq(read_only->puppet->hashed[0].bytes, BYTES);
	ck_assert_uint_eq(plain->puppet->hashed_count, 1);
	ck_assert_uint_eq(plain->puppet->hashed[0].bytes, BYTES);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(each_of_k_runs_of_units_gives_one_sample, "CI-007", "integrity", "a sample that comes twice"),
		CASE(as_many_samples_as_units_or_more_check_every_unit, "CI-007", "integrity", "a unit that is left out"),
		CASE(every_unit_has_its_turn, "CI-007", "integrity", "a unit that is never sampled"),
		CASE(report_counts_what_was_sampled, "CI-007", "accountability", ""),
		CASE(zero_samples_means_what_policy_says, "CI-007", "", ""),
		CASE(kept_leaves_make_the_unit_a_block, "CI-007", "", ""),
		CASE(damage_in_a_sampled_unit_is_found_and_named, "CI-007 VR-004", "integrity", "bit flip in VRAM"),
		CASE(sampling_by_readback_is_the_same, "CI-007 VR-004", "integrity", "bit flip in VRAM"),
		CASE(kept_digests_that_were_changed_are_not_believed, "CI-007 VR-004", "integrity", "digests changed in host memory"),
		CASE_LOOP(scrub_does_not_believe_kept_digests_that_were_changed, 2, "CI-007 VR-004", "integrity",
	                  "digests changed in host memory"),
		CASE(scrub_checks_the_kept_digests_first, "CI-007 VR-004", "integrity", "digests changed in host memory"),
		CASE(scrub_does_not_count_parts_of_a_pass_that_was_given_up, "CI-007", "integrity", "a part that nobody checked is counted"),
		CASE(check_that_saw_no_damage_makes_nothing_of_a_shard_that_others_have_quarantined_since, "VR-004 WORKER-4161",
	             "accountability", "a damaged shard said to be verified"),
		CASE(full_verification_does_not_rest_on_the_kept_digests, "CI-007 VR-004", "integrity", "digests changed in host memory"),
		CASE(record_that_was_changed_is_a_wrong_signature, "CI-001 CI-002 VR-004", "authenticity", "a record changed in host memory"),
		CASE(background_work_goes_on_lanes_of_low_priority_and_other_work_does_not, "WORKER-4121", "availability",
	             "a check that stands in the way of inference"),
		CASE(trouble_of_the_backend_is_never_called_tampering, "WORKER-4032 WORKER-4151 CI-007", "integrity",
	             "driver trouble taken for tampering, driver trouble taken for success"),
		CASE(seal_over_a_backend_that_lies_fails_and_accuses_nobody, "WORKER-4032 WORKER-4113", "integrity",
	             "bytes that were never looked at are signed"),
		CASE(read_only_mapping_is_hashed_after_it_was_protected, "WORKER-4113 VR-001", "integrity", "a write between check and seal"),
	};

	return suite_run("unit.verify_content", "unit", cases, COUNT(cases));
}
