// SPDX-License-Identifier: GPL-3.0-or-later
//! An audit log as a file.
use crate::error::{check, made, Result};
use crate::event::{AuditLogger, Event, NativeSink};
use crate::ffi::{c_text, optional, owned, pointer, text, Sized0};
use crate::key::Key;
use std::io;
use vres_sys as sys;

/// How a log is written; `worker_id` is required.
#[derive(Debug, Clone, Default)]
pub struct AuditOptions {
    /// `[A-Za-z0-9_-]`, 1 to 64 bytes.
    pub worker_id: String,
    /// Sign with a key that is replaced after a while, and begins with this key file.
    pub forward_key: Option<String>,
    /// A file does not become larger; 0: 64 MiB.
    pub rotate_bytes: u64,
    /// A line of a later day (UTC) begins another file.
    pub rotate_daily: bool,
    /// Routine events that may wait to be written; 0: 1024.
    pub queue_events: u32,
    /// What cannot be recorded fails its operation.
    pub required: bool,
    /// The log is about simulated devices.
    pub simulated: bool,
}

// Managers keep their logger until they have closed, so nobody uses it any more when it is dropped.
owned! {
/// A hash-chained, signed log of all events, which `vres audit verify` checks: an [`AuditLogger`].
///
/// ```
/// # use vram_residency::*; use std::sync::Arc; let folder = doc::Folder::new("audit")?;
/// let key = Key::derive(b"test-token-42", None)?;
/// AuditFile::keygen(&folder.path("key"))?;
/// let options = AuditOptions {
///     worker_id: "worker-7".into(),
///     simulated: true, // it is about a MockGpu
///     forward_key: Some(folder.path("key")), // replaced line by line, so that no older line can be forged
///     ..AuditOptions::default()
/// };
/// let log = Arc::new(AuditFile::open(&folder.path("audit.log"), &key, &options)?);
/// let audit_logger = log.clone();
/// let config = VramConfig { worker_api_token: "test-token-42".into(), gpu_device: 0, max_model_size: 0, audit_logger };
/// let gpu = Arc::new(MockGpu::with_capacity(1 << 20)?);
/// VramManager::with_options(config, VramOptions::mock(&gpu))?.seal(b"weights", 0)?;
/// log.flush()?;
/// let (lines, hash) = log.head()?;
/// assert!(lines >= 3 && hash.len() == 64 && log.lost() == 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub AuditFile of vres_audit_file by vres_audit_file_close
}

impl AuditFile {
    /// Opens a log where it ended, or begins one.
    pub fn open(path: &str, key: &Key, options: &AuditOptions) -> Result<AuditFile> {
        let path = c_text(path, "path")?;
        let worker_id = c_text(&options.worker_id, "worker_id")?;
        let forward_key = optional(options.forward_key.as_deref(), "forward_key")?;
        let raw = sys::vres_audit_file_options {
            worker_id: worker_id.as_ptr(),
            mode: match forward_key {
                Some(_) => sys::VRES_AUDIT_FORWARD,
                None => sys::VRES_AUDIT_TOKEN,
            },
            forward_key: pointer(&forward_key),
            rotate_bytes: options.rotate_bytes,
            rotate_daily: u32::from(options.rotate_daily),
            queue_events: options.queue_events,
            required: u32::from(options.required),
            simulated: u32::from(options.simulated),
            ..sys::vres_audit_file_options::init()
        };
        // SAFETY: path, key and options live during the call; out and err are made()'s.
        made(|out, e| unsafe { sys::vres_audit_file_open(path.as_ptr(), key.raw(), &raw, out, e) }).map(AuditFile)
    }

    /// Waits until what was recorded is on disk.
    pub fn flush(&self) -> Result<()> {
        // SAFETY: the log is open until drop(); err is ours.
        check(|e| unsafe { sys::vres_audit_file_flush(self.0, e) })
    }

    /// Sequence number and hash of the last line on disk, to be kept elsewhere.
    pub fn head(&self) -> Result<(u64, String)> {
        let (mut seq, mut hash) = (0, [0; 65]);
        // SAFETY: the log is open until drop(); there is room for 65 bytes; err is ours.
        check(|e| unsafe { sys::vres_audit_file_head(self.0, &mut seq, hash.as_mut_ptr(), e) })?;
        Ok((seq, text(&hash)))
    }

    /// Events that are not in the log.
    pub fn lost(&self) -> u64 {
        // SAFETY: the log is open until drop().
        unsafe { sys::vres_audit_file_lost(self.0) }
    }

    /// Makes the first key of a log with `forward_key`, as a new file.
    pub fn keygen(path: &str) -> Result<()> {
        let path = c_text(path, "path")?;
        // SAFETY: the path lives during the call; err is ours.
        check(|e| unsafe { sys::vres_audit_keygen(path.as_ptr(), e) })
    }

    fn sink(&self) -> sys::vres_audit_sink {
        // SAFETY: the log is open until drop().
        unsafe { sys::vres_audit_file_sink(self.0) }
    }
}

impl AuditLogger for AuditFile {
    /// For a logger of one's own that writes to a file, too.
    fn record(&self, event: &Event<'_>) -> io::Result<()> {
        let sink = self.sink();
        match sink.record {
            // SAFETY: the sink's own context, and an event that lives during the call.
            Some(record) if unsafe { record(sink.ctx, event.0) } == sys::VRES_OK => Ok(()),
            _ => Err(io::Error::new(io::ErrorKind::Other, "the audit log did not take the event")),
        }
    }

    fn native(&self) -> Option<NativeSink> {
        Some(NativeSink(self.sink()))
    }
}
