/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where every public field lies and how large it is, on 64-bit Linux.  Fields are only ever
 * appended.  So a FIELD line never changes; a new field adds one, and changes the SIZE.  The
 * structures of backend.h, mock.h and the audit log are in layout_backend.c.
 */
#include <vres/audit_check.h>
#include <vres/audit_file.h>
#include <vres/mock.h>
#include <vres/vres.h>

#include "abi/layout.h"
#include "support/suite/suite.h"

/* vres/status.h */
SIZE(vres_error, 256);
FIELD(vres_error, status, 0, 4);
FIELD(vres_error, backend_code, 4, 4);
FIELD(vres_error, gpu_device, 8, 4);
FIELD(vres_error, reason, 12, 4);
FIELD(vres_error, needed_bytes, 16, 8);
FIELD(vres_error, available_bytes, 24, 8);
FIELD(vres_error, message, 32, 224);

/* what vres.h includes */
SIZE(vres_policy, 72);
FIELD(vres_policy, struct_size, 0, 8);
FIELD(vres_policy, allow, 8, 8);
FIELD(vres_policy, require, 16, 8);
FIELD(vres_policy, headroom_bytes, 24, 8);
FIELD(vres_policy, max_model_bytes, 32, 8);
FIELD(vres_policy, max_seal_age, 40, 8);
FIELD(vres_policy, lease_max_age, 48, 8);
FIELD(vres_policy, deadline, 56, 8);
FIELD(vres_policy, lease_verify, 64, 4);
FIELD(vres_policy, sample_units, 68, 4);

SIZE(vres_audit_sink, 16);
FIELD(vres_audit_sink, record, 0, 8);
FIELD(vres_audit_sink, ctx, 8, 8);

SIZE(vres_config, 136);
FIELD(vres_config, struct_size, 0, 8);
FIELD(vres_config, backend, 8, 8);
FIELD(vres_config, backend_arg, 16, 8);
FIELD(vres_config, key, 24, 8);
FIELD(vres_config, worker_id, 32, 8);
FIELD(vres_config, policy, 40, 8);
FIELD(vres_config, audit, 48, 16);
FIELD(vres_config, log, 64, 8);
FIELD(vres_config, log_ctx, 72, 8);
FIELD(vres_config, on_incident, 80, 8);
FIELD(vres_config, incident_ctx, 88, 8);
FIELD(vres_config, closed, 96, 8);
FIELD(vres_config, closed_ctx, 104, 8);
FIELD(vres_config, library_path, 112, 8);
FIELD(vres_config, threads, 120, 4);
FIELD(vres_config, block_size, 124, 4);
FIELD(vres_config, keep_leaves, 128, 4);
FIELD(vres_config, reserved, 132, 4);

SIZE(vres_seal_params, 96);
FIELD(vres_seal_params, struct_size, 0, 8);
FIELD(vres_seal_params, shard_id, 8, 8);
FIELD(vres_seal_params, model_ref, 16, 8);
FIELD(vres_seal_params, group_id, 24, 8);
FIELD(vres_seal_params, gpu_device, 32, 4);
FIELD(vres_seal_params, shard_index, 36, 4);
FIELD(vres_seal_params, total_shards, 40, 4);
FIELD(vres_seal_params, digest_alg, 44, 4);
FIELD(vres_seal_params, expected_digest, 48, 8);
FIELD(vres_seal_params, progress, 56, 8);
FIELD(vres_seal_params, progress_ctx, 64, 8);
FIELD(vres_seal_params, damage, 72, 8);
FIELD(vres_seal_params, damage_cap, 80, 8);
FIELD(vres_seal_params, damage_count, 88, 8);

SIZE(vres_tensor, 40);
FIELD(vres_tensor, struct_size, 0, 8);
FIELD(vres_tensor, name, 8, 8);
FIELD(vres_tensor, device_ptr, 16, 8);
FIELD(vres_tensor, bytes, 24, 8);
FIELD(vres_tensor, expected_digest, 32, 8);

