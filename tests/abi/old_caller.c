/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An application as it was written for a former release: compiled with the headers of that release,
 * and linked with today's shared library.  A canary follows each struct that the library fills,
 * since today's struct may be longer than the one that the application knows.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <vres/mock.h>
#include <vres/vres.h>

#include "support/suite/alloc.h"
#include "support/suite/suite.h"

#define BYTES  ((size_t)3 * 4096 + 5)
#define CANARY UINT64_C(0xc0ffee00c0ffee00)

/* A struct with a canary behind it. */
#define GUARDED(type, name)                                                                        \
	struct {                                                                                   \
		type value;                                                                        \
		uint64_t canary;                                                                   \
	} name = {.value = type##_init(), .canary = CANARY}

#define ck_canary(guarded)                                                                         \
	do {                                                                                       \
		ck_assert_uint_eq((guarded).canary, CANARY);                                       \
		ck_assert_uint_eq((guarded).value.struct_size, sizeof((guarded).value));           \
	} while (0)

#define ck_good(call)                                                                              \
	do {                                                                                       \
		vres_error err = {0};                                                              \
		const vres_status status = (call);                                                 \
		ck_assert_msg(status == VRES_OK, "%s: %s %s", #call, vres_status_name(status),     \
		              err.message);                                                        \
	} while (0)

struct application {
	vres_mock *mock;
	vres_manager *manager;
	vres_key *key;
	uint8_t data[BYTES];
	unsigned sealed, verified, failed, incidents, log_lines;
	atomic_uint closed;
};

static vres_status on_event(void *ctx, const vres_event *event)
{
	struct application *a = ctx;

	a->sealed += event->type == VRES_EVENT_VRAM_SEALED &&
	             strcmp(event->name, "vram_sealed") == 0 && event->shard->vram_bytes == BYTES;
	a->verified += event->type == VRES_EVENT_SEAL_VERIFIED && strcmp(event->mode, "full") == 0;
	a->failed += event->type == VRES_EVENT_SEAL_VERIFICATION_FAILED && event->critical == 1 &&
	             event->reason == VRES_REASON_DIGEST;
	return strcmp(event->worker_id, "old-worker") == 0 ? VRES_OK : VRES_E_STATE;
}

static void on_incident(void *ctx, const vres_event *event)
{
	struct application *a = ctx;

	a->incidents += event->status == VRES_E_SEAL_VERIFICATION_FAILED;
}

static void on_log(void *ctx, int level, const char *event, const char *const *keys,
                   const char *const *values, size_t n)
{
	struct application *a = ctx;

	a->log_lines += level >= VRES_LOG_ERROR && level <= VRES_LOG_DEBUG && event[0] && n > 0 &&
	                keys[0][0] && values[0][0];
}

static void on_closed(void *ctx)
{
	atomic_fetch_add(&((struct application *)ctx)->closed, 1);
}

static struct application *begin(void)
{
	struct application *a = test_alloc(sizeof(*a));
	vres_mock_params mock = vres_mock_params_init();
	vres_policy policy = vres_policy_init();
	vres_config config = vres_config_init();

	for (size_t i = 0; i < BYTES; i++)
		a->data[i] = (uint8_t)(i * 7);
	mock.devices = 2;
	mock.bytes_per_device = 1 << 20;
	ck_good(vres_mock_create(&mock, &a->mock, &err));
	ck_good(vres_key_derive("token", 5, NULL, &a->key, &err));
	policy.allow = VRES_ALLOW_SIMULATED | VRES_ALLOW_NO_ECC | VRES_ALLOW_READBACK;
	config.backend = vres_backend_mock();
	config.backend_arg = a->mock;
	config.key = a->key;
	config.worker_id = "old-worker";
	config.policy = &policy;
	config.audit.record = on_event;
	config.audit.ctx = a;
	config.log = on_log;
	config.log_ctx = a;
	config.on_incident = on_incident;
	config.incident_ctx = a;
	config.closed = on_closed;
	config.closed_ctx = a;
	config.keep_leaves = 1;
	ck_good(vres_manager_create(&config, &a->manager, &err));
	return a;
}

static void end(struct application *a)
{
	vres_manager_destroy(a->manager);
	vres_key_destroy(a->key);
	ck_assert_uint_eq(atomic_load(&a->closed), 1);
	ck_assert_uint_eq(vres_mock_live_handles(a->mock), 0);
	vres_mock_destroy(a->mock);
	test_free(a);
}

static vres_shard *sealed(struct application *a, const char *id, uint32_t index)
{
	vres_seal_params params = vres_seal_params_init();
	vres_shard *shard = NULL;

	params.shard_id = id;
	params.model_ref = "hf:org/model";
	params.group_id = "group";
	params.shard_index = index;
	params.total_shards = 2;
	params.gpu_device = index;
	ck_good(vres_seal_memory(a->manager, &params, a->data, BYTES, &shard, &err));
	return shard;
}

START_TEST(seals_verifies_and_leases_as_it_always_did)
{
	struct application *a = begin();
	vres_shard *shard = sealed(a, "one", 0);
	vres_lease *lease = NULL;
	GUARDED(vres_shard_info, info);
	GUARDED(vres_verify_report, report);

	ck_good(vres_shard_describe(shard, &info.value, &err));
	ck_canary(info);
	ck_assert_str_eq(info.value.shard_id, "one");
	ck_assert_str_eq(info.value.model_ref, "hf:org/model");
	ck_assert_uint_eq(info.value.vram_bytes, BYTES);
	ck_assert_uint_eq(info.value.total_shards, 2);
	ck_assert_uint_eq(info.value.state, VRES_SHARD_SEALED);
	ck_assert_uint_eq(info.value.simulated, 1);
	ck_good(vres_shard_verify(shard, NULL, &report.value, &err));
	ck_canary(report);
	ck_assert_int_eq(report.value.status, VRES_OK);
	ck_assert_uint_eq(report.value.blocks_total, 4);
	ck_assert_uint_eq(report.value.bytes_hashed, BYTES);
	ck_good(vres_lease_acquire(shard, &lease, &err));
	ck_good(vres_lease_check(lease, &err));
	ck_assert_uint_ne(vres_lease_device_ptr(lease), 0);
	ck_assert_uint_eq(vres_lease_bytes(lease), BYTES);
	vres_lease_release(lease);
	ck_assert_uint_eq(a->sealed, 1);
	ck_assert_uint_eq(a->verified, 2);
	ck_assert_uint_gt(a->log_lines, 0);
	vres_shard_release(shard);
	end(a);
}
END_TEST

START_TEST(hears_of_tampering_as_it_always_did)
{
	struct application *a = begin();
	vres_shard *shard = sealed(a, "one", 0);
	vres_verify_params params = vres_verify_params_init();
	vres_lease *lease = NULL;
	vres_error detail = {0};
	GUARDED(vres_verify_report, report);

	ck_good(vres_lease_acquire(shard, &lease, &err));
	ck_assert_int_eq(vres_mock_flip(a->mock, vres_lease_device_ptr(lease) + 4096 + 17, 3),
	                 VRES_OK);
	params.mode = VRES_VERIFY_READBACK;
	ck_assert_int_eq(vres_shard_verify(shard, &params, &report.value, &detail),
	                 VRES_E_SEAL_VERIFICATION_FAILED);
	ck_canary(report);
	ck_assert_uint_eq(detail.reason, VRES_REASON_DIGEST);
	ck_assert_int_eq(detail.status, VRES_E_SEAL_VERIFICATION_FAILED);
	ck_assert_uint_gt(strlen(detail.message), 10);
	ck_assert_uint_eq(report.value.first_bad_offset, 4096);
	ck_assert_uint_eq(report.value.first_bad_bytes, 4096);
	ck_assert_uint_eq(a->failed, 1);
	ck_assert_uint_eq(a->incidents, 1);
	vres_lease_release(lease);
	vres_shard_release(shard);
	end(a);
}
END_TEST

START_TEST(carries_receipts_as_it_always_did)
{
	struct application *a = begin();
	vres_shard *shard = sealed(a, "one", 0), *again = NULL;
	uint8_t receipt[4096];
	char json[4096];
	size_t len = 0, json_len = 0;
	GUARDED(vres_shard_info, info);

	ck_assert_int_eq(vres_shard_receipt(shard, NULL, 0, &len, NULL), VRES_E_BUFFER);
	ck_assert_uint_le(len, sizeof(receipt));
	ck_good(vres_shard_receipt(shard, receipt, sizeof(receipt), &len, &err));
	ck_good(vres_receipt_check(receipt, len, a->key, &info.value, &err));
	ck_canary(info);
	ck_assert_str_eq(info.value.shard_id, "one");
	ck_good(vres_receipt_open(a->manager, receipt, len, &again, &err));
	vres_shard_release(again);
	receipt[40] ^= 1;
	ck_assert_int_eq(vres_receipt_open(a->manager, receipt, len, &again, NULL),
	                 VRES_E_SEAL_VERIFICATION_FAILED);
	ck_good(vres_shard_to_json(shard, json, sizeof(json), &json_len, &err));
	ck_assert_uint_eq(strlen(json), json_len);
	ck_assert_int_eq(strncmp(json, "{\"shard_id\":\"one\",", 18), 0);
	vres_shard_release(shard);
	end(a);
}
END_TEST

START_TEST(looks_at_devices_policy_and_counters_as_it_always_did)
{
	struct application *a = begin();
	vres_shard *shard = sealed(a, "one", 0), *found = NULL;
	uint32_t devices = 0;
	GUARDED(vres_device_info, device);
	GUARDED(vres_policy_report, policy);
	GUARDED(vres_metrics, metrics);

	ck_good(vres_device_count(a->manager, &devices, &err));
	ck_assert_uint_eq(devices, 2);
	ck_good(vres_device_describe(a->manager, 0, &device.value, &err));
	ck_canary(device);
	ck_assert_uint_eq(device.value.total_bytes, 1 << 20);
	ck_assert_uint_eq(device.value.used_bytes, 4 * 4096);
	ck_good(vres_enforce_vram_only(a->manager, 0, &policy.value, &err));
	ck_canary(policy);
	ck_assert_uint_gt(policy.value.facts_count, 3);
	ck_assert_uint_eq(policy.value.violations, 0);
	ck_good(vres_manager_metrics(a->manager, &metrics.value, &err));
	ck_canary(metrics);
	ck_assert_uint_eq(metrics.value.seals_ok, 1);
	ck_assert_uint_eq(metrics.value.shards_now, 1);
	ck_assert_uint_eq(metrics.value.used_bytes_now, 4 * 4096);
	ck_good(vres_manager_find(a->manager, "one", &found, &err));
	vres_shard_release(found);
	vres_shard_release(shard);
	end(a);
}
END_TEST

/* The elements of an array are as far apart as the caller's struct is long. */
START_TEST(verifies_several_and_a_set_as_it_always_did)
{
	struct application *a = begin();
	vres_shard *shards[2] = {sealed(a, "one", 0), sealed(a, "two", 1)};
	struct {
		vres_verify_report value[2];
		uint64_t canary;
	} reports = {.value = {vres_verify_report_init(), vres_verify_report_init()},
	             .canary = CANARY};
	GUARDED(vres_set_report, set);

	ck_good(vres_verify_many(a->manager, shards, 2, NULL, reports.value, &err));
	ck_assert_uint_eq(reports.canary, CANARY);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_uint_eq(reports.value[i].struct_size, sizeof(reports.value[i]));
		ck_assert_uint_eq(reports.value[i].bytes_hashed, BYTES);
	}
	ck_good(vres_set_verify(a->manager, shards, 2, NULL, &set.value, &err));
	ck_canary(set);
	ck_assert_uint_eq(set.value.verified, 2);
	ck_assert_int_eq(set.value.first_failed, -1);
	vres_shard_release(shards[0]);
	vres_shard_release(shards[1]);
	end(a);
}
END_TEST

