// SPDX-License-Identifier: GPL-3.0-or-later
//! What is sealed, and from where.
use crate::error::{check, invalid, Result};
use crate::ffi::{deliver, guarded, optional, pointer, Sized0};
use crate::manager::VramManager;
use crate::shard::SealedShard;
use crate::verify::Damage;
use std::ffi::{c_void, CString};
use std::fs::File;
use std::io::Read;
use std::os::unix::io::AsRawFd;
use std::ptr::null_mut;
use vres_sys as sys;

/// Which digest identifies the bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DigestAlg {
    /// SHA-256, as `sha256sum` prints it.
    #[default]
    Sha256,
    /// fs-verity, as `fsverity digest` prints it: many times faster, on the device alone.
    Verity,
    /// SHA-256 of the manifest of tensors, for [`VramManager::seal_tensors()`] alone.
    Tensors,
}

/// Is told (done, total) in bytes; `false` stops the seal.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64) -> bool;

/// What is sealed; the default is an id made by the library, and SHA-256.
#[derive(Default)]
pub struct SealParams<'a> {
    /// `[A-Za-z0-9_-]`, 1 to 256 bytes; `None`: `"shard-"` and 32 random hex digits.
    pub shard_id: Option<&'a str>,
    /// A name for the model: at most 512 bytes without control characters.
    pub model_ref: Option<&'a str>,
    /// The set to which the shard belongs: `[A-Za-z0-9_-]`, at most 64 bytes.
    pub group_id: Option<&'a str>,
    /// Position in the set.
    pub shard_index: u32,
    /// Shards in the set; 0: not part of one.
    pub total_shards: u32,
    /// Which digest.
    pub digest_alg: DigestAlg,
    /// 64 hex digits: anything else is [`IntegrityViolation`](crate::VramError::IntegrityViolation).
    pub expected_digest: Option<&'a str>,
    /// Is told how far it is.
    pub progress: Option<Progress<'a>>,
    /// Receives what was not as expected when the seal fails with that: each tensor, or all bytes.
    pub unexpected: Option<&'a mut Vec<Damage>>,
}

/// Texts of parameters as C has them.
struct Texts([Option<CString>; 4]);

impl SealParams<'_> {
    fn texts(&self) -> Result<Texts> {
        Ok(Texts([
            optional(self.shard_id, "shard_id")?,
            optional(self.model_ref, "model_ref")?,
            optional(self.group_id, "group_id")?,
            optional(self.expected_digest, "expected_digest")?,
        ]))
    }
}

impl VramManager {
    /// Seals bytes under an id of the caller's.
    ///
    /// ```
    /// # use vram_residency::*; let (gpu, manager) = doc::parts()?;
    /// let shard = manager.seal_model("shard-a", 0, b"weights")?;
    /// assert_eq!((shard.vram_bytes, shard.gpu_device), (7, 0));
    /// assert!(matches!(manager.seal_model("b", 1, b"weights"), Err(VramError::InvalidInput(_))));
    /// # Ok::<(), VramError>(())
    /// ```
    pub fn seal_model(&self, shard_id: impl AsRef<str>, gpu_device: u32, model_bytes: &[u8]) -> Result<SealedShard> {
        self.on_device(gpu_device)?;
        let params = SealParams { shard_id: Some(shard_id.as_ref()), ..SealParams::default() };
        self.seal_bytes(params, model_bytes)
    }

    /// The form with two arguments; the library makes the id.
    ///
    /// ```
    /// # use vram_residency::*; let (gpu, manager) = doc::parts()?;
    /// assert!(manager.seal(b"weights", 0)?.shard_id.starts_with("shard-"));
    /// # Ok::<(), VramError>(())
    /// ```
    pub fn seal(&self, model_bytes: &[u8], gpu_device: u32) -> Result<SealedShard> {
        self.on_device(gpu_device)?;
        self.seal_bytes(SealParams::default(), model_bytes)
    }

    /// Seals bytes with every parameter there is.
    ///
    /// ```
    /// # use vram_residency::*; let (gpu, manager) = doc::parts()?;
    /// let params = || SealParams { digest_alg: DigestAlg::Verity, ..SealParams::default() };
    /// let shard = manager.seal_bytes(params(), b"weights")?;
    /// let mut found = Vec::new();
    /// let again = SealParams { expected_digest: Some(&shard.digest), unexpected: Some(&mut found), ..params() };
    /// assert_eq!(manager.seal_bytes(again, b"others!").unwrap_err(), VramError::IntegrityViolation);
    /// assert_eq!((found[0].offset, found[0].bytes), (0, 7));
    /// # Ok::<(), VramError>(())
    /// ```
    pub fn seal_bytes(&self, params: SealParams<'_>, bytes: &[u8]) -> Result<SealedShard> {
        let n = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        // SAFETY: the bytes live during the call; the rest is sealed()'s.
        self.sealed(params, 1, |m, p, out, e| unsafe { sys::vres_seal_memory(m, p, bytes.as_ptr().cast(), n, out, e) })
    }

