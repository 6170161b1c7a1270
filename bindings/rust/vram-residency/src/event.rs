// SPDX-License-Identifier: GPL-3.0-or-later
//! What a manager tells: audit events, incidents, log lines.
use crate::ffi::{borrowed, guarded, reason_name, status_name, text, time};
use std::ffi::c_void;
use std::fmt;
use std::io;
use std::os::raw::{c_char, c_int};
use std::sync::Arc;
use std::time::SystemTime;
use vres_sys as sys;

/// Where audit events go.
///
/// It is called on the thread that made the call, with no lock held.  When it returns an error or panics, the operation
/// that the event is about fails with status `AUDIT`; a logger that only does its best returns `Ok(())` always.
///
/// ```
/// # use vram_residency::*;
/// struct Names(std::sync::Mutex<Vec<String>>);
/// impl AuditLogger for Names {
///     fn record(&self, event: &Event<'_>) -> std::io::Result<()> {
///         let mut names = self.0.lock().map_err(|_| std::io::ErrorKind::Other)?;
///         names.push(event.name().to_string());
///         Ok(())
///     }
/// }
/// doc::logged(Names(Default::default()))?.seal(b"weights", 0)?; // or NoAudit, or an AuditFile
/// # Ok::<(), VramError>(())
/// ```
pub trait AuditLogger: Send + Sync {
    /// Records one event, which is valid during the call only.
    fn record(&self, event: &Event<'_>) -> io::Result<()>;

    /// The library's own sink takes events without a detour through Rust.
    #[doc(hidden)]
    fn native(&self) -> Option<NativeSink> {
        None
    }
}

#[doc(hidden)]
pub struct NativeSink(pub(crate) sys::vres_audit_sink);

/// No audit trail.  A policy with [`require::AUDIT`](crate::require::AUDIT) refuses it.
pub struct NoAudit;

impl AuditLogger for NoAudit {
    fn record(&self, _: &Event<'_>) -> io::Result<()> {
        Ok(())
    }

    fn native(&self) -> Option<NativeSink> {
        Some(NativeSink(sys::vres_audit_sink { record: None, ctx: std::ptr::null_mut() }))
    }
}

/// One event of the audit trail; `docs/FORMAT.md` says which have what.  No address, key, token or weights are in it.
///
/// ```
/// # use vram_residency::*;
/// struct Print;
/// impl AuditLogger for Print {
///     fn record(&self, e: &Event<'_>) -> std::io::Result<()> {
///         println!("{:?} {} of {:?}, {}", e.time(), e.name(), e.worker_id(), e.status_name());
///         println!("{:?} {:?} {:?} {}", e.gpu_device(), e.shard_id(), e.digest(), e.vram_bytes());
///         println!("{} {} {}", e.requested_bytes(), e.allocated_bytes(), e.available_bytes());
///         println!("{} {} {:?}", e.used_bytes(), e.freed_bytes(), e.detail());
///         println!("{:?} {:?} {} {}", e.label(), e.previous_digest(), e.ranges(), e.repaired_bytes());
///         println!("{} {} {}", e.changed_tensors(), e.expected_tensors(), e.moved_tensors());
///         println!("{}", e.is_lifted());
///         if e.is_critical() && !e.is_simulated() {
///             eprintln!("{} {:?} {:?} {:?}", e.reason_name(), e.mode(), e.violation(), e.action_taken());
///             eprintln!("{} {} {:?}", e.damage_count(), e.bad_tensors(), e.tensor());
///             eprintln!("{:?} {:?}", e.expected_digest(), e.actual_digest());
///         }
///         Ok(())
///     }
/// }
/// doc::logged(Print)?.seal(b"weights", 0)?;
/// # Ok::<(), VramError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Event<'a>(pub(crate) &'a sys::vres_event);

/// Fields that are numbers: 0 where they do not apply.
macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident)*) => {$($(#[$doc])* pub fn $name(&self) -> u64 { self.0.$name })*};
}

/// Fields that are texts: `None` where they do not apply.
macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        pub fn $name(&self) -> Option<&'a str> {
            // SAFETY: a text of an event is NULL or ends with a NUL, and lives as long as the event.
            unsafe { borrowed(self.0.$name) }
        }
    )*};
}

