// SPDX-License-Identifier: GPL-3.0-or-later
//! Managers: one device, one policy, and everything that is sealed there.
use crate::config::{Backend, VramConfig, VramOptions};
use crate::error::{bytes, check, fail, invalid, Result};
use crate::event::Listeners;
use crate::ffi::{borrowed, c_text, filled, into_text, ns, optional, owned, pointer, text, view, Sized0};
use crate::key::Key;
use crate::shard::{Lease, SealedShard, ShardInfo, ShardReference};
use crate::verify::{ScrubReport, VerifyParams, VerifyReport};
use std::ffi::c_void;
use std::fmt;
use std::ptr::null_mut;
use std::sync::Arc;
use std::time::Duration;
use vres_sys as sys;

owned! {
/// The library's manager; shards keep it.
pub(crate) ManagerHandle of vres_manager by vres_manager_destroy
}

/// Seals models on one device, and verifies them.  All methods take `&self`: an `Arc<Mutex<VramManager>>` works, and an
/// `Arc<VramManager>` does too.
pub struct VramManager {
    pub(crate) raw: Arc<ManagerHandle>,
    gpu_device: u32,
}

impl VramManager {
    /// A manager for an NVIDIA GPU under the strictest policy.  The device is opened at once.
    ///
    /// ```no_run
    /// use std::sync::Arc;
    /// use vram_residency::{NoAudit, VramConfig, VramManager};
    /// let manager = VramManager::new(VramConfig {
    ///     worker_api_token: std::fs::read_to_string("token")?,
    ///     gpu_device: 0,
    ///     max_model_size: 100 * 1024 * 1024 * 1024,
    ///     audit_logger: Arc::new(NoAudit),
    /// })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(config: VramConfig) -> Result<VramManager> {
        VramManager::with_options(config, VramOptions::default())
    }

    /// A manager with everything that can be chosen.
    ///
    /// A library of another version than the declarations of this crate is refused with both.
    pub fn with_options(config: VramConfig, options: VramOptions) -> Result<VramManager> {
        check_version()?;
        let key = key_of(&config, options.key)?;
        let worker_id = optional(options.worker_id.as_deref(), "worker_id")?;
        let library_path = optional(options.library_path.as_deref(), "library_path")?;
        let max = u64::try_from(config.max_model_size).unwrap_or(u64::MAX);
        let policy = options.policy.raw(max);
        let (backend, backend_arg, keep) = backend_of(&options.backend)?;
        let mut raw = sys::vres_config {
            backend,
            backend_arg,
            key: key.raw(),
            worker_id: pointer(&worker_id),
            policy: &policy,
            library_path: pointer(&library_path),
            threads: options.threads,
            block_size: options.block_size,
            keep_leaves: u32::from(options.keep_leaves),
            ..sys::vres_config::init()
        };
        let listeners = Box::new(Listeners {
            audit: Arc::clone(&config.audit_logger),
            log: options.log,
            incident: options.on_incident,
            _keep: keep,
        })
        .install(&mut raw);
        let mut manager = null_mut();
        // SAFETY: all that raw points to lives during the call, and the listeners until closed().
        check(|e| unsafe { sys::vres_manager_create(&raw, &mut manager, e) }).map_err(|e| {
            // SAFETY: a refused configuration closes nothing, so they are still ours.
            drop(unsafe { Box::from_raw(listeners) });
            e
        })?;
        let made = VramManager { raw: Arc::new(ManagerHandle(manager)), gpu_device: config.gpu_device };
        made.device()?;
        Ok(made)
    }

    /// The number of its device.
    pub fn gpu_device(&self) -> u32 {
        self.gpu_device
    }

    /// Verifies every byte, now, and that the fields of `shard` are those that were sealed.
    ///
    /// A shard that fails is refused from then on.  [`Failure::last()`](crate::Failure::last) says which check it was.
    ///
    /// ```
    /// # use vram_residency::*;
    /// # let (gpu, manager) = doc::parts()?;
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
    /// # use vram_residency::*;
    /// # let (gpu, manager) = doc::parts()?;
    /// let shard = manager.seal(&[7; 10_000], 0)?;
    /// let mut report = VerifyReport::default();
    /// manager.verify_with(&shard, &VerifyMode::Signature.into(), &mut report)?;
    /// assert_eq!(report.bytes_hashed, 0);
    /// # Ok::<(), VramError>(())
    /// ```
    pub fn verify_with(&self, shard: &SealedShard, params: &VerifyParams, report: &mut VerifyReport) -> Result<()> {
        self.check_own(shard)?;
        shard.check_claim()?;
        let mut room = vec![sys::vres_damage::init(); params.damage_cap];
        let raw_params = params.raw(&mut room);
        let mut raw = sys::vres_verify_report::init();
        let shard = shard.handle.raw.0;
        // SAFETY: the reference is live, and the room outlives the call; out and err are ours.
        let told = check(|e| unsafe { sys::vres_shard_verify(shard, &raw_params, &mut raw, e) });
        report.set(&raw, &room);
        told
    }

    /// Verifies several shards in one call; each gets its report, also on failure.
    pub fn verify_many(
        &self,
        shards: &[&SealedShard],
        params: &VerifyParams,
        reports: &mut Vec<VerifyReport>,
    ) -> Result<()> {
        let raw_shards = self.checked(shards)?;
        if params.damage_cap != 0 {
            return Err(invalid("damage_cap must be 0 for several shards"));
        }
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
        let raw_shards = self.checked(shards)?;
        let raw_params = params.raw(&mut []);
        let mut report = sys::vres_set_report::init();
        // SAFETY: as many live references as said; out and err are ours.
        check(|e| unsafe {
            let (shards, n) = (raw_shards.as_ptr(), raw_shards.len());
            sys::vres_set_verify(self.raw.0, shards, n, &raw_params, &mut report, e)
        })
    }

    fn checked(&self, shards: &[&SealedShard]) -> Result<Vec<*mut sys::vres_shard>> {
        let check = |shard: &&SealedShard| {
            self.check_own(shard)?;
            shard.check_claim()?;
            Ok(shard.handle.raw.0)
        };
        shards.iter().map(check).collect()
    }

    fn check_own(&self, shard: &SealedShard) -> Result<()> {
        if Arc::ptr_eq(&self.raw, &shard.handle.manager) {
            return Ok(());
        }
        Err(invalid("the shard belongs to another manager"))
    }

    /// Verifies the next parts of all shards, for as long as `budget` says.
    ///
    /// ```
    /// # use vram_residency::*;
    /// # let (gpu, manager) = doc::parts()?;
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

    /// The right to use the memory of a shard; verifies first, as policy says.
    ///
    /// ```
    /// # use vram_residency::*;
    /// # let (gpu, manager) = doc::parts()?;
    /// let shard = manager.seal(b"weights", 0)?;
    /// let lease = manager.lease(&shard)?;
    /// drop(shard); // the memory stays until the lease is gone
    /// assert_eq!((lease.bytes(), lease.check()), (7, Ok(())));
    /// # Ok::<(), VramError>(())
    /// ```
    pub fn lease(&self, shard: &SealedShard) -> Result<Lease> {
        self.check_own(shard)?;
        shard.check_claim()?;
        let mut lease = null_mut();
        // SAFETY: the reference is live; out and err are ours.
        check(|e| unsafe { sys::vres_lease_acquire(shard.handle.raw.0, &mut lease, e) })?;
        Ok(Lease(lease))
    }

    /// The live shard of an id.
    pub fn find(&self, shard_id: &str) -> Result<SealedShard> {
        let shard_id = c_text(shard_id, "shard_id")?;
        let mut shard = null_mut();
        // SAFETY: the id lives during the call; out and err are ours.
        check(|e| unsafe { sys::vres_manager_find(self.raw.0, shard_id.as_ptr(), &mut shard, e) })?;
        self.reference(shard)
    }

    /// Every live shard, quarantined ones too.
    ///
    /// ```
    /// # use vram_residency::*;
    /// # let (gpu, manager) = doc::parts()?;
    /// let _kept = manager.seal_model("a", 0, b"weights")?;
    /// assert_eq!(manager.shards()?.iter().map(|s| &s.shard_id[..]).collect::<Vec<_>>(), ["a"]);
    /// # Ok::<(), VramError>(())
    /// ```
    pub fn shards(&self) -> Result<Vec<ShardInfo>> {
        let mut found: Vec<ShardInfo> = Vec::new();
        let ctx: *mut Vec<ShardInfo> = &mut found;
        // SAFETY: collect() alone uses the list during the call; err is ours.
        check(|e| unsafe { sys::vres_manager_each(self.raw.0, Some(collect), ctx.cast(), e) })?;
        Ok(found)
    }

    /// The live shard that a receipt describes.  A receipt of an earlier session is refused.
    ///
    /// ```
    /// # use vram_residency::*;
    /// # let (gpu, manager) = doc::parts()?;
    /// let receipt = manager.seal_model("a", 0, b"weights").and_then(|shard| {
    ///     let receipt = shard.receipt()?;
    ///     assert_eq!(manager.open_receipt(&receipt)?.shard_id, "a");
    ///     Ok(receipt)
    /// })?;
    /// assert!(manager.open_receipt(&receipt).is_err()); // the shard is gone
    /// assert_eq!(Failure::last().unwrap().reason_name(), "unknown_shard");
    /// # Ok::<(), VramError>(())
    /// ```
    pub fn open_receipt(&self, receipt: &[u8]) -> Result<SealedShard> {
        let mut shard = null_mut();
        // SAFETY: the receipt lives during the call; out and err are ours.
        check(|e| unsafe {
            let (bytes, n) = (receipt.as_ptr().cast(), receipt.len());
            sys::vres_receipt_open(self.raw.0, bytes, n, &mut shard, e)
        })?;
        self.reference(shard)
    }

    fn reference(&self, shard: *mut sys::vres_shard) -> Result<SealedShard> {
        SealedShard::new(ShardReference(shard), Arc::clone(&self.raw))
    }

    /// The device as it is now.
    pub fn device(&self) -> Result<DeviceInfo> {
        let mut info = sys::vres_device_info::init();
        // SAFETY: the manager is live; out and err are ours.
        check(|e| unsafe { sys::vres_device_describe(self.raw.0, self.gpu_device, &mut info, e) })?;
        Ok(DeviceInfo::from_raw(&info))
    }

    /// The size of the largest seal that is possible now; 0 when the device does not answer.
    ///
    /// ```
    /// # use vram_residency::*;
    /// # let (gpu, manager) = doc::parts()?;
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

    /// What was done so far and what is held now.
    ///
    /// ```
    /// # use vram_residency::*;
    /// # let (gpu, manager) = doc::parts()?;
    /// let shard = manager.seal(&[1; 4096], 0)?;
    /// let metrics = manager.metrics();
    /// assert_eq!((metrics.used_bytes, metrics.shards, metrics.seals_ok), (4096, 1, 1));
    /// # Ok::<(), VramError>(())
    /// ```
    pub fn metrics(&self) -> Metrics {
        let mut m = sys::vres_metrics::init();
        // SAFETY: the manager is live; out and err are ours.
        match check(|e| unsafe { sys::vres_manager_metrics(self.raw.0, &mut m, e) }) {
            Ok(()) => Metrics::from_raw(&m),
            Err(_) => Metrics::default(),
        }
    }

    /// These metrics and more as Prometheus text.
    pub fn prometheus(&self) -> Result<String> {
        // SAFETY: the manager is live; filled() gives room for cap bytes.
        filled(|buf, cap, len, e| unsafe { sys::vres_metrics_prometheus(self.raw.0, buf.cast(), cap, len, e) })
            .map(into_text)
    }

    /// Judges the device, and the memory of everything that is sealed on it, now.  A violation is audited and stops the
    /// manager.
    ///
    /// ```
    /// # use vram_residency::*;
    /// # let (gpu, manager) = doc::parts()?;
    /// manager.enforce_vram_only_policy()?;
    /// assert!(manager.is_vram_only());
    /// # Ok::<(), VramError>(())
    /// ```
    pub fn enforce_vram_only_policy(&self) -> Result<()> {
        // SAFETY: the manager is live; no report is asked for; err is ours.
        check(|e| unsafe { sys::vres_enforce_vram_only(self.raw.0, self.gpu_device, null_mut(), e) })
    }

    /// Does [`enforce_vram_only_policy()`](Self::enforce_vram_only_policy) succeed?
    pub fn is_vram_only(&self) -> bool {
        self.enforce_vram_only_policy().is_ok()
    }
}

