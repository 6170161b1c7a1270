// SPDX-License-Identifier: GPL-3.0-or-later
//! The safe crate over simulated devices: what the founding documents ask of it, and what bad input gets.
use std::io::{self, Read};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use vram_residency::*;

const CAPACITY: u64 = 8 << 20;

fn gpu() -> Arc<MockGpu> {
    Arc::new(MockGpu::with_capacity(CAPACITY).unwrap())
}

fn config(audit_logger: Arc<dyn AuditLogger>) -> VramConfig {
    VramConfig { worker_api_token: "test-token-42".into(), gpu_device: 0, max_model_size: 4 << 20, audit_logger }
}

fn manager(gpu: &Arc<MockGpu>) -> VramManager {
    VramManager::with_options(config(Arc::new(NoAudit)), VramOptions::mock(gpu)).unwrap()
}

/// An audit logger that keeps names and a few texts.
#[derive(Default)]
struct Kept(Mutex<Vec<String>>);

impl AuditLogger for Kept {
    fn record(&self, event: &Event<'_>) -> io::Result<()> {
        let line = format!("{} {} {:?}", event.name(), event.reason_name(), event.shard_id());
        self.0.lock().unwrap().push(line);
        Ok(())
    }
}

fn is_send_and_sync<T: Send + Sync>() {}

#[test]
fn what_threads_share_is_send_and_sync() {
    is_send_and_sync::<VramManager>();
    is_send_and_sync::<VramConfig>();
    is_send_and_sync::<VramOptions>();
    is_send_and_sync::<SealedShard>();
    is_send_and_sync::<ModelShardHandle>();
    is_send_and_sync::<Lease>();
    is_send_and_sync::<Key>();
    is_send_and_sync::<AuditFile>();
    is_send_and_sync::<MockGpu>();
    is_send_and_sync::<MockMemory>();
    is_send_and_sync::<NotClosed>();
    is_send_and_sync::<VerifyReport>();
    is_send_and_sync::<VramError>();
    is_send_and_sync::<Failure>();
}

#[test]
fn the_flow_of_the_founding_documents_compiles_and_works() {
    let audit = Arc::new(Kept::default());
    let config = VramConfig {
        worker_api_token: String::from("test-token-42"),
        gpu_device: 0,
        max_model_size: 100 * 1024 * 1024 * 1024,
        audit_logger: audit.clone(),
    };
    let vram_manager = VramManager::with_options(config, VramOptions::mock(&gpu())).unwrap();
    vram_manager.enforce_vram_only_policy().unwrap();
    let state = Arc::new(Mutex::new(vram_manager));
    let vram_manager = state.lock().unwrap();
    assert!(4096 <= vram_manager.available_vram());
    let sealed_shard = vram_manager.seal_model(String::from("shard-0"), 0, &[7; 5000]).unwrap();
    vram_manager.verify_sealed(&sealed_shard).unwrap();
    let kept = sealed_shard.clone();
    let of = |sealed_shard: SealedShard| ModelShardHandle {
        shard_id: sealed_shard.shard_id,
        gpu_device: sealed_shard.gpu_device,
        vram_bytes: sealed_shard.vram_bytes,
        digest: sealed_shard.digest,
        sealed_at: sealed_shard.sealed_at,
    };
    assert_eq!(of(sealed_shard), ModelShardHandle::from(&kept));
    match vram_manager.verify_sealed(&kept) {
        Ok(()) => {}
        Err(VramError::SealVerificationFailed) => panic!("damaged"),
        Err(e) => panic!("{e}"),
    }
    assert_eq!(vram_manager.metrics().used_bytes, 8192);
    drop(kept);
    let names: Vec<_> =
        audit.0.lock().unwrap().iter().map(|line| line.split(' ').next().unwrap().to_string()).collect();
    assert_eq!(names, ["vram_allocated", "vram_sealed", "seal_verified", "seal_verified", "vram_deallocated"]);
}