START_TEST(digests_and_names_are_what_they_always_were)
{
	vres_digester *d = NULL;
	char hex[65];

	ck_good(vres_digester_create(VRES_DIGEST_SHA256, 0, &d, &err));
	ck_good(vres_digester_update(d, "abc", 3, &err));
	ck_good(vres_digester_final(d, hex, &err));
	vres_digester_destroy(d);
	ck_assert_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	ck_assert_str_eq(vres_status_name(VRES_E_INSUFFICIENT_VRAM), "VRES_E_INSUFFICIENT_VRAM");
	ck_assert_str_eq(vres_reason_name(VRES_REASON_STALE_SESSION), "stale_session");
	ck_assert_int_eq(vres_status_class(VRES_E_AUDIT), 4);
	ck_assert_int_eq(vres_version()[1], '.');
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(seals_verifies_and_leases_as_it_always_did, "WORKER-4010 WORKER-4113 CI-007",
	             "integrity", "an older caller"),
		CASE(hears_of_tampering_as_it_always_did, "WORKER-4010 VR-004 WORKER-4161",
	             "integrity", "an older caller"),
		CASE(carries_receipts_as_it_always_did, "WORKER-4010 VP-006", "authenticity",
	             "an older caller"),
		CASE(looks_at_devices_policy_and_counters_as_it_always_did, "WORKER-4010 VP-005",
	             "residency", "an older caller"),
		CASE(verifies_several_and_a_set_as_it_always_did, "WORKER-4010 CI-007", "integrity",
	             "an older caller, an array of its structs"),
		CASE(digests_and_names_are_what_they_always_were, "WORKER-4010 CI-004", "",
	             "an older caller"),
	};

	return suite_run("abi." SUITE, "abi", cases, COUNT(cases));
}
