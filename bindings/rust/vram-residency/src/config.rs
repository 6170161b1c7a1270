// SPDX-License-Identifier: GPL-3.0-or-later
//! What a manager is made of.
use crate::event::{AuditLogger, IncidentFn, LogFn};
use crate::ffi::{ns, Sized0};
use crate::key::Key;
use crate::verify::VerifyMode;
use std::sync::Arc;
use std::time::Duration;
use vres_sys as sys;

/// What [`VramManager::new()`](crate::VramManager::new) takes: four fields, all required.
///
/// It has no Debug, Clone or Display, and wipes the token when it is dropped.
pub struct VramConfig {
    /// The secret from which the key is derived; empty when [`VramOptions::key`] has one.
    pub worker_api_token: String,
    /// The number of the one device of this manager.
    pub gpu_device: u32,
    /// The size of the largest model, in bytes; 0: 100 GiB.
    pub max_model_size: usize,
    /// Where audit events go; [`NoAudit`](crate::NoAudit): nowhere.
    pub audit_logger: Arc<dyn AuditLogger>,
}

impl Drop for VramConfig {
    fn drop(&mut self) {
        wipe(&mut self.worker_api_token);
    }
}

/// Overwrites a text and what is left of longer ones behind it.
fn wipe(text: &mut String) {
    // The pointer of a vector may be used up to its capacity, that of a text up to its end alone.
    let mut bytes = std::mem::take(text).into_bytes();
    // SAFETY: the whole allocation, which is ours.
    unsafe { sys::vres_wipe(bytes.as_mut_ptr().cast(), bytes.capacity()) }
}

/// What works with the device.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Backend {
    /// NVIDIA GPUs.
    #[default]
    Cuda,
    /// AMD GPUs, experimental.
    Hip,
    /// Simulated devices; policy must allow [`allow::SIMULATED`] and [`allow::NO_ECC`].
    #[cfg(feature = "mock")]
    Mock(Arc<crate::MockGpu>),
}

/// What else a manager can be given.  The default is a CUDA device under the strictest policy.
///
/// ```
/// use std::sync::Arc;
/// # use vram_residency::*;
/// let gpu = Arc::new(MockGpu::with_capacity(1 << 20)?);
/// let options = VramOptions {
///     backend: Backend::Mock(gpu),
///     policy: Policy {
///         allow: allow::SIMULATED | allow::NO_ECC,
///         require: require::STOP, // one damaged shard stops the manager
///         headroom_bytes: 4096,
///         ..Policy::default()
///     },
///     worker_id: Some("worker-7".into()),
///     log: Some(Box::new(|line| println!("{:?} {}", line.level, line.event))),
///     ..VramOptions::default()
/// };
/// let config = VramConfig {
///     worker_api_token: "test-token-42".into(),
///     gpu_device: 0,
///     max_model_size: 1 << 30,
///     audit_logger: Arc::new(NoAudit),
/// };
/// let manager = VramManager::with_options(config, options)?;
/// assert_eq!(manager.available_vram(), (1 << 20) - 4096);
/// # Ok::<(), VramError>(())
/// ```
#[derive(Default)]
pub struct VramOptions {
    /// What works with the device.
    pub backend: Backend,
    /// What is tolerated and demanded.
    pub policy: Policy,
    /// Who this is in events and log lines, `[A-Za-z0-9_-]`, 1 to 64 bytes; `None`: `"worker"`.
    pub worker_id: Option<String>,
    /// A key from a file or credential, instead of a token.
    pub key: Option<Key>,
    /// Receives log lines.
    pub log: Option<LogFn>,
    /// Called for critical events.
    pub on_incident: Option<IncidentFn>,
    /// The driver library to load, which is code that then runs; `None`: that of the system.
    pub library_path: Option<String>,
    /// Host threads one call may use; 0: as many as there are CPUs.
    pub threads: u32,
    /// Bytes in a block of the digest tree; 0: 4096.
    pub block_size: u32,
    /// Keep the digest of every block in host memory, so that damage is located to the block.
    pub keep_leaves: bool,
}

impl VramOptions {
    /// Simulated devices, and the policy that they need.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use vram_residency::{MockGpu, VramOptions};
    /// let options = VramOptions::mock(&Arc::new(MockGpu::with_capacity(1 << 20)?));
    /// # Ok::<(), vram_residency::VramError>(())
    /// ```
    #[cfg(feature = "mock")]
    pub fn mock(gpu: &Arc<crate::MockGpu>) -> VramOptions {
        VramOptions {
            backend: Backend::Mock(Arc::clone(gpu)),
            policy: Policy { allow: allow::SIMULATED | allow::NO_ECC, ..Policy::default() },
            ..VramOptions::default()
        }
    }
}

/// What is tolerated: bits of [`Policy::allow`], part of every signed record; `vres/policy.h` says what each means.
pub mod allow {
    pub use vres_sys::{
        VRES_ALLOW_EXPORTABLE as EXPORTABLE, VRES_ALLOW_INTEGRATED as INTEGRATED, VRES_ALLOW_NO_ECC as NO_ECC,
        VRES_ALLOW_PINNED_STAGING as PINNED_STAGING, VRES_ALLOW_READBACK as READBACK,
        VRES_ALLOW_SIMULATED as SIMULATED, VRES_ALLOW_UNVERIFIABLE_HOST as UNVERIFIABLE_HOST,
        VRES_ALLOW_WEAK_LEASE as WEAK_LEASE,
    };
}

/// What is demanded beyond the default: bits of [`Policy::require`]; `vres/policy.h` says what each means.
pub mod require {
    pub use vres_sys::{
        VRES_REQUIRE_AUDIT as AUDIT, VRES_REQUIRE_ECC as ECC, VRES_REQUIRE_READONLY as READONLY,
        VRES_REQUIRE_STOP as STOP, VRES_REQUIRE_VMM as VMM,
    };
}

/// What a manager insists on; the default is the strictest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Policy {
    /// Bits of [`allow`].
    pub allow: u32,
    /// Bits of [`require`].
    pub require: u32,
    /// Device memory, in bytes, that sealing leaves free.
    pub headroom_bytes: u64,
    /// How long a seal is valid; zero: no limit.
    pub max_seal_age: Duration,
    /// How long a verification is good enough for leases; zero: verify for each lease.
    pub lease_max_age: Duration,
    /// Time for one operation of the driver; zero: 60 s.
    pub deadline: Duration,
    /// How a lease verifies.
    pub lease_verify: VerifyMode,
    /// How many samples SAMPLED takes; 0: 64.
    pub sample_units: u32,
}

impl Policy {
    pub(crate) fn raw(&self, max_model_bytes: u64) -> sys::vres_policy {
        sys::vres_policy {
            allow: self.allow.into(),
            require: self.require.into(),
            headroom_bytes: self.headroom_bytes,
            max_model_bytes,
            max_seal_age: ns(self.max_seal_age),
            lease_max_age: ns(self.lease_max_age),
            deadline: ns(self.deadline),
            lease_verify: self.lease_verify.raw(),
            sample_units: self.sample_units,
            ..sys::vres_policy::init()
        }
    }
}
