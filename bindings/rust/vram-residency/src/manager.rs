// SPDX-License-Identifier: GPL-3.0-or-later
//! Managers: one device, one policy, and everything that is sealed there.
use crate::config::{Backend, VramConfig, VramOptions};
use crate::error::{check, described, fail, invalid, made, Result};
use crate::event::Listeners;
use crate::ffi::{borrowed, c_text, optional, owned, pointer, Sized0};
use crate::key::Key;
use crate::shard::{SealedShard, ShardHandle, ShardInfo, ShardReference};
use std::ffi::c_void;
use std::fmt;
use std::ptr::null_mut;
use std::sync::Arc;
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
    /// ```
    /// # use vram_residency::*; use std::sync::Arc;
    /// let made = VramManager::new(VramConfig {
    ///     worker_api_token: "test-token-42".into(), // from a secret store
    ///     gpu_device: 0,
    ///     max_model_size: 100 * 1024 * 1024 * 1024,
    ///     audit_logger: Arc::new(NoAudit),
    /// });
    /// match made {
    ///     Ok(manager) => manager.enforce_vram_only_policy()?,
    ///     Err(e) => println!("no GPU that policy takes: {e}"),
    /// }
    /// # Ok::<(), VramError>(())
    /// ```
    pub fn new(config: VramConfig) -> Result<VramManager> {
        VramManager::with_options(config, VramOptions::default())
    }

    /// A manager with everything that can be chosen.
    ///
    /// A library of another version than the declarations of this crate is refused with both.
    ///
    /// ```
    /// # use vram_residency::*; let (gpu, manager) = doc::parts()?;
    /// let manager = VramManager::with_options(doc::config(), VramOptions::mock(&gpu))?;
    /// assert_eq!(manager.gpu_device(), 0);
    /// # Ok::<(), VramError>(())
    /// ```
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
        // SAFETY: all that raw points to lives during the call, and the listeners until closed().
        let manager = made(|out, e| unsafe { sys::vres_manager_create(&raw, out, e) }).map_err(|e| {
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

    /// The library's reference, when the shard is of this manager and its fields are those that were sealed.
    pub(crate) fn own(&self, shard: &SealedShard) -> Result<*mut sys::vres_shard> {
        if !Arc::ptr_eq(&self.raw, &shard.handle.manager) {
            return Err(invalid("the shard belongs to another manager"));
        }
        shard.check_claim()?;
        Ok(shard.handle.raw.0)
    }

    /// The live shard of an id.
    pub fn find(&self, shard_id: &str) -> Result<SealedShard> {
        let shard_id = c_text(shard_id, "shard_id")?;
        // SAFETY: the id lives during the call; out and err are made()'s.
        self.reference(made(|out, e| unsafe { sys::vres_manager_find(self.raw.0, shard_id.as_ptr(), out, e) })?)
    }

    /// Every live shard, quarantined ones too.
    ///
    /// ```
    /// # use vram_residency::*; let (gpu, manager) = doc::parts()?;
    /// let _kept = manager.seal_model("a", 0, b"weights")?;
    /// assert_eq!(manager.find("a")?.vram_bytes, 7);
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

    pub(crate) fn reference(&self, shard: *mut sys::vres_shard) -> Result<SealedShard> {
        SealedShard::of(Arc::new(ShardHandle { raw: ShardReference(shard), manager: Arc::clone(&self.raw) }))
    }
}

impl fmt::Debug for VramManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VramManager").field("gpu_device", &self.gpu_device).finish_non_exhaustive()
    }
}

unsafe extern "C" fn collect(ctx: *mut c_void, shard: *mut sys::vres_shard) -> bool {
    // SAFETY: the shard is live during the call; out and err are described()'s.
    if let Ok(info) = described(|out, e| unsafe { sys::vres_shard_describe(shard, out, e) }) {
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
