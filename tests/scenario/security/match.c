/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Descriptions that travelled, and were edited on the way. */
#include "support/fixture/engine.h"

/* A seal of one shard of a set, so that no signed field is empty or 0 by chance. */
static vres_shard *sealed_member(struct fixture *f)
{
	vres_seal_params p = vres_seal_params_init();

	p.shard_id = "member-1";
	p.model_ref = "model/x";
	p.group_id = "run-9";
	p.shard_index = 1;
	p.total_shards = 2;
	return sealed_with(f, &p, 3 * BLOCK + 7, 1);
}

/* clang-format off */
#define FIELD(name) {#name, offsetof(vres_shard_info, name)}
/* clang-format on */

static const struct field {
	const char *name;
	size_t offset;
} fields[] = {
	FIELD(shard_id),      FIELD(model_ref),    FIELD(group_id),   FIELD(digest),
	FIELD(verity_digest), FIELD(device_uuid),  FIELD(backend),    FIELD(gpu_device),
	FIELD(shard_index),   FIELD(total_shards), FIELD(digest_alg), FIELD(adopted),
	FIELD(simulated),     FIELD(assurance),    FIELD(vram_bytes), FIELD(sealed_at),
	FIELD(allow),         FIELD(require),      FIELD(tensors),    FIELD(epoch),
};

START_TEST(edited_description_is_refused_and_told_and_the_shard_stays_good)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed_member(f);
	vres_shard_info claimed = info_of(shard);
	vres_error err;

	ck_ok(vres_shard_match(shard, &claimed, &err));
	record_clear(&f->record);
	((unsigned char *)&claimed)[fields[_i].offset] ^= 1;
	ck_refused(vres_shard_match(shard, &claimed, &err), VRES_REASON_SIGNATURE);
	ck_assert_msg(strstr(err.message, fields[_i].name) == err.message, "%s: %s",
	              fields[_i].name, err.message);
	ck_assert_uint_eq(record_count(&f->record, 0), 1);
	ck_assert_str_eq(record_last(&f->record, VRES_EVENT_SEAL_VERIFICATION_FAILED)->mode,
	                 "match");
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
}
END_TEST

START_TEST(what_is_not_signed_and_what_follows_a_text_may_differ)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed_member(f);
	vres_shard_info claimed = info_of(shard);
	vres_error err;

	record_clear(&f->record);
	claimed.state = VRES_SHARD_QUARANTINED;
	claimed.leases++;
	claimed.verified_at++;
	claimed.suspended = 1;
	memset(claimed.shard_id + strlen(claimed.shard_id) + 1, 'x', 20);
	ck_ok(vres_shard_match(shard, &claimed, &err));
	ck_assert_uint_eq(record_count(&f->record, 0), 0);
}
END_TEST

START_TEST(description_by_an_older_header_is_compared_as_far_as_it_goes)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed_member(f);
	vres_shard_info claimed = info_of(shard);
	vres_error err;

	claimed.struct_size = offsetof(vres_shard_info, tensors);
	claimed.epoch = 7;
	ck_ok(vres_shard_match(shard, &claimed, &err));
	claimed.vram_bytes++;
	ck_refused(vres_shard_match(shard, &claimed, &err), VRES_REASON_SIGNATURE);
	claimed.struct_size--;
	ck_assert_int_eq(vres_shard_match(shard, &claimed, &err), VRES_E_ABI);
	ck_assert_int_eq(vres_shard_match(shard, NULL, &err), VRES_E_INVALID_INPUT);
	ck_assert_int_eq(vres_shard_match(NULL, &claimed, &err), VRES_E_INVALID_INPUT);
}
END_TEST

START_TEST(description_of_an_earlier_epoch_is_superseded_and_no_incident)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = engine_sealed(e);
	vres_shard_info before = info_of(shard);
	vres_resume_params p = vres_resume_params_init();
	vres_error err;

	p.all_changed = 1;
	ck_ok(vres_shard_suspend(shard, &err));
	engine_flip(e, 3, 1);
	ck_ok(vres_shard_resume(shard, &p, NULL, &err));
	record_clear(&f->record);
	ck_status_reason(vres_shard_match(shard, &before, &err), VRES_E_STATE,
	                 VRES_REASON_SUPERSEDED);
	ck_assert_uint_eq(record_count(&f->record, 0), 0);
	before.gpu_device ^= 1; /* edited besides */
	ck_refused(vres_shard_match(shard, &before, &err), VRES_REASON_SIGNATURE);
	before.gpu_device ^= 1;
	before.epoch = 2; /* of the future */
	ck_refused(vres_shard_match(shard, &before, &err), VRES_REASON_SIGNATURE);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		{&edited_description_is_refused_and_told_and_the_shard_stays_good,
	         "WORKER-4120 VR-002 CI-002", "authenticity", "edited handle", COUNT(fields), 0},
		CASE(what_is_not_signed_and_what_follows_a_text_may_differ, "VR-002", "", ""),
		CASE(description_by_an_older_header_is_compared_as_far_as_it_goes, "VR-005", "",
	             ""),
		CASE(description_of_an_earlier_epoch_is_superseded_and_no_incident, "VR-002",
	             "availability", "an old handle taken for an attack"),
	};

	return suite_run("security_match", "security", cases, COUNT(cases));
}
