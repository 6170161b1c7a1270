// SPDX-License-Identifier: GPL-3.0-or-later
//! No memory that held the token goes back to the allocator of the program with it.
#![deny(unsafe_op_in_unsafe_fn)]
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use vram_residency::*;

struct Looking;

static FOUND: AtomicU64 = AtomicU64::new(0);

/// The end of the token, so that this text itself is not found.
const NEEDLE: [u8; 16] = [b'Z'; 16];

// SAFETY: passes everything on to the allocator of the system; what is freed was written at least as far as zeroed.
unsafe impl GlobalAlloc for Looking {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: what the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, address: *mut u8, layout: Layout) {
        // What is not aligned is bytes and texts; other blocks have padding, which nobody may read.
        let looked_at = if layout.align() == 1 { layout.size() } else { 0 };
        // SAFETY: the block is the caller's, at least as large as said, and initialized by alloc().
        let block = unsafe { std::slice::from_raw_parts(address, looked_at) };
        if block.windows(NEEDLE.len()).any(|window| window == NEEDLE) {
            FOUND.fetch_add(1, Ordering::SeqCst);
        }
        // SAFETY: what the caller promises.
        unsafe { System.dealloc(address, layout) }
    }
}

#[global_allocator]
static LOOKING: Looking = Looking;

/// A longer token was in the same memory before.
fn token() -> String {
    let mut token = String::with_capacity(100);
    token.extend(std::iter::repeat('Z').take(90));
    token.truncate(20);
    token
}

fn logger() -> Arc<dyn AuditLogger> {
    Arc::new(NoAudit)
}

// The one test of this program: others would free memory beside it.
#[test]
fn the_token_and_what_was_behind_it_are_wiped() {
    drop(token());
    assert_eq!(FOUND.swap(0, Ordering::SeqCst), 1, "a token that nobody wipes is found");
    let gpu = Arc::new(MockGpu::with_capacity(1 << 20).unwrap());
    let config = VramConfig { worker_api_token: token(), gpu_device: 0, max_model_size: 0, audit_logger: logger() };
    let manager = VramManager::with_options(config, VramOptions::mock(&gpu)).unwrap();
    manager.seal(b"weights", 0).unwrap();
    drop(manager);
    let refused = VramConfig { worker_api_token: token(), gpu_device: 9, max_model_size: 0, audit_logger: logger() };
    assert!(VramManager::with_options(refused, VramOptions::mock(&gpu)).is_err());
    drop(VramConfig { worker_api_token: token(), gpu_device: 0, max_model_size: 0, audit_logger: logger() });
    drop(VramConfig { worker_api_token: String::new(), gpu_device: 0, max_model_size: 0, audit_logger: logger() });
    assert_eq!(FOUND.load(Ordering::SeqCst), 0);
}
