// SPDX-License-Identifier: GPL-3.0-or-later
//! Sealed shards: a handle that many may hold, and what is known of it.
use crate::error::{bytes, check, described, fail, Result};
use crate::ffi::{filled, into_text, owned, text, time, view};
use crate::manager::ManagerHandle;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use vres_sys as sys;

/// Sealed weights in VRAM.  The memory is wiped and freed when the last clone and the last lease are gone.
///
/// The fields say what was sealed.  They are the holder's to read and to send; one that was changed is noticed by
/// [`verify_sealed()`](crate::VramManager::verify_sealed).  A shard whose fields were moved out is good for nothing
/// more, and ends with its variable: make a [`ModelShardHandle`] with `ModelShardHandle::from(&shard)` instead.
#[derive(Clone)]
pub struct SealedShard {
    /// Its unique id.
    pub shard_id: String,
    /// The number of the device it is on.
    pub gpu_device: u32,
    /// Its size in bytes.
    pub vram_bytes: usize,
    /// SHA-256 of its bytes, or their fs-verity digest: 64 lower-case hex digits.
    pub digest: String,
    /// When it was sealed.
    pub sealed_at: SystemTime,
    pub(crate) handle: Arc<ShardHandle>,
    /// The record that the fields are of, which nobody can edit.
    sealed: Arc<Sealed>,
}

/// A record, and the fields that are of it.
struct Sealed {
    fields: ModelShardHandle,
    info: sys::vres_shard_info,
}

owned! {
    /// One reference of the library.
    pub(crate) ShardReference of vres_shard by vres_shard_release
}

impl ShardReference {
    fn describe(&self) -> Result<sys::vres_shard_info> {
        // SAFETY: the reference is live; out and err are described()'s.
        described(|out, e| unsafe { sys::vres_shard_describe(self.0, out, e) })
    }
}

/// The reference, and the manager that it is of; clones share it.
pub(crate) struct ShardHandle {
    pub raw: ShardReference,
    pub manager: Arc<ManagerHandle>,
}

impl SealedShard {
    pub(crate) fn of(handle: Arc<ShardHandle>) -> Result<SealedShard> {
        let info = handle.raw.describe()?;
        let fields = ModelShardHandle {
            shard_id: text(&info.shard_id),
            gpu_device: info.gpu_device,
            vram_bytes: bytes(info.vram_bytes),
            digest: text(&info.digest),
            sealed_at: time(info.sealed_at),
        };
        let ModelShardHandle { shard_id, gpu_device, vram_bytes, digest, sealed_at } = fields.clone();
        let sealed = Arc::new(Sealed { fields, info });
        Ok(SealedShard { shard_id, gpu_device, vram_bytes, digest, sealed_at, handle, sealed })
    }

    /// Are the public fields those that were sealed, and does the record that they are of still hold?
    pub(crate) fn check_claim(&self) -> Result<()> {
        let Sealed { fields, info } = &*self.sealed;
        let as_sealed = self.shard_id == fields.shard_id
            && self.digest == fields.digest
            && self.gpu_device == fields.gpu_device
            && self.vram_bytes == fields.vram_bytes
            && self.sealed_at == fields.sealed_at;
        match as_sealed {
            // Only adopted memory can have got another record since.
            true if info.adopted == 0 => Ok(()),
            true => self.is_described_by(info),
            false => self.matches(&ModelShardHandle::from(self)),
        }
    }

    /// Is a description that travelled the one of this shard?  A difference is told as an event, and quarantines nothing:
    /// the description is wrong, not the shard.  It says nothing about VRAM now.
    ///
    /// ```
    /// # use vram_residency::*; let (gpu, manager) = doc::parts()?;
    /// let shard = manager.seal(b"weights", 0)?;
    /// let mut handle = ModelShardHandle::from(&shard);
    /// shard.matches(&handle)?;
    /// handle.digest = "0".repeat(64);
    /// assert_eq!(shard.matches(&handle), Err(VramError::SealVerificationFailed));
    /// # Ok::<(), VramError>(())
    /// ```
    pub fn matches(&self, handle: &ModelShardHandle) -> Result<()> {
        let Sealed { fields, info } = &*self.sealed;
        let mut claimed = *info;
        claimed.gpu_device = handle.gpu_device;
        claimed.vram_bytes = u64::try_from(handle.vram_bytes).unwrap_or(u64::MAX);
        claimed.sealed_at = nanoseconds(handle.sealed_at);
        put_text(&mut claimed.shard_id, &handle.shard_id);
        put_text(&mut claimed.digest, &handle.digest);
        self.is_described_by(&claimed)?;
        if handle == fields {
            return Ok(());
        }
        // The difference is in what there was no room for in C.
        let why = "a field of the description is not what was sealed";
        Err(fail(sys::VRES_E_SEAL_VERIFICATION_FAILED, sys::VRES_REASON_SIGNATURE, why))
    }

    fn is_described_by(&self, claimed: &sys::vres_shard_info) -> Result<()> {
        // SAFETY: the reference is live; claimed and err are ours.  The library says which field differs, and tells it.
        check(|e| unsafe { sys::vres_shard_match(self.handle.raw.0, claimed, e) })
    }

    /// More damaged ranges it cannot have: a range has a block of at least 1024 bytes, or is the end of a tensor.
    pub(crate) fn most_damage(&self) -> usize {
        let (blocks, tensors) = (self.sealed.info.vram_bytes.wrapping_shr(10), u64::from(self.sealed.info.tensors));
        bytes(blocks.saturating_add(tensors).saturating_add(1))
    }

