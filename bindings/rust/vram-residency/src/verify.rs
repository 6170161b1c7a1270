// SPDX-License-Identifier: GPL-3.0-or-later
//! Verifying: how, and what it found.
use crate::error::{check, fail, invalid, Result};
use crate::ffi::{ns, view, Sized0};
use crate::manager::VramManager;
use crate::shard::SealedShard;
use std::time::Duration;
use vres_sys as sys;

/// How thoroughly a verification checks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum VerifyMode {
    /// Signature, residency, and every block, hashed on the device.
    #[default]
    Full,
    /// The signature of the record, and residency as the driver states it now.
    Signature,
    /// As `Signature`, and blocks chosen at random.
    Sampled,
    /// As `Signature`, and every block copied back and hashed on the host.
    Readback,
}

impl VerifyMode {
    pub(crate) fn raw(self) -> u32 {
        match self {
            VerifyMode::Full => sys::VRES_VERIFY_FULL,
            VerifyMode::Signature => sys::VRES_VERIFY_SIGNATURE,
            VerifyMode::Sampled => sys::VRES_VERIFY_SAMPLED,
            VerifyMode::Readback => sys::VRES_VERIFY_READBACK,
        }
    }
}

/// How to verify; the default checks every byte.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VerifyParams {
    /// How thoroughly.
    pub mode: VerifyMode,
    /// How many samples; 0: as policy says.
    pub sample_units: u32,
    /// Give way to other work on the device.
    pub background: bool,
    /// How many damaged ranges to list at most.
    pub damage_cap: usize,
}

impl From<VerifyMode> for VerifyParams {
    fn from(mode: VerifyMode) -> VerifyParams {
        VerifyParams { mode, ..VerifyParams::default() }
    }
}

impl VerifyParams {
    /// `room` receives the damaged ranges and outlives the result.
    pub(crate) fn raw(&self, room: &mut [sys::vres_damage]) -> sys::vres_verify_params {
        sys::vres_verify_params {
            mode: self.mode.raw(),
            sample_units: self.sample_units,
            background: u32::from(self.background),
            damage: if room.is_empty() { std::ptr::null_mut() } else { room.as_mut_ptr() },
            damage_cap: room.len(),
            ..sys::vres_verify_params::init()
        }
    }
}

/// Room for so many damaged ranges.
pub(crate) fn room(n: usize) -> Result<Vec<sys::vres_damage>> {
    let mut room = Vec::new();
    let reserved = room.try_reserve_exact(n);
    reserved.map_err(|_| fail(sys::VRES_E_NO_MEMORY, sys::VRES_REASON_NONE, "no memory for damage_cap ranges"))?;
    room.resize(n, sys::vres_damage::init());
    Ok(room)
}

/// A damaged range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damage {
    /// Where it begins, in the tensor or, without tensors, in the shard.
    pub offset: u64,
    /// How long it is.
    pub bytes: u64,
    /// In which tensor; `None` in a shard without tensors.
    pub tensor: Option<u32>,
}

impl Damage {
    pub(crate) fn from_raw(d: &sys::vres_damage) -> Damage {
        Damage { offset: d.offset, bytes: d.bytes, tensor: Some(d.tensor).filter(|t| *t != u32::MAX) }
    }
}

view! {raw =>
/// What a verification did and found; filled on failure, too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
VerifyReport of vres_verify_report {
    /// A `vres_status`.
    status: u32 = raw.status,
    /// A `vres_reason`.
    reason: u32 = raw.reason,
    /// Blocks in the shard.
    blocks_total: u64 = raw.blocks_total,
    /// Of them, hashed now.
    blocks_checked: u64 = raw.blocks_checked,
    /// Bytes hashed now.
    bytes_hashed: u64 = raw.bytes_hashed,
    /// At least so many blocks are damaged.
    bad_blocks: u64 = raw.bad_blocks,
    /// Damaged ranges, also beyond those that are listed.
    damage_count: u64 = raw.damage_count,
    /// Damaged tensors; 0 in a shard without tensors.
    bad_tensors: u64 = raw.bad_tensors,
    /// The damaged ranges, in order, as many as were asked for.
    damage: Vec<Damage> = Vec::new(),
    /// How long it took.
    duration: Duration = Duration::from_nanos(raw.duration),
}}

impl VerifyReport {
    pub(crate) fn set(&mut self, raw: &sys::vres_verify_report, room: &[sys::vres_damage]) {
        let listed = usize::try_from(raw.damage_count).unwrap_or(usize::MAX);
        *self = VerifyReport::from_raw(raw);
        self.damage = room.iter().take(listed).map(Damage::from_raw).collect();
    }

    /// `"digest"` and so on; `"none"`.
    pub fn reason_name(&self) -> &'static str {
        crate::ffi::reason_name(self.reason)
    }
}

view! {raw =>
/// What a step of the scrub did, and how far the scrub is; filled on failure, too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
ScrubReport of vres_scrub_report {
    /// Bytes that this step hashed.
    bytes_hashed: u64 = raw.bytes_hashed,
    /// Bytes of all shards that are sealed.
    bytes_total: u64 = raw.bytes_total,
    /// How long ago the byte was checked whose check is the oldest.
    oldest_check_age: Duration = Duration::from_nanos(raw.oldest_check_age),
    /// How many shards `bytes_total` counts.
    shards: u32 = raw.shards,
    /// Of them, found damaged by this step.
    failed: u32 = raw.failed,
}}