SIZE(vres_tensor_info, 600);
FIELD(vres_tensor_info, struct_size, 0, 8);
FIELD(vres_tensor_info, bytes, 8, 8);
FIELD(vres_tensor_info, name, 16, 513);
FIELD(vres_tensor_info, digest, 529, 65);

SIZE(vres_change, 24);
FIELD(vres_change, struct_size, 0, 8);
FIELD(vres_change, tensor, 8, 4);
FIELD(vres_change, reserved, 12, 4);
FIELD(vres_change, expected_digest, 16, 8);

SIZE(vres_resume_params, 56);
FIELD(vres_resume_params, struct_size, 0, 8);
FIELD(vres_resume_params, device_ptrs, 8, 8);
FIELD(vres_resume_params, device_ptrs_n, 16, 8);
FIELD(vres_resume_params, changes, 24, 8);
FIELD(vres_resume_params, changes_n, 32, 8);
FIELD(vres_resume_params, all_changed, 40, 4);
FIELD(vres_resume_params, reserved, 44, 4);
FIELD(vres_resume_params, label, 48, 8);

SIZE(vres_repair_params, 48);
FIELD(vres_repair_params, struct_size, 0, 8);
FIELD(vres_repair_params, source, 8, 8);
FIELD(vres_repair_params, source_ctx, 16, 8);
FIELD(vres_repair_params, max_bytes, 24, 8);
FIELD(vres_repair_params, damage, 32, 8);
FIELD(vres_repair_params, damage_cap, 40, 8);

SIZE(vres_shard_info, 1136);
FIELD(vres_shard_info, struct_size, 0, 8);
FIELD(vres_shard_info, shard_id, 8, 257);
FIELD(vres_shard_info, model_ref, 265, 513);
FIELD(vres_shard_info, group_id, 778, 65);
FIELD(vres_shard_info, digest, 843, 65);
FIELD(vres_shard_info, verity_digest, 908, 65);
FIELD(vres_shard_info, device_uuid, 973, 48);
FIELD(vres_shard_info, backend, 1021, 16);
FIELD(vres_shard_info, gpu_device, 1040, 4);
FIELD(vres_shard_info, shard_index, 1044, 4);
FIELD(vres_shard_info, total_shards, 1048, 4);
FIELD(vres_shard_info, digest_alg, 1052, 4);
FIELD(vres_shard_info, state, 1056, 4);
FIELD(vres_shard_info, adopted, 1060, 4);
FIELD(vres_shard_info, leases, 1064, 4);
FIELD(vres_shard_info, simulated, 1068, 4);
FIELD(vres_shard_info, assurance, 1072, 4);
FIELD(vres_shard_info, vram_bytes, 1080, 8);
FIELD(vres_shard_info, sealed_at, 1088, 8);
FIELD(vres_shard_info, verified_at, 1096, 8);
FIELD(vres_shard_info, allow, 1104, 8);
FIELD(vres_shard_info, require, 1112, 8);
FIELD(vres_shard_info, tensors, 1120, 4);
FIELD(vres_shard_info, epoch, 1124, 4);
FIELD(vres_shard_info, suspended, 1128, 4);
FIELD(vres_shard_info, reserved, 1132, 4);

SIZE(vres_damage, 32);
FIELD(vres_damage, struct_size, 0, 8);
FIELD(vres_damage, offset, 8, 8);
FIELD(vres_damage, bytes, 16, 8);
FIELD(vres_damage, tensor, 24, 4);
FIELD(vres_damage, reserved, 28, 4);

SIZE(vres_verify_params, 56);
FIELD(vres_verify_params, struct_size, 0, 8);
FIELD(vres_verify_params, mode, 8, 4);
FIELD(vres_verify_params, sample_units, 12, 4);
FIELD(vres_verify_params, source, 16, 8);
FIELD(vres_verify_params, source_ctx, 24, 8);
FIELD(vres_verify_params, background, 32, 4);
FIELD(vres_verify_params, reserved, 36, 4);
FIELD(vres_verify_params, damage, 40, 8);
FIELD(vres_verify_params, damage_cap, 48, 8);

