# SPDX-License-Identifier: GPL-3.0-or-later
"""An audit log read by Python: canonical JSON, MACs, chain, epochs, as docs/FORMAT.md has them.  hashlib and hmac alone."""
import hashlib
import hmac
import json
import os
import re


def expand(key, label):
    return hmac.new(key, label + b"\1", hashlib.sha256).digest()


def token_key(token):
    root = expand(hmac.new(bytes(32), token, hashlib.sha256).digest(), b"llorch-vram-seal-v1")
    return expand(root, b"vres/audit/v1")


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


class Bad(Exception):
    pass


def require(holds, what):
    if not holds:
        raise Bad(what)


class Log:
    """Reads LOG.*, LOG and LOG.checkpoint; raises Bad."""

    def __init__(self, path, key, forward):
        self.path, self.key, self.forward = path, key, forward
        self.epoch, self.seq, self.hash, self.events, self.torn = 0, 0, "0" * 64, [], b""
        self.line_keys, self.last_epoch = {}, 0
        folder, name = os.path.split(path)
        full = sorted(n for n in os.listdir(folder) if re.fullmatch(re.escape(name) + r"\.[0-9a-f]{16}", n))
        for n in full:
            self.file(os.path.join(folder, n), n[-16:])
            require(not self.torn, f"{n} is torn")
        if os.path.exists(path):
            self.file(path, None)
        if os.path.exists(path + ".checkpoint"):
            self.checkpoint()
        else:
            require(self.seq <= 1, "there is no checkpoint")

    def line_key(self):
        if self.epoch not in self.line_keys:
            self.line_keys[self.epoch] = expand(self.key, b"vres/audit/line/v1") if self.forward else self.key
        return self.line_keys[self.epoch]

    def file(self, path, first):
        *lines, self.torn = open(path, "rb").read().split(b"\n")
        for n, line in enumerate(lines):
            self.line(line.decode(), n == 0, first if n == 0 else None)

    def line(self, text, is_first, first):
        require(len(text.encode()) < 8192, "the line is too long")
        line = json.loads(text)
        require(canonical(line) == text, f"seq {self.seq + 1} is not canonical")
        require(list(line) == ["audit_id", "event", "hash", "prev_hash", "seq", "timestamp", "worker_id"], "the line has other fields")
        require(line["seq"] == self.seq + 1, f"seq {line['seq']} after {self.seq}")
        require(line["prev_hash"] == self.hash, f"seq {line['seq']} follows another line")
        require(re.fullmatch(rf"audit-[0-9a-f]{{32}}-{line['seq']:016x}", line["audit_id"]), "the line has another audit_id")
        require(first in (None, f"{line['seq']:016x}"), "the file has another name")
        mac = hmac.new(self.line_key(), canonical(line | {"hash": ""}).encode(), hashlib.sha256).hexdigest()
        require(mac == line["hash"], f"seq {line['seq']} has a wrong MAC")
        event = line["event"]
        kind = event["event_type"]
        require(is_first == (kind == "log_header"), "a file begins with its header and has no other")
        require(not is_first or not self.forward or event["epoch"] == self.epoch, "the header has another epoch")
        self.seq, self.hash, self.last_epoch = line["seq"], line["hash"], self.epoch
        self.events.append(event)
        if kind == "log_epoch":
            require(event["epoch"] == self.epoch + 1, "the epoch is not the next")
            self.key, self.epoch = expand(self.key, b"vres/audit/next/v1"), self.epoch + 1

    def checkpoint(self):
        text = open(self.path + ".checkpoint", encoding="utf-8").read()
        line = json.loads(text)
        require(canonical(line) + "\n" == text, "the checkpoint is not canonical")
        require(line["seq"] <= self.seq, f"the checkpoint says {line['seq']}, the log ends at {self.seq}")
        require(line["seq"] < self.seq or line["hash"] == self.hash, "the checkpoint speaks of another line")
        key = self.line_keys[line["epoch"]]
        mac = hmac.new(key, canonical(line | {"mac": ""}).encode(), hashlib.sha256).hexdigest()
        require(mac == line["mac"], "the checkpoint has a wrong MAC")

    def named(self, kind):
        return [e for e in self.events if e["event_type"] == kind]

    def recorded(self):
        """Numbers of emit.c's events, in order."""
        return [e["gpu_device"] for e in self.named("policy_violation")]

    def lost(self):
        return sum(e["lost_events"] for e in self.named("log_lost"))