#[test]
fn a_clone_whose_fields_were_edited_is_refused_and_the_shard_stays_good() {
    let gpu = gpu();
    let manager = manager(&gpu);
    let shard = manager.seal_model("a", 0, b"weights").unwrap();
    type Edit = (&'static str, fn(&mut SealedShard));
    let edits: [Edit; 8] = [
        ("digest", |s| s.digest.truncate(63)),
        ("shard_id", |s| s.shard_id.push('b')),
        ("digest", |s| s.digest = "0".repeat(64)),
        ("shard_id", |s| s.shard_id = "b".into()),
        ("shard_id", |s| s.shard_id = "b".repeat(1000)),
        ("gpu_device", |s| s.gpu_device = 1),
        ("vram_bytes", |s| s.vram_bytes += 1),
        ("sealed_at", |s| s.sealed_at += Duration::from_nanos(1)),
    ];
    for (field, edit) in edits {
        let mut edited = shard.clone();
        edit(&mut edited);
        assert_eq!(manager.verify_sealed(&edited), Err(VramError::SealVerificationFailed));
        assert_eq!(Failure::last().unwrap().reason_name(), "signature");
        assert!(Failure::last().unwrap().message.starts_with(field));
        let handle = ModelShardHandle::from(&edited);
        assert_eq!(shard.matches(&handle), Err(VramError::SealVerificationFailed));
        assert_eq!(manager.lease(&edited).map(|_| ()), Err(VramError::SealVerificationFailed));
        assert!(manager.verify_many(&[&shard, &edited], &VerifyParams::default(), &mut Vec::new()).is_err());
    }
    shard.matches(&ModelShardHandle::from(&shard)).unwrap();
    let mut long = manager.seal_model("i".repeat(256), 0, b"weights").unwrap();
    long.shard_id.push('i');
    assert_eq!(manager.verify_sealed(&long), Err(VramError::SealVerificationFailed), "there is no room in C for it");
    manager.verify_sealed(&shard).unwrap();
    assert!(!shard.info().unwrap().quarantined);
}

#[test]
fn insufficient_vram_carries_both_numbers_and_may_be_tried_again() {
    let gpu = gpu();
    let mut config = config(Arc::new(NoAudit));
    config.max_model_size = 0;
    let manager = VramManager::with_options(config, VramOptions::mock(&gpu)).unwrap();
    let available = manager.available_vram();
    let error = manager.seal(&vec![1; available + 1], 0).unwrap_err();
    // The device allocates whole pages.
    assert_eq!(error, VramError::InsufficientVram(available + 4096, available));
    assert!(error.is_retriable() && !error.is_fatal());
    assert_eq!(manager.used_vram(), 0);
}

#[test]
fn bad_input_is_named_and_changes_nothing() {
    let gpu = gpu();
    let manager = manager(&gpu);
    let refused = |result: Result<SealedShard>, why: &str| match result {
        Err(VramError::InvalidInput(message)) => assert!(message.contains(why), "{message}"),
        other => panic!("{other:?}"),
    };
    refused(manager.seal_model("a\0b", 0, b"x"), "shard_id has a NUL at byte 1");
    refused(manager.seal_model("a", 3, b"x"), "gpu_device is 3, and this manager is for device 0");
    refused(manager.seal_model("", 0, b"x"), "shard_id");
    refused(manager.seal_model("a/b", 0, b"x"), "byte 1");
    refused(manager.seal(&[], 0), "bytes");
    refused(manager.seal(&vec![0; (4 << 20) + 1], 0), "4194305");
    let params = || SealParams { model_ref: Some("m\0"), ..SealParams::default() };
    refused(manager.seal_bytes(params(), b"x"), "model_ref has a NUL at byte 1");
    assert!(matches!(manager.find("nobody"), Err(VramError::InvalidInput(_))));
    assert!(Key::derive(b"", None).is_err() && Key::derive(b"x", Some("a\0")).is_err());
    let shard = manager.seal_model("a", 0, b"x").unwrap();
    refused(manager.seal_model("a", 0, b"x"), "a live shard has this shard_id");
    let other = self::manager(&gpu);
    assert_eq!(
        other.verify_sealed(&shard),
        Err(VramError::InvalidInput("the shard belongs to another manager".into()))
    );
    assert_eq!(manager.metrics().shards, 1);
}

#[test]
fn managers_that_cannot_be_made_say_why_and_leave_nothing() {
    let gpu = gpu();
    let make = |gpu_device, options: VramOptions| {
        let mut config = config(Arc::new(Kept::default()));
        config.gpu_device = gpu_device;
        VramManager::with_options(config, options).unwrap_err()
    };
    let strict = VramOptions { policy: Policy::default(), ..VramOptions::mock(&gpu) };
    assert!(matches!(make(0, strict), VramError::PolicyViolation(_)));
    assert!(matches!(make(7, VramOptions::mock(&gpu)), VramError::InvalidInput(_)));
    let named = VramOptions { worker_id: Some("no blanks".into()), ..VramOptions::mock(&gpu) };
    assert!(matches!(make(0, named), VramError::InvalidInput(_)));
    let both = VramOptions { key: Some(Key::derive(b"other", None).unwrap()), ..VramOptions::mock(&gpu) };
    assert!(matches!(make(0, both), VramError::InvalidInput(_)));
    let mut audited = VramOptions::mock(&gpu);
    audited.policy.require = require::AUDIT;
    let refused = VramManager::with_options(config(Arc::new(NoAudit)), audited);
    assert!(matches!(refused, Err(VramError::InvalidInput(_))), "NoAudit is no audit sink");
    assert_eq!(gpu.live_handles(), 0);
    assert_eq!(Arc::strong_count(&gpu), 1, "listeners of refused managers are freed");
}

#[test]
fn everything_is_given_back_in_any_order() {
    let gpu = gpu();
    let audit = Arc::new(Kept::default());
    let manager = VramManager::with_options(config(audit.clone()), VramOptions::mock(&gpu)).unwrap();
    let shard = manager.seal(&[9; 100_000], 0).unwrap();
    let lease = manager.lease(&shard).unwrap();
    let clone = shard.clone();
    drop(manager);
    drop(shard);
    assert_eq!(lease.check(), Ok(()));
    drop(clone);
    assert!(gpu.live_handles() > 0);
    drop(lease);
    assert_eq!((gpu.live_handles(), gpu.unwiped()), (0, 0));
    assert!(audit.0.lock().unwrap().last().unwrap().starts_with("vram_deallocated"));
    assert_eq!((Arc::strong_count(&gpu), Arc::strong_count(&audit)), (1, 1));
}

#[test]
fn a_flipped_bit_is_found_listed_and_told_and_the_manager_stops() {
    let gpu = gpu();
    let incidents = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&incidents);
    let mut options = VramOptions::mock(&gpu);
    options.policy.require = require::STOP;
    options.keep_leaves = true;
    options.on_incident = Some(Box::new(move |event| {
        assert!(event.is_critical() && event.is_simulated());
        told.lock().unwrap().push((event.name().to_string(), event.reason_name(), event.damage_count()));
    }));
    let manager = VramManager::with_options(config(Arc::new(NoAudit)), options).unwrap();
    let (bad, good) = (manager.seal(&[1; 20_000], 0).unwrap(), manager.seal(&[2; 20_000], 0).unwrap());
    let receipt = good.receipt().unwrap();
    let lease = manager.lease(&bad).unwrap();
    gpu.flip(lease.device_ptr() + 9000, 7).unwrap();
    let mut report = VerifyReport::default();
    let params = VerifyParams { damage_cap: 4, ..VerifyParams::default() };
    let error = manager.verify_with(&bad, &params, &mut report).unwrap_err();
    assert_eq!(error, VramError::SealVerificationFailed);
    assert!(error.is_fatal() && !error.is_retriable());
    assert_eq!(report.damage, [Damage { offset: 8192, bytes: 4096, tensor: None }]);
    assert_eq!((report.damage_count, report.reason_name()), (1, "digest"));
    assert_eq!(*incidents.lock().unwrap(), [("seal_verification_failed".to_string(), "digest", 1)]);
    assert!(lease.check().is_err() && bad.info().unwrap().quarantined);
    assert!(matches!(manager.verify_sealed(&good), Err(VramError::PolicyViolation(_))));
    let failure = Failure::last().unwrap();
    assert_eq!((failure.reason_name(), failure.class()), ("stopped", 5));
    assert!(matches!(manager.open_receipt(&receipt), Err(VramError::PolicyViolation(_))));
    assert!(!manager.is_vram_only());
}