impl fmt::Debug for VramManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VramManager").field("gpu_device", &self.gpu_device).finish_non_exhaustive()
    }
}

/// Was this receipt signed with this key?  Needs no manager, and says nothing about VRAM now.
///
/// ```
/// use vram_residency::{check_receipt, Key, VramError};
/// let key = Key::derive(b"test-token-42", None)?;
/// assert_eq!(check_receipt(b"short", &key), Err(VramError::NotSealed));
/// # Ok::<(), VramError>(())
/// ```
pub fn check_receipt(receipt: &[u8], key: &Key) -> Result<ShardInfo> {
    let mut info = sys::vres_shard_info::init();
    // SAFETY: receipt and key live during the call; out and err are ours.
    check(|e| unsafe {
        let (bytes, n) = (receipt.as_ptr().cast(), receipt.len());
        sys::vres_receipt_check(bytes, n, key.raw(), &mut info, e)
    })?;
    Ok(ShardInfo::from_raw(&info))
}

unsafe extern "C" fn collect(ctx: *mut c_void, shard: *mut sys::vres_shard) -> bool {
    let mut info = sys::vres_shard_info::init();
    // SAFETY: the shard is live during the call, and out is ours.
    if check(|e| unsafe { sys::vres_shard_describe(shard, &mut info, e) }).is_ok() {
        // SAFETY: ctx is the list of shards(), which waits for the call that calls this.
        if let Some(found) = unsafe { ctx.cast::<Vec<ShardInfo>>().as_mut() } {
            found.push(ShardInfo::from_raw(&info));
        }
    }
    true
}

