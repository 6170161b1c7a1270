// SPDX-License-Identifier: GPL-3.0-or-later
//! The Rust of docs/RUST.md, which has to be here word for word, over stand-ins for the crates that it names.
use std::sync::{Arc, Mutex};
use std::time::SystemTime;
use vram_residency::*;

const PAGE: &str = include_str!("../../../../docs/RUST.md");

#[allow(dead_code)] // it wants a GPU
mod first_seal {
    use std::sync::Arc;
    use vram_residency::{NoAudit, VramConfig, VramManager};

    fn main() -> Result<(), Box<dyn std::error::Error>> {
        let manager = VramManager::new(VramConfig {
            worker_api_token: std::fs::read_to_string("token")?,
            gpu_device: 0,
            max_model_size: 100 * 1024 * 1024 * 1024,
            audit_logger: Arc::new(NoAudit),
        })?;
        let shard = manager.seal_model("model-0", 0, &std::fs::read("model.safetensors")?)?;
        let lease = manager.lease(&shard)?; // verifies every block first
        println!("{} bytes at {:#x}", lease.bytes(), lease.device_ptr());
        Ok(())
    }
}

mod tokio {
    pub mod sync {
        pub mod mpsc {
            use std::sync::Mutex;

            pub struct UnboundedSender<T>(pub Mutex<Vec<T>>);

            impl<T> UnboundedSender<T> {
                pub fn send(&self, value: T) -> std::result::Result<(), std::sync::PoisonError<()>> {
                    self.0.lock().map(|mut sent| sent.push(value)).map_err(|_| std::sync::PoisonError::new(()))
                }
            }
        }
    }
}

struct Timestamp(SystemTime);

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Timestamp {
        Timestamp(time)
    }
}

enum AuditEvent {
    VramSealed {
        timestamp: Timestamp,
        shard_id: String,
        worker_id: String,
        gpu_device: u32,
        vram_bytes: usize,
        digest: String,
    },
    SealVerified {
        timestamp: Timestamp,
        shard_id: String,
        worker_id: String,
    },
}

struct Forward(tokio::sync::mpsc::UnboundedSender<AuditEvent>);

impl vram_residency::AuditLogger for Forward {
    fn record(&self, event: &vram_residency::Event<'_>) -> std::io::Result<()> {
        let worker_id = event.worker_id().unwrap_or_default().to_string();
        let shard_id = event.shard_id().unwrap_or_default();
        let timestamp = event.time().into();
        let sent = match event.name() {
            "vram_sealed" => AuditEvent::VramSealed {
                timestamp,
                shard_id,
                worker_id,
                gpu_device: event.gpu_device().unwrap_or_default(),
                vram_bytes: event.vram_bytes() as usize,
                digest: event.digest().unwrap_or_default(),
            },
            "seal_verified" => AuditEvent::SealVerified { timestamp, shard_id, worker_id },
            _ => return Ok(()), // and so on
        };
        self.0.send(sent).map_err(|_| std::io::ErrorKind::BrokenPipe.into()) // an error fails the operation
    }
}

#[test]
fn the_adapter_of_the_page_passes_on_what_happens() {
    let forward = Arc::new(Forward(tokio::sync::mpsc::UnboundedSender(Mutex::default())));
    let gpu = Arc::new(MockGpu::with_capacity(1 << 20).unwrap());
    let config = VramConfig {
        worker_api_token: "test-token-42".into(),
        gpu_device: 0,
        max_model_size: 0,
        audit_logger: forward.clone(),
    };
    let manager = VramManager::with_options(config, VramOptions::mock(&gpu)).unwrap();
    let shard = manager.seal_model("a", 0, b"weights").unwrap();
    manager.verify_sealed(&shard).unwrap();
    let sent = forward.0 .0.lock().unwrap();
    let seen = sent.iter().map(|event| match event {
        AuditEvent::VramSealed { timestamp, shard_id, worker_id, gpu_device, vram_bytes, digest } => {
            assert_eq!((*gpu_device, *vram_bytes, digest), (0, 7, &shard.digest));
            (timestamp.0, shard_id, worker_id)
        }
        AuditEvent::SealVerified { timestamp, shard_id, worker_id } => (timestamp.0, shard_id, worker_id),
    });
    let seen: Vec<_> = seen.collect();
    assert!(seen.len() == 2 && seen[0].0 <= seen[1].0);
    assert!(seen.iter().all(|event| event.1 == "a" && event.2 == "worker"));
}

struct Secret(&'static str);

impl Secret {
    fn expose(&self) -> &str {
        self.0
    }
}

fn with_secret(secret: &Secret, audit_logger: Arc<dyn AuditLogger>) -> Result<VramManager> {
    let options = VramOptions { key: Some(Key::derive(secret.expose().as_bytes(), None)?), ..VramOptions::default() };
    let worker_api_token = String::new(); // the key is in the options
    let config = VramConfig { worker_api_token, gpu_device: 0, max_model_size: 0, audit_logger };
    let manager = VramManager::with_options(config, options)?;
    Ok(manager)
}

#[test]
fn a_secret_serves_as_the_page_says() {
    // Here is no GPU, or none that policy takes; the key is made before that is seen.
    let _ = with_secret(&Secret("test-token-42"), Arc::new(NoAudit));
    assert!(matches!(with_secret(&Secret(""), Arc::new(NoAudit)), Err(VramError::InvalidInput(_))));
}

#[test]
fn the_page_has_no_rust_that_is_not_in_this_file() {
    // rustfmt breaks lines where it likes.
    let lines = |text: &str| text.split_whitespace().collect::<String>();
    let here = lines(include_str!("page.rs"));
    let blocks: Vec<&str> = PAGE.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(blocks.len(), 3);
    for block in blocks {
        assert!(here.contains(&lines(block)), "{block}");
    }
}
