// SPDX-License-Identifier: GPL-3.0-or-later
//! What a program without `unsafe` may do to the crate: nothing of it panics, hangs or ends the process.
use std::io::{self, Read};
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use vram_residency::*;

fn config(audit_logger: Arc<dyn AuditLogger>) -> VramConfig {
    VramConfig { worker_api_token: "test-token-42".into(), gpu_device: 0, max_model_size: 0, audit_logger }
}

#[test]
fn inputs_without_a_byte_or_an_element_are_refused() {
    let (gpu, manager) = doc::parts().unwrap();
    let shard = manager.seal(b"weights", 0).unwrap();
    let key = Key::derive(b"test-token-42", None).unwrap();
    let none = || SealParams { digest_alg: DigestAlg::Verity, ..SealParams::default() };
    let file = std::fs::File::open("/dev/null").unwrap();
    let invalid = |told: Result<()>| assert!(matches!(told, Err(VramError::InvalidInput(_))), "{told:?}");
    invalid(manager.seal(&[], 0).map(drop));
    invalid(manager.seal_reader(none(), &mut io::empty(), 0).map(drop));
    invalid(manager.seal_file(none(), &file, 0, 0).map(drop));
    // SAFETY: there is no memory.
    invalid(unsafe { manager.adopt(none(), 0, 0).map(drop) });
    invalid(gpu.map(&[]).map(drop));
    invalid(gpu.read(&manager.lease(&shard).unwrap(), 0, &mut []));
    invalid(Key::derive(&[], None).map(drop));
    invalid(validate_shard_id(""));
    invalid(validate_digest(""));
    invalid(manager.find("").map(drop));
    invalid(manager.verify_many(&[], &VerifyParams::default(), &mut Vec::new()));
    invalid(manager.verify_set(&[], &VerifyParams::default()));
    invalid(manager.scrub_step(std::time::Duration::ZERO, &mut ScrubReport::default()));
    assert_eq!(manager.open_receipt(&[]).unwrap_err(), VramError::NotSealed);
    assert_eq!(check_receipt(&[], &key).unwrap_err(), VramError::NotSealed);
}

#[test]
fn any_number_of_damaged_ranges_may_be_asked_for_of_one_shard_and_none_of_several() {
    let (_gpu, manager) = doc::parts().unwrap();
    let shard = manager.seal(b"weights", 0).unwrap();
    let verify = |damage_cap| {
        let params = VerifyParams { damage_cap, ..VerifyParams::default() };
        manager.verify_with(&shard, &params, &mut VerifyReport::default())
    };
    verify(1000).unwrap();
    verify(usize::MAX).unwrap();
    let params = VerifyParams { damage_cap: 1, ..VerifyParams::default() };
    assert!(manager.verify_many(&[&shard], &params, &mut Vec::new()).is_err());
    let set = manager.verify_set(&[&shard], &params).unwrap_err();
    assert!(set.to_string().contains("damage_cap"), "{set}");
}

/// A logger that calls its manager for each event, fails there, too, and drops shards that it keeps.
#[derive(Default)]
struct Reentrant {
    manager: Mutex<Weak<VramManager>>,
    kept: Mutex<Vec<SealedShard>>,
    calls: Mutex<u32>,
}

impl AuditLogger for Reentrant {
    fn record(&self, event: &Event<'_>) -> io::Result<()> {
        let manager = self.manager.lock().unwrap().upgrade();
        if let Some(manager) = manager.filter(|_| event.name() == "vram_sealed") {
            *self.calls.lock().unwrap() += 1;
            assert!(manager.find("nobody").is_err() && manager.available_vram() > 0);
            let kept = std::mem::take(&mut *self.kept.lock().unwrap());
            kept.iter().for_each(|shard| manager.verify_sealed(shard).unwrap());
            drop((kept, manager));
        }
        Ok(())
    }
}

struct AsksWhileRead<'a>(&'a VramManager);