    /// Everything that is known of it now.
    pub fn info(&self) -> Result<ShardInfo> {
        Ok(ShardInfo::from_raw(&self.handle.raw.describe()?))
    }

    /// Its description as one compact JSON object, as `docs/FORMAT.md` says.
    pub fn to_json(&self) -> Result<String> {
        // SAFETY: the reference is live; filled() gives room for cap bytes.
        filled(|buf, cap, len, e| unsafe { sys::vres_shard_to_json(self.handle.raw.0, buf.cast(), cap, len, e) })
            .map(into_text)
    }

    /// Its signed receipt, to be stored or sent, and opened again by
    /// [`open_receipt()`](crate::VramManager::open_receipt).
    pub fn receipt(&self) -> Result<Vec<u8>> {
        // SAFETY: the reference is live; filled() gives room for cap bytes.
        filled(|buf, cap, len, e| unsafe { sys::vres_shard_receipt(self.handle.raw.0, buf.cast(), cap, len, e) })
    }
}

/// As much of a text as there is room for before a NUL.
fn put_text(to: &mut [std::os::raw::c_char], from: &str) {
    to.fill(0);
    let room = to.len().saturating_sub(1);
    for (to, from) in to.iter_mut().take(room).zip(from.bytes()) {
        *to = std::os::raw::c_char::from_ne_bytes([from]);
    }
}

/// Since 1970; what does not fit is a time that no seal has.
fn nanoseconds(at: SystemTime) -> u64 {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

impl fmt::Debug for SealedShard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedShard")
            .field("shard_id", &self.shard_id)
            .field("gpu_device", &self.gpu_device)
            .field("vram_bytes", &self.vram_bytes)
            .field("digest", &self.digest)
            .field("sealed_at", &self.sealed_at)
            .finish_non_exhaustive()
    }
}

/// The five fields of a shard as plain values, for replies of a worker: it holds no memory.
///
/// ```
/// # use vram_residency::*; let (gpu, manager) = doc::parts()?;
/// let shard: SealedShard = manager.seal_model("a", 0, b"weights")?;
/// let reply = ModelShardHandle::from(&shard);
/// assert_eq!((&reply.digest, reply.vram_bytes), (&shard.digest, 7));
/// assert!(shard.to_json()?.contains(&reply.digest));
/// let info: ShardInfo = shard.info()?;
/// assert!(!info.quarantined && info.leases == 0 && info.age().as_secs() < 60);
/// assert!(!shard.receipt()?.is_empty());
/// # Ok::<(), VramError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelShardHandle {
    /// As in [`SealedShard`].
    pub shard_id: String,
    /// As in [`SealedShard`].
    pub gpu_device: u32,
    /// As in [`SealedShard`].
    pub vram_bytes: usize,
    /// As in [`SealedShard`].
    pub digest: String,
    /// As in [`SealedShard`].
    pub sealed_at: SystemTime,
}

impl From<&SealedShard> for ModelShardHandle {
    fn from(shard: &SealedShard) -> ModelShardHandle {
        ModelShardHandle {
            shard_id: shard.shard_id.clone(),
            gpu_device: shard.gpu_device,
            vram_bytes: shard.vram_bytes,
            digest: shard.digest.clone(),
            sealed_at: shard.sealed_at,
        }
    }
}

view! {raw =>
/// Everything that is known of a shard, or that a receipt says.
#[derive(Debug, Clone, PartialEq, Eq)]
ShardInfo of vres_shard_info {
    /// Its unique id.
    shard_id: String = text(&raw.shard_id),
    /// The name of the model; empty when none was given.
    model_ref: String = text(&raw.model_ref),
    /// The set to which it belongs; empty when none was given.
    group_id: String = text(&raw.group_id),
    /// Position in the set.
    shard_index: u32 = raw.shard_index,
    /// Shards in the set; 0: not part of one.
    total_shards: u32 = raw.total_shards,
    /// The kind that was asked for when it was sealed.
    digest: String = text(&raw.digest),
    /// The fs-verity digest.
    verity_digest: String = text(&raw.verity_digest),
    /// `"cuda"`, `"hip"`, `"mock"`.
    backend: String = text(&raw.backend),
    /// As the driver states it.
    device_uuid: String = text(&raw.device_uuid),
    /// The number of the device.
    gpu_device: u32 = raw.gpu_device,
    /// Bytes sealed.
    vram_bytes: u64 = raw.vram_bytes,
    /// A verification failed: it stays refused, but where its bytes were not those sealed:
    /// [`SealedShard::repair()`], or of adopted memory [`SealedShard::resume()`], may lift that.
    quarantined: bool = raw.state == sys::VRES_SHARD_QUARANTINED,
    /// The memory is the caller's.
    adopted: bool = raw.adopted != 0,
    /// How many tensors it has; 0: it is one range of bytes.
    tensors: u32 = raw.tensors,
    /// How often other bytes have taken the place of those that were sealed.
    epoch: u32 = raw.epoch,
    /// Its memory is its owner's until it is resumed.
    suspended: bool = raw.suspended != 0,
    /// There is no VRAM behind it.
    simulated: bool = raw.simulated != 0,
    /// Leases held now.
    leases: u32 = raw.leases,
    /// When it was sealed.
    sealed_at: SystemTime = time(raw.sealed_at),
    /// When it was last found good; `None` in a receipt.
    verified_at: Option<SystemTime> = Some(time(raw.verified_at)).filter(|_| raw.verified_at != 0),
}}

impl ShardInfo {
    /// How long ago it was sealed, by the wall clock; zero when that was set back.
    pub fn age(&self) -> Duration {
        self.sealed_at.elapsed().unwrap_or_default()
    }
}
