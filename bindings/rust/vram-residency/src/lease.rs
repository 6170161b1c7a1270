// SPDX-License-Identifier: GPL-3.0-or-later
//! Leases: the right to use the memory of a shard.
use crate::error::{check, made, Result};
use crate::ffi::owned;
use crate::manager::VramManager;
use crate::shard::SealedShard;
use std::fmt;
use vres_sys as sys;

owned! {
/// The right to use the memory of a shard, and the only way to its device address.  While it exists the memory stays at
/// one address, even if the shard and the manager are dropped.
///
/// All work of the device that uses the address must have completed when it is dropped.
#[must_use = "the right ends when the lease is dropped"]
pub Lease of vres_lease by vres_lease_release
}

impl Lease {
    /// The device address of the first byte; nothing may be written there.
    pub fn device_ptr(&self) -> u64 {
        // SAFETY: the lease is live until drop().
        unsafe { sys::vres_lease_device_ptr(self.0) }
    }

    /// How many bytes may be read from there.
    pub fn bytes(&self) -> u64 {
        // SAFETY: the lease is live until drop().
        unsafe { sys::vres_lease_bytes(self.0) }
    }

    /// Has the shard been quarantined or its device lost since?  Cheap: asks nobody.
    pub fn check(&self) -> Result<()> {
        // SAFETY: the lease is live until drop(); err is ours.
        check(|e| unsafe { sys::vres_lease_check(self.0, e) })
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("bytes", &self.bytes()).finish_non_exhaustive()
    }
}

impl VramManager {
    /// The right to use the memory of a shard; verifies first, as policy says.
    ///
    /// ```
    /// # use vram_residency::*; let (gpu, manager) = doc::parts()?;
    /// let shard = manager.seal(b"weights", 0)?;
    /// let lease: Lease = manager.lease(&shard)?;
    /// assert!(lease.device_ptr() != 0); // for a kernel
    /// drop(shard); // the memory stays until the lease is gone
    /// assert_eq!((lease.bytes(), lease.check()), (7, Ok(())));
    /// # Ok::<(), VramError>(())
    /// ```
    pub fn lease(&self, shard: &SealedShard) -> Result<Lease> {
        let shard = self.own(shard)?;
        // SAFETY: the reference is live; out and err are made()'s.
        made(|out, e| unsafe { sys::vres_lease_acquire(shard, out, e) }).map(Lease)
    }
}
