// SPDX-License-Identifier: GPL-3.0-or-later
//! An inference worker: HTTP on loopback, one model, one device.
//!
//!     worker --port 8080 --token-file token --audit audit.log [--capacity BYTES] [--credential NAME] [--scrub-ms N]
//!
//! Plan asks whether a model fits, commit seals it, ready verifies it, execute computes with it.  Execute takes a lease
//! first, which verifies.  A verification that fails answers 503, and the worker is Stopped: it answers nothing but
//! health, metrics and release.  The device is simulated; a worker for a GPU has VramOptions::default() and a kernel.
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::raw::c_int;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;
use vram_residency::{
    AuditFile, AuditOptions, Failure, Key, MockGpu, ModelShardHandle, NoAudit, ScrubReport, SealParams, SealedShard,
    VramConfig, VramError, VramManager, VramOptions,
};

/// Connections at once; more are told to come back.
const CONNECTIONS: usize = 512;

const STARTING: u8 = 0;
const COMMITTED: u8 = 1;
const READY: u8 = 2;
const STOPPED: u8 = 3;
const STATES: [&str; 4] = ["Starting", "Committed", "Ready", "Stopped"];

static ENDING: AtomicBool = AtomicBool::new(false);

extern "C" fn end(_: c_int) {
    ENDING.store(true, Ordering::SeqCst);
}

extern "C" {
    fn signal(number: c_int, handler: extern "C" fn(c_int)) -> usize;
}

struct Worker {
    manager: VramManager,
    gpu: Arc<MockGpu>,
    audit: Option<Arc<AuditFile>>,
    shard: Mutex<Option<SealedShard>>,
    state: Arc<AtomicU8>,
}

