// SPDX-License-Identifier: GPL-3.0-or-later
//! Keys, which have no Debug, Display, Clone or serialization.
use crate::error::{made, Result};
use crate::ffi::{c_text, optional, owned, pointer};
use vres_sys as sys;

owned! {
/// A secret of 32 bytes in locked memory, wiped on drop.
pub Key of vres_key by vres_key_destroy
}

impl Key {
    /// Derives a key from a token; `domain` says what it is for, `None`: seals.
    ///
    /// ```
    /// # use vram_residency::Key;
    /// let key = Key::derive(b"test-token-42", None)?;
    /// # Ok::<(), vram_residency::VramError>(())
    /// ```
    pub fn derive(token: &[u8], domain: Option<&str>) -> Result<Key> {
        let domain = optional(domain, "domain")?;
        let bytes = token.as_ptr().cast();
        // SAFETY: token and domain live during the call; out and err are made()'s.
        made(|out, e| unsafe { sys::vres_key_derive(bytes, token.len(), pointer(&domain), out, e) }).map(Key)
    }

    /// Derives a key from a private file with a token (mode 0600).
    ///
    /// ```
    /// # use vram_residency::*; let folder = doc::Folder::new("key")?;
    /// let token = folder.write("token", b"test-token-42\n")?;
    /// Key::from_token_file(&token, None)?;
    /// Key::from_key_file(&folder.write("key", &[7; 32])?)?;
    /// std::env::set_var("CREDENTIALS_DIRECTORY", &folder.0); // as systemd does
    /// Key::from_credential("token", None)?;
    /// assert!(Key::from_token_file("/no/such/file", None).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_token_file(path: &str, domain: Option<&str>) -> Result<Key> {
        let (path, domain) = (c_text(path, "path")?, optional(domain, "domain")?);
        // SAFETY: path and domain live during the call; out and err are made()'s.
        made(|out, e| unsafe { sys::vres_key_from_token_file(path.as_ptr(), pointer(&domain), out, e) }).map(Key)
    }

    /// Takes the key itself from a private file: 32 bytes, or 64 hex digits.
    pub fn from_key_file(path: &str) -> Result<Key> {
        let path = c_text(path, "path")?;
        // SAFETY: path lives during the call; out and err are made()'s.
        made(|out, e| unsafe { sys::vres_key_from_key_file(path.as_ptr(), out, e) }).map(Key)
    }

    /// Derives a key from a systemd credential: a file in `$CREDENTIALS_DIRECTORY`.
    pub fn from_credential(name: &str, domain: Option<&str>) -> Result<Key> {
        let (name, domain) = (c_text(name, "name")?, optional(domain, "domain")?);
        // SAFETY: name and domain live during the call; out and err are made()'s.
        made(|out, e| unsafe { sys::vres_key_from_credential(name.as_ptr(), pointer(&domain), out, e) }).map(Key)
    }

    pub(crate) fn raw(&self) -> *const sys::vres_key {
        self.0
    }
}
