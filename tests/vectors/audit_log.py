# SPDX-License-Identifier: GPL-3.0-or-later
"""Audit logs (docs/FORMAT.md, "Audit log"): what one session writes, line by line, and the checkpoint at its end."""
import json
import time

from primitives import hkdf_expand, hmac_sha256, root_key, sha256, span, subkey

NUMBER_MAX = 2**53 - 1
REASONS = {1: "signature_invalid", 2: "digest_mismatch", 3: "residency_lost", 4: "stale_session", 5: "expired", 6: "unknown_shard"}
EVENTS = {1: "vram_sealed", 2: "seal_verified", 3: "seal_verification_failed", 4: "vram_allocated", 5: "vram_allocation_failed",
          6: "vram_deallocated", 7: "vram_deallocation_failed", 8: "policy_violation", 9: "vram_resealed",
          10: "vram_suspended", 11: "vram_resumed", 12: "vram_repaired", 13: "seal_verification_error", 14: "seal_failed",
          15: "vram_released"}
STATUSES = {204: "VRES_E_CANCELLED", 303: "VRES_E_BACKEND"}


def screened(text):
    try:
        bad = len(text) > 512 or any(ord(c) < 0x20 or 0x7F <= ord(c) <= 0x9F for c in text.decode())
    except UnicodeDecodeError:
        bad = True
    return "sha256:" + sha256(text).hex() if bad else text.decode()


def audit_event(e):
    """The object behind "event" for what the library was told."""
    number = lambda key: min(e[key], NUMBER_MAX) if key in e else None
    count = lambda key: number(key) or None  # absent when it is 0
    flag = lambda key: True if e.get(key) else None
    text = lambda key: screened(e[key]) if key in e else None
    fields = {
        1: lambda: {"shard_id": text("shard_id"), "gpu_device": number("gpu_device"), "vram_bytes": number("vram_bytes"), "digest": text("digest"),
                    "tensors": count("tensors")},
        2: lambda: {"shard_id": text("shard_id"), "mode": text("mode")},
        3: lambda: {"shard_id": text("shard_id"), "reason": REASONS[e["reason"]], "expected_digest": text("expected_digest"),
                    "actual_digest": text("actual_digest"), "severity": "critical", "damage_count": count("damage_count"), "bad_tensors": count("bad_tensors"),
                    "tensor": text("tensor")},
        4: lambda: {"requested_bytes": number("requested_bytes"), "allocated_bytes": number("allocated_bytes"),
                    "available_bytes": number("available_bytes"), "used_bytes": number("used_bytes"), "gpu_device": number("gpu_device")},
        5: lambda: {"requested_bytes": number("requested_bytes"), "available_bytes": number("available_bytes"), "reason": text("detail"),
                    "gpu_device": number("gpu_device")},
        6: lambda: {"shard_id": text("shard_id"), "freed_bytes": number("freed_bytes"), "remaining_used": number("used_bytes"),
                    "gpu_device": number("gpu_device")},
        7: lambda: {"shard_id": text("shard_id"), "reason": text("detail"), "gpu_device": number("gpu_device")},
        8: lambda: {"policy": "vram_only", "violation": text("violation"), "details": text("detail"), "severity": "critical",
                    "action_taken": text("action_taken"), "gpu_device": number("gpu_device")},
        9: lambda: {"shard_id": text("shard_id"), "gpu_device": number("gpu_device"), "epoch": number("epoch"), "tensors": count("tensors"),
                    "changed_tensors": count("changed_tensors"), "expected_tensors": count("expected_tensors"), "digest": text("digest"),
                    "previous_digest": text("previous_digest"), "label": text("label"), "lifted": flag("lifted")},
        10: lambda: {"shard_id": text("shard_id"), "gpu_device": number("gpu_device")},
        11: lambda: {"shard_id": text("shard_id"), "gpu_device": number("gpu_device"), "epoch": number("epoch"),
                     "moved_tensors": count("moved_tensors"), "label": text("label"), "lifted": flag("lifted")},
        12: lambda: {"shard_id": text("shard_id"), "gpu_device": number("gpu_device"), "ranges": count("ranges"),
                     "repaired_bytes": count("repaired_bytes"), "lifted": flag("lifted")},
        13: lambda: {"shard_id": text("shard_id"), "mode": text("mode"), "status": STATUSES[e["status"]], "gpu_device": number("gpu_device")},
        14: lambda: {"shard_id": text("shard_id"), "mode": text("mode"), "status": STATUSES[e["status"]], "gpu_device": number("gpu_device")},
        15: lambda: {"shard_id": text("shard_id"), "gpu_device": number("gpu_device")},
    }[e["type"]]()
    fields = {key: value for key, value in fields.items() if value is not None} | {"event_type": EVENTS[e["type"]]}
    return fields | ({"simulated": True} if e.get("simulated") else {})


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def rfc3339(ns):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ns // 10**9)) + f".{ns % 10**9:09d}Z"


