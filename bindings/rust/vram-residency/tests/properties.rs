// SPDX-License-Identifier: GPL-3.0-or-later
//! Properties, each over 1,000 random cases.  VRES_TEST_SEED repeats a run; the seed is printed.
use std::collections::HashSet;
use std::sync::Arc;
use vram_residency::*;

const CASES: u32 = 1000;

/// SplitMix64: enough for test data, and nothing else.
struct Random(u64);

impl Random {
    fn new(test: &str) -> Random {
        let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos() as u64;
        let seed = std::env::var("VRES_TEST_SEED").ok().map_or(clock, |seed| seed.parse().unwrap());
        println!("{test}: VRES_TEST_SEED={seed}");
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn bytes(&mut self, n: usize) -> Vec<u8> {
        (0..n).map(|_| self.next() as u8).collect()
    }

    /// Sizes near the edges of blocks and groups of them, and others.
    fn size(&mut self) -> usize {
        let edge = [1, 4096, 8192, 65_536][self.below(4)];
        match self.below(3) {
            0 => edge,
            1 => edge + self.below(3),
            _ => 1 + self.below(40_000),
        }
    }
}

fn manager(gpu: &Arc<MockGpu>) -> VramManager {
    VramManager::with_options(doc::config(), VramOptions::mock(gpu)).unwrap()
}

#[test]
fn whatever_is_sealed_verifies_and_has_the_digest_of_its_bytes() {
    let mut random = Random::new("seal_model");
    let gpu = Arc::new(MockGpu::with_capacity(64 << 20).unwrap());
    let manager = manager(&gpu);
    for case in 0..CASES {
        let n = random.size();
        let bytes = random.bytes(n);
        let shard = manager.seal_model(format!("shard-{case}"), 0, &bytes).unwrap();
        assert_eq!((shard.vram_bytes, shard.digest.len()), (n, 64));
        manager.verify_sealed(&shard).unwrap();
        let params = SealParams { expected_digest: Some(&shard.digest), ..SealParams::default() };
        assert!(manager.seal_bytes(params, &bytes).is_ok());
        let mut seen = vec![0; n];
        gpu.read(&manager.lease(&shard).unwrap(), 0, &mut seen).unwrap();
        assert_eq!(seen, bytes);
    }
    assert_eq!((manager.used_vram(), gpu.unwiped()), (0, 0));
}

#[test]
fn any_flipped_bit_fails_the_verification_of_its_shard_and_of_no_other() {
    let mut random = Random::new("verify_sealed");
    let gpu = Arc::new(MockGpu::with_capacity(64 << 20).unwrap());
    let manager = manager(&gpu);
    let other = manager.seal(&[5; 10_000], 0).unwrap();
    for _ in 0..CASES {
        let n = random.size();
        let shard = manager.seal(&random.bytes(n), 0).unwrap();
        let offset = random.below(n) as u64;
        let address = manager.lease(&shard).unwrap().device_ptr() + offset;
        gpu.flip(address, random.below(8) as u32).unwrap();
        let mut report = VerifyReport::default();
        let params = VerifyParams { damage_cap: 2, ..VerifyParams::default() };
        assert_eq!(manager.verify_with(&shard, &params, &mut report), Err(VramError::SealVerificationFailed));
        assert_eq!(report.damage.len(), 1);
        let damage = report.damage[0];
        assert!(damage.offset <= offset && offset < damage.offset + damage.bytes);
        assert_eq!(manager.lease(&shard).unwrap_err(), VramError::SealVerificationFailed);
    }
    manager.verify_sealed(&other).unwrap();
}

#[test]
fn an_id_is_accepted_exactly_when_it_is_1_to_256_letters_digits_dashes_and_underscores() {
    let mut random = Random::new("validate_shard_id");
    let good: Vec<char> = ('a'..='z').chain('A'..='Z').chain('0'..='9').chain(['-', '_']).collect();
    let bad = ['/', '.', ' ', '\0', '\n', 'é', '\u{202e}', '\\', ':', '~'];
    let (mut accepted, mut refused) = (0, 0);
    for _ in 0..CASES {
        let n = [0, 1, 255, 256, 257, 1 + random.below(300)][random.below(6)];
        let mut id: Vec<char> = (0..n).map(|_| good[random.below(good.len())]).collect();
        let spoiled = n > 0 && random.below(2) == 0;
        if spoiled {
            id[random.below(n)] = bad[random.below(bad.len())];
        }
        let id: String = id.into_iter().collect();
        let expected = (1..=256).contains(&id.len()) && !spoiled;
        assert_eq!(validate_shard_id(&id).is_ok(), expected, "{id:?}");
        accepted += u32::from(expected);
        refused += u32::from(!expected);
    }
    assert!(accepted > 100 && refused > 100);
}

#[test]
fn a_receipt_is_accepted_with_its_key_alone_and_after_no_change_of_any_bit() {
    let mut random = Random::new("receipts");
    let gpu = Arc::new(MockGpu::with_capacity(64 << 20).unwrap());
    let manager = manager(&gpu);
    let key = Key::derive(b"test-token-42", None).unwrap();
    let mut ids = HashSet::new();
    for _ in 0..CASES {
        let n = 1 + random.below(5000);
        let shard = manager.seal(&random.bytes(n), 0).unwrap();
        let mut receipt = shard.receipt().unwrap();
        let info = check_receipt(&receipt, &key).unwrap();
        assert_eq!((&info.shard_id, &info.digest), (&shard.shard_id, &shard.digest));
        assert!(ids.insert(info.shard_id), "an id was made twice");
        let other = Key::derive(&random.bytes(32), None).unwrap();
        assert_eq!(check_receipt(&receipt, &other), Err(VramError::SealVerificationFailed));
        let at = random.below(receipt.len());
        match random.below(3) {
            0 => receipt[at] ^= 1 << random.below(8),
            1 => receipt.truncate(at),
            _ => receipt.insert(at, !receipt[at]),
        }
        assert!(check_receipt(&receipt, &key).is_err());
        assert!(manager.open_receipt(&receipt).is_err());
        manager.verify_sealed(&shard).unwrap();
    }
}
