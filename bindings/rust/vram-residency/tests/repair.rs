// SPDX-License-Identifier: GPL-3.0-or-later
//! Damaged blocks are loaded again from a source that need not be trusted.
use std::io;
use std::sync::{Arc, Mutex};
use vram_residency::*;

const BYTES: usize = 300_000;

#[derive(Default)]
struct Repaired(Mutex<Vec<(u64, u64, bool)>>);

impl AuditLogger for Repaired {
    fn record(&self, event: &Event<'_>) -> io::Result<()> {
        if event.name() == "vram_repaired" {
            self.0.lock().unwrap().push((event.ranges(), event.repaired_bytes(), event.is_lifted()));
        }
        Ok(())
    }
}

struct Damaged {
    gpu: Arc<MockGpu>,
    manager: VramManager,
    shard: SealedShard,
    told: Arc<Repaired>,
}

/// A shard of sevens with a bit flipped at each of these offsets.
fn damaged(offsets: &[u64]) -> Damaged {
    let gpu = Arc::new(MockGpu::with_capacity(1 << 20).unwrap());
    let told = Arc::new(Repaired::default());
    let config = VramConfig {
        worker_api_token: "test-token-42".into(),
        gpu_device: 0,
        max_model_size: 0,
        audit_logger: told.clone(),
    };
    let options = VramOptions { keep_leaves: true, ..VramOptions::mock(&gpu) };
    let manager = VramManager::with_options(config, options).unwrap();
    let shard = manager.seal(&[7; BYTES], 0).unwrap();
    let at = manager.lease(&shard).unwrap().device_ptr();
    offsets.iter().for_each(|offset| gpu.flip(at + offset, 3).unwrap());
    Damaged { gpu, manager, shard, told }
}

impl Damaged {
    fn repair(&self, source: Source<'_>) -> Result<()> {
        self.shard.repair(source, &RepairParams::default(), &mut VerifyReport::default())
    }
}

fn sevens(_: u64, into: &mut [u8]) -> io::Result<()> {
    into.fill(7);
    Ok(())
}

#[test]
fn damaged_blocks_alone_are_asked_for_and_the_quarantine_ends() {
    let of = damaged(&[5000, 100_000]);
    let receipt = of.shard.receipt().unwrap();
    assert!(of.manager.verify_sealed(&of.shard).is_err());
    let (mut asked, mut report) = (0, VerifyReport::default());
    let mut source = |offset: u64, into: &mut [u8]| {
        asked += into.len();
        assert!(offset as usize + into.len() <= BYTES);
        sevens(offset, into)
    };
    of.shard.repair(&mut source, &RepairParams { damage_cap: 9, ..RepairParams::default() }, &mut report).unwrap();
    let found: Vec<_> = report.damage.iter().map(|damage| (damage.offset, damage.bytes)).collect();
    assert_eq!(found, [(4096, 4096), (98_304, 4096)]);
    assert!((8192..BYTES).contains(&asked), "{asked}");
    assert_eq!(*of.told.0.lock().unwrap(), [(2, 8192, true)]);
    assert!(!of.shard.info().unwrap().quarantined);
    of.manager.verify_sealed(&of.shard).unwrap();
    assert_eq!(of.manager.open_receipt(&receipt).unwrap().digest, of.shard.digest);
}

#[test]
fn a_source_that_is_wrong_fails_or_panics_leaves_the_shard_quarantined_and_may_be_followed_by_another() {
    let of = damaged(&[5000]);
    assert_eq!(of.repair(&mut |_, _| Ok(())), Err(VramError::IntegrityViolation));
    let is_io = |told: Result<()>| assert!(told.unwrap_err().to_string().contains("VRES_E_IO"));
    is_io(of.repair(&mut |_, _| Err(io::ErrorKind::NotFound.into())));
    is_io(of.repair(&mut |_, _| panic!("source")));
    assert!(of.shard.info().unwrap().quarantined);
    of.repair(&mut sevens).unwrap();
    of.manager.verify_sealed(&of.shard).unwrap();
}

#[test]
fn what_must_not_be_repaired_says_why() {
    let of = damaged(&[5000]);
    let params = RepairParams { max_bytes: 100, ..RepairParams::default() };
    let told = of.shard.repair(&mut sevens, &params, &mut VerifyReport::default());
    assert!(matches!(told, Err(VramError::InvalidInput(_))), "{told:?}");
    let other = of.manager.seal(&[7; 9000], 0).unwrap();
    let lease = of.manager.lease(&other).unwrap();
    let repair = |shard: &SealedShard| {
        shard.repair(&mut sevens, &RepairParams::default(), &mut VerifyReport::default()).unwrap_err()
    };
    assert!(repair(&other).is_retriable(), "a lease is open");
    drop(lease);
    let memory = of.gpu.map(&[7; 9000]).unwrap();
    let verity = SealParams { digest_alg: DigestAlg::Verity, ..SealParams::default() };
    // SAFETY: nobody writes to the memory, which outlives the shard.
    let adopted = unsafe { of.manager.adopt(verity, memory.device_ptr(), 9000).unwrap() };
    assert!(matches!(repair(&adopted), VramError::InvalidInput(_)));
    assert_eq!(Failure::last().unwrap().status_name(), "VRES_E_UNSUPPORTED");
    drop(adopted);
}