fn check_version() -> Result<()> {
    // SAFETY: the version is static text.
    let loaded = unsafe { borrowed(sys::vres_version()) }.unwrap_or("unknown");
    let series = |version: &'static str| version.rsplit_once('.').map(|parts| parts.0);
    if series(loaded).is_some() && series(loaded) == series(sys::VERSION) {
        return Ok(());
    }
    let of = sys::VERSION;
    let message = format!("libvres {loaded} is loaded, and this crate was made for {of}");
    Err(fail(sys::VRES_E_ABI, sys::VRES_REASON_NONE, &message))
}

fn key_of(config: &VramConfig, key: Option<Key>) -> Result<Key> {
    match key {
        Some(_) if !config.worker_api_token.is_empty() => {
            Err(invalid("worker_api_token and options.key are both given"))
        }
        Some(key) => Ok(key),
        None => Key::derive(config.worker_api_token.as_bytes(), None),
    }
}

type Opened = (*const sys::vres_backend, *mut c_void, Option<Arc<dyn Send + Sync>>);

fn backend_of(backend: &Backend) -> Result<Opened> {
    let (table, name) = match backend {
        // SAFETY: returns a static table or NULL.
        Backend::Cuda => (unsafe { sys::vres_backend_cuda() }, "CUDA"),
        // SAFETY: returns a static table or NULL.
        Backend::Hip => (unsafe { sys::vres_backend_hip() }, "HIP"),
        #[cfg(feature = "mock")]
        Backend::Mock(gpu) => {
            let keep: Arc<dyn Send + Sync> = Arc::clone(gpu) as _;
            // SAFETY: returns a static table.
            return Ok((unsafe { sys::vres_backend_mock() }, gpu.raw().cast(), Some(keep)));
        }
    };
    if table.is_null() {
        let message = format!("this libvres was built without {name}");
        return Err(fail(sys::VRES_E_NO_BACKEND, sys::VRES_REASON_NONE, &message));
    }
    Ok((table, null_mut(), None))
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

view! {raw =>
/// Counts since the manager was made, and what it holds now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
Metrics of vres_metrics {
    /// Sealed now, padding included.
    used_bytes: u64 = raw.used_bytes_now,
    /// The size of the largest seal that is possible now; 0 when the device does not answer.
    available_bytes: u64 = raw.available_bytes_now,
    /// Memory of the device.
    total_bytes: u64 = raw.total_bytes_now,
    /// Shards now.
    shards: u64 = raw.shards_now,
    /// Leases now.
    leases: u64 = raw.leases_now,
    /// Quarantined shards now.
    quarantined: u64 = raw.quarantined_now,
    /// Seals made.
    seals_ok: u64 = raw.seals_ok,
    /// Seals that failed.
    seals_failed: u64 = raw.seals_failed,
    /// Verifications that succeeded.
    verifies_ok: u64 = raw.verifies_ok,
    /// Verifications that failed.
    verifies_failed: u64 = raw.verifies_failed,
    /// Bytes that were hashed to verify.
    verified_bytes: u64 = raw.verified_bytes,
    /// Seals for which there was no memory.
    allocation_failures: u64 = raw.allocation_failures,
    /// Violations of the policy.
    policy_violations: u64 = raw.policy_violations,
    /// Audit events.
    audit_events: u64 = raw.audit_events,
    /// Audit events that were lost.
    audit_lost: u64 = raw.audit_lost,
}}
