// SPDX-License-Identifier: GPL-3.0-or-later
//! What a manager has done so far and holds now.
use crate::error::{described, Result};
use crate::ffi::{filled, into_text, view};
use crate::manager::VramManager;
use vres_sys as sys;

impl VramManager {
    /// What was done so far and what is held now.
    ///
    /// ```
    /// # use vram_residency::*; let (gpu, manager) = doc::parts()?;
    /// let shard = manager.seal(&[1; 4096], 0)?;
    /// let metrics: Metrics = manager.metrics();
    /// assert_eq!((metrics.used_bytes, metrics.shards, metrics.seals_ok), (4096, 1, 1));
    /// assert!(manager.prometheus()?.contains("\nvram_shards"));
    /// # Ok::<(), VramError>(())
    /// ```
    pub fn metrics(&self) -> Metrics {
        // SAFETY: the manager is live; out and err are described()'s.
        let metrics = described(|out, e| unsafe { sys::vres_manager_metrics(self.raw.0, out, e) });
        metrics.map_or_else(|_| Metrics::default(), |m| Metrics::from_raw(&m))
    }

    /// These metrics and more as Prometheus text.
    pub fn prometheus(&self) -> Result<String> {
        // SAFETY: the manager is live; filled() gives room for cap bytes.
        filled(|buf, cap, len, e| unsafe { sys::vres_metrics_prometheus(self.raw.0, buf.cast(), cap, len, e) })
            .map(into_text)
    }
}

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