impl Read for AsksWhileRead<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.seal(b"another", 0).map_err(|e| io::Error::new(io::ErrorKind::Other, e))?;
        into.fill(7);
        Ok(into.len())
    }
}

#[test]
fn callbacks_may_call_the_manager_and_drop_its_shards() {
    let gpu = Arc::new(MockGpu::with_capacity(1 << 20).unwrap());
    let logger = Arc::new(Reentrant::default());
    let manager = Arc::new(VramManager::with_options(config(logger.clone()), VramOptions::mock(&gpu)).unwrap());
    let kept = manager.seal(b"kept by the logger", 0).unwrap();
    logger.kept.lock().unwrap().push(kept);
    *logger.manager.lock().unwrap() = Arc::downgrade(&manager);
    manager.seal_reader(SealParams::default(), &mut AsksWhileRead(&manager), 9000).unwrap();
    assert_eq!((*logger.calls.lock().unwrap(), manager.metrics().shards), (2, 0));
    drop(manager);
    assert_eq!((gpu.live_handles(), Arc::strong_count(&logger)), (0, 1));
}

#[test]
fn closures_that_panic_when_they_are_dropped_end_with_their_manager() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("a closure is dropped");
        }
    }
    let gpu = Arc::new(MockGpu::with_capacity(1 << 20).unwrap());
    let mut options = VramOptions::mock(&gpu);
    let log = Bomb;
    options.log = Some(Box::new(move |_| assert!(std::ptr::eq(&log, &log))));
    let manager = VramManager::with_options(config(Arc::new(NoAudit)), options).unwrap();
    let lease = manager.lease(&manager.seal(b"weights", 0).unwrap()).unwrap();
    drop(manager);
    drop(lease);
    assert_eq!((gpu.live_handles(), Arc::strong_count(&gpu)), (0, 1));
}

#[test]
fn threads_share_a_manager_and_pass_shards_and_leases_on() {
    let gpu = Arc::new(MockGpu::with_capacity(4 << 20).unwrap());
    let manager = Arc::new(VramManager::with_options(config(Arc::new(NoAudit)), VramOptions::mock(&gpu)).unwrap());
    let shared = manager.seal(&[3; 9000], 0).unwrap();
    let threads: Vec<_> = (0..8)
        .map(|i| {
            let (manager, shared) = (Arc::clone(&manager), shared.clone());
            thread::spawn(move || {
                let mut leases = Vec::new();
                for _ in 0..20 {
                    let own = manager.seal(&[i; 5000], 0).unwrap();
                    manager.verify_sealed(&shared).unwrap();
                    leases.push(manager.lease(&own).unwrap());
                    leases.push(manager.lease(&shared).unwrap());
                }
                leases
            })
        })
        .collect();
    drop((manager, shared));
    let leases: Vec<Lease> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    assert!(leases.iter().all(|lease| lease.check().is_ok()) && leases.len() == 320);
    drop(leases);
    assert_eq!((gpu.live_handles(), gpu.unwiped(), Arc::strong_count(&gpu)), (0, 0, 1));
}

/// Compiles only while a type lacks a trait: with it there are two ways to name the function.
macro_rules! lacks {
    ($($type:ty: $($trait:path)*;)*) => {$($({
        trait Two<Which> {
            fn ways() {}
        }
        impl<T: ?Sized> Two<()> for T {}
        struct HasIt;
        impl<T: ?Sized + $trait> Two<HasIt> for T {}
        <$type as Two<_>>::ways();
    })*)*};
}

#[test]
fn no_secret_can_be_printed_or_copied() {
    lacks! {
        Key: std::fmt::Debug std::fmt::Display Clone AsRef<[u8]>;
        VramConfig: std::fmt::Debug std::fmt::Display Clone;
        VramOptions: std::fmt::Debug std::fmt::Display Clone;
        Lease: Clone;
    }
}
