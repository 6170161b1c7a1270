// SPDX-License-Identifier: GPL-3.0-or-later
//! serde: what vram-residency says, with the names of its fields.
use crate::time::rfc3339;
use serde::ser::{Serialize, SerializeMap, SerializeStruct, Serializer};
use std::time::{Duration, SystemTime};
use vram_residency::*;

/// Makes a value of vram-residency serializable: `AsSerde(&shard)`.
///
/// Times are RFC 3339 as in [`SealedShard::to_json()`], durations are nanoseconds, and what an event does not have is left out.
///
/// ```
/// use vram_residency_extras::AsSerde;
/// let (_gpu, manager) = vram_residency::doc::parts()?;
/// let shard = manager.seal_model("a", 0, b"weights")?;
/// let json = serde_json::to_string(&AsSerde(&shard))?;
/// assert!(json.starts_with("{\"shard_id\":\"a\",\"gpu_device\":0,\"vram_bytes\":7,\"digest\":\""));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct AsSerde<'a, T: ?Sized>(pub &'a T);

/// What [`AsSerde`] can serialize.  Nobody else can add to it.
pub trait Shown {
    #[doc(hidden)]
    fn show<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error>;
}

impl<T: Shown + ?Sized> Serialize for AsSerde<'_, T> {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        self.0.show(to)
    }
}

macro_rules! plain {
    ($($type:ty)*) => {$(
        impl Shown for $type {
            fn show<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
                self.serialize(to)
            }
        }
    )*};
}
plain! { bool u32 u64 usize str String }

macro_rules! structs {
    ($($type:ident { $($field:ident)* })*) => {$(
        impl Shown for $type {
            fn show<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
                let fields = [$(stringify!($field)),*];
                let mut to = to.serialize_struct(stringify!($type), fields.len())?;
                $(to.serialize_field(stringify!($field), &AsSerde(&self.$field))?;)*
                to.end()
            }
        }
    )*};
}
structs! {
    SealedShard { shard_id gpu_device vram_bytes digest sealed_at }
    ModelShardHandle { shard_id gpu_device vram_bytes digest sealed_at }
    ShardInfo {
        shard_id gpu_device vram_bytes quarantined digest verity_digest sealed_at verified_at model_ref group_id shard_index
        total_shards backend device_uuid simulated adopted tensors epoch suspended leases
    }
    TensorInfo { name bytes digest }
    DeviceInfo {
        name uuid backend simulated healthy total_bytes free_bytes used_bytes reserved_bytes available_bytes
    }
    Metrics {
        used_bytes available_bytes total_bytes shards leases quarantined seals_ok seals_failed verifies_ok
        verifies_failed verified_bytes allocation_failures policy_violations audit_events audit_lost
    }
    VerifyReport {
        status reason blocks_total blocks_checked bytes_hashed bad_blocks bad_tensors damage_count damage duration
    }
    Damage { offset bytes tensor }
    ScrubReport { bytes_hashed bytes_total oldest_check_age shards failed }
}

impl Shown for SystemTime {
    fn show<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        to.serialize_str(&rfc3339(*self))
    }
}

impl Shown for Duration {
    fn show<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        to.serialize_u64(u64::try_from(self.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl<T: Shown> Shown for Option<T> {
    fn show<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        self.as_ref().map(AsSerde).serialize(to)
    }
}

impl<T: Shown> Shown for Vec<T> {
    fn show<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        to.collect_seq(self.iter().map(AsSerde))
    }
}

/// Status, reason and line of a failure, and what to do about it; both numbers where there are two.
impl Shown for VramError {
    fn show<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        let variant = match self {
            VramError::InvalidInput(_) => "InvalidInput",
            VramError::InsufficientVram(..) => "InsufficientVram",
            VramError::SealVerificationFailed => "SealVerificationFailed",
            VramError::NotSealed => "NotSealed",
            VramError::IntegrityViolation => "IntegrityViolation",
            VramError::CudaAllocationFailed(_) => "CudaAllocationFailed",
            VramError::CudaDeallocationFailed(_) => "CudaDeallocationFailed",
            VramError::PolicyViolation(_) => "PolicyViolation",
            _ => "Other",
        };
        let mut to = to.serialize_map(None)?;
        to.serialize_entry("error", variant)?;
        to.serialize_entry("message", &self.to_string())?;
        to.serialize_entry("retriable", &self.is_retriable())?;
        to.serialize_entry("fatal", &self.is_fatal())?;
        match self {
            VramError::InsufficientVram(needed, available) => {
                to.serialize_entry("needed", needed)?;
                to.serialize_entry("available", available)?;
            }
            VramError::Other(failure) => {
                to.serialize_entry("status", failure.status_name())?;
                to.serialize_entry("reason", failure.reason_name())?;
            }
            _ => {}
        }
        to.end()
    }
}

impl Shown for Event<'_> {
    fn show<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        let mut to = to.serialize_map(None)?;
        to.serialize_entry("event_type", self.name())?;
        to.serialize_entry("timestamp", &rfc3339(self.time()))?;
        to.serialize_entry("critical", &self.is_critical())?;
        to.serialize_entry("simulated", &self.is_simulated())?;
        to.serialize_entry("lifted", &self.is_lifted())?;
        to.serialize_entry("status", self.status_name())?;
        to.serialize_entry("reason", self.reason_name())?;
        if let Some(device) = self.gpu_device() {
            to.serialize_entry("gpu_device", &device)?;
        }
        macro_rules! present {
            (texts $($text:ident)*; numbers $($number:ident)*) => {
                $(if let Some(text) = self.$text() { to.serialize_entry(stringify!($text), &text)?; })*
                $(if self.$number() != 0 { to.serialize_entry(stringify!($number), &self.$number())?; })*
            };
        }
        present! {
            texts worker_id shard_id digest expected_digest actual_digest mode violation action_taken detail tensor
                previous_digest label;
            numbers vram_bytes requested_bytes allocated_bytes available_bytes used_bytes freed_bytes damage_count
                bad_tensors changed_tensors expected_tensors moved_tensors ranges repaired_bytes
        }
        to.end()
    }
}