class AuditLog:
    def __init__(self, key, forward, session, worker, wall, epoch_lines):
        self.key, self.forward, self.session, self.worker, self.wall = key, forward, session, worker, wall
        self.epoch, self.seq, self.hash, self.epoch_lines, self.in_epoch = 0, 0, "0" * 64, epoch_lines, 0

    def line_key(self):
        return hkdf_expand(self.key, b"vres/audit/line/v1", 32) if self.forward else self.key

    def add(self, event, when=None):
        self.seq += 1
        line = {"audit_id": f"audit-{self.session}-{self.seq:016x}", "event": event, "hash": "", "prev_hash": self.hash, "seq": self.seq,
                "timestamp": rfc3339(self.wall if when is None else when), "worker_id": self.worker}
        self.hash = line["hash"] = hmac_sha256(self.line_key(), canonical(line).encode()).hex()
        self.in_epoch += 1
        self.line_epoch = self.epoch
        return {"line": canonical(line)}

    def epoch_end(self):
        yield self.add({"event_type": "log_epoch", "epoch": self.epoch + 1})
        self.key, self.epoch, self.in_epoch = hkdf_expand(self.key, b"vres/audit/next/v1", 32), self.epoch + 1, 0

    def add_next(self, event, when=None):
        if self.forward and self.in_epoch + 1 >= self.epoch_lines:
            yield from self.epoch_end()
        yield self.add(event, when)

    def checkpoint(self):
        line = {"epoch": self.line_epoch, "format": "vres-audit-checkpoint/1", "hash": self.hash, "mac": "", "seq": self.seq, "worker_id": self.worker}
        line["mac"] = hmac_sha256(self.line_key(), canonical(line).encode()).hex()
        return canonical(line)