/// Status, content type, body.
type Reply = (u16, &'static str, String);

fn reply(status: u16, body: String) -> Reply {
    (status, "application/json", body)
}

fn text(words: &str) -> String {
    let escaped: String = words.chars().flat_map(char::escape_default).collect();
    format!("\"{escaped}\"")
}

fn told(status: u16, code: &str, error: &VramError) -> Reply {
    let reason = Failure::last().map_or("none", |failure| failure.reason_name());
    let message = text(&error.to_string());
    reply(status, format!("{{\"error\":\"{code}\",\"reason\":\"{reason}\",\"message\":{message}}}"))
}

fn handle(shard: &ModelShardHandle) -> String {
    format!(
        "{{\"shard_id\":{},\"gpu_device\":{},\"vram_bytes\":{},\"digest\":{}}}",
        text(&shard.shard_id),
        shard.gpu_device,
        shard.vram_bytes,
        text(&shard.digest)
    )
}

impl Worker {
    fn state(&self) -> u8 {
        self.state.load(Ordering::SeqCst)
    }

    /// Stopped is for good; anything else goes on only from where it was looked at.
    fn advance(&self, from: u8, to: u8) -> bool {
        self.state.compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    fn refuse(&self, error: VramError) -> Reply {
        if error.is_fatal() {
            self.state.store(STOPPED, Ordering::SeqCst);
        }
        let (status, code) = match &error {
            VramError::InsufficientVram(needed, available) => {
                let body = format!("{{\"error\":\"VRAM_OOM\",\"needed\":{needed},\"available\":{available}}}");
                return reply(507, body);
            }
            VramError::InvalidInput(_) | VramError::NotSealed => (400, "INVALID_INPUT"),
            VramError::SealVerificationFailed => (503, "SEAL_VERIFICATION_FAILED"),
            VramError::IntegrityViolation => (503, "INTEGRITY_VIOLATION"),
            VramError::PolicyViolation(_) => (503, "POLICY_VIOLATION"),
            _ => (503, "DEVICE"),
        };
        told(status, code, &error)
    }

    fn shard(&self) -> Option<SealedShard> {
        self.shard.lock().ok().and_then(|shard| shard.clone())
    }

    fn answer(&self, method: &str, path: &str, query: &[(String, String)], body: &[u8]) -> Reply {
        let argument = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        match (method, path) {
            ("GET", "/health") => {
                let state = STATES.get(usize::from(self.state())).unwrap_or(&"unknown");
                return reply(200, format!("{{\"state\":\"{state}\"}}"));
            }
            ("GET", "/metrics") => {
                return match self.manager.prometheus() {
                    Ok(text) => (200, "text/plain; version=0.0.4", text),
                    Err(e) => self.refuse(e),
                };
            }
            ("POST", "/release") => {
                let released = self.shard.lock().map_or(false, |mut shard| shard.take().is_some());
                let _ = self.advance(READY, STARTING) || self.advance(COMMITTED, STARTING);
                return reply(200, format!("{{\"released\":{released}}}"));
            }
            // Whoever presents a receipt must not be able to stop the worker.
            ("POST", "/resume") if self.state() != STOPPED => {
                return match self.manager.open_receipt(body) {
                    Ok(shard) => reply(200, handle(&ModelShardHandle::from(&shard))),
                    Err(e) => told(409, "RECEIPT_REFUSED", &e),
                };
            }
            _ if self.state() == STOPPED => return reply(503, "{\"error\":\"STOPPED\"}".into()),
            _ => {}
        }
        let done = match (method, path) {
            ("GET", "/plan") => argument("bytes").and_then(|bytes| bytes.parse().ok()).map_or_else(
                || Err(VramError::InvalidInput("bytes is not a number".into())),
                |bytes: usize| match self.manager.available_vram() {
                    available if bytes > available => Err(VramError::InsufficientVram(bytes, available)),
                    available => Ok(format!("{{\"fits\":true,\"available\":{available}}}")),
                },
            ),
            ("POST", "/commit") => self.commit(argument("path").unwrap_or(""), argument("shard_id")),
            ("POST", "/ready") => self.with_shard(|shard| {
                self.manager.verify_sealed(shard)?;
                self.advance(COMMITTED, READY);
                Ok(handle(&ModelShardHandle::from(shard)))
            }),
            ("POST", "/execute") if self.state() == READY => self.with_shard(|shard| self.execute(shard)),
            ("POST", "/execute") => return reply(409, "{\"error\":\"NOT_READY\"}".into()),
            ("GET", "/receipt") => match self.shard().map(|shard| shard.receipt()) {
                Some(Ok(receipt)) => Ok(receipt.iter().map(|byte| format!("{byte:02x}")).collect()),
                Some(Err(e)) => Err(e),
                None => Err(VramError::NotSealed),
            },
            // For tests alone: what a cosmic ray does.
            ("POST", "/flip") => self.with_shard(|shard| {
                let offset: u64 = argument("offset").and_then(|offset| offset.parse().ok()).unwrap_or(0);
                let address = self.manager.lease(shard)?.device_ptr();
                self.gpu.flip(address.saturating_add(offset), 0).map(|()| "{\"flipped\":true}".into())
            }),
            _ => return reply(404, "{\"error\":\"NOT_FOUND\"}".into()),
        };
        done.map_or_else(|e| self.refuse(e), |body| reply(200, body))
    }

    fn with_shard(&self, call: impl FnOnce(&SealedShard) -> Result<String, VramError>) -> Result<String, VramError> {
        self.shard().map_or(Err(VramError::NotSealed), |shard| call(&shard))
    }

    fn commit(&self, path: &str, shard_id: Option<&str>) -> Result<String, VramError> {
        let mut slot = self.shard.lock().map_err(|_| VramError::NotSealed)?;
        if slot.is_some() {
            return Err(VramError::InvalidInput("a model is committed already: release it".into()));
        }
        let cannot = |_: io::Error| VramError::InvalidInput("the model cannot be opened".into());
        let file = std::fs::File::open(path).map_err(cannot)?;
        let bytes = file.metadata().map_err(cannot)?.len();
        let params = SealParams { shard_id, model_ref: Some(path), ..SealParams::default() };
        let shard = self.manager.seal_file(params, &file, 0, bytes)?;
        let body = handle(&ModelShardHandle::from(&shard));
        *slot = Some(shard);
        self.advance(STARTING, COMMITTED);
        Ok(body)
    }

    /// The "kernel" adds up all bytes, through the lease and while it holds it.
    fn execute(&self, shard: &SealedShard) -> Result<String, VramError> {
        let lease = self.manager.lease(shard)?;
        let mut piece = vec![0; 65_536];
        let (mut offset, mut sum) = (0, 0u64);
        while offset < lease.bytes() {
            let n = usize::try_from(lease.bytes() - offset).map_or(piece.len(), |left| left.min(piece.len()));
            self.gpu.read(&lease, offset, &mut piece[..n])?;
            sum = piece[..n].iter().fold(sum, |sum, byte| sum.wrapping_add(u64::from(*byte)));
            offset += n as u64;
        }
        lease.check()?; // was it found damaged meanwhile?
        Ok(format!("{{\"sum\":{sum}}}"))
    }

    fn scrub(&self, pause: Duration) {
        while !ENDING.load(Ordering::SeqCst) && self.state() != STOPPED {
            let step = self.manager.scrub_step(Duration::from_millis(20), &mut ScrubReport::default());
            if let Err(e) = step {
                let _ = self.refuse(e);
            }
            thread::sleep(pause);
        }
    }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let hex = |rest: &mut std::str::Bytes<'_>| {
            let digits = [rest.next()?, rest.next()?];
            u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()
        };
        bytes.push(if byte == b'%' { hex(&mut rest).unwrap_or(b'?') } else { byte });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// One request a connection, bounded in every direction.
fn serve(worker: &Worker, mut stream: TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.set_write_timeout(Some(Duration::from_secs(10)))?;
    let mut reader = BufReader::new(stream.try_clone()?.take(1 << 20));
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next().unwrap_or("").to_string(), words.next().unwrap_or("").to_string());
    let mut length = 0;
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header)? == 0 || header.trim().is_empty() {
            break;
        }
        if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body)?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let query: Vec<_> = pairs.map(|(key, value)| (decoded(key), decoded(value))).collect();
    let (status, kind, body) = worker.answer(&method, path, &query, &body);
    let head = format!("HTTP/1.1 {status} -\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n", body.len());
    stream.write_all(format!("{head}Connection: close\r\n\r\n{body}").as_bytes())
}