#[test]
fn a_closure_that_panics_fails_the_operation_and_nothing_else() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("what was thrown panics, too");
        }
    }
    struct Panics;
    impl AuditLogger for Panics {
        fn record(&self, event: &Event<'_>) -> io::Result<()> {
            match event.name() {
                "vram_sealed" => std::panic::panic_any(Bomb),
                _ => Ok(()),
            }
        }
    }
    impl Read for Panics {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            panic!("reader")
        }
    }
    let gpu = gpu();
    let mut options = VramOptions::mock(&gpu);
    options.log = Some(Box::new(|_| panic!("log")));
    options.on_incident = Some(Box::new(|_| panic!("incident")));
    let manager = VramManager::with_options(config(Arc::new(Panics)), options).unwrap();
    match manager.seal(b"weights", 0).unwrap_err() {
        VramError::Other(failure) => assert_eq!(failure.status_name(), "VRES_E_AUDIT"),
        other => panic!("{other:?}"),
    }
    match manager.seal_reader(SealParams::default(), &mut Panics, 5).unwrap_err() {
        VramError::Other(failure) => assert_eq!(failure.status_name(), "VRES_E_IO"),
        other => panic!("{other:?}"),
    }
    let mut stop = |_, _| panic!("progress");
    let params = SealParams { progress: Some(&mut stop), ..SealParams::default() };
    match manager.seal_bytes(params, b"weights").unwrap_err() {
        VramError::Other(failure) => assert_eq!(failure.status_name(), "VRES_E_CANCELLED"),
        other => panic!("{other:?}"),
    }
    assert_eq!(manager.metrics().shards, 0);
}

