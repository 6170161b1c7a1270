// SPDX-License-Identifier: GPL-3.0-or-later
//! Memory that stays the caller's: sealed where it is, whole or as tensors, suspended, resumed, and closed.
use std::io;
use std::sync::{Arc, Mutex};
use vram_residency::*;

/// An engine: its memory, and a shard over four tensors of 1000 bytes.
struct Engine {
    gpu: Arc<MockGpu>,
    manager: VramManager,
    memory: MockMemory,
    shard: SealedShard,
    told: Arc<Told>,
}

#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl AuditLogger for Told {
    fn record(&self, event: &Event<'_>) -> io::Result<()> {
        let counts = (event.changed_tensors(), event.expected_tensors(), event.moved_tensors());
        let line = format!("{} {} {:?} {:?}", event.name(), event.reason_name(), counts, event.label());
        self.0.lock().unwrap().push(line);
        Ok(())
    }
}

impl Told {
    fn last(&self) -> String {
        self.0.lock().unwrap().last().unwrap().clone()
    }
}

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

fn tensors(at: u64) -> Vec<Tensor<'static>> {
    let named = NAMES.iter().zip(0..);
    named.map(|(name, i)| Tensor { name, device_ptr: at + i * 1000, bytes: 1000, expected_digest: None }).collect()
}

fn engine() -> Engine {
    let gpu = Arc::new(MockGpu::with_capacity(1 << 20).unwrap());
    let told = Arc::new(Told::default());
    let config = VramConfig {
        worker_api_token: "test-token-42".into(),
        gpu_device: 0,
        max_model_size: 0,
        audit_logger: told.clone(),
    };
    let manager = VramManager::with_options(config, VramOptions::mock(&gpu)).unwrap();
    let memory = gpu.map(&[1; 4000]).unwrap();
    // SAFETY: tests write to the memory while the shard is suspended alone, and free it when it is gone.
    let shard = unsafe { manager.seal_tensors(SealParams::default(), &tensors(memory.device_ptr())).unwrap() };
    Engine { gpu, manager, memory, shard, told }
}

impl Engine {
    fn resume(&mut self, params: ResumeParams<'_>) -> Result<()> {
        // SAFETY: as in engine().
        unsafe { self.shard.resume(&params, &mut VerifyReport::default()) }
    }

    fn write(&mut self, offset: usize, bytes: &[u8]) {
        self.shard.suspend().unwrap();
        // SAFETY: the shard is suspended.
        unsafe { self.memory.write(offset, bytes) }
    }
}

fn is_state(told: Result<()>, reason: &str) {
    assert!(matches!(told, Err(VramError::InvalidInput(_))), "{told:?}");
    assert_eq!(Failure::last().unwrap().reason_name(), reason);
}

