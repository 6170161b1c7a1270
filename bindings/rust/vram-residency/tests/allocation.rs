// SPDX-License-Identifier: GPL-3.0-or-later
//! A good verification by signature allocates nothing on the Rust side.
#![deny(unsafe_op_in_unsafe_fn)]
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};
use vram_residency::*;

struct Counting;

static CALLS: AtomicU64 = AtomicU64::new(0);

// SAFETY: passes everything on to the allocator of the system.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.fetch_add(1, Ordering::SeqCst);
        // SAFETY: what the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, address: *mut u8, layout: Layout) {
        // SAFETY: what the caller promises.
        unsafe { System.dealloc(address, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

// The one test of this program: others would allocate beside it.
#[test]
fn a_good_verification_by_signature_allocates_nothing() {
    let (_gpu, manager) = doc::parts().unwrap();
    let shard = manager.seal(&[7; 10_000], 0).unwrap();
    let mut report = VerifyReport::default();
    let before = CALLS.load(Ordering::SeqCst);
    for _ in 0..100 {
        manager.verify_with(&shard, &VerifyMode::Signature.into(), &mut report).unwrap();
    }
    let after = CALLS.load(Ordering::SeqCst);
    drop(vec![0u8; 1]);
    assert_eq!(after - before, 0);
    assert!(CALLS.load(Ordering::SeqCst) > after, "the counter counts");
}
