// SPDX-License-Identifier: GPL-3.0-or-later
//! Repair: the damaged blocks of a shard are loaded again, and nothing else of it.
use crate::error::{check, Result};
use crate::ffi::{deliver, Sized0};
use crate::shard::SealedShard;
use crate::verify::{room, VerifyReport};
use std::ffi::c_void;
use std::io;
use vres_sys as sys;

/// Fills a buffer with the bytes at an offset, as they were sealed.
pub type Source<'a> = &'a mut dyn FnMut(u64, &mut [u8]) -> io::Result<()>;

/// What a repair may do; the default: repair whatever is damaged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RepairParams {
    /// Damage of more bytes than this is not repaired; 0: however much it is.
    pub max_bytes: u64,
    /// How many damaged ranges to list at most.
    pub damage_cap: usize,
}

impl SealedShard {
    /// Finds the damaged blocks, has `source` deliver them, and lifts the quarantine when every byte is what was sealed.
    ///
    /// What `source` delivers is compared with what was sealed before it is written, so it need not be right; it is
    /// asked for blocks near the damage alone.  `vres/repair.h` says what each failure leaves.
    ///
    /// ```
    /// # use vram_residency::*; let (gpu, manager) = doc::parts()?; let folder = doc::Folder::new("repair")?;
    /// use std::os::unix::fs::FileExt;
    /// let file = std::fs::File::open(folder.write("model", &[7; 300_000])?)?;
    /// let shard = manager.seal_file(SealParams::default(), &file, 0, 300_000)?;
    /// gpu.flip(manager.lease(&shard)?.device_ptr() + 100_000, 0)?;
    /// assert!(manager.verify_sealed(&shard).is_err());
    /// let source: Source = &mut |offset, into| file.read_exact_at(into, offset);
    /// let mut report = VerifyReport::default();
    /// shard.repair(source, &RepairParams { damage_cap: 9, ..RepairParams::default() }, &mut report)?;
    /// assert_eq!(report.damage.len(), 1); // it says what was found
    /// manager.verify_sealed(&shard)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn repair(&self, mut source: Source<'_>, params: &RepairParams, report: &mut VerifyReport) -> Result<()> {
        let mut room = room(params.damage_cap.min(self.most_damage()))?;
        let ctx: *mut Source<'_> = &mut source;
        let raw_params = sys::vres_repair_params {
            source: Some(deliver_at),
            source_ctx: ctx.cast(),
            max_bytes: params.max_bytes,
            damage: if room.is_empty() { std::ptr::null_mut() } else { room.as_mut_ptr() },
            damage_cap: room.len(),
            ..sys::vres_repair_params::init()
        };
        let mut raw = sys::vres_verify_report::init();
        // SAFETY: the reference is live; source and room outlive the call; out and err are ours.
        let told = check(|e| unsafe { sys::vres_shard_repair(self.handle.raw.0, &raw_params, &mut raw, e) });
        report.set(&raw, &room);
        told
    }
}

unsafe extern "C" fn deliver_at(ctx: *mut c_void, offset: u64, buf: *mut c_void, n: usize) -> sys::vres_status {
    // SAFETY: ctx is the source of repair(), which waits for the call that calls this; the library gives n bytes.
    unsafe {
        match ctx.cast::<Source<'_>>().as_mut() {
            Some(source) => deliver(buf, n, |into| source(offset, into)),
            None => sys::VRES_E_INTERNAL,
        }
    }
}