#[test]
fn memory_of_the_caller_is_adopted_whole_or_as_tensors_and_stays_the_callers() {
    let (gpu, manager) = doc::parts().unwrap();
    let memory = gpu.map(&[6; 30_000]).unwrap();
    let at = memory.device_ptr();
    let verity = || SealParams { digest_alg: DigestAlg::Verity, ..SealParams::default() };
    // SAFETY: the memory outlives the shards, and only the mock writes to it.
    let (whole, refused) = unsafe { (manager.adopt(verity(), at, 30_000).unwrap(), manager.adopt(verity(), 1, 5)) };
    assert!(matches!(refused, Err(VramError::InvalidInput(_))));
    assert!(whole.info().unwrap().adopted && whole.manifest().is_err());
    assert_eq!(manager.lease(&whole).unwrap().device_ptr(), at);
    let digest = whole.digest.clone();
    let tensor = |name, expected_digest| Tensor { name, device_ptr: at, bytes: 30_000, expected_digest };
    // SAFETY: as above.
    let seal = |tensors: &[Tensor<'_>]| unsafe { manager.seal_tensors(SealParams::default(), tensors) };
    let tied = seal(&[tensor("b", None), tensor("a é", Some(&digest))]).unwrap();
    assert_eq!(tied.manifest().unwrap(), format!("sha256:{digest} a é\nsha256:{digest} b\n"));
    assert_eq!((tied.vram_bytes, tied.info().unwrap().tensors), (30_000, 2));
    manager.verify_sealed(&tied).unwrap();
    let wrong = "0".repeat(64);
    assert_eq!(seal(&[tensor("a", Some(&wrong))]).unwrap_err(), VramError::IntegrityViolation);
    for bad in [&[][..], &[tensor("a", None), tensor("a", None)], &[tensor("n\0", None)], &[tensor("", None)]] {
        assert!(matches!(seal(bad), Err(VramError::InvalidInput(_))), "{bad:?}");
    }
    drop((whole, tied));
    assert_eq!(manager.metrics().shards, 0);
    gpu.flip(at, 0).unwrap();
}

#[test]
fn digests_of_tensors_are_those_that_a_seal_expects() {
    let engine = engine();
    let of = tensors(engine.memory.device_ptr());
    // SAFETY: nobody writes to the memory.
    let digest = |tensors: &[Tensor<'_>]| unsafe { engine.manager.tensors_digest(tensors) };
    let found = digest(&of[1..3]).unwrap();
    assert_eq!(found[0], engine.shard.tensor(1).unwrap().digest);
    assert_eq!((found.len(), found[0].len(), &found[0]), (2, 64, &found[1]), "the same bytes have the same digest");
    let expected = Tensor { expected_digest: Some(&found[0]), ..of[0] };
    for bad in [&[][..], &[expected], &[Tensor { name: "n\0", ..of[0] }], &[Tensor { device_ptr: 16, ..of[0] }]] {
        assert!(matches!(digest(bad), Err(VramError::InvalidInput(_))), "{bad:?}");
    }
    assert!(matches!(engine.shard.tensor(4), Err(VramError::InvalidInput(_))));
}

#[test]
fn a_seal_that_was_expected_to_be_other_bytes_lists_every_tensor() {
    let engine = engine();
    let (mut of, wrong) = (tensors(engine.memory.device_ptr()), "0".repeat(64));
    of[1].expected_digest = Some(&wrong);
    let right = engine.shard.tensor(2).unwrap().digest;
    of[2].expected_digest = Some(&right);
    of[3] = Tensor { bytes: 999, expected_digest: Some(&wrong), ..of[3] };
    let mut found = vec![Damage { offset: 1, bytes: 1, tensor: None }];
    // SAFETY: nobody writes to the memory.
    let mut seal = |of: &[Tensor<'_>]| unsafe {
        let told =
            engine.manager.seal_tensors(SealParams { unexpected: Some(&mut found), ..SealParams::default() }, of);
        (told.map(drop), found.clone())
    };
    let listed = [(1, 1000), (3, 999)].map(|(index, bytes)| Damage { offset: 0, bytes, tensor: Some(index) });
    assert_eq!(seal(&of), (Err(VramError::IntegrityViolation), listed.to_vec()));
    assert_eq!(seal(&of[2..3]), (Ok(()), vec![]));
}

#[test]
fn a_shard_that_sleeps_moves_and_takes_new_weights_is_another_epoch_of_itself() {
    let mut engine = engine();
    let (before, receipt) = (engine.shard.clone(), engine.shard.receipt().unwrap());
    engine.shard.suspend().unwrap();
    let moved = engine.gpu.map(&[[1; 2000], [2; 2000]].concat()).unwrap();
    let at: Vec<u64> = tensors(moved.device_ptr()).iter().map(|tensor| tensor.device_ptr).collect();
    engine.memory = moved; // the old memory is unmapped and freed here
                           // SAFETY: nobody writes to the memory.
    let right = unsafe { engine.manager.tensors_digest(&tensors(at[0])[2..3]).unwrap() };
    let changes = [Change { tensor: 2, expected_digest: Some(&right[0]) }, Change { tensor: 3, expected_digest: None }];
    let params = ResumeParams { device_ptrs: &at, changes: &changes, label: Some("step 7"), ..ResumeParams::default() };
    engine.resume(params).unwrap();
    assert_eq!(engine.told.last(), "vram_resealed none (2, 1, 4) Some(\"step 7\")");
    assert_eq!((engine.shard.info().unwrap().epoch, engine.shard.shard_id == before.shard_id), (1, true));
    assert!(engine.shard.digest != before.digest && engine.shard.sealed_at > before.sealed_at);
    engine.manager.verify_sealed(&engine.shard).unwrap();
    is_state(engine.manager.verify_sealed(&before), "superseded");
    is_state(engine.manager.lease(&before).map(drop), "superseded");
    is_state(engine.manager.open_receipt(&receipt).map(drop), "superseded");
    let found = engine.manager.find(&before.shard_id).unwrap();
    assert_eq!(ModelShardHandle::from(&found), ModelShardHandle::from(&engine.shard));
    let mut edited = engine.shard.clone();
    edited.digest = before.digest;
    assert_eq!(engine.manager.verify_sealed(&edited), Err(VramError::SealVerificationFailed));
}

#[test]
fn what_has_only_slept_keeps_its_record_and_is_not_touched_meanwhile() {
    let mut engine = engine();
    let (before, receipt) = (engine.shard.clone(), engine.shard.receipt().unwrap());
    engine.shard.suspend().unwrap();
    assert!(engine.shard.info().unwrap().suspended);
    is_state(engine.shard.suspend(), "suspended");
    is_state(engine.manager.verify_sealed(&engine.shard), "suspended");
    is_state(engine.manager.lease(&engine.shard).map(drop), "suspended");
    is_state(engine.shard.receipt().map(drop), "suspended");
    let mut report = ScrubReport::default();
    engine.manager.scrub_step(std::time::Duration::from_secs(1), &mut report).unwrap();
    assert_eq!(report.bytes_hashed, 0);
    engine.resume(ResumeParams::default()).unwrap();
    assert_eq!(engine.told.last(), "vram_resumed none (0, 0, 0) None");
    engine.manager.verify_sealed(&before).unwrap();
    assert_eq!(engine.manager.open_receipt(&receipt).unwrap().digest, before.digest);
}

#[test]
fn bytes_that_were_not_said_to_change_quarantine_the_shard_until_the_right_ones_are_back() {
    let mut engine = engine();
    engine.write(1500, b"x");
    let mut report = VerifyReport::default();
    // SAFETY: nobody writes to the memory.
    let told = unsafe { engine.shard.resume(&ResumeParams::default(), &mut report) };
    assert_eq!((told, report.reason_name()), (Err(VramError::SealVerificationFailed), "digest"));
    assert_eq!(report.bad_tensors, 1);
    assert!(engine.shard.info().unwrap().quarantined);
    let wrong = "0".repeat(64);
    engine.write(1500, &[1]);
    let changes = [Change { tensor: 0, expected_digest: Some(&wrong) }];
    let params = ResumeParams { changes: &changes, ..ResumeParams::default() };
    assert_eq!(engine.resume(params), Err(VramError::IntegrityViolation));
    engine.shard.suspend().unwrap();
    engine.resume(ResumeParams::default()).unwrap();
    engine.manager.verify_sealed(&engine.shard).unwrap();
    assert_eq!(engine.shard.info().unwrap().epoch, 0);
}

#[test]
fn a_resume_that_is_asked_wrongly_leaves_the_shard_suspended() {
    let mut engine = engine();
    is_state(engine.resume(ResumeParams::default()), "none");
    engine.shard.suspend().unwrap();
    let (at, long) = (engine.memory.device_ptr(), "x".repeat(129));
    let bad = [
        ResumeParams { device_ptrs: &[at], ..ResumeParams::default() },
        ResumeParams { device_ptrs: &[at, at, at, 16], ..ResumeParams::default() },
        ResumeParams { changes: &[Change { tensor: 4, expected_digest: None }], ..ResumeParams::default() },
        ResumeParams { changes: &[Change { tensor: 0, expected_digest: Some("a\0") }], ..ResumeParams::default() },
        ResumeParams { label: Some("a\0b"), ..ResumeParams::default() },
        ResumeParams { label: Some(&long), ..ResumeParams::default() },
    ];
    for params in bad {
        let told = engine.resume(params);
        assert!(matches!(told, Err(VramError::InvalidInput(_))), "{params:?}: {told:?}");
    }
    engine.resume(ResumeParams { all_changed: true, ..ResumeParams::default() }).unwrap();
    let own = engine.manager.seal(b"weights", 0).unwrap();
    assert!(matches!(own.suspend(), Err(VramError::InvalidInput(_))), "its memory is the library's");
    assert_eq!(Failure::last().unwrap().status_name(), "VRES_E_UNSUPPORTED");
}

#[test]
fn a_shard_is_closed_when_nobody_else_uses_it_and_is_given_back_otherwise() {
    let Engine { gpu, manager, memory, shard, told } = engine();
    let clone = shard.clone();
    let refused = shard.close().unwrap_err();
    assert!(refused.error.is_retriable(), "{refused}");
    drop(clone);
    let shard = *refused.shard.unwrap();
    let lease = manager.lease(&shard).unwrap();
    let refused = shard.close().unwrap_err();
    assert_eq!(Failure::last().unwrap().status_name(), "VRES_E_BUSY");
    drop(lease);
    let other = manager.find(&refused.shard.as_ref().unwrap().shard_id).unwrap();
    let refused = refused.shard.unwrap().close().unwrap_err();
    drop(other);
    refused.shard.unwrap().close().unwrap();
    assert!(told.last().starts_with("vram_released"));
    drop(memory);
    gpu.fail(MockOp::MemRelease, 1, sys::VRES_E_BACKEND);
    let refused = manager.seal(b"weights", 0).unwrap().close().unwrap_err();
    assert!(matches!(refused.error, VramError::CudaDeallocationFailed(_)) && refused.shard.is_none());
    assert_eq!(manager.metrics().shards, 0);
    drop(manager);
    assert_eq!(gpu.live_handles(), 0);
}
