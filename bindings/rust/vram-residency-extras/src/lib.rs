// SPDX-License-Identifier: GPL-3.0-or-later
//! serde and tracing for vram-residency.
//!
//! [`AsSerde`] makes what the crate says of shards, devices and failures serializable; [`trace`] hands its log lines and incidents to
//! `tracing`.
//!
//! No key, token or address can be serialized:
//! ```compile_fail
//! # use vram_residency::Key;
//! let key = Key::derive(b"test-token-42", None).unwrap();
//! serde_json::to_string(&vram_residency_extras::AsSerde(&key)).unwrap();
//! ```
//! ```compile_fail
//! # use vram_residency::doc;
//! serde_json::to_string(&vram_residency_extras::AsSerde(&doc::config())).unwrap();
//! ```
//! ```compile_fail
//! # use vram_residency::doc;
//! let (_gpu, manager) = doc::parts().unwrap();
//! let lease = manager.lease(&manager.seal(b"weights", 0).unwrap()).unwrap();
//! serde_json::to_string(&vram_residency_extras::AsSerde(&lease)).unwrap();
//! ```
#![deny(missing_docs, unsafe_code)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod serialize;
mod time;
pub mod trace;

pub use serialize::AsSerde;
