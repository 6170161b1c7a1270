// SPDX-License-Identifier: GPL-3.0-or-later
//! Suspending, resuming and closing: adopted memory that its owner changes on purpose, moves, or frees.
use crate::error::{check, fail, Result, VramError};
use crate::ffi::{optional, or_null, pointer, Sized0};
use crate::shard::SealedShard;
use crate::verify::VerifyReport;
use std::fmt;
use std::ptr::null_mut;
use std::sync::Arc;
use vres_sys as sys;

/// A tensor whose bytes have changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Change<'a> {
    /// Its index; 0 in a shard without tensors.
    pub tensor: u32,
    /// Its fs-verity digest, 64 hex digits; `None`: it is sealed as it is found.
    pub expected_digest: Option<&'a str>,
}

/// What has become of the memory; the default: nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ResumeParams<'a> {
    /// Where each tensor is now, by index; one address in a shard without tensors; empty: where it was.
    pub device_ptrs: &'a [u64],
    /// The tensors that have changed.
    pub changes: &'a [Change<'a>],
    /// All have; `changes` then only says what some are expected to be.
    pub all_changed: bool,
    /// Text for the event, at most 128 bytes: a step, a version.
    pub label: Option<&'a str>,
}

impl SealedShard {
    /// Gives adopted memory to its owner, who may write, unmap, free and map again until [`resume()`](Self::resume).
    /// Until then the shard cannot be verified or leased, and the library touches nothing of it.
    pub fn suspend(&self) -> Result<()> {
        // SAFETY: the reference is live; err is ours.
        check(|e| unsafe { sys::vres_shard_suspend(self.handle.raw.0, e) })
    }

    /// Takes the memory back: asks the driver anew and hashes every byte.  What was not said to change must be what was
    /// sealed.
    ///
    /// When something has changed there is a new record: the fields of this variable become those of it, and receipts
    /// and clones of before are refused from then on; [`find()`](crate::VramManager::find) gives others the new fields.
    /// `vres/suspend.h` says what each failure leaves.
    ///
    /// ```
    /// # use vram_residency::*; let (gpu, manager) = doc::parts()?;
    /// let mut memory = gpu.map(b"weights")?;
    /// let params = SealParams { digest_alg: DigestAlg::Verity, ..SealParams::default() };
    /// // SAFETY: between here and the end of the shard, the memory is written to while the shard is suspended alone.
    /// let mut shard = unsafe { manager.adopt(params, memory.device_ptr(), 7)? };
    /// let before = shard.digest.clone();
    /// shard.suspend()?;
    /// unsafe { memory.write(0, b"W") };
    /// let params = ResumeParams { changes: &[Change::default()], label: Some("step 2"), ..ResumeParams::default() };
    /// unsafe { shard.resume(&params, &mut VerifyReport::default())? };
    /// assert!(shard.digest != before && shard.info()?.epoch == 1);
    /// manager.verify_sealed(&shard)?;
    /// # Ok::<(), VramError>(())
    /// ```
    ///
    /// # Safety
    /// As for [`adopt()`](crate::VramManager::adopt), and of the addresses in `params`, too.
    pub unsafe fn resume(&mut self, params: &ResumeParams<'_>, report: &mut VerifyReport) -> Result<()> {
        let label = optional(params.label, "label")?;
        let texts = params.changes.iter().map(|change| optional(change.expected_digest, "expected_digest"));
        let texts = texts.collect::<Result<Vec<_>>>()?;
        let changes = params.changes.iter().zip(&texts).map(|(change, expected)| sys::vres_change {
            tensor: change.tensor,
            expected_digest: pointer(expected),
            ..sys::vres_change::init()
        });
        let changes: Vec<_> = changes.collect();
        let raw_params = sys::vres_resume_params {
            device_ptrs: or_null(params.device_ptrs),
            device_ptrs_n: params.device_ptrs.len(),
            changes: or_null(&changes),
            changes_n: changes.len(),
            all_changed: u32::from(params.all_changed),
            label: pointer(&label),
            ..sys::vres_resume_params::init()
        };
        let mut raw = sys::vres_verify_report::init();
        // SAFETY: what the caller promises; the lists live during the call; out and err are ours.
        let told = check(|e| unsafe { sys::vres_shard_resume(self.handle.raw.0, &raw_params, &mut raw, e) });
        report.set(&raw, &[]);
        told?;
        *self = SealedShard::of(Arc::clone(&self.handle))?;
        Ok(())
    }

    /// Gives the shard back, and returns when nothing touches its memory any more; then adopted memory may be freed.
    /// Needs that there is no clone and no lease.
    ///
    /// ```
    /// # use vram_residency::*; let (gpu, manager) = doc::parts()?;
    /// let shard = manager.seal(b"weights", 0)?;
    /// let lease = manager.lease(&shard)?;
    /// let refused: NotClosed = shard.close().unwrap_err();
    /// assert!(refused.error.is_retriable());
    /// drop(lease);
    /// refused.shard.unwrap().close()?;
    /// # Ok::<(), VramError>(())
    /// ```
    pub fn close(mut self) -> std::result::Result<(), NotClosed> {
        let mut status = sys::VRES_E_BUSY;
        let told = match Arc::get_mut(&mut self.handle) {
            Some(handle) => check(|e| {
                // SAFETY: the only reference that the crate has; err is ours.
                status = unsafe { sys::vres_shard_close(handle.raw.0, e) };
                if status != sys::VRES_E_BUSY {
                    handle.raw.0 = null_mut(); // it was given back, also on failure
                }
                status
            }),
            None => Err(fail(status, sys::VRES_REASON_NONE, "the shard has clones")),
        };
        told.map_err(|error| {
            let shard = Some(self).filter(|_| status == sys::VRES_E_BUSY).map(Box::new);
            NotClosed { error, shard }
        })
    }
}

/// Why a shard was not closed as it should, and the shard, if it was given back to nobody.
#[derive(Debug)]
pub struct NotClosed {
    /// Why.
    pub error: VramError,
    /// The shard, when something still uses it.
    pub shard: Option<Box<SealedShard>>,
}

impl From<NotClosed> for VramError {
    fn from(from: NotClosed) -> VramError {
        from.error
    }
}

impl fmt::Display for NotClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for NotClosed {}