#[test]
fn a_logger_that_refuses_fails_the_operation() {
    struct Full;
    impl AuditLogger for Full {
        fn record(&self, _: &Event<'_>) -> io::Result<()> {
            Err(io::ErrorKind::Other.into())
        }
    }
    let manager = VramManager::with_options(config(Arc::new(Full)), VramOptions::mock(&gpu())).unwrap();
    let error = manager.seal(b"weights", 0).unwrap_err();
    assert!(error.is_fatal(), "{error}");
    assert_eq!((manager.metrics().shards, manager.used_vram()), (0, 0));
}

#[test]
fn log_lines_carry_their_pairs_and_no_secret() {
    let lines = Arc::new(Mutex::new(String::new()));
    let to = Arc::clone(&lines);
    let mut options = VramOptions::mock(&gpu());
    options.worker_id = Some("worker-9".into());
    options.log = Some(Box::new(move |line| {
        let fields: Vec<_> = line.fields().map(|(key, value)| format!("{key}={value}")).collect();
        *to.lock().unwrap() += &format!("{:?} {} {}\n", line.level, line.event, fields.join(" "));
    }));
    let manager = VramManager::with_options(config(Arc::new(NoAudit)), options).unwrap();
    manager.seal_model("shard-7", 0, b"weights").unwrap();
    drop(manager);
    let lines = lines.lock().unwrap();
    let seal = lines.lines().find(|line| line.contains("action=seal")).unwrap();
    assert!(seal.starts_with("Info operation") && seal.contains("shard_id=shard-7"), "{seal}");
    assert!(lines.contains("action=destroy") && lines.contains("worker_id=worker-9"), "{lines}");
    assert!(!lines.contains("test-token-42"));
}

#[test]
fn sealing_from_files_and_readers_gives_the_digest_of_the_bytes() {
    let bytes: Vec<u8> = (0..100_000u32).map(|i| (i % 251) as u8).collect();
    let manager = manager(&gpu());
    let name = std::env::temp_dir().join(format!("vres-rust-{}", std::process::id()));
    std::fs::write(&name, &bytes).unwrap();
    let file = std::fs::File::open(&name).unwrap();
    std::fs::remove_file(&name).unwrap();
    let whole = manager.seal(&bytes, 0).unwrap();
    let mut calls = 0;
    let mut count = |done, total| {
        calls += 1;
        assert!(done <= total && total == 100_000);
        true
    };
    let params = SealParams { progress: Some(&mut count), ..SealParams::default() };
    assert_eq!(manager.seal_file(params, &file, 0, 100_000).unwrap().digest, whole.digest);
    assert!(calls > 0);
    let read = manager.seal_reader(SealParams::default(), &mut &bytes[..], 100_000).unwrap();
    assert_eq!(read.digest, whole.digest);
    let early = manager.seal_reader(SealParams::default(), &mut &bytes[..50_000], 100_000).unwrap_err();
    assert!(early.to_string().contains("VRES_E_IO"), "{early}");
    assert!(manager.seal_file(SealParams::default(), &file, 1, 100_000).is_err());
    let wrong = "0".repeat(64);
    let params = SealParams { expected_digest: Some(&wrong), ..SealParams::default() };
    assert_eq!(manager.seal_bytes(params, &bytes).unwrap_err(), VramError::IntegrityViolation);
    let verity = SealParams { digest_alg: DigestAlg::Verity, model_ref: Some("m"), ..SealParams::default() };
    let info = manager.seal_bytes(verity, &bytes).unwrap().info().unwrap();
    assert_eq!((info.digest, info.model_ref.as_str()), (info.verity_digest, "m"));
}

