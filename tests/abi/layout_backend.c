/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the fields lie of structures of backends, the mock and the audit log. */
#include <vres/audit_check.h>
#include <vres/audit_file.h>
#include <vres/backend.h>
#include <vres/mock.h>

#include "abi/layout.h"

/* backend.h */
SIZE(vres_device_note, 96);
FIELD(vres_device_note, name, 0, 32);
FIELD(vres_device_note, value, 32, 64);

SIZE(vres_device_props, 1760);
FIELD(vres_device_props, struct_size, 0, 8);
FIELD(vres_device_props, name, 8, 128);
FIELD(vres_device_props, uuid, 136, 48);
FIELD(vres_device_props, total_bytes, 184, 8);
FIELD(vres_device_props, granularity, 192, 8);
FIELD(vres_device_props, scratch_bytes, 200, 8);
FIELD(vres_device_props, facts, 208, 4);
FIELD(vres_device_props, ecc, 212, 4);
FIELD(vres_device_props, notes_count, 216, 4);
FIELD(vres_device_props, reserved, 220, 4);
FIELD(vres_device_props, notes, 224, 1536);

SIZE(vres_device_status, 32);
FIELD(vres_device_status, struct_size, 0, 8);
FIELD(vres_device_status, free_bytes, 8, 8);
FIELD(vres_device_status, ecc_uncorrected, 16, 8);
FIELD(vres_device_status, healthy, 24, 4);
FIELD(vres_device_status, reserved, 28, 4);

SIZE(vres_mem_info, 16);
FIELD(vres_mem_info, addr, 0, 8);
FIELD(vres_mem_info, capacity, 8, 8);

SIZE(vres_residency, 48);
FIELD(vres_residency, struct_size, 0, 8);
FIELD(vres_residency, base, 8, 8);
FIELD(vres_residency, bytes, 16, 8);
FIELD(vres_residency, identity, 24, 16);
FIELD(vres_residency, device, 40, 4);
FIELD(vres_residency, facts, 44, 4);

SIZE(vres_hash_run, 24);
FIELD(vres_hash_run, mem, 0, 8);
FIELD(vres_hash_run, offset, 8, 8);
FIELD(vres_hash_run, bytes, 16, 8);

SIZE(vres_hash_job, 56);
FIELD(vres_hash_job, struct_size, 0, 8);
FIELD(vres_hash_job, runs, 8, 8);
FIELD(vres_hash_job, runs_count, 16, 8);
FIELD(vres_hash_job, block_size, 24, 4);
FIELD(vres_hash_job, level, 28, 4);
FIELD(vres_hash_job, digests, 32, 8);
FIELD(vres_hash_job, nonce, 40, 8);
FIELD(vres_hash_job, echo, 48, 8);

SIZE(vres_backend_open, 24);
FIELD(vres_backend_open, struct_size, 0, 8);
FIELD(vres_backend_open, arg, 8, 8);
FIELD(vres_backend_open, library_path, 16, 8);

SIZE(vres_backend, 176);
FIELD(vres_backend, abi, 0, 4);
FIELD(vres_backend, struct_size, 4, 4);
FIELD(vres_backend, name, 8, 8);
FIELD(vres_backend, flags, 16, 4);
FIELD(vres_backend, reserved, 20, 4);
FIELD(vres_backend, open, 24, 8);
FIELD(vres_backend, close, 32, 8);
FIELD(vres_backend, device_count, 40, 8);
FIELD(vres_backend, device_open, 48, 8);
FIELD(vres_backend, device_status, 56, 8);
FIELD(vres_backend, device_close, 64, 8);
FIELD(vres_backend, mem_alloc, 72, 8);
FIELD(vres_backend, mem_adopt, 80, 8);
FIELD(vres_backend, mem_residency, 88, 8);
FIELD(vres_backend, mem_wipe, 96, 8);
FIELD(vres_backend, mem_release, 104, 8);
FIELD(vres_backend, lane_open, 112, 8);
FIELD(vres_backend, lane_push, 120, 8);
FIELD(vres_backend, lane_pull, 128, 8);
FIELD(vres_backend, lane_wait, 136, 8);
FIELD(vres_backend, lane_close, 144, 8);
FIELD(vres_backend, hash_blocks, 152, 8);
FIELD(vres_backend, mem_protect, 160, 8);
FIELD(vres_backend, attest, 168, 8);

