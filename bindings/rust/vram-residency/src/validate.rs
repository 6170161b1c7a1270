// SPDX-License-Identifier: GPL-3.0-or-later
//! Is this input what it claims to be?  The library checks its own; programs may check theirs.
use crate::error::{check, Result};
use vres_sys as sys;

/// Is it an id of a shard: `[A-Za-z0-9_-]`, 1 to 256 bytes?
///
/// ```
/// use vram_residency::validate_shard_id;
/// assert!(validate_shard_id("llama-70b_0").is_ok());
/// assert!(validate_shard_id("../etc").is_err());
/// ```
pub fn validate_shard_id(shard_id: &str) -> Result<()> {
    let what = b"shard_id\0".as_ptr().cast();
    // SAFETY: as many bytes as said, and a name that ends with a NUL; err is ours.
    check(|e| unsafe { sys::vres_validate_identifier(shard_id.as_ptr().cast(), shard_id.len(), 256, what, e) })
}

/// Is it a digest: 64 hex digits of either case?
///
/// ```
/// use vram_residency::validate_digest;
/// assert!(validate_digest(&"aB".repeat(32)).is_ok());
/// assert!(validate_digest("0x12").is_err());
/// ```
pub fn validate_digest(digest: &str) -> Result<()> {
    let what = b"digest\0".as_ptr().cast();
    // SAFETY: as many bytes as said, and a name that ends with a NUL; err is ours.
    check(|e| unsafe { sys::vres_validate_hex(digest.as_ptr().cast(), digest.len(), 64, what, e) })
}
