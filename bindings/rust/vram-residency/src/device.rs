// SPDX-License-Identifier: GPL-3.0-or-later
//! The device of a manager: what it is, what is free on it, and whether policy still holds there.
use crate::error::{bytes, check, described, Result};
use crate::ffi::{text, view};
use crate::manager::VramManager;
use std::ptr::null_mut;
use vres_sys as sys;

impl VramManager {
    /// The device as it is now.
    ///
    /// ```
    /// # use vram_residency::*; let (gpu, manager) = doc::parts()?;
    /// let device: DeviceInfo = manager.device()?;
    /// assert!(device.simulated && device.healthy && device.backend == "mock");
    /// # Ok::<(), VramError>(())
    /// ```
    pub fn device(&self) -> Result<DeviceInfo> {
        // SAFETY: the manager is live; out and err are described()'s.
        let info = described(|out, e| unsafe { sys::vres_device_describe(self.raw.0, self.gpu_device(), out, e) })?;
        Ok(DeviceInfo::from_raw(&info))
    }

    /// The size of the largest seal that is possible now; 0 when the device does not answer.
    ///
    /// ```
    /// # use vram_residency::*; let (gpu, manager) = doc::parts()?;
    /// let shard = manager.seal(&[1; 4096], 0)?;
    /// assert_eq!(manager.used_vram(), 4096);
    /// assert_eq!(manager.available_vram() + manager.used_vram(), manager.total_vram());
    /// # Ok::<(), VramError>(())
    /// ```
    pub fn available_vram(&self) -> usize {
        self.device().map_or(0, |device| bytes(device.available_bytes))
    }

    /// The memory of the device; 0 when it does not answer.
    pub fn total_vram(&self) -> usize {
        self.device().map_or(0, |device| bytes(device.total_bytes))
    }

    /// What this manager has sealed on it, padding included; 0 when it does not answer.
    pub fn used_vram(&self) -> usize {
        self.device().map_or(0, |device| bytes(device.used_bytes))
    }

    /// Judges the device, and the memory of everything that is sealed on it, now.  A violation is audited and stops the
    /// manager.
    ///
    /// ```
    /// # use vram_residency::*; let (gpu, manager) = doc::parts()?;
    /// manager.enforce_vram_only_policy()?;
    /// assert!(manager.is_vram_only());
    /// # Ok::<(), VramError>(())
    /// ```
    pub fn enforce_vram_only_policy(&self) -> Result<()> {
        // SAFETY: the manager is live; no report is asked for; err is ours.
        check(|e| unsafe { sys::vres_enforce_vram_only(self.raw.0, self.gpu_device(), null_mut(), e) })
    }

    /// Does [`enforce_vram_only_policy()`](Self::enforce_vram_only_policy) succeed?
    pub fn is_vram_only(&self) -> bool {
        self.enforce_vram_only_policy().is_ok()
    }
}

view! {raw =>
/// A device as it is now; sizes are bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
DeviceInfo of vres_device_info {
    /// As the driver states it.
    name: String = text(&raw.name),
    /// As the driver states it.
    uuid: String = text(&raw.uuid),
    /// `"cuda"`, `"hip"`, `"mock"`.
    backend: String = text(&raw.backend),
    /// There is no VRAM behind it.
    simulated: bool = raw.simulated != 0,
    /// It reports no memory error and does not ask to be reset.
    healthy: bool = raw.healthy != 0,
    /// Memory of the device.
    total_bytes: u64 = raw.total_bytes,
    /// Of it, free according to the driver.
    free_bytes: u64 = raw.free_bytes,
    /// Sealed by this manager, padding included.
    used_bytes: u64 = raw.used_bytes,
    /// Reserved for seals in progress, and used by the backend itself.
    reserved_bytes: u64 = raw.reserved_bytes,
    /// The size of the largest seal that is possible now.
    available_bytes: u64 = raw.available_bytes,
}}
