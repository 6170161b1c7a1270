/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Structures of older and newer callers: too small is refused, longer is accepted while what is
 * unknown is zero.
 */
#include "support/fixture/support.h"

/* A structure as a newer caller would have it. */
#define NEWER(type)                                                                                \
	struct {                                                                                   \
		type known;                                                                        \
		unsigned char tail[40];                                                            \
	}

static const size_t SMALL[] = {0, 1, sizeof(size_t) - 1, sizeof(size_t), sizeof(size_t) + 1};

START_TEST(a_config_is_judged_by_its_size)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	NEWER(vres_config) newer;
	NEWER(vres_policy) policy;
	vres_manager *manager = NULL;
	vres_config config;
	vres_error err;

	s.no_manager = true;
	f = begin(&s);
	memset(&newer, 0, sizeof(newer));
	memset(&policy, 0, sizeof(policy));
	policy.known = f->setup.policy;
	policy.known.struct_size = sizeof(policy);
	newer.known = config_of(f);
	newer.known.struct_size = sizeof(newer);
	newer.known.policy = &policy.known;
	ck_ok(manager_create(f, &newer.known, &manager, &err));
	destroy_manager(&manager);
	for (size_t i = 0; i < sizeof(newer.tail); i += 13) {
		newer.tail[i] = 1;
		ck_status(manager_create(f, &newer.known, &manager, &err), VRES_E_ABI);
		newer.tail[i] = 0;
		policy.tail[i] = 1;
		ck_status(manager_create(f, &newer.known, &manager, &err), VRES_E_ABI);
		policy.tail[i] = 0;
	}
	for (size_t i = 0; i < COUNT(SMALL); i++) {
		config = config_of(f);
		config.struct_size = SMALL[i];
		ck_status(manager_create(f, &config, &manager, &err), VRES_E_ABI);
		policy.known.struct_size = SMALL[i];
		ck_status(manager_create(f, &newer.known, &manager, &err), VRES_E_ABI);
	}
	ck_assert_ptr_null(manager);
}
END_TEST

START_TEST(parameters_are_judged_by_their_size)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, BLOCK, 1);
	NEWER(vres_seal_params) seal;
	NEWER(vres_verify_params) verify;
	vres_shard *out = NULL;
	vres_error err;

	memset(&seal, 0, sizeof(seal));
	memset(&verify, 0, sizeof(verify));
	seal.known.struct_size = sizeof(seal);
	verify.known.struct_size = sizeof(verify);
	ck_ok(vres_seal_memory(f->manager, &seal.known, "abc", 3, &out, &err));
	release_shard(&out);
	ck_ok(vres_shard_verify(shard, &verify.known, NULL, &err));
	record_clear(&f->record);
	for (size_t i = 0; i < sizeof(seal.tail); i += 13) {
		seal.tail[i] = verify.tail[i] = 0x80;
		ck_status(vres_seal_memory(f->manager, &seal.known, "abc", 3, &out, &err),
		          VRES_E_ABI);
		ck_status(vres_shard_verify(shard, &verify.known, NULL, &err), VRES_E_ABI);
		ck_status(vres_verify_many(f->manager, &shard, 1, &verify.known, NULL, &err),
		          VRES_E_ABI);
		seal.tail[i] = verify.tail[i] = 0;
	}
	for (size_t i = 0; i < COUNT(SMALL); i++) {
		seal.known.struct_size = verify.known.struct_size = SMALL[i];
		ck_status(vres_seal_memory(f->manager, &seal.known, "abc", 3, &out, &err),
		          VRES_E_ABI);
		ck_status(vres_shard_verify(shard, &verify.known, NULL, &err), VRES_E_ABI);
	}
	ck_assert_uint_eq(record_count(&f->record, 0), 0);
	ck_works(f);
}
END_TEST

