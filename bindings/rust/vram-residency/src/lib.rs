// SPDX-License-Identifier: GPL-3.0-or-later
//! Are the weights in this GPU still there, and still the bytes that were loaded?
//!
//! This crate is libvres for Rust: it seals model weights in GPU memory and verifies them before every inference.
//! `docs/RUST.md` shows how to build it and what a worker does with it; `docs/DESIGN.md` and `docs/THREATS.md` say how
//! it works and what it promises.
//!
//! ```
//! use std::sync::Arc;
//! use vram_residency::{MockGpu, NoAudit, VramConfig, VramManager, VramOptions};
//!
//! let gpu = Arc::new(MockGpu::with_capacity(64 << 20)?); // feature "mock"; or VramManager::new() for a GPU
//! let config = VramConfig {
//!     worker_api_token: "test-token-42".into(),
//!     gpu_device: 0,
//!     max_model_size: 100 * 1024 * 1024 * 1024,
//!     audit_logger: Arc::new(NoAudit),
//! };
//! let manager = VramManager::with_options(config, VramOptions::mock(&gpu))?;
//! let shard = manager.seal_model("llama-shard-0", 0, b"stands for a few gigabytes of weights")?;
//! let lease = manager.lease(&shard)?; // verifies every block first
//! println!("{} bytes are in VRAM, and are the ones that were sealed", lease.bytes());
//! # Ok::<(), vram_residency::VramError>(())
//! ```
//!
//! Threads: every type is `Send` and `Sync`, but for events, log lines and parameters with a closure of the caller's.
//! Callbacks run on the thread that made the call; one that panics fails the operation.  Dropping gives memory back, cannot fail and never
//! panics.
#![doc = include_str!("flows.md")]
#![deny(missing_docs, unsafe_op_in_unsafe_fn)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![deny(clippy::arithmetic_side_effects, clippy::cast_ptr_alignment, clippy::mem_forget)]
#![deny(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_sign_loss)]
#![deny(clippy::undocumented_unsafe_blocks)]
#![allow(unknown_lints)]

mod audit;
mod config;
mod device;
mod error;
mod event;
mod ffi;
mod key;
mod lease;
mod manager;
mod metrics;
#[cfg(feature = "mock")]
mod mock;
mod receipt;
mod repair;
mod seal;
mod shard;
mod suspend;
mod tensors;
mod validate;
mod verify;

pub use audit::{AuditFile, AuditOptions};
pub use config::{allow, require, Backend, Policy, VramConfig, VramOptions};
pub use device::DeviceInfo;
pub use error::{Failure, Result, VramError};
pub use event::{AuditLogger, Event, IncidentFn, LogFn, LogLevel, LogLine, NoAudit};
pub use key::Key;
pub use lease::Lease;
pub use manager::VramManager;
pub use metrics::Metrics;
#[cfg(feature = "mock")]
pub use mock::{doc, MockGpu, MockMemory, MockOp};
pub use receipt::check_receipt;
pub use repair::{RepairParams, Source};
pub use seal::{DigestAlg, Progress, SealParams};
pub use shard::{ModelShardHandle, SealedShard, ShardInfo};
pub use suspend::{Change, NotClosed, ResumeParams};
pub use tensors::{Tensor, TensorInfo};
pub use validate::{validate_digest, validate_shard_id};
pub use verify::{Damage, ScrubReport, VerifyMode, VerifyParams, VerifyReport};

/// The declarations of the C library, for the numbers of statuses and reasons.
pub use vres_sys as sys;