SIZE(vres_verify_report, 96);
FIELD(vres_verify_report, struct_size, 0, 8);
FIELD(vres_verify_report, status, 8, 4);
FIELD(vres_verify_report, reason, 12, 4);
FIELD(vres_verify_report, mode, 16, 4);
FIELD(vres_verify_report, reserved, 20, 4);
FIELD(vres_verify_report, blocks_total, 24, 8);
FIELD(vres_verify_report, blocks_checked, 32, 8);
FIELD(vres_verify_report, bytes_hashed, 40, 8);
FIELD(vres_verify_report, bad_blocks, 48, 8);
FIELD(vres_verify_report, first_bad_offset, 56, 8);
FIELD(vres_verify_report, first_bad_bytes, 64, 8);
FIELD(vres_verify_report, duration, 72, 8);
FIELD(vres_verify_report, damage_count, 80, 8);
FIELD(vres_verify_report, bad_tensors, 88, 8);

SIZE(vres_scrub_report, 40);
FIELD(vres_scrub_report, struct_size, 0, 8);
FIELD(vres_scrub_report, bytes_hashed, 8, 8);
FIELD(vres_scrub_report, bytes_total, 16, 8);
FIELD(vres_scrub_report, oldest_check_age, 24, 8);
FIELD(vres_scrub_report, shards, 32, 4);
FIELD(vres_scrub_report, failed, 36, 4);

SIZE(vres_set_report, 24);
FIELD(vres_set_report, struct_size, 0, 8);
FIELD(vres_set_report, verified, 8, 4);
FIELD(vres_set_report, failed, 12, 4);
FIELD(vres_set_report, first_failed, 16, 4);
FIELD(vres_set_report, reserved, 20, 4);

SIZE(vres_device_info, 264);
FIELD(vres_device_info, struct_size, 0, 8);
FIELD(vres_device_info, name, 8, 128);
FIELD(vres_device_info, uuid, 136, 48);
FIELD(vres_device_info, backend, 184, 16);
FIELD(vres_device_info, gpu_device, 200, 4);
FIELD(vres_device_info, simulated, 204, 4);
FIELD(vres_device_info, integrated, 208, 4);
FIELD(vres_device_info, ecc, 212, 4);
FIELD(vres_device_info, assurance, 216, 4);
FIELD(vres_device_info, healthy, 220, 4);
FIELD(vres_device_info, total_bytes, 224, 8);
FIELD(vres_device_info, free_bytes, 232, 8);
FIELD(vres_device_info, used_bytes, 240, 8);
FIELD(vres_device_info, reserved_bytes, 248, 8);
FIELD(vres_device_info, available_bytes, 256, 8);

SIZE(vres_policy_fact, 100);
FIELD(vres_policy_fact, name, 0, 32);
FIELD(vres_policy_fact, value, 32, 64);
FIELD(vres_policy_fact, verdict, 96, 4);

SIZE(vres_policy_report, 3224);
FIELD(vres_policy_report, struct_size, 0, 8);
FIELD(vres_policy_report, violations, 8, 8);
FIELD(vres_policy_report, facts_count, 16, 4);
FIELD(vres_policy_report, reserved, 20, 4);
FIELD(vres_policy_report, facts, 24, 3200);

SIZE(vres_self_report, 88);
FIELD(vres_self_report, struct_size, 0, 8);
FIELD(vres_self_report, crypto, 8, 64);
FIELD(vres_self_report, secret_memory, 72, 4);
FIELD(vres_self_report, locked, 76, 4);
FIELD(vres_self_report, undumped, 80, 4);
FIELD(vres_self_report, kept_from_children, 84, 4);

