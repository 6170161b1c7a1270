// SPDX-License-Identifier: GPL-3.0-or-later
//! Errors: eight variants a worker matches on, and the whole of what the library said.
use crate::ffi::{blank_error, text, Sized0};
use std::cell::Cell;
use std::fmt;
use vres_sys as sys;

/// What calls of this crate return.
///
/// ```
/// # use vram_residency::*; let (gpu, manager) = doc::parts()?;
/// fn fits(manager: &VramManager, bytes: usize) -> Result<()> {
///     match manager.available_vram() {
///         available if bytes > available => Err(VramError::InsufficientVram(bytes, available)),
///         _ => Ok(()),
///     }
/// }
/// assert!(fits(&manager, 1 << 30).unwrap_err().is_retriable());
/// # Ok::<(), VramError>(())
/// ```
pub type Result<T> = std::result::Result<T, VramError>;

/// Why a call failed.
///
/// Every status of the library (`vres/status.h`) has one place here:
///
/// | status | variant |
/// |---|---|
/// | `INVALID_INPUT`, `ABI`, `STATE`, `UNSUPPORTED`, `BUFFER`, `NOT_FOUND`, `CONFIG` | `InvalidInput` |
/// | `NOT_SEALED` | `NotSealed` |
/// | `INSUFFICIENT_VRAM` | `InsufficientVram(needed, available)` |
/// | `ALLOCATION_FAILED` | `CudaAllocationFailed`, whatever the make of the GPU |
/// | `DEALLOCATION_FAILED` | `CudaDeallocationFailed` |
/// | `SEAL_VERIFICATION_FAILED`, reason signature, digest, residency or quarantined | `SealVerificationFailed` |
/// | `SEAL_VERIFICATION_FAILED`, reason expired, stale_session or unknown_shard | `Other` |
/// | `INTEGRITY_VIOLATION` | `IntegrityViolation` |
/// | `POLICY_VIOLATION` | `PolicyViolation` |
/// | `NO_MEMORY`, `BUSY`, `CANCELLED`, `NO_BACKEND`, `NO_DEVICE`, `DEVICE_LOST`, `BACKEND`, `IO`, `AUDIT`, `INTERNAL` and unknown ones | `Other` |
///
/// Variants without room for words have them in [`Failure::last()`].
///
/// ```
/// use vram_residency::VramError;
/// let error = VramError::InsufficientVram(4096, 1024);
/// assert!(error.is_retriable() && !error.is_fatal());
/// assert_eq!(error.to_string(), "not enough VRAM: 4096 bytes needed, 1024 available");
/// assert!(VramError::SealVerificationFailed.is_fatal());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum VramError {
    /// The call is wrong, or not possible now; says which argument and where, never its content.
    InvalidInput(String),
    /// Bytes needed, and bytes available.
    InsufficientVram(usize, usize),
    /// The bytes, the signature or the place of the memory are not those of the seal: stop.
    SealVerificationFailed,
    /// A receipt without its signature.
    NotSealed,
    /// What is in VRAM is not what was read, or not what was expected; nothing was sealed.
    IntegrityViolation,
    /// The driver refused memory although there seemed to be room.
    CudaAllocationFailed(String),
    /// The driver could not free memory.
    CudaDeallocationFailed(String),
    /// The device or the memory is not what policy demands; the manager may have stopped.
    PolicyViolation(String),
    /// Anything else.
    Other(Failure),
}

impl VramError {
    /// The same call may succeed later.
    pub fn is_retriable(&self) -> bool {
        match self {
            VramError::InsufficientVram(..) | VramError::CudaAllocationFailed(_) => true,
            VramError::Other(failure) => failure.class() == 2,
            _ => false,
        }
    }

    /// A security incident, or a bug: the worker has to stop.
    pub fn is_fatal(&self) -> bool {
        match self {
            VramError::SealVerificationFailed | VramError::IntegrityViolation | VramError::PolicyViolation(_) => true,
            VramError::Other(failure) => matches!(failure.class(), 4 | 9),
            _ => false,
        }
    }

    pub(crate) fn from_raw(e: &sys::vres_error) -> VramError {
        let message = || text(&e.message);
        match e.status {
            sys::VRES_E_INVALID_INPUT
            | sys::VRES_E_ABI
            | sys::VRES_E_STATE
            | sys::VRES_E_UNSUPPORTED
            | sys::VRES_E_BUFFER
            | sys::VRES_E_NOT_FOUND
            | sys::VRES_E_CONFIG => VramError::InvalidInput(message()),
            sys::VRES_E_NOT_SEALED => VramError::NotSealed,
            sys::VRES_E_INSUFFICIENT_VRAM => {
                VramError::InsufficientVram(bytes(e.needed_bytes), bytes(e.available_bytes))
            }
            sys::VRES_E_ALLOCATION_FAILED => VramError::CudaAllocationFailed(message()),
            sys::VRES_E_DEALLOCATION_FAILED => VramError::CudaDeallocationFailed(message()),
            sys::VRES_E_SEAL_VERIFICATION_FAILED
                if !matches!(
                    e.reason,
                    sys::VRES_REASON_EXPIRED | sys::VRES_REASON_STALE_SESSION | sys::VRES_REASON_UNKNOWN_SHARD
                ) =>
            {
                VramError::SealVerificationFailed
            }
            sys::VRES_E_INTEGRITY_VIOLATION => VramError::IntegrityViolation,
            sys::VRES_E_POLICY_VIOLATION => VramError::PolicyViolation(message()),
            _ => VramError::Other(Failure::from_raw(e)),
        }
    }
}

