#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Audit logs made without the library: hashlib, hmac and json alone, from docs/FORMAT.md, "Audit log".

    audit_make.py LINES FILE [TOKEN]   write a log of so many lines, and its checkpoint, for measurements
"""
import hashlib
import hmac
import json
import sys

DOMAIN = b"llorch-vram-seal-v1"
WORKER = "worker-7"
DIGEST = "d1" * 32


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def expand(key, info):
    return mac(key, info + b"\x01")


def token_key(token, domain=DOMAIN):
    """The line key of a log in mode token."""
    root = expand(mac(b"\0" * 32, token), domain)
    return expand(root, b"vres/audit/v1")


def chain_key(first, epoch):
    for _ in range(epoch):
        first = expand(first, b"vres/audit/next/v1")
    return first


def canonical(value):
    """Sorted keys, no white space, only the two escapes: what json gives for text without control characters."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sign(key, line):
    """The line's bytes, with its hash, and the newline."""
    line = dict(line, hash="")
    digest = mac(key, canonical(line)).hex()
    return canonical(dict(line, hash=digest)) + b"\n"


class Log:
    """A writer.  @files are lists of lines; the last one is LOG."""

    def __init__(self, token=b"not a real token", first_key=None, session=1, simulated=False):
        self.first_key, self.epoch = first_key, 0
        self.token = token
        self.files, self.seq, self.prev = [], 0, "0" * 64
        self.clock = 1_790_000_000_000_000_000
        self.simulated = simulated
        self.begin(session)
        self.header()

    def key(self):
        if self.first_key is None:
            return token_key(self.token)
        return expand(chain_key(self.first_key, self.epoch), b"vres/audit/line/v1")

    def begin(self, session):
        self.session = hashlib.sha256(b"session %d" % session).hexdigest()[:32]

    def time(self):
        seconds, ns = divmod(self.clock, 1_000_000_000)
        days, second = divmod(seconds, 86400)
        # civil date of a day count, after the Gregorian rules
        era = (days + 719468) // 146097
        doe = days + 719468 - era * 146097
        yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
        doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
        mp = (5 * doy + 2) // 153
        month = mp + 3 if mp < 10 else mp - 9
        year = yoe + era * 400 + (month <= 2)
        return f"{year:04}-{month:02}-{doy - (153 * mp + 2) // 5 + 1:02}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.{ns:09}Z"

    def add(self, event_type, **fields):
        self.seq += 1
        self.clock += 1_234_567
        event = dict(fields, event_type=event_type)
        if self.simulated and not event_type.startswith("log_"):
            event["simulated"] = True
        line = sign(self.key(), {
            "audit_id": f"audit-{self.session}-{self.seq:016x}", "event": event, "prev_hash": self.prev, "seq": self.seq,
            "timestamp": self.time(), "worker_id": WORKER,
        })
        self.prev = json.loads(line)["hash"]
        self.files[-1].append(line)
        return line

    def header(self):
        self.files.append([])
        fields = {"format": "vres-audit/1", "key_mode": "token" if self.first_key is None else "forward", "session": self.session}
        if self.first_key is not None:
            fields["epoch"] = self.epoch
        if self.simulated:
            fields["simulated"] = True
        self.add("log_header", **fields)

    def events(self, count):
        """Of all kinds, in turn."""
        for i in range(count):
            n = self.seq
            kind = n % 5
            if kind == 0:
                self.add("vram_sealed", shard_id=f"shard-{n}", gpu_device=0, vram_bytes=4096 * n, digest=DIGEST)
            elif kind == 1:
                self.add("seal_verification_failed", shard_id=f"shard-{n}", reason="digest_mismatch", expected_digest=DIGEST,
                         actual_digest="e2" * 32, severity="critical")
            elif kind == 2:
                self.add("vram_allocated", requested_bytes=n, allocated_bytes=4096, available_bytes=1 << 30, used_bytes=n, gpu_device=1)
            elif kind == 3:
                self.add("policy_violation", policy="vram_only", violation="managed", details='says "ma\\naged" \u00fc\u20ac\U0001f600',
                         severity="critical", action_taken="stopped", gpu_device=0)
            else:
                self.add("seal_verified", shard_id="shard-0", mode="full")
        return self

    def next_epoch(self):
        if self.first_key is not None:
            self.add("log_epoch", epoch=self.epoch + 1)
            self.epoch += 1

    def rotate(self):
        self.next_epoch()
        self.add("log_rotated")
        self.header()
        return self

    def close(self):
        self.next_epoch()
        self.add("log_closed")
        return self

    def reopen(self, session, torn=None):
        self.begin(session)
        self.add("log_opened", session=self.session)
        if torn is not None:
            self.add("log_repaired", removed_bytes=len(torn), removed_sha256=hashlib.sha256(torn).hexdigest())
        return self

    def checkpoint(self):
        line = {"epoch": self.epoch if self.first_key is not None else 0, "format": "vres-audit-checkpoint/1", "hash": self.prev, "mac": "",
                "seq": self.seq, "worker_id": WORKER}
        return canonical(dict(line, mac=mac(self.key(), canonical(line)).hex())) + b"\n"

    def key_file(self, epoch=0):
        return b"vres-audit-key/1 %d %s\n" % (epoch, chain_key(self.first_key, epoch).hex().encode())

    def lines(self):
        return [line for file in self.files for line in file]


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    count, name = int(sys.argv[1]), sys.argv[2]
    log = Log(token=sys.argv[3].encode() if len(sys.argv) == 4 else b"not a real token")
    key = log.key()
    log.key = lambda: key
    with open(name, "wb") as f:
        while log.seq < count:
            log.events(min(10000, count - log.seq))
            f.writelines(log.files[-1])
            log.files[-1] = []
    with open(name + ".checkpoint", "wb") as f:
        f.write(log.checkpoint())


if __name__ == "__main__":
    main()
