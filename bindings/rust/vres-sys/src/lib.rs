// SPDX-License-Identifier: GPL-3.0-or-later
//! Declarations of the C library libvres, and nothing else: the headers in `include/vres` say what each function does, and
//! the crate vram-residency makes safe Rust of them.
//!
//! The modules are what bindgen makes of the headers (`bindings/rust/generate`); a test compares them with the C compiler.
//! The inline functions `vres_X_init()` are not in the library: a structure is all zero except for `struct_size`.
#![no_std]
#![allow(non_camel_case_types)]

extern crate std; // for std::os::raw and Option; nothing else of it is used

#[cfg(feature = "mock")]
mod mock;
mod vres;

#[cfg(feature = "mock")]
pub use mock::*;
pub use vres::*;

// What bindgen leaves out: constants made by macros of the C library.

/// `vres_metrics`: the manager has not opened any device yet, so it does not know.
pub const VRES_BYTES_UNKNOWN: u64 = u64::MAX;
/// `vres_policy_report.violations`: a violation that no `VRES_ALLOW_x` permits.
pub const VRES_VIOLATION_NEVER: u64 = 1 << 63;

/// The version of the headers that these declarations are of.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
