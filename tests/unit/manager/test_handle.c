/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The handle as JSON: its exact bytes, and a buffer that is too small. */
#include <stdio.h>

#include "base/json.h"
#include "manager/shard.h"
#include "manager/shard.h"
#include "support/fixture/support.h"

static vres_shard *full(struct fixture *f)
{
	vres_seal_params p = vres_seal_params_init();

	p.shard_id = "shard-0";
	p.model_ref = "hf:a/\"b\"";
	p.shard_index = 1;
	p.total_shards = 2;
	p.digest_alg = VRES_DIGEST_VERITY;
	return sealed_with(f, &p, 2 * BLOCK, 1);
}

static const char full_json[] = "{\"shard_id\":\"shard-0\",\"gpu_device\":0,\"vram_bytes\":8192,"
				"\"sealed\":true,\"digest\":\"%s\",\"digest_alg\":"
				"\"verity\",\"verity_digest\":\"%s\",\"sealed_at\":\"%s\",\"model_"
				"ref\":\"hf:a/\\\"b\\\"\",\"shard_index\":1,"
				"\"total_shards\":2,\"simulated\":true}";

static void ck_json(const vres_shard *shard, const char *want)
{
	char got[1024];
	size_t len = 0;
	vres_error err;

	ck_ok(vres_shard_to_json(shard, got, sizeof(got), &len, &err));
	ck_assert_str_eq(got, want);
	ck_assert_uint_eq(len, strlen(want));
}

START_TEST(json_of_a_shard_with_everything)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = full(f);
	const vres_shard_info info = info_of(shard);
	char want[1024], at[31];

	vres_rfc3339(info.sealed_at, at);
	ck_assert_str_eq(info.digest, info.verity_digest);
	(void)snprintf(want, sizeof(want), full_json, info.digest, info.verity_digest, at);
	ck_json(shard, want);
}
END_TEST

START_TEST(json_of_a_shard_with_nothing_optional_and_quarantined)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed_as(f, "a", 1, 1);
	const vres_shard_info info = info_of(shard);
	char want[1024], at[31];

	atomic_store(&shard->state, VRES_SHARD_QUARANTINED);
	vres_rfc3339(info.sealed_at, at);
	(void)snprintf(want, sizeof(want),
	               "{\"shard_id\":\"a\",\"gpu_device\":0,\"vram_bytes\":1,\"sealed\":false,"
	               "\"digest\":\"%s\",\"digest_alg\":\"sha256\","
	               "\"verity_digest\":\"%s\",\"sealed_at\":\"%s\",\"model_ref\":null,\"shard_"
	               "index\":null,\"total_shards\":null,"
	               "\"simulated\":true}",
	               info.digest, info.verity_digest, at);
	ck_json(shard, want);
	atomic_store(&shard->state, VRES_SHARD_SEALED);
}
END_TEST

START_TEST(buffer_that_is_too_small_is_untouched_and_told_the_need)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = full(f);
	size_t need = 0, len;
	char buffer[1024], untouched[1024];
	vres_error err;

	memset(untouched, 0x5a, sizeof(untouched));
	memset(buffer, 0x5a, sizeof(buffer));
	ck_status(vres_shard_to_json(shard, NULL, 0, &need, &err), VRES_E_BUFFER);
	for (size_t cap = 0; cap <= need; cap += cap < need - 3 ? 37 : 1) {
		len = 0;
		ck_status(vres_shard_to_json(shard, buffer, cap, &len, &err), VRES_E_BUFFER);
		ck_assert_uint_eq(len, need);
		ck_assert_mem_eq(buffer, untouched, sizeof(buffer));
	}
	ck_ok(vres_shard_to_json(shard, buffer, need + 1, &len, &err));
	ck_assert_uint_eq(strlen(buffer), need);
	ck_assert_int_eq(buffer[need + 1], 0x5a);
}
END_TEST

START_TEST(describing_and_json_answer_when_stopped)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = full(f);
	vres_shard_info info = vres_shard_info_init();
	size_t len;
	vres_error err;

	vres_manager_stop(f->manager);
	ck_ok(vres_shard_describe(shard, &info, &err));
	ck_assert_str_eq(info.shard_id, "shard-0");
	ck_status(vres_shard_to_json(shard, NULL, 0, &len, &err), VRES_E_BUFFER);
}
END_TEST

START_TEST(missing_arguments_are_refused)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = full(f);
	vres_shard_info info = vres_shard_info_init();
	size_t len;
	vres_error err;

	ck_status(vres_shard_to_json(NULL, NULL, 0, &len, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_shard_to_json(shard, NULL, 0, NULL, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_shard_to_json(shard, NULL, 5, &len, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_shard_describe(NULL, &info, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_shard_describe(shard, NULL, &err), VRES_E_INVALID_INPUT);
	info.struct_size = 8;
	ck_status(vres_shard_describe(shard, &info, &err), VRES_E_ABI);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(json_of_a_shard_with_everything, "WORKER-4110 WORKER-4111 MS-001", "", ""),
		CASE(json_of_a_shard_with_nothing_optional_and_quarantined,
	             "WORKER-4110 WORKER-4112", "integrity", "a damaged shard that says sealed"),
		CASE(buffer_that_is_too_small_is_untouched_and_told_the_need, "WORKER-4150 VR-006",
	             "integrity", "a write past a buffer"),
		CASE(describing_and_json_answer_when_stopped, "WORKER-4122", "availability", ""),
		CASE(missing_arguments_are_refused, "VR-005", "", ""),
	};

	return suite_run("unit.handle", "unit", cases, COUNT(cases));
}