impl fmt::Display for VramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VramError::InvalidInput(why) => write!(f, "invalid input: {why}"),
            VramError::InsufficientVram(needed, available) => {
                write!(f, "not enough VRAM: {needed} bytes needed, {available} available")
            }
            VramError::SealVerificationFailed => f.write_str("seal verification failed"),
            VramError::NotSealed => f.write_str("not sealed"),
            VramError::IntegrityViolation => f.write_str("integrity violation"),
            VramError::CudaAllocationFailed(why) => write!(f, "allocation failed: {why}"),
            VramError::CudaDeallocationFailed(why) => write!(f, "deallocation failed: {why}"),
            VramError::PolicyViolation(why) => write!(f, "policy violation: {why}"),
            VramError::Other(failure) => failure.fmt(f),
        }
    }
}

impl std::error::Error for VramError {}

/// All that the library said of a failure.  No pointer, key or content is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// A `vres_status`: 100 to 900.
    pub status: u32,
    /// A `vres_reason`.
    pub reason: u32,
    /// The number of the device, where it is about one.
    pub gpu_device: Option<u32>,
    /// The error number of the driver, or 0.
    pub backend_code: i32,
    /// One line for people.
    pub message: String,
    class: i32,
}

thread_local! {
    static LAST: Cell<Option<sys::vres_error>> = const { Cell::new(None) };
}

impl Failure {
    /// The last failure of a call of this crate on this thread, like `errno`; `None` before the first.
    ///
    /// ```
    /// use vram_residency::{validate_shard_id, Failure};
    /// assert!(validate_shard_id("no/slash").is_err());
    /// let last = Failure::last().unwrap();
    /// assert_eq!((last.status_name(), last.reason_name(), last.class()), ("VRES_E_INVALID_INPUT", "none", 1));
    /// ```
    pub fn last() -> Option<Failure> {
        LAST.with(|last| last.get()).as_ref().map(Failure::from_raw)
    }

    /// `"VRES_E_IO"` and so on.
    pub fn status_name(&self) -> &'static str {
        crate::ffi::status_name(self.status)
    }

    /// `"digest"`, `"stale_session"` and so on; `"none"`.
    pub fn reason_name(&self) -> &'static str {
        crate::ffi::reason_name(self.reason)
    }

    /// What to do next, as `vres_error_class()` says: 1 fix the call, 2 retry or wait, 3 look at the machine, 4 security
    /// incident, 5 the consequence of an earlier failure, 9 bug.
    pub fn class(&self) -> i32 {
        self.class
    }

    fn from_raw(e: &sys::vres_error) -> Failure {
        Failure {
            status: e.status,
            reason: e.reason,
            gpu_device: Some(e.gpu_device).filter(|device| *device != sys::VRES_NO_DEVICE),
            backend_code: e.backend_code,
            message: text(&e.message),
            // SAFETY: reads the error and returns an integer.
            class: unsafe { sys::vres_error_class(e) },
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status_name(), self.message)
    }
}

impl std::error::Error for Failure {}

/// Makes a call, and an error of its status.
pub(crate) fn check(call: impl FnOnce(*mut sys::vres_error) -> sys::vres_status) -> Result<()> {
    let mut e = blank_error();
    match call(&mut e) {
        sys::VRES_OK => Ok(()),
        status => {
            e.status = status;
            Err(raise(&e))
        }
    }
}

/// The object that a call makes.
pub(crate) fn made<T>(call: impl FnOnce(*mut *mut T, *mut sys::vres_error) -> sys::vres_status) -> Result<*mut T> {
    let mut out = std::ptr::null_mut();
    check(|e| call(&mut out, e))?;
    Ok(out)
}

/// The description that a call fills.
pub(crate) fn described<T: Sized0>(call: impl FnOnce(*mut T, *mut sys::vres_error) -> sys::vres_status) -> Result<T> {
    let mut out = T::init();
    check(|e| call(&mut out, e))?;
    Ok(out)
}

/// An error of this crate's own, as the library would have told it.
pub(crate) fn fail(status: sys::vres_status, reason: u32, message: &str) -> VramError {
    let mut e = blank_error();
    e.status = status;
    e.reason = reason;
    // The last byte stays NUL.
    let room = e.message.len().saturating_sub(1);
    for (to, from) in e.message.iter_mut().take(room).zip(message.bytes()) {
        *to = std::os::raw::c_char::from_ne_bytes([from]);
    }
    raise(&e)
}

pub(crate) fn invalid(message: &str) -> VramError {
    fail(sys::VRES_E_INVALID_INPUT, sys::VRES_REASON_NONE, message)
}

fn raise(e: &sys::vres_error) -> VramError {
    // Not when the thread is at its end and the place is gone already.
    let _ = LAST.try_with(|last| last.set(Some(*e)));
    VramError::from_raw(e)
}

/// Sizes of a 64-bit host fit; on another the largest stands for what does not.
pub(crate) fn bytes(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}
