// SPDX-License-Identifier: GPL-3.0-or-later
// What bindgen makes of mock.h; bindings/rust/generate writes this file.
use crate::vres::*;

pub const VRES_MOCK_MANAGED: u32 = 1;
pub const VRES_MOCK_HOST_MAPPED: u32 = 2;
pub const VRES_MOCK_EXPORTABLE: u32 = 4;
pub const VRES_MOCK_MOVED: u32 = 8;
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_mock {
    _unused: [u8; 0],
}
extern "C" {
    pub fn vres_mock_alloc(
        mock: *mut vres_mock,
        gpu_device: u32,
        bytes: u64,
        content: *const ::std::os::raw::c_void,
        device_addr: *mut u64,
    ) -> vres_status;
}
extern "C" {
    pub fn vres_mock_free(mock: *mut vres_mock, device_addr: u64);
}
extern "C" {
    pub fn vres_mock_map(
        mock: *mut vres_mock,
        gpu_device: u32,
        host_ptr: *mut ::std::os::raw::c_void,
        bytes: u64,
        device_ptr: *mut u64,
    ) -> vres_status;
}
extern "C" {
    pub fn vres_mock_unmap(mock: *mut vres_mock, device_ptr: u64);
}
pub const VRES_MOCK_ANY: vres_mock_op = 0;
pub const VRES_MOCK_OP_OPEN: vres_mock_op = 1;
pub const VRES_MOCK_OP_DEVICE_COUNT: vres_mock_op = 2;
pub const VRES_MOCK_OP_DEVICE_OPEN: vres_mock_op = 3;
pub const VRES_MOCK_OP_DEVICE_STATUS: vres_mock_op = 4;
pub const VRES_MOCK_OP_MEM_ALLOC: vres_mock_op = 5;
pub const VRES_MOCK_OP_MEM_ADOPT: vres_mock_op = 6;
pub const VRES_MOCK_OP_MEM_RESIDENCY: vres_mock_op = 7;
pub const VRES_MOCK_OP_MEM_WIPE: vres_mock_op = 8;
pub const VRES_MOCK_OP_MEM_RELEASE: vres_mock_op = 9;
pub const VRES_MOCK_OP_LANE_OPEN: vres_mock_op = 10;
pub const VRES_MOCK_OP_LANE_PUSH: vres_mock_op = 11;
pub const VRES_MOCK_OP_LANE_PULL: vres_mock_op = 12;
pub const VRES_MOCK_OP_LANE_WAIT: vres_mock_op = 13;
pub const VRES_MOCK_OP_HASH_BLOCKS: vres_mock_op = 14;
pub const VRES_MOCK_OP_MEM_PROTECT: vres_mock_op = 15;
pub const VRES_MOCK_OP_COUNT: vres_mock_op = 16;
pub type vres_mock_op = ::std::os::raw::c_uint;
#[repr(C)]
#[derive(Copy, Clone)]
pub struct vres_mock_params {
    pub struct_size: usize,
    pub devices: u32,
    pub no_device_hash: u32,
    pub bytes_per_device: u64,
    pub granularity: u64,
}
extern "C" {
    pub fn vres_backend_mock() -> *const vres_backend;
}
extern "C" {
    pub fn vres_mock_create(p: *const vres_mock_params, out: *mut *mut vres_mock, err: *mut vres_error) -> vres_status;
}
extern "C" {
    pub fn vres_mock_destroy(mock: *mut vres_mock);
}
extern "C" {
    pub fn vres_mock_fail(mock: *mut vres_mock, op: vres_mock_op, nth: u64, status: vres_status);
}
extern "C" {
    pub fn vres_mock_delay(mock: *mut vres_mock, op: vres_mock_op, ns: u64);
}
extern "C" {
    pub fn vres_mock_flip(mock: *mut vres_mock, device_addr: u64, bit: ::std::os::raw::c_uint) -> vres_status;
}
extern "C" {
    pub fn vres_mock_pretend(mock: *mut vres_mock, device_addr: u64, facts: u32);
}
extern "C" {
    pub fn vres_mock_lose_device(mock: *mut vres_mock, gpu_device: u32);
}
extern "C" {
    pub fn vres_mock_calls(mock: *const vres_mock, op: vres_mock_op) -> u64;
}
extern "C" {
    pub fn vres_mock_live_handles(mock: *const vres_mock) -> u64;
}
extern "C" {
    pub fn vres_mock_unwiped(mock: *const vres_mock) -> u64;
}
