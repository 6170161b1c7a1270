// SPDX-License-Identifier: GPL-3.0-or-later
//! The worker of examples/worker.rs, driven with curl.
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A worker that runs in a folder of its own, with a token, a model and an audit log.
struct Worker {
    process: Child,
    url: String,
    output: BufReader<std::process::ChildStdout>,
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let folder = std::env::temp_dir().join(format!("vres-worker-{name}-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("token"), "test-token-42").unwrap();
        std::fs::set_permissions(folder.join("token"), PermissionsExt::from_mode(0o600)).unwrap();
        std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o700)).unwrap();
        std::fs::write(folder.join("model"), [1; 300_000]).unwrap();
        std::fs::write(folder.join("large"), vec![1; 9 << 20]).unwrap();
        Folder(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_string()
    }

    fn start(&self) -> Worker {
        self.start_with(&["--token-file", &self.path("token")])
    }

    /// A worker that gets its key as said.
    fn start_with(&self, key: &[&str]) -> Worker {
        // Tests lie in target/debug/deps, examples in target/debug/examples.
        let test = std::env::current_exe().unwrap();
        let program = test.parent().and_then(Path::parent).unwrap().join("examples/worker");
        let mut process = Command::new(program)
            .args(key)
            .args(["--audit", &self.path("audit.log")])
            .env("CREDENTIALS_DIRECTORY", &self.0)
            .args(["--capacity", "8388608", "--scrub-ms", "20"])
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(self.path("stderr")).unwrap())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("{line}"));
        Worker { url: format!("http://{address}"), process, output }
    }

    /// Does the audit log verify?  Nothing is asked where the tool is not at hand.
    fn audit_is_good(&self) {
        match std::env::var("VRES_TOOL") {
            Ok(tool) => {
                let arguments = ["audit", "verify", &self.path("audit.log"), "--token-file", &self.path("token")];
                let run = Command::new(tool).args(arguments).output().unwrap();
                assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout));
            }
            Err(_) => println!("not checked: the audit log, since VRES_TOOL does not name the tool vres"),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Worker {
    /// Status and body.
    fn curl(&self, arguments: &[&str], path: &str) -> (u16, String) {
        let url = format!("{}{path}", self.url);
        let run = Command::new("curl").args(["-sS", "-w", "\n%{http_code}"]).args(arguments).arg(url).output().unwrap();
        let out = String::from_utf8(run.stdout).unwrap();
        let (body, status) =
            out.rsplit_once('\n').unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&run.stderr)));
        (status.parse().unwrap(), body.to_string())
    }

    fn get(&self, path: &str) -> (u16, String) {
        self.curl(&[], path)
    }

    fn post(&self, path: &str) -> (u16, String) {
        self.curl(&["-X", "POST"], path)
    }

    fn commit(&self, folder: &Folder) {
        let (status, body) = self.post(&format!("/commit?shard_id=shard-0&path={}", folder.path("model")));
        assert!(status == 200 && body.contains("\"vram_bytes\":300000"), "{status} {body}");
        assert_eq!(self.post("/execute").0, 409, "before ready");
        assert_eq!(self.post("/ready").0, 200);
    }

    /// Ends it as Ctrl-C does; its last words.
    fn interrupt(mut self) -> String {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        let mut words = String::new();
        self.output.read_to_string(&mut words).unwrap();
        assert!(self.process.wait().unwrap().success());
        words
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

const SUM: &str = "{\"sum\":300000}";

#[test]
fn a_model_is_planned_committed_ready_and_executed_and_ctrl_c_leaves_nothing() {
    let folder = Folder::new("flow");
    let worker = folder.start();
    assert_eq!(worker.get("/health"), (200, "{\"state\":\"Starting\"}".into()));
    assert_eq!(worker.get("/plan?bytes=8388608").0, 200);
    let oom = (507, "{\"error\":\"VRAM_OOM\",\"needed\":8388609,\"available\":8388608}".into());
    assert_eq!(worker.get("/plan?bytes=8388609"), oom);
    let (status, body) = worker.post(&format!("/commit?path={}", folder.path("large")));
    assert_eq!((status, body.as_str()), (507, "{\"error\":\"VRAM_OOM\",\"needed\":9437184,\"available\":8388608}"));
    assert_eq!(worker.post("/commit?shard_id=a/b&path=/dev/null").0, 400);
    worker.commit(&folder);
    assert_eq!(worker.post("/execute"), (200, SUM.into()));
    assert_eq!(worker.get("/nothing").0, 404);
    assert_eq!(worker.post("/release"), (200, "{\"released\":true}".into()));
    worker.commit(&folder);
    assert_eq!(worker.interrupt(), "ended: 0 handles open, 0 allocations not wiped\n");
    folder.audit_is_good();
}

#[test]
fn a_flipped_bit_answers_503_and_stops_the_worker_for_good() {
    let folder = Folder::new("flip");
    let worker = folder.start();
    worker.commit(&folder);
    assert_eq!(worker.post("/flip?offset=123456").0, 200);
    let (status, body) = worker.post("/execute");
    assert_eq!(status, 503, "{body}");
    assert_eq!(worker.get("/health"), (200, "{\"state\":\"Stopped\"}".into()));
    for (status, body) in [worker.post("/execute"), worker.post("/ready"), worker.get("/plan?bytes=1")] {
        assert_eq!((status, body.as_str()), (503, "{\"error\":\"STOPPED\"}"));
    }
    assert!(worker.get("/metrics").1.contains("\nvram_quarantined_shards 1"));
    assert_eq!(worker.post("/release").0, 200);
    assert_eq!(worker.get("/health").1, "{\"state\":\"Stopped\"}");
    worker.interrupt();
    let incidents = std::fs::read_to_string(folder.path("stderr")).unwrap();
    assert_eq!(incidents, "INCIDENT seal_verification_failed reason digest shard Some(\"shard-0\")\n");
    folder.audit_is_good();
}

#[test]
fn the_scrub_alone_finds_a_flipped_bit_and_stops_the_worker() {
    let folder = Folder::new("scrub");
    let worker = folder.start();
    worker.commit(&folder);
    assert_eq!(worker.post("/flip?offset=299999").0, 200);
    let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while worker.get("/health").1 != "{\"state\":\"Stopped\"}" {
        assert!(std::time::Instant::now() < end, "the scrub has not found it in 30 s");
    }
    assert_eq!(worker.post("/execute"), (503, "{\"error\":\"STOPPED\"}".into()));
    worker.interrupt();
    folder.audit_is_good();
}

#[test]
fn a_credential_is_the_same_key_as_a_token_file() {
    let folder = Folder::new("credential");
    folder.start().interrupt();
    let worker = folder.start_with(&["--credential", "token"]);
    worker.commit(&folder);
    assert_eq!(worker.post("/execute"), (200, SUM.into()));
    worker.interrupt();
    folder.audit_is_good();
    let said = |arguments: &[&str]| {
        let test = std::env::current_exe().unwrap();
        let program = test.parent().and_then(Path::parent).unwrap().join("examples/worker");
        let run = Command::new(program).args(arguments).output().unwrap();
        (run.status.code(), String::from_utf8(run.stderr).unwrap())
    };
    assert_eq!(said(&[]), (Some(1), "worker: give --token-file or --credential\n".into()));
    let missing = "worker: invalid input: the folder of the token file does not exist\n";
    assert_eq!(said(&["--token-file", "/no/such/token"]), (Some(1), missing.into()));
}

#[test]
fn metrics_are_what_promtool_accepts() {
    let folder = Folder::new("metrics");
    let worker = folder.start();
    worker.commit(&folder);
    let (status, metrics) = worker.get("/metrics");
    assert!(status == 200 && metrics.contains("vram_shards"), "{metrics}");
    let promtool = Command::new("promtool").args(["check", "metrics"]).stdin(Stdio::piped()).spawn();
    match promtool {
        Ok(mut promtool) => {
            std::io::Write::write_all(&mut promtool.stdin.take().unwrap(), metrics.as_bytes()).unwrap();
            assert!(promtool.wait().unwrap().success());
        }
        Err(_) => println!("not checked: the metrics, since promtool is not installed"),
    }
}

#[test]
fn two_hundred_executes_at_once_all_answer() {
    let folder = Folder::new("many");
    let worker = folder.start();
    worker.commit(&folder);
    let (_, out) =
        worker.curl(&["-Z", "--parallel-max", "200", "-X", "POST", "--parallel-immediate"], "/execute?[1-200]");
    assert_eq!(out.matches(SUM).count(), 200, "{out}");
    assert_eq!(worker.get("/health").1, "{\"state\":\"Ready\"}");
    assert_eq!(worker.interrupt(), "ended: 0 handles open, 0 allocations not wiped\n");
}

#[test]
fn after_kill_9_and_a_restart_a_receipt_of_the_earlier_session_is_refused() {
    let folder = Folder::new("restart");
    let mut worker = folder.start();
    worker.commit(&folder);
    let (status, hex) = worker.get("/receipt");
    assert_eq!(status, 200);
    let digits: Vec<u8> = hex.bytes().collect();
    let bytes: Vec<u8> =
        digits.chunks(2).map(|d| u8::from_str_radix(std::str::from_utf8(d).unwrap(), 16).unwrap()).collect();
    std::fs::write(folder.path("receipt"), bytes).unwrap();
    let body = format!("@{}", folder.path("receipt"));
    let resume = |worker: &Worker| worker.curl(&["-X", "POST", "--data-binary", &body], "/resume");
    let (status, handle) = resume(&worker);
    assert!(status == 200 && handle.contains("shard-0"), "{handle}");
    worker.process.kill().unwrap();
    worker.process.wait().unwrap();
    let worker = folder.start();
    worker.commit(&folder);
    let (status, refused) = resume(&worker);
    assert!(status == 409 && refused.contains("stale_session"), "{status} {refused}");
    assert_eq!(worker.get("/health").1, "{\"state\":\"Ready\"}", "who presents a receipt cannot stop the worker");
    assert_eq!(worker.post("/execute"), (200, SUM.into()));
    worker.interrupt();
    folder.audit_is_good();
}