def audit_events():
    digest, other = sha256(b"abc").hex().encode(), sha256(b"abd").hex().encode()
    at = 1767225599999999999  # the last nanosecond of 2025
    yield {"type": 4, "time": at, "gpu_device": 0, "requested_bytes": 3, "allocated_bytes": 4096, "available_bytes": 0, "used_bytes": 2**53 - 1}
    yield {"type": 1, "time": at + 1, "gpu_device": 7, "simulated": 1, "shard_id": b"shard-1", "vram_bytes": 3, "digest": digest}
    yield {"type": 2, "time": at + 10**9, "gpu_device": 7, "shard_id": b"shard-1", "mode": b"full"}
    for reason in REASONS:
        yield {"type": 3, "time": 0, "gpu_device": 7, "shard_id": b"s" * 256, "reason": reason, "expected_digest": digest, "actual_digest": other}
    yield {"type": 3, "time": 1, "reason": 6}
    yield {"type": 5, "time": 1709164800 * 10**9, "gpu_device": 1, "requested_bytes": 2**64 - 1, "available_bytes": 2**53, "detail": b"insufficient_vram"}
    yield {"type": 6, "time": 951782400 * 10**9, "gpu_device": 1, "shard_id": b"shard-1", "freed_bytes": 0, "used_bytes": 0}
    yield {"type": 7, "time": 2**64 - 1, "gpu_device": 2**32 - 2, "shard_id": b"shard-1", "detail": b""}
    texts = [b'"', b"\\", b'a "quoted\\" word', "grün €😀".encode(), b"line\nbreak", b"\x1b[31m", b"\x7f", "\x85".encode(), "\x9f".encode(),
             "\xa0".encode(), b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf0\x9f\x98", b"d" * 512, b"d" * 513, b'"' * 512,
             "é".encode() * 256 + b"!", b'","hash":"', b'},"hash":"']
    for text in texts:
        yield {"type": 8, "time": at, "gpu_device": 3, "violation": b"managed_memory", "detail": text, "action_taken": text, "simulated": 1}
    yield {"type": 3, "time": at, "gpu_device": 7, "shard_id": b"shard-1", "reason": 2, "damage_count": 2**53}
    yield {"type": 13, "time": at, "gpu_device": 7, "shard_id": b"shard-1", "mode": b"sampled", "status": 303}
    yield {"type": 14, "time": at, "gpu_device": 7, "simulated": 1, "shard_id": b"shard-1", "mode": b"adopt", "status": 204}
    yield {"type": 15, "time": at, "gpu_device": 7, "shard_id": b"shard-1"}
    yield {"type": 1, "time": at, "gpu_device": 7, "shard_id": b"t", "vram_bytes": 2**53, "digest": digest, "tensors": 2**20}
    yield {"type": 3, "time": at, "gpu_device": 7, "shard_id": b"t", "reason": 2, "damage_count": 3, "bad_tensors": 2, "tensor": "w\"é".encode()}
    yield {"type": 10, "time": at, "gpu_device": 7, "shard_id": b"t"}
    yield {"type": 11, "time": at, "gpu_device": 7, "shard_id": b"t", "epoch": 0, "moved_tensors": 0}
    yield {"type": 11, "time": at, "gpu_device": 7, "shard_id": b"t", "epoch": 2**32 - 1, "moved_tensors": 2**20, "label": b"level 2", "lifted": 1}
    yield {"type": 9, "time": at, "gpu_device": 7, "shard_id": b"t", "epoch": 1, "tensors": 2**20, "changed_tensors": 2**20,
           "expected_tensors": 1, "digest": digest, "previous_digest": other, "label": b"step\x07", "lifted": 1}
    yield {"type": 9, "time": at, "gpu_device": 0, "simulated": 1, "shard_id": b"r", "epoch": 2, "changed_tensors": 1, "expected_tensors": 0,
           "digest": other, "previous_digest": digest}
    yield {"type": 12, "time": at, "gpu_device": 7, "shard_id": b"r", "ranges": 2, "repaired_bytes": 2**64 - 1, "lifted": 1}
    yield {"type": 12, "time": at, "gpu_device": 7, "simulated": 1, "shard_id": b"r", "ranges": 0, "repaired_bytes": 0, "lifted": 1}


def audit_session(log, head, events):
    yield head
    yield from log.add_next({"event_type": "log_header", "format": "vres-audit/1", "key_mode": "forward" if log.forward else "token",
                             "session": log.session} | ({"epoch": 0} if log.forward else {}) | ({"simulated": True} if head["simulated"] else {}))
    for n, event in enumerate(events):
        if n == 3:
            lines = list(log.add_next({"event_type": "log_lost", "lost_events": 7}))
            yield from ({"lost": 7} | line for line in lines[:1])
            yield from lines[1:]
        lines = list(log.add_next(audit_event(event), event["time"]))
        yield event | lines[0]
        yield from lines[1:]
    if log.forward:
        yield from log.epoch_end()
    yield log.add({"event_type": "log_closed"}) | {"checkpoint": log.checkpoint()}


def audit_blocks():
    wall, session = 1700000000123456789, span(0xF0, 0xFF)
    token = subkey(root_key(b"test-token-42", b"llorch-vram-seal-v1"), b"audit")
    for forward, epoch_lines, simulated in ((0, 1024, 0), (1, 5, 1), (1, 2, 0)):
        key = sha256(b"epoch 0") if forward else token
        log = AuditLog(key, forward, session.hex(), "worker-7", wall, epoch_lines)
        head = {"forward": forward, "epoch_lines": epoch_lines, "simulated": simulated, "session": session, "wall": wall}
        yield from audit_session(log, head | ({"key": key} if forward else {"token": b"test-token-42"}), audit_events())
