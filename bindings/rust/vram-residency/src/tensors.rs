// SPDX-License-Identifier: GPL-3.0-or-later
//! Tensors: named ranges of device memory that stay the caller's, sealed as one shard.
use crate::error::{check, described, Result};
use crate::ffi::{c_text, filled, into_text, optional, pointer, text, view, Sized0};
use crate::manager::VramManager;
use crate::seal::{DigestAlg, SealParams};
use crate::shard::SealedShard;
use std::ffi::CString;
use vres_sys as sys;

/// A named range of device memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tensor<'a> {
    /// 1 to 512 bytes without control characters; not twice in a call.
    pub name: &'a str,
    /// Where it begins; ignored when `bytes` is 0.
    pub device_ptr: u64,
    /// Its size.
    pub bytes: u64,
    /// Its fs-verity digest, 64 hex digits; `None`: it is sealed as it is found.
    pub expected_digest: Option<&'a str>,
}

view! {raw =>
/// A tensor as it was sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
TensorInfo of vres_tensor_info {
    /// Its name.
    name: String = text(&raw.name),
    /// Its size.
    bytes: u64 = raw.bytes,
    /// Its fs-verity digest: 64 lower-case hex digits.
    digest: String = text(&raw.digest),
}}

/// Tensors as C has them, and the texts to which they point.
struct Raw(Vec<sys::vres_tensor>, Vec<(CString, Option<CString>)>);

impl Raw {
    fn new(tensors: &[Tensor<'_>]) -> Result<Raw> {
        let texts =
            tensors.iter().map(|t| Ok((c_text(t.name, "name")?, optional(t.expected_digest, "expected_digest")?)));
        let texts = texts.collect::<Result<Vec<_>>>()?;
        let raw = tensors.iter().zip(&texts).map(|(tensor, (name, expected))| sys::vres_tensor {
            name: name.as_ptr(),
            device_ptr: tensor.device_ptr,
            bytes: tensor.bytes,
            expected_digest: pointer(expected),
            ..sys::vres_tensor::init()
        });
        Ok(Raw(raw.collect(), texts))
    }
}

impl VramManager {
    /// Seals named ranges that are in VRAM already, in memory of the caller's, as one shard.  Its digest is that of its
    /// [`manifest()`](SealedShard::manifest); [`SealParams::digest_alg`] and [`SealParams::progress`] are not used, and
    /// its leases have no address.
    ///
    /// ```
    /// # use vram_residency::*; let (gpu, manager) = doc::parts()?;
    /// let memory = gpu.map(b"weights and biases")?;
    /// let (at, expected_digest) = (memory.device_ptr(), None);
    /// let tensors = [
    ///     Tensor { name: "w", device_ptr: at, bytes: 7, expected_digest },
    ///     Tensor { name: "b", device_ptr: at + 12, bytes: 6, expected_digest },
    /// ];
    /// // SAFETY: nobody writes to the memory or drops it before the shard.
    /// let shard = unsafe { manager.seal_tensors(SealParams::default(), &tensors)? };
    /// let of: TensorInfo = shard.tensor(1)?;
    /// assert_eq!((&of.name[..], of.bytes), ("b", 6));
    /// assert!(shard.manifest()?.lines().map(|line| &line[72..]).eq(["b", "w"]));
    /// gpu.flip(at + 15, 0)?;
    /// let mut report = VerifyReport::default();
    /// let params = VerifyParams { damage_cap: 1, ..VerifyParams::default() };
    /// assert!(manager.verify_with(&shard, &params, &mut report).is_err());
    /// assert_eq!((report.bad_tensors, report.damage[0].tensor), (1, Some(1)));
    /// # Ok::<(), VramError>(())
    /// ```
    ///
    /// # Safety
    /// As for [`adopt()`](Self::adopt).
    pub unsafe fn seal_tensors(&self, params: SealParams<'_>, tensors: &[Tensor<'_>]) -> Result<SealedShard> {
        let Raw(raw, _texts) = &Raw::new(tensors)?;
        let params = SealParams { digest_alg: DigestAlg::Tensors, progress: None, ..params };
        // SAFETY: what the caller promises, and as many tensors as said; the rest is sealed()'s.
        self.sealed(params, raw.len(), |m, p, out, e| unsafe {
            sys::vres_seal_tensors(m, p, raw.as_ptr(), raw.len(), out, e)
        })
    }

    /// The fs-verity digests of tensors, by index, without sealing them; their `expected_digest` must be `None`.  Do not
    /// let others choose addresses: the digest of a few bytes gives them away.
    ///
    /// ```
    /// # use vram_residency::*; let (gpu, manager) = doc::parts()?;
    /// let memory = gpu.map(b"weights")?;
    /// let tensor = Tensor { name: "w", device_ptr: memory.device_ptr(), bytes: 7, expected_digest: None };
    /// // SAFETY: nobody writes to the memory during the calls, or before the shard is gone.
    /// let found = unsafe { manager.tensors_digest(&[tensor])? };
    /// let expected = Tensor { expected_digest: Some(&found[0]), ..tensor };
    /// let shard = unsafe { manager.seal_tensors(SealParams::default(), &[expected])? };
    /// # Ok::<(), VramError>(())
    /// ```
    ///
    /// # Safety
    /// The memory stays allocated and nobody writes to it during the call; all writes have completed.
    pub unsafe fn tensors_digest(&self, tensors: &[Tensor<'_>]) -> Result<Vec<String>> {
        let Raw(raw, _texts) = &Raw::new(tensors)?;
        let mut digests = vec![[0; 32]; raw.len()];
        let device = self.gpu_device();
        // SAFETY: what the caller promises; as many tensors as said, and room for as many digests; err is ours.
        check(|e| unsafe {
            sys::vres_tensors_digest(self.raw.0, device, raw.as_ptr(), raw.len(), digests.as_mut_ptr(), e)
        })?;
        Ok(digests.iter().map(|digest| digest.iter().map(|byte| format!("{byte:02x}")).collect()).collect())
    }
}

impl SealedShard {
    /// One tensor as it was sealed; `index` is that of the call that sealed it.
    pub fn tensor(&self, index: usize) -> Result<TensorInfo> {
        // SAFETY: the reference is live; out and err are described()'s.
        let info = described(|out, e| unsafe { sys::vres_shard_tensor(self.handle.raw.0, index, out, e) })?;
        Ok(TensorInfo::from_raw(&info))
    }

    /// What `fsverity digest` prints of files with the names and bytes of its tensors, as they were sealed.
    pub fn manifest(&self) -> Result<String> {
        // SAFETY: the reference is live; filled() gives room for cap bytes.
        filled(|buf, cap, len, e| unsafe { sys::vres_shard_manifest(self.handle.raw.0, buf.cast(), cap, len, e) })
            .map(into_text)
    }
}
