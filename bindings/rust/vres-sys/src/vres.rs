// SPDX-License-Identifier: GPL-3.0-or-later
// What bindgen makes of backend.h vres.h audit_file.h audit_check.h; bindings/rust/generate writes this file.
pub const VRES_NO_DEVICE: u32 = 4294967295;
pub const VRES_VERSION_NUMBER: u32 = 1000;
pub const VRES_ALLOW_SIMULATED: u32 = 1;
pub const VRES_ALLOW_INTEGRATED: u32 = 2;
pub const VRES_ALLOW_NO_ECC: u32 = 4;
pub const VRES_ALLOW_EXPORTABLE: u32 = 8;
pub const VRES_ALLOW_READBACK: u32 = 16;
pub const VRES_ALLOW_UNVERIFIABLE_HOST: u32 = 32;
pub const VRES_ALLOW_WEAK_LEASE: u32 = 64;
pub const VRES_ALLOW_PINNED_STAGING: u32 = 128;
pub const VRES_ALLOW_ALL: u32 = 255;
pub const VRES_REQUIRE_VMM: u32 = 1;
pub const VRES_REQUIRE_READONLY: u32 = 2;
pub const VRES_REQUIRE_ECC: u32 = 4;
pub const VRES_REQUIRE_AUDIT: u32 = 8;
pub const VRES_REQUIRE_STOP: u32 = 16;
pub const VRES_REQUIRE_EXPECTED: u32 = 32;
pub const VRES_REQUIRE_ALL: u32 = 63;
pub const VRES_ECC_OFF: u32 = 0;
pub const VRES_ECC_ON: u32 = 1;
pub const VRES_ECC_UNKNOWN: u32 = 2;
pub const VRES_ASSURANCE_NONE: u32 = 0;
pub const VRES_ASSURANCE_PLAIN: u32 = 1;
pub const VRES_ASSURANCE_VMM: u32 = 2;
pub const VRES_FACT_GOOD: u32 = 0;
pub const VRES_FACT_NOTED: u32 = 1;
pub const VRES_FACT_VIOLATION: u32 = 2;
pub const VRES_DEVICE_INTEGRATED: u32 = 1;
pub const VRES_DEVICE_UNVERIFIABLE_HOST: u32 = 2;
pub const VRES_DEVICE_VMM: u32 = 4;
pub const VRES_DEVICE_CAN_HASH: u32 = 8;
pub const VRES_DEVICE_CAN_PROTECT: u32 = 16;
pub const VRES_MEM_DEVICE: u32 = 1;
pub const VRES_MEM_MANAGED: u32 = 2;
pub const VRES_MEM_HOST_MAPPED: u32 = 4;
pub const VRES_MEM_EXPORTABLE: u32 = 8;
pub const VRES_MEM_PEER_ACCESS: u32 = 16;
pub const VRES_MEM_READ_ONLY: u32 = 32;
pub const VRES_MEM_POOL: u32 = 64;
pub const VRES_BACKEND_ABI: u32 = 1;
pub const VRES_BACKEND_SIMULATED: u32 = 1;
pub const VRES_BACKEND_NO_KERNEL: u32 = 2;
pub const VRES_LANE_PINNED: u32 = 1;
pub const VRES_LANE_LOW_PRIORITY: u32 = 2;
pub const VRES_LOG_ERROR: u32 = 1;
pub const VRES_LOG_WARN: u32 = 2;
pub const VRES_LOG_INFO: u32 = 3;
pub const VRES_LOG_DEBUG: u32 = 4;
pub const VRES_DIGEST_SHA256: u32 = 0;
pub const VRES_DIGEST_VERITY: u32 = 1;
pub const VRES_DIGEST_TENSORS: u32 = 2;
pub const VRES_SHARD_SEALED: u32 = 1;
pub const VRES_SHARD_QUARANTINED: u32 = 2;
pub const VRES_AUDIT_TOKEN: u32 = 0;
pub const VRES_AUDIT_FORWARD: u32 = 1;
pub const VRES_OK: vres_status = 0;
pub const VRES_E_INVALID_INPUT: vres_status = 100;
pub const VRES_E_ABI: vres_status = 101;
pub const VRES_E_STATE: vres_status = 102;
pub const VRES_E_NOT_SEALED: vres_status = 103;
pub const VRES_E_UNSUPPORTED: vres_status = 104;
pub const VRES_E_BUFFER: vres_status = 105;
pub const VRES_E_NOT_FOUND: vres_status = 106;
pub const VRES_E_CONFIG: vres_status = 107;
pub const VRES_E_INSUFFICIENT_VRAM: vres_status = 200;
pub const VRES_E_ALLOCATION_FAILED: vres_status = 201;
pub const VRES_E_NO_MEMORY: vres_status = 202;
pub const VRES_E_BUSY: vres_status = 203;
pub const VRES_E_CANCELLED: vres_status = 204;
pub const VRES_E_NO_BACKEND: vres_status = 300;
pub const VRES_E_NO_DEVICE: vres_status = 301;
pub const VRES_E_DEVICE_LOST: vres_status = 302;
pub const VRES_E_BACKEND: vres_status = 303;
pub const VRES_E_DEALLOCATION_FAILED: vres_status = 304;
pub const VRES_E_IO: vres_status = 305;
pub const VRES_E_SEAL_VERIFICATION_FAILED: vres_status = 400;
pub const VRES_E_INTEGRITY_VIOLATION: vres_status = 401;
pub const VRES_E_POLICY_VIOLATION: vres_status = 402;
pub const VRES_E_AUDIT: vres_status = 403;
pub const VRES_E_INTERNAL: vres_status = 900;
pub type vres_status = ::std::os::raw::c_uint;
pub const VRES_REASON_NONE: vres_reason = 0;
pub const VRES_REASON_SIGNATURE: vres_reason = 1;
pub const VRES_REASON_DIGEST: vres_reason = 2;
pub const VRES_REASON_RESIDENCY: vres_reason = 3;
pub const VRES_REASON_STALE_SESSION: vres_reason = 4;
pub const VRES_REASON_EXPIRED: vres_reason = 5;
pub const VRES_REASON_UNKNOWN_SHARD: vres_reason = 6;
pub const VRES_REASON_DEVICE: vres_reason = 7;
pub const VRES_REASON_QUARANTINED: vres_reason = 8;
pub const VRES_REASON_STOPPED: vres_reason = 9;
pub const VRES_REASON_FORKED: vres_reason = 10;
pub const VRES_REASON_DEADLINE: vres_reason = 11;
pub const VRES_REASON_SUSPENDED: vres_reason = 12;
pub const VRES_REASON_SUPERSEDED: vres_reason = 13;
pub type vres_reason = ::std::os::raw::c_uint;
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_error {
    pub status: vres_status,
    pub backend_code: i32,
    pub gpu_device: u32,
    pub reason: u32,
    pub needed_bytes: u64,
    pub available_bytes: u64,
    pub message: [::std::os::raw::c_char; 224usize],
}
extern "C" {
    pub fn vres_version() -> *const ::std::os::raw::c_char;
}
extern "C" {
    pub fn vres_version_number() -> u32;
}
extern "C" {
    pub fn vres_status_name(s: vres_status) -> *const ::std::os::raw::c_char;
}
extern "C" {
    pub fn vres_status_text(s: vres_status) -> *const ::std::os::raw::c_char;
}
extern "C" {
    pub fn vres_status_class(s: vres_status) -> ::std::os::raw::c_int;
}
extern "C" {
    pub fn vres_error_class(err: *const vres_error) -> ::std::os::raw::c_int;
}
extern "C" {
    pub fn vres_reason_name(reason: u32) -> *const ::std::os::raw::c_char;
}
pub const VRES_VERIFY_FULL: vres_verify_mode = 0;
pub const VRES_VERIFY_SIGNATURE: vres_verify_mode = 1;
pub const VRES_VERIFY_SAMPLED: vres_verify_mode = 2;
pub const VRES_VERIFY_READBACK: vres_verify_mode = 3;
pub type vres_verify_mode = ::std::os::raw::c_uint;
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_policy {
    pub struct_size: usize,
    pub allow: u64,
    pub require: u64,
    pub headroom_bytes: u64,
    pub max_model_bytes: u64,
    pub max_seal_age: u64,
    pub lease_max_age: u64,
    pub deadline: u64,
    pub lease_verify: u32,
    pub sample_units: u32,
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_policy_fact {
    pub name: [::std::os::raw::c_char; 32usize],
    pub value: [::std::os::raw::c_char; 64usize],
    pub verdict: u32,
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_policy_report {
    pub struct_size: usize,
    pub violations: u64,
    pub facts_count: u32,
    pub reserved: u32,
    pub facts: [vres_policy_fact; 32usize],
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_device_note {
    pub name: [::std::os::raw::c_char; 32usize],
    pub value: [::std::os::raw::c_char; 64usize],
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_device_props {
    pub struct_size: usize,
    pub name: [::std::os::raw::c_char; 128usize],
    pub uuid: [::std::os::raw::c_char; 48usize],
    pub total_bytes: u64,
    pub granularity: u64,
    pub scratch_bytes: u64,
    pub facts: u32,
    pub ecc: u32,
    pub notes_count: u32,
    pub reserved: u32,
    pub notes: [vres_device_note; 16usize],
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_device_status {
    pub struct_size: usize,
    pub free_bytes: u64,
    pub ecc_uncorrected: u64,
    pub healthy: u32,
    pub reserved: u32,
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_mem_info {
    pub addr: u64,
    pub capacity: u64,
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_residency {
    pub struct_size: usize,
    pub base: u64,
    pub bytes: u64,
    pub identity: [u64; 2usize],
    pub device: u32,
    pub facts: u32,
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_bself {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_bdev {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_bmem {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_blane {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_hash_run {
    pub mem: *mut vres_bmem,
    pub offset: u64,
    pub bytes: u64,
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_hash_job {
    pub struct_size: usize,
    pub runs: *const vres_hash_run,
    pub runs_count: usize,
    pub block_size: u32,
    pub level: u32,
    pub digests: *mut u8,
    pub nonce: u64,
    pub echo: *mut u64,
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_backend_open {
    pub struct_size: usize,
    pub arg: *mut ::std::os::raw::c_void,
    pub library_path: *const ::std::os::raw::c_char,
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_backend {
    pub abi: u32,
    pub struct_size: u32,
    pub name: *const ::std::os::raw::c_char,
    pub flags: u32,
    pub reserved: u32,
    pub open: ::std::option::Option<
        unsafe extern "C" fn(
            params: *const vres_backend_open,
            out: *mut *mut vres_bself,
            err: *mut vres_error,
        ) -> vres_status,
    >,
    pub close: ::std::option::Option<unsafe extern "C" fn(self_: *mut vres_bself)>,
    pub device_count: ::std::option::Option<
        unsafe extern "C" fn(self_: *mut vres_bself, out: *mut u32, err: *mut vres_error) -> vres_status,
    >,
    pub device_open: ::std::option::Option<
        unsafe extern "C" fn(
            self_: *mut vres_bself,
            index: u32,
            props: *mut vres_device_props,
            out: *mut *mut vres_bdev,
            err: *mut vres_error,
        ) -> vres_status,
    >,
    pub device_status: ::std::option::Option<
        unsafe extern "C" fn(dev: *mut vres_bdev, out: *mut vres_device_status, err: *mut vres_error) -> vres_status,
    >,
    pub device_close: ::std::option::Option<unsafe extern "C" fn(dev: *mut vres_bdev)>,
    pub mem_alloc: ::std::option::Option<
        unsafe extern "C" fn(
            dev: *mut vres_bdev,
            bytes: u64,
            out: *mut *mut vres_bmem,
            info: *mut vres_mem_info,
            err: *mut vres_error,
        ) -> vres_status,
    >,
    pub mem_adopt: ::std::option::Option<
        unsafe extern "C" fn(
            dev: *mut vres_bdev,
            addr: u64,
            bytes: u64,
            out: *mut *mut vres_bmem,
            err: *mut vres_error,
        ) -> vres_status,
    >,
    pub mem_residency: ::std::option::Option<
        unsafe extern "C" fn(mem: *mut vres_bmem, out: *mut vres_residency, err: *mut vres_error) -> vres_status,
    >,
    pub mem_wipe: ::std::option::Option<unsafe extern "C" fn(mem: *mut vres_bmem, err: *mut vres_error) -> vres_status>,
    pub mem_release:
        ::std::option::Option<unsafe extern "C" fn(mem: *mut vres_bmem, err: *mut vres_error) -> vres_status>,
    pub lane_open: ::std::option::Option<
        unsafe extern "C" fn(
            dev: *mut vres_bdev,
            bytes: usize,
            flags: u32,
            out: *mut *mut vres_blane,
            staging: *mut *mut ::std::os::raw::c_void,
            err: *mut vres_error,
        ) -> vres_status,
    >,
    pub lane_push: ::std::option::Option<
        unsafe extern "C" fn(
            lane: *mut vres_blane,
            dst: *mut vres_bmem,
            offset: u64,
            n: usize,
            err: *mut vres_error,
        ) -> vres_status,
    >,
    pub lane_pull: ::std::option::Option<
        unsafe extern "C" fn(
            lane: *mut vres_blane,
            src: *mut vres_bmem,
            offset: u64,
            n: usize,
            err: *mut vres_error,
        ) -> vres_status,
    >,
    pub lane_wait: ::std::option::Option<
        unsafe extern "C" fn(lane: *mut vres_blane, deadline: u64, err: *mut vres_error) -> vres_status,
    >,
    pub lane_close: ::std::option::Option<unsafe extern "C" fn(lane: *mut vres_blane)>,
    pub hash_blocks: ::std::option::Option<
        unsafe extern "C" fn(lane: *mut vres_blane, job: *const vres_hash_job, err: *mut vres_error) -> vres_status,
    >,
    pub mem_protect: ::std::option::Option<
        unsafe extern "C" fn(mem: *mut vres_bmem, read_only: u32, err: *mut vres_error) -> vres_status,
    >,
    pub attest: ::std::option::Option<
        unsafe extern "C" fn(
            dev: *mut vres_bdev,
            nonce: *const u8,
            buf: *mut ::std::os::raw::c_void,
            cap: usize,
            len: *mut usize,
            err: *mut vres_error,
        ) -> vres_status,
    >,
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_key {
    _unused: [u8; 0],
}
extern "C" {
    pub fn vres_key_derive(
        token: *const ::std::os::raw::c_void,
        bytes: usize,
        domain: *const ::std::os::raw::c_char,
        out: *mut *mut vres_key,
        err: *mut vres_error,
    ) -> vres_status;
}
extern "C" {
    pub fn vres_key_from_token_file(
        path: *const ::std::os::raw::c_char,
        domain: *const ::std::os::raw::c_char,
        out: *mut *mut vres_key,
        err: *mut vres_error,
    ) -> vres_status;
}
extern "C" {
    pub fn vres_key_from_key_file(
        path: *const ::std::os::raw::c_char,
        out: *mut *mut vres_key,
        err: *mut vres_error,
    ) -> vres_status;
}
extern "C" {
    pub fn vres_key_from_credential(
        name: *const ::std::os::raw::c_char,
        domain: *const ::std::os::raw::c_char,
        out: *mut *mut vres_key,
        err: *mut vres_error,
    ) -> vres_status;
}
extern "C" {
    pub fn vres_key_destroy(key: *mut vres_key);
}
extern "C" {
    pub fn vres_wipe(memory: *mut ::std::os::raw::c_void, n: usize);
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_self_report {
    pub struct_size: usize,
    pub crypto: [::std::os::raw::c_char; 64usize],
    pub secret_memory: u32,
    pub locked: u32,
    pub undumped: u32,
    pub kept_from_children: u32,
}
extern "C" {
    pub fn vres_self_check(out: *mut vres_self_report, err: *mut vres_error) -> vres_status;
}
pub const VRES_EVENT_VRAM_SEALED: vres_event_type = 1;
pub const VRES_EVENT_SEAL_VERIFIED: vres_event_type = 2;
pub const VRES_EVENT_SEAL_VERIFICATION_FAILED: vres_event_type = 3;
pub const VRES_EVENT_VRAM_ALLOCATED: vres_event_type = 4;
pub const VRES_EVENT_VRAM_ALLOCATION_FAILED: vres_event_type = 5;
pub const VRES_EVENT_VRAM_DEALLOCATED: vres_event_type = 6;
pub const VRES_EVENT_VRAM_DEALLOCATION_FAILED: vres_event_type = 7;
pub const VRES_EVENT_POLICY_VIOLATION: vres_event_type = 8;
pub const VRES_EVENT_VRAM_RESEALED: vres_event_type = 9;
pub const VRES_EVENT_VRAM_SUSPENDED: vres_event_type = 10;
pub const VRES_EVENT_VRAM_RESUMED: vres_event_type = 11;
pub const VRES_EVENT_VRAM_REPAIRED: vres_event_type = 12;
pub const VRES_EVENT_SEAL_VERIFICATION_ERROR: vres_event_type = 13;
pub const VRES_EVENT_SEAL_FAILED: vres_event_type = 14;
pub const VRES_EVENT_VRAM_RELEASED: vres_event_type = 15;
pub type vres_event_type = ::std::os::raw::c_uint;
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_event {
    pub struct_size: usize,
    pub type_: u32,
    pub name: *const ::std::os::raw::c_char,
    pub critical: u32,
    pub status: vres_status,
    pub reason: u32,
    pub gpu_device: u32,
    pub simulated: u32,
    pub time: u64,
    pub requested_bytes: u64,
    pub allocated_bytes: u64,
    pub available_bytes: u64,
    pub used_bytes: u64,
    pub freed_bytes: u64,
    pub worker_id: *const ::std::os::raw::c_char,
    pub shard: *const vres_shard_info,
    pub expected_digest: *const ::std::os::raw::c_char,
    pub actual_digest: *const ::std::os::raw::c_char,
    pub mode: *const ::std::os::raw::c_char,
    pub violation: *const ::std::os::raw::c_char,
    pub action_taken: *const ::std::os::raw::c_char,
    pub detail: *const ::std::os::raw::c_char,
    pub damage_count: u64,
    pub bad_tensors: u64,
    pub changed_tensors: u64,
    pub expected_tensors: u64,
    pub moved_tensors: u64,
    pub tensor: *const ::std::os::raw::c_char,
    pub previous_digest: *const ::std::os::raw::c_char,
    pub label: *const ::std::os::raw::c_char,
    pub lifted: u32,
    pub reserved: u32,
    pub ranges: u64,
    pub repaired_bytes: u64,
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_audit_sink {
    pub record: ::std::option::Option<
        unsafe extern "C" fn(ctx: *mut ::std::os::raw::c_void, event: *const vres_event) -> vres_status,
    >,
    pub ctx: *mut ::std::os::raw::c_void,
}
pub type vres_incident_fn =
    ::std::option::Option<unsafe extern "C" fn(ctx: *mut ::std::os::raw::c_void, event: *const vres_event)>;
pub type vres_log_fn = ::std::option::Option<
    unsafe extern "C" fn(
        ctx: *mut ::std::os::raw::c_void,
        level: ::std::os::raw::c_int,
        event: *const ::std::os::raw::c_char,
        keys: *const *const ::std::os::raw::c_char,
        values: *const *const ::std::os::raw::c_char,
        n: usize,
    ),
>;
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_manager {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_shard {
    _unused: [u8; 0],
}
extern "C" {
    pub fn vres_backend_cuda() -> *const vres_backend;
}
extern "C" {
    pub fn vres_backend_hip() -> *const vres_backend;
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_config {
    pub struct_size: usize,
    pub backend: *const vres_backend,
    pub backend_arg: *mut ::std::os::raw::c_void,
    pub key: *const vres_key,
    pub worker_id: *const ::std::os::raw::c_char,
    pub policy: *const vres_policy,
    pub audit: vres_audit_sink,
    pub log: vres_log_fn,
    pub log_ctx: *mut ::std::os::raw::c_void,
    pub on_incident: vres_incident_fn,
    pub incident_ctx: *mut ::std::os::raw::c_void,
    pub closed: ::std::option::Option<unsafe extern "C" fn(ctx: *mut ::std::os::raw::c_void)>,
    pub closed_ctx: *mut ::std::os::raw::c_void,
    pub library_path: *const ::std::os::raw::c_char,
    pub threads: u32,
    pub block_size: u32,
    pub keep_leaves: u32,
    pub reserved: u32,
}
extern "C" {
    pub fn vres_manager_create(
        config: *const vres_config,
        out: *mut *mut vres_manager,
        err: *mut vres_error,
    ) -> vres_status;
}
extern "C" {
    pub fn vres_manager_destroy(m: *mut vres_manager);
}
extern "C" {
    pub fn vres_manager_find(
        m: *mut vres_manager,
        shard_id: *const ::std::os::raw::c_char,
        out: *mut *mut vres_shard,
        err: *mut vres_error,
    ) -> vres_status;
}
pub type vres_each_fn =
    ::std::option::Option<unsafe extern "C" fn(ctx: *mut ::std::os::raw::c_void, shard: *mut vres_shard) -> bool>;
extern "C" {
    pub fn vres_manager_each(
        m: *mut vres_manager,
        fn_: vres_each_fn,
        ctx: *mut ::std::os::raw::c_void,
        err: *mut vres_error,
    ) -> vres_status;
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_device_info {
    pub struct_size: usize,
    pub name: [::std::os::raw::c_char; 128usize],
    pub uuid: [::std::os::raw::c_char; 48usize],
    pub backend: [::std::os::raw::c_char; 16usize],
    pub gpu_device: u32,
    pub simulated: u32,
    pub integrated: u32,
    pub ecc: u32,
    pub assurance: u32,
    pub healthy: u32,
    pub total_bytes: u64,
    pub free_bytes: u64,
    pub used_bytes: u64,
    pub reserved_bytes: u64,
    pub available_bytes: u64,
}
extern "C" {
    pub fn vres_device_count(m: *mut vres_manager, out: *mut u32, err: *mut vres_error) -> vres_status;
}
extern "C" {
    pub fn vres_device_describe(
        m: *mut vres_manager,
        gpu_device: u32,
        out: *mut vres_device_info,
        err: *mut vres_error,
    ) -> vres_status;
}
extern "C" {
    pub fn vres_enforce_vram_only(
        m: *mut vres_manager,
        gpu_device: u32,
        out: *mut vres_policy_report,
        err: *mut vres_error,
    ) -> vres_status;
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_digester {
    _unused: [u8; 0],
}
extern "C" {
    pub fn vres_digester_create(
        alg: u32,
        block_size: u32,
        out: *mut *mut vres_digester,
        err: *mut vres_error,
    ) -> vres_status;
}
extern "C" {
    pub fn vres_digester_update(
        d: *mut vres_digester,
        data: *const ::std::os::raw::c_void,
        n: usize,
        err: *mut vres_error,
    ) -> vres_status;
}
extern "C" {
    pub fn vres_digester_update_fd(
        d: *mut vres_digester,
        fd: ::std::os::raw::c_int,
        offset: u64,
        bytes: u64,
        err: *mut vres_error,
    ) -> vres_status;
}
extern "C" {
    pub fn vres_digester_final(
        d: *mut vres_digester,
        hex: *mut ::std::os::raw::c_char,
        err: *mut vres_error,
    ) -> vres_status;
}
extern "C" {
    pub fn vres_digester_destroy(d: *mut vres_digester);
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_damage {
    pub struct_size: usize,
    pub offset: u64,
    pub bytes: u64,
    pub tensor: u32,
    pub reserved: u32,
}
pub type vres_read_fn = ::std::option::Option<
    unsafe extern "C" fn(ctx: *mut ::std::os::raw::c_void, buf: *mut ::std::os::raw::c_void, n: usize) -> vres_status,
>;
pub type vres_progress_fn =
    ::std::option::Option<unsafe extern "C" fn(ctx: *mut ::std::os::raw::c_void, done: u64, total: u64) -> bool>;
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_seal_params {
    pub struct_size: usize,
    pub shard_id: *const ::std::os::raw::c_char,
    pub model_ref: *const ::std::os::raw::c_char,
    pub group_id: *const ::std::os::raw::c_char,
    pub gpu_device: u32,
    pub shard_index: u32,
    pub total_shards: u32,
    pub digest_alg: u32,
    pub expected_digest: *const ::std::os::raw::c_char,
    pub progress: vres_progress_fn,
    pub progress_ctx: *mut ::std::os::raw::c_void,
    pub damage: *mut vres_damage,
    pub damage_cap: usize,
    pub damage_count: *mut u64,
}
extern "C" {
    pub fn vres_seal_memory(
        m: *mut vres_manager,
        p: *const vres_seal_params,
        data: *const ::std::os::raw::c_void,
        bytes: u64,
        out: *mut *mut vres_shard,
        err: *mut vres_error,
    ) -> vres_status;
}
extern "C" {
    pub fn vres_seal_fd(
        m: *mut vres_manager,
        p: *const vres_seal_params,
        fd: ::std::os::raw::c_int,
        offset: u64,
        bytes: u64,
        out: *mut *mut vres_shard,
        err: *mut vres_error,
    ) -> vres_status;
}
extern "C" {
    pub fn vres_seal_stream(
        m: *mut vres_manager,
        p: *const vres_seal_params,
        read: vres_read_fn,
        ctx: *mut ::std::os::raw::c_void,
        bytes: u64,
        out: *mut *mut vres_shard,
        err: *mut vres_error,
    ) -> vres_status;
}
extern "C" {
    pub fn vres_seal_adopt(
        m: *mut vres_manager,
        p: *const vres_seal_params,
        device_ptr: u64,
        bytes: u64,
        out: *mut *mut vres_shard,
        err: *mut vres_error,
    ) -> vres_status;
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_tensor {
    pub struct_size: usize,
    pub name: *const ::std::os::raw::c_char,
    pub device_ptr: u64,
    pub bytes: u64,
    pub expected_digest: *const ::std::os::raw::c_char,
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_tensor_info {
    pub struct_size: usize,
    pub bytes: u64,
    pub name: [::std::os::raw::c_char; 513usize],
    pub digest: [::std::os::raw::c_char; 65usize],
}
extern "C" {
    pub fn vres_seal_tensors(
        m: *mut vres_manager,
        p: *const vres_seal_params,
        tensors: *const vres_tensor,
        n: usize,
        out: *mut *mut vres_shard,
        err: *mut vres_error,
    ) -> vres_status;
}
extern "C" {
    pub fn vres_tensors_digest(
        m: *mut vres_manager,
        gpu_device: u32,
        tensors: *const vres_tensor,
        n: usize,
        digests: *mut [u8; 32usize],
        err: *mut vres_error,
    ) -> vres_status;
}
extern "C" {
    pub fn vres_shard_tensor(
        s: *const vres_shard,
        index: usize,
        out: *mut vres_tensor_info,
        err: *mut vres_error,
    ) -> vres_status;
}
extern "C" {
    pub fn vres_shard_manifest(
        s: *const vres_shard,
        buf: *mut ::std::os::raw::c_char,
        cap: usize,
        len: *mut usize,
        err: *mut vres_error,
    ) -> vres_status;
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_shard_info {
    pub struct_size: usize,
    pub shard_id: [::std::os::raw::c_char; 257usize],
    pub model_ref: [::std::os::raw::c_char; 513usize],
    pub group_id: [::std::os::raw::c_char; 65usize],
    pub digest: [::std::os::raw::c_char; 65usize],
    pub verity_digest: [::std::os::raw::c_char; 65usize],
    pub device_uuid: [::std::os::raw::c_char; 48usize],
    pub backend: [::std::os::raw::c_char; 16usize],
    pub gpu_device: u32,
    pub shard_index: u32,
    pub total_shards: u32,
    pub digest_alg: u32,
    pub state: u32,
    pub adopted: u32,
    pub leases: u32,
    pub simulated: u32,
    pub assurance: u32,
    pub vram_bytes: u64,
    pub sealed_at: u64,
    pub verified_at: u64,
    pub allow: u64,
    pub require: u64,
    pub tensors: u32,
    pub epoch: u32,
    pub suspended: u32,
    pub reserved: u32,
}
extern "C" {
    pub fn vres_shard_describe(s: *const vres_shard, out: *mut vres_shard_info, err: *mut vres_error) -> vres_status;
}
extern "C" {
    pub fn vres_shard_to_json(
        s: *const vres_shard,
        buf: *mut ::std::os::raw::c_char,
        cap: usize,
        len: *mut usize,
        err: *mut vres_error,
    ) -> vres_status;
}
extern "C" {
    pub fn vres_shard_release(s: *mut vres_shard);
}
extern "C" {
    pub fn vres_shard_close(s: *mut vres_shard, err: *mut vres_error) -> vres_status;
}
pub type vres_read_at_fn = ::std::option::Option<
    unsafe extern "C" fn(
        ctx: *mut ::std::os::raw::c_void,
        offset: u64,
        buf: *mut ::std::os::raw::c_void,
        n: usize,
    ) -> vres_status,
>;
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_verify_params {
    pub struct_size: usize,
    pub mode: u32,
    pub sample_units: u32,
    pub source: vres_read_at_fn,
    pub source_ctx: *mut ::std::os::raw::c_void,
    pub background: u32,
    pub reserved: u32,
    pub damage: *mut vres_damage,
    pub damage_cap: usize,
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_verify_report {
    pub struct_size: usize,
    pub status: vres_status,
    pub reason: u32,
    pub mode: u32,
    pub reserved: u32,
    pub blocks_total: u64,
    pub blocks_checked: u64,
    pub bytes_hashed: u64,
    pub bad_blocks: u64,
    pub first_bad_offset: u64,
    pub first_bad_bytes: u64,
    pub duration: u64,
    pub damage_count: u64,
    pub bad_tensors: u64,
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_set_report {
    pub struct_size: usize,
    pub verified: u32,
    pub failed: u32,
    pub first_failed: i32,
    pub reserved: u32,
}
extern "C" {
    pub fn vres_shard_verify(
        s: *mut vres_shard,
        p: *const vres_verify_params,
        out: *mut vres_verify_report,
        err: *mut vres_error,
    ) -> vres_status;
}
extern "C" {
    pub fn vres_verify_many(
        m: *mut vres_manager,
        shards: *const *mut vres_shard,
        n: usize,
        p: *const vres_verify_params,
        reports: *mut vres_verify_report,
        err: *mut vres_error,
    ) -> vres_status;
}
extern "C" {
    pub fn vres_set_verify(
        m: *mut vres_manager,
        shards: *const *mut vres_shard,
        n: usize,
        p: *const vres_verify_params,
        out: *mut vres_set_report,
        err: *mut vres_error,
    ) -> vres_status;
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_change {
    pub struct_size: usize,
    pub tensor: u32,
    pub reserved: u32,
    pub expected_digest: *const ::std::os::raw::c_char,
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_resume_params {
    pub struct_size: usize,
    pub device_ptrs: *const u64,
    pub device_ptrs_n: usize,
    pub changes: *const vres_change,
    pub changes_n: usize,
    pub all_changed: u32,
    pub reserved: u32,
    pub label: *const ::std::os::raw::c_char,
}
extern "C" {
    pub fn vres_shard_suspend(s: *mut vres_shard, err: *mut vres_error) -> vres_status;
}
extern "C" {
    pub fn vres_shard_resume(
        s: *mut vres_shard,
        p: *const vres_resume_params,
        out: *mut vres_verify_report,
        err: *mut vres_error,
    ) -> vres_status;
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_repair_params {
    pub struct_size: usize,
    pub source: vres_read_at_fn,
    pub source_ctx: *mut ::std::os::raw::c_void,
    pub max_bytes: u64,
    pub damage: *mut vres_damage,
    pub damage_cap: usize,
}
extern "C" {
    pub fn vres_shard_repair(
        s: *mut vres_shard,
        p: *const vres_repair_params,
        out: *mut vres_verify_report,
        err: *mut vres_error,
    ) -> vres_status;
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_scrub_report {
    pub struct_size: usize,
    pub bytes_hashed: u64,
    pub bytes_total: u64,
    pub oldest_check_age: u64,
    pub shards: u32,
    pub failed: u32,
}
extern "C" {
    pub fn vres_scrub_step(
        m: *mut vres_manager,
        budget_ns: u64,
        out: *mut vres_scrub_report,
        err: *mut vres_error,
    ) -> vres_status;
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_lease {
    _unused: [u8; 0],
}
extern "C" {
    pub fn vres_lease_acquire(s: *mut vres_shard, out: *mut *mut vres_lease, err: *mut vres_error) -> vres_status;
}
extern "C" {
    pub fn vres_lease_check(l: *const vres_lease, err: *mut vres_error) -> vres_status;
}
extern "C" {
    pub fn vres_lease_device_ptr(l: *const vres_lease) -> u64;
}
extern "C" {
    pub fn vres_lease_bytes(l: *const vres_lease) -> u64;
}
extern "C" {
    pub fn vres_lease_release(l: *mut vres_lease);
}
extern "C" {
    pub fn vres_shard_receipt(
        s: *const vres_shard,
        buf: *mut ::std::os::raw::c_void,
        cap: usize,
        len: *mut usize,
        err: *mut vres_error,
    ) -> vres_status;
}
extern "C" {
    pub fn vres_receipt_check(
        receipt: *const ::std::os::raw::c_void,
        len: usize,
        key: *const vres_key,
        out: *mut vres_shard_info,
        err: *mut vres_error,
    ) -> vres_status;
}
extern "C" {
    pub fn vres_receipt_open(
        m: *mut vres_manager,
        receipt: *const ::std::os::raw::c_void,
        len: usize,
        out: *mut *mut vres_shard,
        err: *mut vres_error,
    ) -> vres_status;
}
extern "C" {
    pub fn vres_shard_match(s: *const vres_shard, claimed: *const vres_shard_info, err: *mut vres_error)
        -> vres_status;
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_metrics {
    pub struct_size: usize,
    pub seals_ok: u64,
    pub seals_failed: u64,
    pub verifies_ok: u64,
    pub verifies_failed: u64,
    pub verified_bytes: u64,
    pub leases_now: u64,
    pub shards_now: u64,
    pub quarantined_now: u64,
    pub total_bytes_now: u64,
    pub used_bytes_now: u64,
    pub available_bytes_now: u64,
    pub allocation_failures: u64,
    pub policy_violations: u64,
    pub audit_events: u64,
    pub audit_lost: u64,
    pub devices_now: u64,
    pub opened_devices_now: u64,
}
extern "C" {
    pub fn vres_manager_metrics(m: *mut vres_manager, out: *mut vres_metrics, err: *mut vres_error) -> vres_status;
}
extern "C" {
    pub fn vres_metrics_prometheus(
        m: *mut vres_manager,
        buf: *mut ::std::os::raw::c_char,
        cap: usize,
        len: *mut usize,
        err: *mut vres_error,
    ) -> vres_status;
}
extern "C" {
    pub fn vres_validate_identifier(
        bytes: *const ::std::os::raw::c_char,
        n: usize,
        max: usize,
        what: *const ::std::os::raw::c_char,
        err: *mut vres_error,
    ) -> vres_status;
}
extern "C" {
    pub fn vres_validate_hex(
        bytes: *const ::std::os::raw::c_char,
        n: usize,
        digits: usize,
        what: *const ::std::os::raw::c_char,
        err: *mut vres_error,
    ) -> vres_status;
}
extern "C" {
    pub fn vres_validate_range(
        value: u64,
        min: u64,
        end: u64,
        what: *const ::std::os::raw::c_char,
        err: *mut vres_error,
    ) -> vres_status;
}
extern "C" {
    pub fn vres_validate_text(
        bytes: *const ::std::os::raw::c_char,
        n: usize,
        max: usize,
        what: *const ::std::os::raw::c_char,
        err: *mut vres_error,
    ) -> vres_status;
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_audit_file {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_audit_file_options {
    pub struct_size: usize,
    pub worker_id: *const ::std::os::raw::c_char,
    pub mode: u32,
    pub rotate_daily: u32,
    pub forward_key: *const ::std::os::raw::c_char,
    pub rotate_bytes: u64,
    pub queue_events: u32,
    pub required: u32,
    pub simulated: u32,
    pub epoch_lines: u32,
}
extern "C" {
    pub fn vres_audit_keygen(path: *const ::std::os::raw::c_char, err: *mut vres_error) -> vres_status;
}
extern "C" {
    pub fn vres_audit_file_open(
        path: *const ::std::os::raw::c_char,
        key: *const vres_key,
        options: *const vres_audit_file_options,
        out: *mut *mut vres_audit_file,
        err: *mut vres_error,
    ) -> vres_status;
}
extern "C" {
    pub fn vres_audit_file_sink(f: *mut vres_audit_file) -> vres_audit_sink;
}
extern "C" {
    pub fn vres_audit_file_flush(f: *mut vres_audit_file, err: *mut vres_error) -> vres_status;
}
extern "C" {
    pub fn vres_audit_file_head(
        f: *mut vres_audit_file,
        seq: *mut u64,
        hash: *mut ::std::os::raw::c_char,
        err: *mut vres_error,
    ) -> vres_status;
}
extern "C" {
    pub fn vres_audit_file_lost(f: *mut vres_audit_file) -> u64;
}
extern "C" {
    pub fn vres_audit_file_close(f: *mut vres_audit_file);
}
pub const VRES_AUDIT_BAD_MAC: vres_audit_fault = 1;
pub const VRES_AUDIT_MISSING: vres_audit_fault = 2;
pub const VRES_AUDIT_END: vres_audit_fault = 5;
pub const VRES_AUDIT_TORN: vres_audit_fault = 7;
pub const VRES_AUDIT_MALFORMED: vres_audit_fault = 8;
pub const VRES_AUDIT_ORDER: vres_audit_fault = 9;
pub const VRES_AUDIT_LINK: vres_audit_fault = 11;
pub const VRES_AUDIT_KEY: vres_audit_fault = 12;
pub const VRES_AUDIT_CHECKPOINT: vres_audit_fault = 13;
pub const VRES_AUDIT_HEAD: vres_audit_fault = 14;
pub const VRES_AUDIT_UNCHECKED: vres_audit_fault = 15;
pub const VRES_AUDIT_EDITED: vres_audit_fault = 1;
pub const VRES_AUDIT_DELETED: vres_audit_fault = 2;
pub const VRES_AUDIT_INSERTED: vres_audit_fault = 3;
pub const VRES_AUDIT_REORDERED: vres_audit_fault = 4;
pub const VRES_AUDIT_TRUNCATED: vres_audit_fault = 5;
pub const VRES_AUDIT_FORGED: vres_audit_fault = 6;
pub const VRES_AUDIT_ROTATION: vres_audit_fault = 10;
pub type vres_audit_fault = ::std::os::raw::c_uint;
extern "C" {
    pub fn vres_audit_fault_name(fault: u32) -> *const ::std::os::raw::c_char;
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_audit_finding {
    pub struct_size: usize,
    pub fault: u32,
    pub file: u32,
    pub line: u64,
    pub seq: u64,
    pub lines: u64,
    pub message: [::std::os::raw::c_char; 160usize],
}
pub const VRES_AUDIT_KEYED_LINKS: vres_audit_keyed = 0;
pub const VRES_AUDIT_KEYED_TOKEN: vres_audit_keyed = 1;
pub const VRES_AUDIT_KEYED_FORWARD: vres_audit_keyed = 2;
pub const VRES_AUDIT_KEYED_UNPROVED: vres_audit_keyed = 3;
pub type vres_audit_keyed = ::std::os::raw::c_uint;
pub const VRES_AUDIT_OPEN: vres_audit_ending = 0;
pub const VRES_AUDIT_CLOSED: vres_audit_ending = 1;
pub const VRES_AUDIT_ROTATED: vres_audit_ending = 2;
pub type vres_audit_ending = ::std::os::raw::c_uint;
pub const VRES_AUDIT_MARK_NONE: vres_audit_mark = 0;
pub const VRES_AUDIT_MARK_MET: vres_audit_mark = 1;
pub const VRES_AUDIT_MARK_OLDER: vres_audit_mark = 2;
pub const VRES_AUDIT_MARK_BAD: vres_audit_mark = 3;
pub type vres_audit_mark = ::std::os::raw::c_uint;
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_audit_summary {
    pub struct_size: usize,
    pub files: u32,
    pub keyed: u32,
    pub ending: u32,
    pub checkpoint: u32,
    pub head: u32,
    pub simulated: u32,
    pub lines: u64,
    pub bytes: u64,
    pub first_seq: u64,
    pub last_seq: u64,
    pub last_hash: [::std::os::raw::c_char; 65usize],
    pub first_time: [::std::os::raw::c_char; 31usize],
    pub last_time: [::std::os::raw::c_char; 31usize],
    pub faults: u64,
    pub sessions: u64,
    pub epochs: u64,
    pub repairs: u64,
    pub lost_events: u64,
    pub backward_clock_steps: u64,
}
pub type vres_audit_finding_fn =
    ::std::option::Option<unsafe extern "C" fn(ctx: *mut ::std::os::raw::c_void, finding: *const vres_audit_finding)>;
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_audit_check_options {
    pub struct_size: usize,
    pub key: *const vres_key,
    pub forward_key: *const ::std::os::raw::c_char,
    pub finding: vres_audit_finding_fn,
    pub finding_ctx: *mut ::std::os::raw::c_void,
    pub max_findings: u32,
    pub reserved: u32,
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_audit_checker {
    _unused: [u8; 0],
}
extern "C" {
    pub fn vres_audit_checker_create(
        o: *const vres_audit_check_options,
        out: *mut *mut vres_audit_checker,
        err: *mut vres_error,
    ) -> vres_status;
}
extern "C" {
    pub fn vres_audit_checker_checkpoint(
        c: *mut vres_audit_checker,
        bytes: *const ::std::os::raw::c_void,
        n: usize,
        err: *mut vres_error,
    ) -> vres_status;
}
extern "C" {
    pub fn vres_audit_checker_head(
        c: *mut vres_audit_checker,
        seq: u64,
        hash: *const ::std::os::raw::c_char,
        err: *mut vres_error,
    ) -> vres_status;
}
extern "C" {
    pub fn vres_audit_checker_from_later(c: *mut vres_audit_checker, err: *mut vres_error) -> vres_status;
}
extern "C" {
    pub fn vres_audit_checker_file(c: *mut vres_audit_checker, err: *mut vres_error) -> vres_status;
}
extern "C" {
    pub fn vres_audit_checker_feed(
        c: *mut vres_audit_checker,
        bytes: *const ::std::os::raw::c_void,
        n: usize,
        err: *mut vres_error,
    ) -> vres_status;
}
extern "C" {
    pub fn vres_audit_checker_summary(
        c: *const vres_audit_checker,
        out: *mut vres_audit_summary,
        err: *mut vres_error,
    ) -> vres_status;
}
extern "C" {
    pub fn vres_audit_checker_end(
        c: *mut vres_audit_checker,
        out: *mut vres_audit_summary,
        err: *mut vres_error,
    ) -> vres_status;
}
extern "C" {
    pub fn vres_audit_checker_destroy(c: *mut vres_audit_checker);
}
