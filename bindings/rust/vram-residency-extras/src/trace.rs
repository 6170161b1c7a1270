// SPDX-License-Identifier: GPL-3.0-or-later
//! tracing: log lines and incidents of a manager as events of the target `vram_residency`.
use std::io;
use std::sync::Arc;
use tracing::{event, Level};
use vram_residency::{AuditLogger, Event, IncidentFn, LogFn, LogLevel, LogLine};

const TARGET: &str = "vram_residency";

/// For [`VramOptions::log`](vram_residency::VramOptions::log): a line becomes an event of its level, with its name and its pairs.
///
/// ```
/// use vram_residency::*;
/// # let gpu = std::sync::Arc::new(MockGpu::with_capacity(1 << 20)?);
/// let options = VramOptions {
///     log: Some(vram_residency_extras::trace::log()),
///     on_incident: Some(vram_residency_extras::trace::incident()),
///     ..VramOptions::mock(&gpu)
/// };
/// VramManager::with_options(doc::config(), options)?.seal(b"weights", 0)?;
/// # Ok::<(), VramError>(())
/// ```
pub fn log() -> LogFn {
    Box::new(|line: &LogLine<'_>| {
        let of = |name: &str| line.fields().find(|(key, _)| *key == name).map(|(_, value)| value);
        // The names of fields are fixed when a program is compiled: the usual ones have their own, and `pairs` has all.
        let pairs: Vec<String> = line.fields().map(|(key, value)| format!("{key}={value}")).collect();
        let (name, pairs) = (line.event, pairs.join(" "));
        let (action, shard_id, status, reason) = (of("action"), of("shard_id"), of("status"), of("reason"));
        macro_rules! at {
            ($level:expr) => {
                event!(target: TARGET, $level, name, action, shard_id, status, reason, pairs)
            };
        }
        match line.level {
            LogLevel::Error => at!(Level::ERROR),
            LogLevel::Warn => at!(Level::WARN),
            LogLevel::Info => at!(Level::INFO),
            LogLevel::Debug => at!(Level::DEBUG),
        }
    })
}

/// For [`VramOptions::on_incident`](vram_residency::VramOptions::on_incident): an event of level ERROR.
pub fn incident() -> IncidentFn {
    Box::new(|incident: &Event<'_>| tell(incident))
}

/// An audit logger that tells tracing of each event, and passes it on to another.
///
/// ```
/// use std::sync::Arc;
/// use vram_residency::{AuditLogger, NoAudit};
/// let audit_logger: Arc<dyn AuditLogger> = Arc::new(vram_residency_extras::trace::Traced(Arc::new(NoAudit)));
/// ```
pub struct Traced(pub Arc<dyn AuditLogger>);

impl AuditLogger for Traced {
    fn record(&self, event: &Event<'_>) -> io::Result<()> {
        tell(event);
        self.0.record(event)
    }
}

fn tell(e: &Event<'_>) {
    let (name, status, reason, shard_id) = (e.name(), e.status_name(), e.reason_name(), e.shard_id());
    let (shard_id, worker_id, gpu_device) = (shard_id.as_deref(), e.worker_id(), e.gpu_device());
    let (used_bytes, detail) = (e.used_bytes(), e.detail());
    macro_rules! at {
        ($level:expr) => {
            event!(target: TARGET, $level, name, status, reason, shard_id, worker_id, gpu_device, used_bytes, detail)
        };
    }
    if e.is_critical() {
        at!(Level::ERROR);
    } else {
        at!(Level::INFO);
    }
}
