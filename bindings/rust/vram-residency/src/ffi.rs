// SPDX-License-Identifier: GPL-3.0-or-later
//! Values as C has them: structures that say their size, texts, times.
use crate::error::{invalid, Result};
use std::ffi::{c_void, CStr, CString};
use std::os::raw::c_char;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use vres_sys as sys;

/// Structures for which zero is the default, but for their size.
pub(crate) trait Sized0: Copy {
    fn init() -> Self;
}

macro_rules! sized {
    ($($structure:ident)*) => {$(
        impl Sized0 for sys::$structure {
            fn init() -> Self {
                // SAFETY: integers, pointers and optional functions, for which zero is a value.
                let zero: Self = unsafe { std::mem::zeroed() };
                sys::$structure { struct_size: std::mem::size_of::<Self>(), ..zero }
            }
        }
    )*};
}
sized! {
    vres_config vres_policy vres_seal_params vres_verify_params vres_verify_report vres_damage
    vres_set_report vres_scrub_report vres_shard_info vres_device_info vres_metrics
    vres_audit_file_options vres_tensor vres_tensor_info vres_change vres_resume_params
    vres_repair_params
}
#[cfg(feature = "mock")]
sized! { vres_mock_params vres_device_props vres_backend_open }

/// A structure of this crate, and how each of its fields comes from that of the library.
macro_rules! view {
    ($raw:ident => $(#[$meta:meta])* $name:ident of $structure:ident {
        $($(#[$doc:meta])* $field:ident: $type:ty = $value:expr,)*
    }) => {
        $(#[$meta])*
        #[non_exhaustive]
        pub struct $name { $($(#[$doc])* pub $field: $type,)* }

        impl $name {
            pub(crate) fn from_raw($raw: &sys::$structure) -> $name {
                $name { $($field: $value,)* }
            }
        }
    };
}
pub(crate) use view;

/// A type that owns an object of the library, and gives it back once.
macro_rules! owned {
    ($(#[$meta:meta])* $vis:vis $name:ident of $object:ident by $release:ident) => {
        $(#[$meta])*
        $vis struct $name(pub(crate) *mut sys::$object);

        // SAFETY: the library lets any thread use any object, also at the same time.
        unsafe impl Send for $name {}
        // SAFETY: as above.
        unsafe impl Sync for $name {}

        impl Drop for $name {
            fn drop(&mut self) {
                // SAFETY: ours alone, and not used any more; NULL does nothing.
                unsafe { sys::$release(self.0) }
            }
        }
    };
}
pub(crate) use owned;

pub(crate) fn blank_error() -> sys::vres_error {
    sys::vres_error {
        status: sys::VRES_OK,
        backend_code: 0,
        gpu_device: sys::VRES_NO_DEVICE,
        reason: sys::VRES_REASON_NONE,
        needed_bytes: 0,
        available_bytes: 0,
        message: [0; 224],
    }
}

/// A text in an array, up to its NUL.
pub(crate) fn text(array: &[c_char]) -> String {
    let bytes: Vec<u8> = array.iter().take_while(|c| **c != 0).flat_map(|c| c.to_ne_bytes()).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A text of the library; `None` for NULL.
///
/// # Safety
/// `c` is NULL or ends with a NUL and lives for `'a`.
pub(crate) unsafe fn borrowed<'a>(c: *const c_char) -> Option<&'a str> {
    if c.is_null() {
        return None;
    }
    // SAFETY: what the caller promises.
    unsafe { CStr::from_ptr(c) }.to_str().ok()
}

pub(crate) fn status_name(status: u32) -> &'static str {
    // SAFETY: the library's name of a status is static text.
    unsafe { borrowed(sys::vres_status_name(status)) }.unwrap_or("VRES_E_UNKNOWN")
}

pub(crate) fn reason_name(reason: u32) -> &'static str {
    // SAFETY: the library's name of a reason is static text.
    unsafe { borrowed(sys::vres_reason_name(reason)) }.unwrap_or("unknown")
}

/// Text for C, which ends at a NUL: one inside is refused with its place.
pub(crate) fn c_text(text: &str, what: &str) -> Result<CString> {
    CString::new(text).map_err(|e| invalid(&format!("{what} has a NUL at byte {}", e.nul_position())))
}

pub(crate) fn optional(text: Option<&str>, what: &str) -> Result<Option<CString>> {
    text.map(|text| c_text(text, what)).transpose()
}

/// NULL for `None`; valid as long as the text is.
pub(crate) fn pointer(text: &Option<CString>) -> *const c_char {
    text.as_ref().map_or(std::ptr::null(), |text| text.as_ptr())
}

/// NULL for a list without elements; valid as long as the list is.
pub(crate) fn or_null<T>(list: &[T]) -> *const T {
    if list.is_empty() {
        std::ptr::null()
    } else {
        list.as_ptr()
    }
}

pub(crate) fn time(ns: u64) -> SystemTime {
    UNIX_EPOCH.checked_add(Duration::from_nanos(ns)).unwrap_or(UNIX_EPOCH)
}

/// Nanoseconds; the largest number for what is longer than that.
pub(crate) fn ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Fills a buffer whose size the library says first.
pub(crate) fn filled(
    call: impl Fn(*mut u8, usize, &mut usize, *mut sys::vres_error) -> sys::vres_status,
) -> Result<Vec<u8>> {
    let mut len = 0;
    let mut buffer = Vec::new();
    loop {
        let cap = buffer.len();
        let mut status = sys::VRES_OK;
        let told = crate::error::check(|e| {
            status = call(buffer.as_mut_ptr(), cap, &mut len, e);
            status
        });
        match told {
            Ok(()) => {
                buffer.truncate(len);
                return Ok(buffer);
            }
            // One more for the NUL of texts.
            Err(_) if status == sys::VRES_E_BUFFER => buffer.resize(len.saturating_add(1), 0),
            Err(e) => return Err(e),
        }
    }
}

pub(crate) fn into_text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Calls a closure of the program; `None` when it panicked, which must not go on into C.
pub(crate) fn guarded<T>(call: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(value) => Some(value),
        Err(payload) => {
            // What was thrown may panic once more when it is dropped; that one is kept for good.
            if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
                let _ = std::mem::ManuallyDrop::new(second);
            }
            None
        }
    }
}

/// Has a closure of the program fill bytes of the library.
///
/// # Safety
/// The `n` bytes at `buf` may be written to, and nobody else uses them during the call.
pub(crate) unsafe fn deliver(
    buf: *mut c_void,
    n: usize,
    fill: impl FnOnce(&mut [u8]) -> std::io::Result<()>,
) -> sys::vres_status {
    if n == 0 {
        return sys::VRES_OK;
    }
    // SAFETY: what the caller promises; their old content is initialized first.
    let room = unsafe {
        std::ptr::write_bytes(buf.cast::<u8>(), 0, n);
        std::slice::from_raw_parts_mut(buf.cast::<u8>(), n)
    };
    match guarded(|| fill(room)) {
        Some(Ok(())) => sys::VRES_OK,
        _ => sys::VRES_E_IO,
    }
}
