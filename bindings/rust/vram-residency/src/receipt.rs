// SPDX-License-Identifier: GPL-3.0-or-later
//! Receipts: the signed record of a seal, to be stored or sent and presented again.
use crate::error::{described, made, Result};
use crate::key::Key;
use crate::manager::VramManager;
use crate::shard::{SealedShard, ShardInfo};
use vres_sys as sys;

impl VramManager {
    /// The live shard that a receipt describes.  A receipt of an earlier session is refused.
    ///
    /// ```
    /// # use vram_residency::*; let (gpu, manager) = doc::parts()?;
    /// let receipt = manager.seal_model("a", 0, b"weights").and_then(|shard| {
    ///     let receipt = shard.receipt()?;
    ///     assert_eq!(manager.open_receipt(&receipt)?.shard_id, "a");
    ///     Ok(receipt)
    /// })?;
    /// assert!(manager.open_receipt(&receipt).is_err()); // the shard is gone
    /// assert_eq!(Failure::last().unwrap().reason_name(), "unknown_shard");
    /// # Ok::<(), VramError>(())
    /// ```
    pub fn open_receipt(&self, receipt: &[u8]) -> Result<SealedShard> {
        let (bytes, n) = (receipt.as_ptr().cast(), receipt.len());
        // SAFETY: the receipt lives during the call; out and err are made()'s.
        self.reference(made(|out, e| unsafe { sys::vres_receipt_open(self.raw.0, bytes, n, out, e) })?)
    }
}

/// Was this receipt signed with this key?  Needs no manager, and says nothing about VRAM now.
///
/// ```
/// use vram_residency::{check_receipt, Key, VramError};
/// let key = Key::derive(b"test-token-42", None)?;
/// assert_eq!(check_receipt(b"short", &key), Err(VramError::NotSealed));
/// # Ok::<(), VramError>(())
/// ```
pub fn check_receipt(receipt: &[u8], key: &Key) -> Result<ShardInfo> {
    let (bytes, n) = (receipt.as_ptr().cast(), receipt.len());
    // SAFETY: receipt and key live during the call; out and err are described()'s.
    let info = described(|out, e| unsafe { sys::vres_receipt_check(bytes, n, key.raw(), out, e) })?;
    Ok(ShardInfo::from_raw(&info))
}