impl VramManager {
    /// Verifies every byte, now, and that the fields of `shard` are those that were sealed.
    ///
    /// A shard that fails is refused from then on.  [`Failure::last()`](crate::Failure::last) says which check it was.
    ///
    /// ```
    /// # use vram_residency::*; let (gpu, manager) = doc::parts()?;
    /// let shard = manager.seal(b"weights", 0)?;
    /// manager.verify_sealed(&shard)?;
    /// let mut other = shard.clone();
    /// other.digest = "0".repeat(64);
    /// assert_eq!(manager.verify_sealed(&other), Err(VramError::SealVerificationFailed));
    /// # Ok::<(), VramError>(())
    /// ```
    pub fn verify_sealed(&self, shard: &SealedShard) -> Result<()> {
        self.verify_with(shard, &VerifyParams::default(), &mut VerifyReport::default())
    }

    /// Verifies in another way, with a report that is filled on failure, too.
    ///
    /// ```
    /// # use vram_residency::*; let (gpu, manager) = doc::parts()?;
    /// let shard = manager.seal(&[7; 100_000], 0)?;
    /// let mut report = VerifyReport::default();
    /// manager.verify_with(&shard, &VerifyMode::Signature.into(), &mut report)?;
    /// assert_eq!(report.bytes_hashed, 0);
    /// gpu.flip(manager.lease(&shard)?.device_ptr(), 0)?;
    /// let params = VerifyParams { damage_cap: 10, ..VerifyParams::default() };
    /// assert!(manager.verify_with(&shard, &params, &mut report).is_err());
    /// let first: Damage = report.damage[0];
    /// assert_eq!((report.reason_name(), report.damage_count, first.offset), ("digest", 1, 0));
    /// # Ok::<(), VramError>(())
    /// ```
    pub fn verify_with(&self, shard: &SealedShard, params: &VerifyParams, report: &mut VerifyReport) -> Result<()> {
        let mut room = room(params.damage_cap.min(shard.most_damage()))?;
        let shard = self.own(shard)?;
        let raw_params = params.raw(&mut room);
        let mut raw = sys::vres_verify_report::init();
        // SAFETY: the reference is live, and the room outlives the call; out and err are ours.
        let told = check(|e| unsafe { sys::vres_shard_verify(shard, &raw_params, &mut raw, e) });
        report.set(&raw, &room);
        told
    }

    /// Verifies several shards in one call; each gets its report, also on failure.
    ///
    /// ```
    /// # use vram_residency::*; let (gpu, manager) = doc::parts()?;
    /// let part = |shard_index| {
    ///     let set = SealParams { group_id: Some("set"), shard_index, total_shards: 2, ..SealParams::default() };
    ///     manager.seal_bytes(set, &[7; 5000])
    /// };
    /// let (a, b) = (part(0)?, part(1)?);
    /// let mut reports = Vec::new();
    /// manager.verify_many(&[&a, &b], &VerifyParams::default(), &mut reports)?;
    /// assert_eq!(reports.len(), 2);
    /// manager.verify_set(&[&b, &a], &VerifyParams::default())?;
    /// # Ok::<(), VramError>(())
    /// ```
    pub fn verify_many(
        &self,
        shards: &[&SealedShard],
        params: &VerifyParams,
        reports: &mut Vec<VerifyReport>,
    ) -> Result<()> {
        let raw_shards = self.all_own(shards, params)?;
        let raw_params = params.raw(&mut []);
        let mut raw = vec![sys::vres_verify_report::init(); shards.len()];
        let n = raw_shards.len();
        // SAFETY: n live references and n reports; err is ours.
        let told = check(|e| unsafe {
            let (shards, reports) = (raw_shards.as_ptr(), raw.as_mut_ptr());
            sys::vres_verify_many(self.raw.0, shards, n, &raw_params, reports, e)
        });
        reports.clear();
        reports.resize_with(n, VerifyReport::default);
        reports.iter_mut().zip(&raw).for_each(|(to, from)| to.set(from, &[]));
        told
    }

    /// Verifies that the shards are one complete set, and each of them.
    pub fn verify_set(&self, shards: &[&SealedShard], params: &VerifyParams) -> Result<()> {
        let raw_shards = self.all_own(shards, params)?;
        let raw_params = params.raw(&mut []);
        let mut report = sys::vres_set_report::init();
        // SAFETY: as many live references as said; out and err are ours.
        check(|e| unsafe {
            let (shards, n) = (raw_shards.as_ptr(), raw_shards.len());
            sys::vres_set_verify(self.raw.0, shards, n, &raw_params, &mut report, e)
        })
    }

    fn all_own(&self, shards: &[&SealedShard], params: &VerifyParams) -> Result<Vec<*mut sys::vres_shard>> {
        if params.damage_cap != 0 {
            return Err(invalid("damage_cap must be 0 for several shards"));
        }
        shards.iter().map(|shard| self.own(shard)).collect()
    }

    /// Verifies the next parts of all shards, for as long as `budget` says.
    ///
    /// ```
    /// # use vram_residency::*; let (gpu, manager) = doc::parts()?;
    /// let shard = manager.seal(b"weights", 0)?;
    /// let mut report = ScrubReport::default();
    /// manager.scrub_step(std::time::Duration::from_millis(50), &mut report)?;
    /// assert_eq!((report.bytes_hashed, report.shards), (7, 1));
    /// # Ok::<(), VramError>(())
    /// ```
    pub fn scrub_step(&self, budget: Duration, report: &mut ScrubReport) -> Result<()> {
        let mut raw = sys::vres_scrub_report::init();
        // SAFETY: the manager is live; out and err are ours.
        let told = check(|e| unsafe { sys::vres_scrub_step(self.raw.0, ns(budget), &mut raw, e) });
        *report = ScrubReport::from_raw(&raw);
        told
    }
}