fn option(name: &str) -> Option<String> {
    std::env::args().skip_while(|argument| argument != name).nth(1)
}

fn number(name: &str, otherwise: u64) -> Result<u64, String> {
    option(name).map_or(Ok(otherwise), |text| text.parse().map_err(|_| format!("{name} is not a number")))
}

fn key(domain: Option<&str>) -> Result<Key, Box<dyn std::error::Error>> {
    Ok(match (option("--token-file"), option("--credential")) {
        (Some(path), None) => Key::from_token_file(&path, domain)?,
        (None, Some(name)) => Key::from_credential(&name, domain)?,
        _ => return Err("give --token-file or --credential".into()),
    })
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let state = Arc::new(AtomicU8::new(STARTING));
    let gpu = Arc::new(MockGpu::with_capacity(number("--capacity", 64 << 20)?)?);
    let audit = match option("--audit") {
        Some(path) => {
            let options = AuditOptions { worker_id: "worker".into(), simulated: true, ..AuditOptions::default() };
            Some(Arc::new(AuditFile::open(&path, &key(None)?, &options)?))
        }
        None => None,
    };
    let config = VramConfig {
        worker_api_token: String::new(), // the key is in the options
        gpu_device: 0,
        max_model_size: 0,
        audit_logger: match &audit {
            Some(audit) => audit.clone(),
            None => Arc::new(NoAudit),
        },
    };
    let mut options = VramOptions::mock(&gpu);
    let stopping = Arc::clone(&state);
    options.key = Some(key(None)?);
    options.on_incident = Some(Box::new(move |event| {
        stopping.store(STOPPED, Ordering::SeqCst);
        eprintln!("INCIDENT {} reason {} shard {:?}", event.name(), event.reason_name(), event.shard_id());
    }));
    let manager = VramManager::with_options(config, options)?;
    manager.enforce_vram_only_policy()?;
    let worker = Arc::new(Worker { manager, gpu, audit, shard: Mutex::new(None), state });
    let listener = TcpListener::bind(("127.0.0.1", u16::try_from(number("--port", 0)?)?))?;
    listener.set_nonblocking(true)?; // so that a signal is noticed
                                     // SAFETY: signal(2) with a handler that only sets a flag.
    unsafe {
        signal(2, end); // SIGINT
        signal(15, end); // SIGTERM
    }
    println!("listening on {}", listener.local_addr()?);
    let pause = Duration::from_millis(number("--scrub-ms", 100)?);
    let scrubbed = Arc::clone(&worker);
    let scrub = thread::spawn(move || scrubbed.scrub(pause));
    while !ENDING.load(Ordering::SeqCst) {
        match listener.accept() {
            Ok((stream, _)) if Arc::strong_count(&worker) < CONNECTIONS => {
                stream.set_nonblocking(false)?;
                let worker = Arc::clone(&worker);
                thread::spawn(move || serve(&worker, stream));
            }
            Ok((mut stream, _)) => {
                let _ = stream.write_all(b"HTTP/1.1 503 -\r\nContent-Length: 0\r\nRetry-After: 1\r\n\r\n");
            }
            Err(_) => thread::sleep(Duration::from_millis(5)),
        }
    }
    let _ = scrub.join();
    for _ in 0..1000 {
        // Requests in progress end first.
        if Arc::strong_count(&worker) == 1 {
            break;
        }
        thread::sleep(Duration::from_millis(10));
    }
    if let Some(audit) = &worker.audit {
        audit.flush()?;
    }
    let gpu = Arc::clone(&worker.gpu);
    drop(worker);
    println!("ended: {} handles open, {} allocations not wiped", gpu.live_handles(), gpu.unwiped());
    Ok(())
}

fn main() {
    if let Err(e) = run() {
        eprintln!("worker: {e}");
        std::process::exit(1);
    }
}