SIZE(vres_metrics, 144);
FIELD(vres_metrics, struct_size, 0, 8);
FIELD(vres_metrics, seals_ok, 8, 8);
FIELD(vres_metrics, seals_failed, 16, 8);
FIELD(vres_metrics, verifies_ok, 24, 8);
FIELD(vres_metrics, verifies_failed, 32, 8);
FIELD(vres_metrics, verified_bytes, 40, 8);
FIELD(vres_metrics, leases_now, 48, 8);
FIELD(vres_metrics, shards_now, 56, 8);
FIELD(vres_metrics, quarantined_now, 64, 8);
FIELD(vres_metrics, total_bytes_now, 72, 8);
FIELD(vres_metrics, used_bytes_now, 80, 8);
FIELD(vres_metrics, available_bytes_now, 88, 8);
FIELD(vres_metrics, allocation_failures, 96, 8);
FIELD(vres_metrics, policy_violations, 104, 8);
FIELD(vres_metrics, audit_events, 112, 8);
FIELD(vres_metrics, audit_lost, 120, 8);
FIELD(vres_metrics, devices_now, 128, 8);
FIELD(vres_metrics, opened_devices_now, 136, 8);

SIZE(vres_event, 248);
FIELD(vres_event, struct_size, 0, 8);
FIELD(vres_event, type, 8, 4);
FIELD(vres_event, name, 16, 8);
FIELD(vres_event, critical, 24, 4);
FIELD(vres_event, status, 28, 4);
FIELD(vres_event, reason, 32, 4);
FIELD(vres_event, gpu_device, 36, 4);
FIELD(vres_event, simulated, 40, 4);
FIELD(vres_event, time, 48, 8);
FIELD(vres_event, requested_bytes, 56, 8);
FIELD(vres_event, allocated_bytes, 64, 8);
FIELD(vres_event, available_bytes, 72, 8);
FIELD(vres_event, used_bytes, 80, 8);
FIELD(vres_event, freed_bytes, 88, 8);
FIELD(vres_event, worker_id, 96, 8);
FIELD(vres_event, shard, 104, 8);
FIELD(vres_event, expected_digest, 112, 8);
FIELD(vres_event, actual_digest, 120, 8);
FIELD(vres_event, mode, 128, 8);
FIELD(vres_event, violation, 136, 8);
FIELD(vres_event, action_taken, 144, 8);
FIELD(vres_event, detail, 152, 8);
FIELD(vres_event, damage_count, 160, 8);
FIELD(vres_event, bad_tensors, 168, 8);
FIELD(vres_event, changed_tensors, 176, 8);
FIELD(vres_event, expected_tensors, 184, 8);
FIELD(vres_event, moved_tensors, 192, 8);
FIELD(vres_event, tensor, 200, 8);
FIELD(vres_event, previous_digest, 208, 8);
FIELD(vres_event, label, 216, 8);
FIELD(vres_event, lifted, 224, 4);
FIELD(vres_event, reserved, 228, 4);
FIELD(vres_event, ranges, 232, 8);
FIELD(vres_event, repaired_bytes, 240, 8);

/* Is the value of an init function all zeros, but for struct_size, which is the size? */
#define ck_init(type)                                                                              \
	do {                                                                                       \
		const type made = type##_init();                                                   \
		type want;                                                                         \
                                                                                                   \
		memset(&want, 0, sizeof(want));                                                    \
		want.struct_size = sizeof(type);                                                   \
		ck_assert_mem_eq(&made, &want, sizeof(want));                                      \
	} while (0)

START_TEST(every_init_gives_zeros_and_the_size_of_its_struct)
{
	ck_init(vres_policy);
	ck_init(vres_shard_info);
	ck_init(vres_device_info);
	ck_init(vres_policy_report);
	ck_init(vres_metrics);
	ck_init(vres_self_report);
	ck_init(vres_config);
	ck_init(vres_seal_params);
	ck_init(vres_tensor);
	ck_init(vres_tensor_info);
	ck_init(vres_change);
	ck_init(vres_resume_params);
	ck_init(vres_repair_params);
	ck_init(vres_damage);
	ck_init(vres_verify_params);
	ck_init(vres_verify_report);
	ck_init(vres_set_report);
	ck_init(vres_scrub_report);
	ck_init(vres_mock_params);
	ck_init(vres_audit_file_options);
	ck_init(vres_audit_check_options);
	ck_init(vres_audit_summary);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(every_init_gives_zeros_and_the_size_of_its_struct,
	             "WORKER-4150 WORKER-4010 WORKER-4950", "",
	             "a field that is not where its caller sees it"),
	};

	return suite_run("abi.layout", "abi", cases, COUNT(cases));
}