#[test]
fn sets_and_many_shards_are_verified_in_one_call() {
    let gpu = gpu();
    let manager = manager(&gpu);
    let seal = |index| {
        let params = SealParams { group_id: Some("g"), shard_index: index, total_shards: 3, ..SealParams::default() };
        manager.seal_bytes(params, &[index as u8; 5000]).unwrap()
    };
    let shards = [seal(0), seal(1), seal(2)];
    let all: Vec<_> = shards.iter().collect();
    manager.verify_set(&all, &VerifyParams::default()).unwrap();
    assert!(matches!(manager.verify_set(&all[..2], &VerifyParams::default()), Err(VramError::InvalidInput(_))));
    let at = manager.lease(&shards[1]).unwrap().device_ptr();
    gpu.flip(at, 0).unwrap();
    let mut reports = Vec::new();
    let told = manager.verify_many(&all, &VerifyParams::default(), &mut reports);
    assert_eq!(told, Err(VramError::SealVerificationFailed));
    assert_eq!(reports.iter().map(|r| r.reason_name()).collect::<Vec<_>>(), ["none", "digest", "none"]);
}

#[test]
fn scripted_failures_of_the_driver_are_neither_success_nor_tampering() {
    let gpu = gpu();
    let manager = manager(&gpu);
    let shard = manager.seal(&[3; 9000], 0).unwrap();
    gpu.fail(MockOp::HashBlocks, 1, sys::VRES_E_BACKEND);
    match manager.verify_sealed(&shard).unwrap_err() {
        VramError::Other(failure) => {
            assert_eq!((failure.status_name(), failure.class()), ("VRES_E_BACKEND", 3));
            assert_eq!(failure.gpu_device, Some(0));
        }
        other => panic!("{other:?}"),
    }
    manager.verify_sealed(&shard).unwrap();
    gpu.fail(MockOp::MemAlloc, 1, sys::VRES_E_ALLOCATION_FAILED);
    assert!(matches!(manager.seal(b"x", 0), Err(VramError::CudaAllocationFailed(_))));
    assert!(gpu.calls(MockOp::MemAlloc) >= 2);
    gpu.lose_device(0);
    assert_eq!((manager.available_vram(), manager.verify_sealed(&shard).unwrap_err().is_fatal()), (0, false));
}

#[test]
fn a_token_file_serves_instead_of_a_token_and_a_loose_one_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let name = std::env::temp_dir().join(format!("vres-rust-token-{}", std::process::id()));
    std::fs::write(&name, "test-token-42\n").unwrap();
    let path = name.to_str().unwrap();
    std::fs::set_permissions(&name, PermissionsExt::from_mode(0o644)).unwrap();
    assert!(matches!(Key::from_token_file(path, None), Err(VramError::InvalidInput(_))));
    std::fs::set_permissions(&name, PermissionsExt::from_mode(0o600)).unwrap();
    let key = Key::from_token_file(path, None).unwrap();
    let receipt = manager(&gpu()).seal_model("a", 0, b"x").unwrap().receipt().unwrap();
    assert_eq!(check_receipt(&receipt, &key).unwrap().shard_id, "a");
    let mut options = VramOptions::mock(&gpu());
    options.key = Some(key);
    let mut config = config(Arc::new(NoAudit));
    config.worker_api_token.clear();
    VramManager::with_options(config, options).unwrap();
    std::fs::remove_file(&name).unwrap();
}

#[test]
fn json_and_prometheus_texts_are_whole() {
    let manager = manager(&gpu());
    let shard = manager.seal_model("a", 0, b"x").unwrap();
    let json = shard.to_json().unwrap();
    assert!(json.starts_with('{') && json.ends_with('}') && json.contains(&shard.digest), "{json}");
    let metrics = manager.prometheus().unwrap();
    assert!(metrics.contains("\nvram_shards") && metrics.ends_with('\n'), "{metrics}");
}

/// The program that prints what a manager says; run again by the test below with another library loaded first.
#[test]
#[ignore = "run by the test of versions"]
fn print_what_a_manager_says() {
    println!("SAYS {:?}", VramManager::with_options(config(Arc::new(NoAudit)), VramOptions::mock(&gpu())).map(|_| ()));
}

#[test]
fn a_library_of_another_version_is_refused_with_both() {
    let folder = std::env::temp_dir().join(format!("vres-rust-version-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    let (source, library) = (folder.join("other.c"), folder.join("other.so"));
    std::fs::write(&source, "const char *vres_version(void) { return \"9.8.7\"; }\n").unwrap();
    let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).status().unwrap();
    assert!(built.success());
    let run = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--nocapture", "print_what_a_manager_says"])
        .env("LD_PRELOAD", &library)
        .output()
        .unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(said.contains("libvres 9.8.7 is loaded, and this crate was made for 0.1.0"), "{said}");
}