impl<'a> Event<'a> {
    /// `"vram_sealed"`, `"seal_verification_failed"`, ...
    pub fn name(&self) -> &'a str {
        // SAFETY: a name is always present, ends with a NUL and lives as long as the event.
        unsafe { borrowed(self.0.name) }.unwrap_or("unknown")
    }

    /// A failed verification, a violated policy, or bytes that were not the expected ones.
    pub fn is_critical(&self) -> bool {
        self.0.critical != 0
    }

    /// Nothing real is behind it: simulated devices.
    pub fn is_simulated(&self) -> bool {
        self.0.simulated != 0
    }

    /// A quarantine has ended.
    pub fn is_lifted(&self) -> bool {
        self.0.lifted != 0
    }

    /// When it happened.
    pub fn time(&self) -> SystemTime {
        time(self.0.time)
    }

    /// `"VRES_OK"`, or the status of what failed.
    pub fn status_name(&self) -> &'static str {
        status_name(self.0.status)
    }

    /// `"digest"` and so on; `"none"`.
    pub fn reason_name(&self) -> &'static str {
        reason_name(self.0.reason)
    }

    /// The device, where it is about one.
    pub fn gpu_device(&self) -> Option<u32> {
        Some(self.0.gpu_device).filter(|device| *device != sys::VRES_NO_DEVICE)
    }

    /// The id of the shard, where it is about one.
    pub fn shard_id(&self) -> Option<String> {
        self.shard().map(|shard| text(&shard.shard_id))
    }

    /// The digest of the shard, where it is about one.
    pub fn digest(&self) -> Option<String> {
        self.shard().map(|shard| text(&shard.digest))
    }

    /// The bytes of the shard; 0 where it is about none.
    pub fn vram_bytes(&self) -> u64 {
        self.shard().map_or(0, |shard| shard.vram_bytes)
    }

    fn shard(&self) -> Option<&'a sys::vres_shard_info> {
        // SAFETY: NULL, or a description that lives as long as the event.
        unsafe { self.0.shard.as_ref() }
    }

    numbers! {
        /// Bytes asked for.
        requested_bytes
        /// Bytes taken on the device.
        allocated_bytes
        /// Bytes that the next seal may have.
        available_bytes
        /// Bytes in use after the event.
        used_bytes
        /// Bytes given back.
        freed_bytes
        /// Damaged ranges that a failed verification found.
        damage_count
        /// Damaged tensors that it found.
        bad_tensors
        /// Of a resume: tensors that were said to have changed.
        changed_tensors
        /// Of them, those that were expected to be something.
        expected_tensors
        /// Of a resume: tensors that are at another address.
        moved_tensors
        /// Of a repair: damaged ranges that were written.
        ranges
        /// Of a repair: bytes of them.
        repaired_bytes
    }

    texts! {
        /// Who tells it.
        worker_id
        /// The digest that was sealed or expected.
        expected_digest
        /// The digest that was found.
        actual_digest
        /// How it was verified.
        mode
        /// What violated the policy.
        violation
        /// What was done about it.
        action_taken
        /// More, in words.
        detail
        /// The name of the first damaged tensor.
        tensor
        /// The digest of the shard before it was resealed.
        previous_digest
        /// As given to a resume.
        label
    }
}

impl fmt::Debug for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("name", &self.name()).finish_non_exhaustive()
    }
}

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Security: a status of 4xx.
    Error,
    /// Any other failure.
    Warn,
    /// An operation.
    Info,
    /// What happens often.
    Debug,
}

/// A structured log line, valid during the call only.
#[derive(Clone, Copy)]
pub struct LogLine<'a> {
    /// How much it matters.
    pub level: LogLevel,
    /// Its name: that of an event, `"operation"` or `"capacity"`.
    pub event: &'a str,
    keys: &'a [*const c_char],
    values: &'a [*const c_char],
}

impl<'a> LogLine<'a> {
    /// Its pairs of key and value, in order.
    pub fn fields(&self) -> impl Iterator<Item = (&'a str, &'a str)> + 'a {
        self.keys.iter().zip(self.values).filter_map(|(key, value)| {
            // SAFETY: both end with a NUL and live as long as the line.
            unsafe { Some((borrowed(*key)?, borrowed(*value)?)) }
        })
    }
}