START_TEST(answers_that_are_too_small_are_refused_before_any_work)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = damaged(f, 3 * BLOCK, 1);
	vres_verify_report report;
	vres_set_report set;
	vres_policy_report policy;
	vres_shard_info info;
	vres_device_info device;
	vres_metrics metrics;
	vres_self_report self;
	vres_error err;

	record_clear(&f->record);
	for (size_t i = 0; i < COUNT(SMALL); i++) {
		report.struct_size = set.struct_size = policy.struct_size = info.struct_size =
			device.struct_size = metrics.struct_size = self.struct_size = SMALL[i];
		ck_status(vres_self_check(&self, &err), VRES_E_ABI);
		ck_status(vres_shard_verify(shard, NULL, &report, &err), VRES_E_ABI);
		ck_status(vres_set_verify(f->manager, &shard, 1, NULL, &set, &err), VRES_E_ABI);
		ck_status(vres_enforce_vram_only(f->manager, 0, &policy, &err), VRES_E_ABI);
		ck_status(vres_shard_describe(shard, &info, &err), VRES_E_ABI);
		ck_status(vres_device_describe(f->manager, 0, &device, &err), VRES_E_ABI);
		ck_status(vres_manager_metrics(f->manager, &metrics, &err), VRES_E_ABI);
	}
	ck_assert_uint_eq(record_count(&f->record, 0), 0);
	ck_assert_uint_eq(info_of(shard).state, VRES_SHARD_SEALED); /* it was not verified */
}
END_TEST

/* A newer caller's answer keeps its size and its unknown tail. */
#define CK_NEWER(type, call)                                                                       \
	do {                                                                                       \
		NEWER(type) out;                                                                   \
		memset(&out, 0, sizeof(out));                                                      \
		out.known.struct_size = sizeof(out);                                               \
		ck_ok(call);                                                                       \
		ck_assert_uint_eq(out.known.struct_size, sizeof(out));                             \
		for (size_t i = 0; i < sizeof(out.tail); i++)                                      \
			ck_assert_uint_eq(out.tail[i], 0);                                         \
	} while (0)

START_TEST(answers_of_newer_callers_are_filled_as_far_as_known)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_seal_params p = vres_seal_params_init();
	CLEANUP(release_shard) vres_shard *shard = NULL;
	CLEANUP(free_bytes) uint8_t *receipt = NULL;
	size_t len;
	vres_error err;

	p.total_shards = 1;
	shard = sealed_with(f, &p, BLOCK, 1);
	receipt = receipt_of(shard, &len);
	CK_NEWER(vres_verify_report, vres_shard_verify(shard, NULL, &out.known, &err));
	CK_NEWER(vres_set_report, vres_set_verify(f->manager, &shard, 1, NULL, &out.known, &err));
	CK_NEWER(vres_policy_report, vres_enforce_vram_only(f->manager, 0, &out.known, &err));
	CK_NEWER(vres_shard_info, vres_shard_describe(shard, &out.known, &err));
	CK_NEWER(vres_shard_info, vres_receipt_check(receipt, len, f->key, &out.known, &err));
	CK_NEWER(vres_device_info, vres_device_describe(f->manager, 0, &out.known, &err));
	CK_NEWER(vres_self_report, vres_self_check(&out.known, &err));
	CK_NEWER(vres_metrics, vres_manager_metrics(f->manager, &out.known, &err));
}
END_TEST

START_TEST(the_mocks_parameters_are_judged_by_their_size_too)
{
	NEWER(vres_mock_params) newer;
	vres_mock *mock = NULL;
	vres_error err;

	memset(&newer, 0, sizeof(newer));
	newer.known.struct_size = sizeof(newer);
	ck_ok(vres_mock_create(&newer.known, &mock, &err));
	vres_mock_destroy(mock);
	newer.tail[3] = 1;
	ck_status(vres_mock_create(&newer.known, &mock, &err), VRES_E_ABI);
	newer.tail[3] = 0;
	for (size_t i = 0; i < COUNT(SMALL); i++) {
		newer.known.struct_size = SMALL[i];
		ck_status(vres_mock_create(&newer.known, &mock, &err), VRES_E_ABI);
	}
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(a_config_is_judged_by_its_size, "WORKER-4171 WORKER-4010 VR-005", "integrity",
	             "policy field ignored across versions"),
		CASE(parameters_are_judged_by_their_size, "WORKER-4010 VR-005 VR-006", "integrity",
	             "field ignored across versions"),
		CASE(answers_that_are_too_small_are_refused_before_any_work,
	             "WORKER-4010 MS-007 VR-006", "integrity",
	             "write out of bounds across versions"),
		CASE(answers_of_newer_callers_are_filled_as_far_as_known, "WORKER-4010 MS-007",
	             "integrity", "write out of bounds across versions"),
		CASE(the_mocks_parameters_are_judged_by_their_size_too, "WORKER-4010", "integrity",
	             ""),
	};

	return suite_run("error_abi", "error_recovery", cases, COUNT(cases));
}