/* audit_file.h */
SIZE(vres_audit_file_options, 56);
FIELD(vres_audit_file_options, struct_size, 0, 8);
FIELD(vres_audit_file_options, worker_id, 8, 8);
FIELD(vres_audit_file_options, mode, 16, 4);
FIELD(vres_audit_file_options, rotate_daily, 20, 4);
FIELD(vres_audit_file_options, forward_key, 24, 8);
FIELD(vres_audit_file_options, rotate_bytes, 32, 8);
FIELD(vres_audit_file_options, queue_events, 40, 4);
FIELD(vres_audit_file_options, required, 44, 4);
FIELD(vres_audit_file_options, simulated, 48, 4);
FIELD(vres_audit_file_options, epoch_lines, 52, 4);

/* audit_check.h */
SIZE(vres_audit_finding, 200);
FIELD(vres_audit_finding, struct_size, 0, 8);
FIELD(vres_audit_finding, fault, 8, 4);
FIELD(vres_audit_finding, file, 12, 4);
FIELD(vres_audit_finding, line, 16, 8);
FIELD(vres_audit_finding, seq, 24, 8);
FIELD(vres_audit_finding, lines, 32, 8);
FIELD(vres_audit_finding, message, 40, 160);

SIZE(vres_audit_summary, 240);
FIELD(vres_audit_summary, struct_size, 0, 8);
FIELD(vres_audit_summary, files, 8, 4);
FIELD(vres_audit_summary, keyed, 12, 4);
FIELD(vres_audit_summary, ending, 16, 4);
FIELD(vres_audit_summary, checkpoint, 20, 4);
FIELD(vres_audit_summary, head, 24, 4);
FIELD(vres_audit_summary, simulated, 28, 4);
FIELD(vres_audit_summary, lines, 32, 8);
FIELD(vres_audit_summary, bytes, 40, 8);
FIELD(vres_audit_summary, first_seq, 48, 8);
FIELD(vres_audit_summary, last_seq, 56, 8);
FIELD(vres_audit_summary, last_hash, 64, 65);
FIELD(vres_audit_summary, first_time, 129, 31);
FIELD(vres_audit_summary, last_time, 160, 31);
FIELD(vres_audit_summary, faults, 192, 8);
FIELD(vres_audit_summary, sessions, 200, 8);
FIELD(vres_audit_summary, epochs, 208, 8);
FIELD(vres_audit_summary, repairs, 216, 8);
FIELD(vres_audit_summary, lost_events, 224, 8);
FIELD(vres_audit_summary, backward_clock_steps, 232, 8);

SIZE(vres_audit_check_options, 48);
FIELD(vres_audit_check_options, struct_size, 0, 8);
FIELD(vres_audit_check_options, key, 8, 8);
FIELD(vres_audit_check_options, forward_key, 16, 8);
FIELD(vres_audit_check_options, finding, 24, 8);
FIELD(vres_audit_check_options, finding_ctx, 32, 8);
FIELD(vres_audit_check_options, max_findings, 40, 4);
FIELD(vres_audit_check_options, reserved, 44, 4);

/* mock.h */
SIZE(vres_mock_params, 32);
FIELD(vres_mock_params, struct_size, 0, 8);
FIELD(vres_mock_params, devices, 8, 4);
FIELD(vres_mock_params, no_device_hash, 12, 4);
FIELD(vres_mock_params, bytes_per_device, 16, 8);
FIELD(vres_mock_params, granularity, 24, 8);