/// Receives log lines.
///
/// ```
/// # use vram_residency::*; let (gpu, manager) = doc::parts()?;
/// let log: LogFn = Box::new(|line: &LogLine| {
///     let pairs: Vec<String> = line.fields().map(|(key, value)| format!("{key}={value}")).collect();
///     if line.level <= LogLevel::Info {
///         println!("{} {}", line.event, pairs.join(" "));
///     }
/// });
/// let on_incident: IncidentFn = Box::new(|event| eprintln!("INCIDENT {}", event.name()));
/// let options = VramOptions { log: Some(log), on_incident: Some(on_incident), ..VramOptions::mock(&gpu) };
/// VramManager::with_options(doc::config(), options)?.seal(b"weights", 0)?;
/// # Ok::<(), VramError>(())
/// ```
pub type LogFn = Box<dyn Fn(&LogLine<'_>) + Send + Sync>;
/// Called with each critical event.
pub type IncidentFn = Box<dyn Fn(&Event<'_>) + Send + Sync>;

/// What a manager calls.  It lives until the library says that nothing uses it any more, which may be after the manager
/// was dropped: shards and leases keep it.
pub(crate) struct Listeners {
    pub audit: Arc<dyn AuditLogger>,
    pub log: Option<LogFn>,
    pub incident: Option<IncidentFn>,
    /// Whatever else has to live as long.
    pub _keep: Option<Arc<dyn Send + Sync>>,
}

impl Listeners {
    /// Fills the callbacks of a configuration; [`closed`] takes `self` back.
    pub(crate) fn install(self: Box<Self>, config: &mut sys::vres_config) -> *mut Listeners {
        config.log = self.log.as_ref().map(|_| log as unsafe extern "C" fn(_, _, _, _, _, _));
        config.on_incident = self.incident.as_ref().map(|_| incident as unsafe extern "C" fn(_, _));
        let native = self.audit.native();
        let ctx = Box::into_raw(self);
        config.audit = native.map_or(sys::vres_audit_sink { record: Some(record), ctx: ctx.cast() }, |native| native.0);
        config.log_ctx = ctx.cast();
        config.incident_ctx = ctx.cast();
        config.closed_ctx = ctx.cast();
        config.closed = Some(closed);
        ctx
    }
}

unsafe extern "C" fn record(ctx: *mut c_void, event: *const sys::vres_event) -> sys::vres_status {
    // SAFETY: ctx is the Listeners of install(), which live until closed(); the event lives during the call.
    let pair = unsafe { (ctx.cast::<Listeners>().as_ref(), event.as_ref()) };
    match pair {
        (Some(to), Some(event)) => match guarded(|| to.audit.record(&Event(event))) {
            Some(Ok(())) => sys::VRES_OK,
            _ => sys::VRES_E_AUDIT,
        },
        _ => sys::VRES_E_INTERNAL,
    }
}

unsafe extern "C" fn incident(ctx: *mut c_void, event: *const sys::vres_event) {
    // SAFETY: ctx is the Listeners of install(), which live until closed(); the event lives during the call.
    let pair = unsafe { (ctx.cast::<Listeners>().as_ref(), event.as_ref()) };
    if let (Some(Listeners { incident: Some(call), .. }), Some(event)) = pair {
        guarded(|| call(&Event(event)));
    }
}

unsafe extern "C" fn log(
    ctx: *mut c_void,
    level: c_int,
    event: *const c_char,
    keys: *const *const c_char,
    values: *const *const c_char,
    n: usize,
) {
    let level = match u32::try_from(level) {
        Ok(sys::VRES_LOG_ERROR) => LogLevel::Error,
        Ok(sys::VRES_LOG_WARN) => LogLevel::Warn,
        Ok(sys::VRES_LOG_INFO) => LogLevel::Info,
        _ => LogLevel::Debug,
    };
    // SAFETY: ctx is the Listeners of install(), which live until closed(); the texts live during the call.
    let pair = unsafe { (ctx.cast::<Listeners>().as_ref(), borrowed(event)) };
    if let (Some(Listeners { log: Some(call), .. }), Some(event)) = pair {
        let list = |texts: *const *const c_char| match n {
            0 => &[][..],
            // SAFETY: n texts, which live during the call; NULL comes with n 0 only.
            _ => unsafe { std::slice::from_raw_parts(texts, n) },
        };
        let (keys, values) = (list(keys), list(values));
        guarded(|| call(&LogLine { level, event, keys, values }));
    }
}

unsafe extern "C" fn closed(ctx: *mut c_void) {
    // SAFETY: ctx came from Box::into_raw() in install(); the library calls this once, at the end.
    let listeners = unsafe { Box::from_raw(ctx.cast::<Listeners>()) };
    guarded(|| drop(listeners));
}
