// SPDX-License-Identifier: GPL-3.0-or-later
//! What the safe crate adds to the calls of the C library: 64 MiB on a simulated device, each call once through the crate
//! and once without it, in turn; the medians of both.
//!
//!     cargo run --release --offline --features mock -p vram-residency --example overhead [-- signature [ROUNDS]]
//!
//! With `signature` only that is done, a thousand times or as often as said, for `valgrind --tool=callgrind`, which counts instructions and so
//! says the same on a busy machine.
use std::ptr::null_mut;
use std::sync::Arc;
use std::time::{Duration, Instant};
use vram_residency::{doc, sys, MockGpu, Result, SealedShard, VerifyMode, VerifyReport, VramManager};

const BYTES: usize = 64 << 20;
const SMALL: usize = 4096;

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times.get(times.len() / 2).map_or(0.0, |time| time.as_nanos() as f64)
}

/// Prints what `ours` takes, and `theirs`, called in turn.
fn compare(name: &str, rounds: usize, mut ours: impl FnMut(), mut theirs: impl FnMut()) {
    let timed = |call: &mut dyn FnMut()| {
        let start = Instant::now();
        call();
        start.elapsed()
    };
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        a.push(timed(&mut ours));
        b.push(timed(&mut theirs));
    }
    let (a, b) = (median(a), median(b));
    println!("{name}: crate {:.2} us, C {:.2} us, {:+.2} %", a / 1e3, b / 1e3, (a / b - 1.0) * 100.0);
}

/// The C calls over a manager and a shard of their own.
struct C {
    manager: *mut sys::vres_manager,
    shard: *mut sys::vres_shard,
}

impl C {
    fn new(bytes: &[u8]) -> C {
        // SAFETY: structures are all zero but for their sizes, objects live to the end of the program.
        unsafe {
            let (mut mock, mut key, mut manager) = (null_mut(), null_mut(), null_mut());
            assert_eq!(sys::vres_mock_create(std::ptr::null(), &mut mock, null_mut()), 0);
            assert_eq!(sys::vres_key_derive(b"token".as_ptr().cast(), 5, std::ptr::null(), &mut key, null_mut()), 0);
            let mut policy: sys::vres_policy = std::mem::zeroed();
            policy.struct_size = std::mem::size_of_val(&policy);
            policy.allow = 5; // SIMULATED, NO_ECC
            let mut config: sys::vres_config = std::mem::zeroed();
            config.struct_size = std::mem::size_of_val(&config);
            config.policy = &policy;
            config.backend = sys::vres_backend_mock();
            config.backend_arg = mock.cast();
            config.key = key;
            assert_eq!(sys::vres_manager_create(&config, &mut manager, null_mut()), 0);
            let mut c = C { manager, shard: null_mut() };
            c.shard = c.seal(bytes);
            c
        }
    }

    fn seal(&self, bytes: &[u8]) -> *mut sys::vres_shard {
        let mut shard = null_mut();
        // SAFETY: as in new(); the bytes live during the call.
        unsafe {
            let mut params: sys::vres_seal_params = std::mem::zeroed();
            params.struct_size = std::mem::size_of_val(&params);
            let (data, n) = (bytes.as_ptr().cast(), bytes.len() as u64);
            assert_eq!(sys::vres_seal_memory(self.manager, &params, data, n, &mut shard, null_mut()), 0);
        }
        shard
    }

    fn verify(&self, mode: u32) {
        // SAFETY: as in new().
        unsafe {
            let mut params: sys::vres_verify_params = std::mem::zeroed();
            params.struct_size = std::mem::size_of_val(&params);
            params.mode = mode;
            let mut report: sys::vres_verify_report = std::mem::zeroed();
            report.struct_size = std::mem::size_of_val(&report);
            assert_eq!(sys::vres_shard_verify(self.shard, &params, &mut report, null_mut()), 0);
        }
    }
}

fn verify(manager: &VramManager, shard: &SealedShard, mode: VerifyMode) {
    let told = manager.verify_with(shard, &mode.into(), &mut VerifyReport::default());
    assert!(told.is_ok(), "{told:?}");
}

fn main() -> Result<()> {
    let signature = std::env::args().any(|argument| argument == "signature");
    let bytes: Vec<u8> = (0..if signature { SMALL } else { BYTES }).map(|i| (i % 251) as u8).collect();
    let gpu = Arc::new(MockGpu::with_capacity(1 << 30)?);
    let manager = doc::manager(&gpu)?;
    let (shard, c) = (manager.seal(&bytes, 0)?, C::new(&bytes));
    if signature {
        let rounds = std::env::args().nth(2).and_then(|rounds| rounds.parse().ok()).unwrap_or(1000);
        compare("verify SIGNATURE", rounds, || verify(&manager, &shard, VerifyMode::Signature), || c.verify(1));
        return Ok(());
    }
    let seal = || assert!(manager.seal(&bytes, 0).is_ok());
    // SAFETY: the reference of the seal is given back once.
    compare("seal 64 MiB", 15, seal, || unsafe { sys::vres_shard_release(c.seal(&bytes)) });
    compare("verify 64 MiB", 41, || verify(&manager, &shard, VerifyMode::Full), || c.verify(0));
    compare("verify SIGNATURE", 100_001, || verify(&manager, &shard, VerifyMode::Signature), || c.verify(1));
    Ok(())
}