    /// Seals bytes of a file, from `offset` on, without using its position.
    ///
    /// ```
    /// # use vram_residency::*; let (gpu, manager) = doc::parts()?; let folder = doc::Folder::new("seal")?;
    /// let file = std::fs::File::open(folder.write("model.safetensors", b"weights")?)?;
    /// let mut show = |done, total| {
    ///     println!("{done} of {total}");
    ///     true
    /// };
    /// let progress: Option<Progress> = Some(&mut show);
    /// let params = SealParams { model_ref: Some("model"), progress, ..SealParams::default() };
    /// let shard = manager.seal_file(params, &file, 0, file.metadata()?.len())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn seal_file(&self, params: SealParams<'_>, file: &File, offset: u64, bytes: u64) -> Result<SealedShard> {
        let fd = file.as_raw_fd();
        // SAFETY: the file stays open during the call; the rest is sealed()'s.
        self.sealed(params, 1, |m, p, out, e| unsafe { sys::vres_seal_fd(m, p, fd, offset, bytes, out, e) })
    }

    /// Seals what a reader delivers; one that fails, ends early or panics fails the seal.
    ///
    /// ```
    /// # use vram_residency::*; let (gpu, manager) = doc::parts()?;
    /// let shard = manager.seal_reader(SealParams::default(), &mut &b"weights"[..], 7)?;
    /// # Ok::<(), VramError>(())
    /// ```
    pub fn seal_reader(&self, params: SealParams<'_>, mut reader: &mut dyn Read, bytes: u64) -> Result<SealedShard> {
        let ctx: *mut &mut dyn Read = &mut reader;
        // SAFETY: the reader lives during the call, and deliver_next() is its only user; the rest is sealed()'s.
        self.sealed(params, 1, |m, p, out, e| unsafe {
            sys::vres_seal_stream(m, p, Some(deliver_next), ctx.cast(), bytes, out, e)
        })
    }

    /// Seals bytes that are in VRAM already, in memory of the caller's; needs [`DigestAlg::Verity`].
    ///
    /// ```
    /// # use vram_residency::*; let (gpu, manager) = doc::parts()?;
    /// let memory = gpu.map(b"weights")?; // an engine's
    /// let params = SealParams { digest_alg: DigestAlg::Verity, ..SealParams::default() };
    /// // SAFETY: nobody writes to the memory or drops it before the shard.
    /// let shard = unsafe { manager.adopt(params, memory.device_ptr(), 7)? };
    /// # Ok::<(), VramError>(())
    /// ```
    ///
    /// # Safety
    /// All writes to the memory have completed.  It stays allocated and nobody writes to it until the shard was
    /// [closed](SealedShard::close), or it, its clones and its leases are gone and no call works on it; or while it is
    /// [suspended](SealedShard::suspend).
    pub unsafe fn adopt(&self, params: SealParams<'_>, device_ptr: u64, bytes: u64) -> Result<SealedShard> {
        // SAFETY: what the caller promises; the rest is sealed()'s.
        self.sealed(params, 1, |m, p, out, e| unsafe { sys::vres_seal_adopt(m, p, device_ptr, bytes, out, e) })
    }

    fn on_device(&self, gpu_device: u32) -> Result<()> {
        if gpu_device == self.gpu_device() {
            return Ok(());
        }
        let own = self.gpu_device();
        Err(invalid(&format!("gpu_device is {gpu_device}, and this manager is for device {own}")))
    }

    pub(crate) fn sealed(
        &self,
        mut params: SealParams<'_>,
        ranges: usize,
        call: impl FnOnce(
            *mut sys::vres_manager,
            *const sys::vres_seal_params,
            *mut *mut sys::vres_shard,
            *mut sys::vres_error,
        ) -> sys::vres_status,
    ) -> Result<SealedShard> {
        let Texts([shard_id, model_ref, group_id, expected]) = &params.texts()?;
        let mut room = vec![sys::vres_damage::init(); params.unexpected.as_ref().map_or(0, |_| ranges)];
        let mut count = 0;
        let raw = sys::vres_seal_params {
            shard_id: pointer(shard_id),
            model_ref: pointer(model_ref),
            group_id: pointer(group_id),
            gpu_device: self.gpu_device(),
            shard_index: params.shard_index,
            total_shards: params.total_shards,
            digest_alg: match params.digest_alg {
                DigestAlg::Sha256 => sys::VRES_DIGEST_SHA256,
                DigestAlg::Verity => sys::VRES_DIGEST_VERITY,
                DigestAlg::Tensors => sys::VRES_DIGEST_TENSORS,
            },
            expected_digest: pointer(expected),
            progress: params.progress.as_ref().map(|_| progress as unsafe extern "C" fn(_, _, _) -> _),
            progress_ctx: params
                .progress
                .as_mut()
                .map_or(null_mut(), |progress| (progress as *mut Progress<'_>).cast()),
            damage: if room.is_empty() { null_mut() } else { room.as_mut_ptr() },
            damage_cap: room.len(),
            damage_count: &mut count,
            ..sys::vres_seal_params::init()
        };
        let mut shard = null_mut();
        let told = check(|e| call(self.raw.0, &raw, &mut shard, e));
        if let Some(unexpected) = params.unexpected {
            unexpected.clear();
            let listed = usize::try_from(count).unwrap_or(usize::MAX);
            unexpected.extend(room.iter().take(listed).map(Damage::from_raw));
        }
        told?;
        self.reference(shard)
    }
}

unsafe extern "C" fn progress(ctx: *mut c_void, done: u64, total: u64) -> bool {
    // SAFETY: ctx is the Progress of sealed(), which waits for the call that calls this.
    match unsafe { ctx.cast::<Progress<'_>>().as_mut() } {
        Some(call) => guarded(|| call(done, total)).unwrap_or(false),
        None => true,
    }
}

unsafe extern "C" fn deliver_next(ctx: *mut c_void, buf: *mut c_void, n: usize) -> sys::vres_status {
    // SAFETY: ctx is the reader of seal_reader(), which waits for the call that calls this; the library gives n bytes.
    unsafe {
        match ctx.cast::<&mut dyn Read>().as_mut() {
            Some(reader) => deliver(buf, n, |into| reader.read_exact(into)),
            None => sys::VRES_E_INTERNAL,
        }
    }
}
