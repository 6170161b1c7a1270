// SPDX-License-Identifier: GPL-3.0-or-later
//! serde and tracing over simulated devices.
use serde_json::{json, Value};
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};
use vram_residency::*;
use vram_residency_extras::{trace, AsSerde};

fn config(audit_logger: Arc<dyn AuditLogger>) -> VramConfig {
    VramConfig { worker_api_token: "test-token-42".into(), gpu_device: 0, max_model_size: 0, audit_logger }
}

#[test]
fn a_shard_has_the_values_of_the_librarys_own_json() {
    let (_gpu, manager) = doc::parts().unwrap();
    let shard = manager.seal_model("a", 0, b"weights").unwrap();
    let ours = serde_json::to_value(AsSerde(&shard)).unwrap();
    let handle = serde_json::to_value(AsSerde(&ModelShardHandle::from(&shard))).unwrap();
    let info = serde_json::to_value(AsSerde(&shard.info().unwrap())).unwrap();
    let theirs: Value = serde_json::from_str(&shard.to_json().unwrap()).unwrap();
    assert_eq!((ours.as_object().unwrap().len(), &ours), (5, &handle));
    for (key, value) in ours.as_object().unwrap() {
        assert_eq!((value, value), (&theirs[key], &info[key]), "{key}");
    }
}

#[test]
fn failures_reports_and_metrics_are_serialized() {
    let (gpu, manager) = doc::parts().unwrap();
    let error = AsSerde(&VramError::InsufficientVram(2, 1));
    let message = "not enough VRAM: 2 bytes needed, 1 available";
    let expected = json!({ "error": "InsufficientVram", "message": message, "retriable": true, "fatal": false,
        "needed": 2, "available": 1 });
    assert_eq!(serde_json::to_value(error).unwrap(), expected);
    let shard = manager.seal(&[7; 10_000], 0).unwrap();
    gpu.flip(manager.lease(&shard).unwrap().device_ptr(), 0).unwrap();
    let mut report = VerifyReport::default();
    let params = VerifyParams { damage_cap: 1, ..VerifyParams::default() };
    assert!(manager.verify_with(&shard, &params, &mut report).is_err());
    let report = serde_json::to_value(AsSerde(&report)).unwrap();
    assert_eq!(report["damage"], json!([{ "offset": 0, "bytes": 10_000, "tensor": null }]));
    let metrics = serde_json::to_value(AsSerde(&manager.metrics())).unwrap();
    assert_eq!((&metrics["quarantined"], &metrics["verifies_failed"]), (&json!(1), &json!(1)));
    let device = serde_json::to_value(AsSerde(&manager.device().unwrap())).unwrap();
    assert_eq!(device["simulated"], json!(true));
}

#[derive(Default)]
struct Lines(Mutex<Vec<Value>>);

impl AuditLogger for Lines {
    fn record(&self, event: &Event<'_>) -> io::Result<()> {
        self.0.lock().unwrap().push(serde_json::to_value(AsSerde(event))?);
        Ok(())
    }
}

/// What a subscriber of tracing is told.
#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

struct Text<'a>(&'a mut String);

impl Visit for Text<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        *self.0 += &format!(" {field}={value:?}");
    }
}

struct Listener(Arc<Heard>);

impl Subscriber for Listener {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        let mut line = format!("{} {}", event.metadata().target(), event.metadata().level());
        event.record(&mut Text(&mut line));
        self.0 .0.lock().unwrap().push(line);
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[test]
fn events_and_log_lines_reach_serde_and_tracing_without_the_token() {
    let (heard, lines) = (Arc::new(Heard::default()), Arc::new(Lines::default()));
    let gpu = Arc::new(MockGpu::with_capacity(1 << 20).unwrap());
    tracing::subscriber::with_default(Listener(heard.clone()), || {
        let options =
            VramOptions { log: Some(trace::log()), on_incident: Some(trace::incident()), ..VramOptions::mock(&gpu) };
        let audit = Arc::new(trace::Traced(lines.clone()));
        let manager = VramManager::with_options(config(audit), options).unwrap();
        let shard = manager.seal_model("shard-7", 0, b"weights").unwrap();
        gpu.flip(manager.lease(&shard).unwrap().device_ptr(), 0).unwrap();
        assert!(manager.verify_sealed(&shard).is_err());
    });
    let heard = heard.0.lock().unwrap().join("\n");
    let has = |text: &str| assert!(heard.contains(text), "{text} is not in\n{heard}");
    has("vram_residency INFO name=\"operation\" action=\"seal\" shard_id=\"shard-7\"");
    has("vram_residency ERROR name=\"seal_verification_failed\" status=");
    has("reason=\"digest\" shard_id=\"shard-7\" worker_id=\"worker\" gpu_device=0");
    let lines = lines.0.lock().unwrap();
    let sealed = lines.iter().find(|line| line["event_type"] == "vram_sealed").unwrap();
    assert_eq!((&sealed["shard_id"], &sealed["vram_bytes"]), (&json!("shard-7"), &json!(7)));
    assert!(sealed.get("expected_digest").is_none() && sealed["timestamp"].as_str().unwrap().ends_with('Z'));
    let failed = lines.iter().find(|line| line["event_type"] == "seal_verification_failed").unwrap();
    assert_eq!((&failed["critical"], &failed["reason"]), (&json!(true), &json!("digest")));
    assert!(!format!("{heard}{lines:?}").contains("test-token-42"));
}
