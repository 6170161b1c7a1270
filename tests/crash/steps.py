#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit log, stopped or disturbed at each of its system calls in turn by strace.

    steps.py EMIT VRES kill | error | order | names | quiet

kill: at the Nth call that changes a file, kill -9; then the log must open again, whole, with every acknowledged event in it.
error: at the Nth such call, "no space left" or an I/O error, once or from then on; then the log is whole, and what is not in it is counted.
order: of each acknowledged event the line was written and fdatasync had returned before.
names: what a name stands for is on disk before anything relies on it.
quiet: routine events do not go to disk one by one.

Two judge whether a log is whole: log.py, and the tool VRES, which are written from the format alone.
"""
import datetime
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import log

EMIT, VRES = sys.argv[1:3]
CALLS = ["write", "fdatasync", "fsync", "ftruncate", "renameat", "renameat2", "pwrite64", "unlinkat"]
TOKEN = b"test-token-42"
EVENTS = 27  # enough for a second file, and in mode forward for several epochs
KEY = bytes(range(32))


class Place:
    def __init__(self, forward, on_disk=False):
        under = "/dev/shm" if not on_disk and os.access("/dev/shm", os.W_OK) else None
        self.forward, self.folder = forward, tempfile.mkdtemp(prefix="vres-steps-", dir=under)
        self.path, self.key = f"{self.folder}/log", f"{self.folder}/first-key"
        with open(os.open(self.key, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
            file.write(f"vres-audit-key/1 0 {KEY.hex()}\n")
        with open(os.open(f"{self.folder}/token", os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
            file.write(TOKEN.decode())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)

    def emit(self, events, *options, strace=()):
        command = [*strace, EMIT, self.path, "forward" if self.forward else "token", self.key, str(events), *options]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    def verify(self):
        full = sorted(name for name in os.listdir(self.folder) if re.fullmatch("log\\.[0-9a-f]{16}", name))
        key = ["--forward-key", self.key] if self.forward else ["--token-file", f"{self.folder}/token"]
        done = subprocess.run([VRES, "audit", "verify", *(f"{self.folder}/{name}" for name in full), self.path, *key],
                              capture_output=True, text=True, timeout=60)
        log.require(done.returncode == 0, f"vres audit verify: {done.stdout} {done.stderr}")

    def read(self):
        return log.Log(self.path, KEY if self.forward else log.token_key(TOKEN), self.forward)


def numbers(done, word):
    return [int(n) for n in re.findall(rf"^{word} (\d+)$", done.stdout, re.M)]


def injected(what, call, n, trace="/dev/null"):
    return ["strace", "-f", "-qq", "-o", trace, "-e", f"trace={call}", "-e", f"inject={call}:{what}:when={n}"]


def check_ids(found, done, what):
    recorded = found.recorded()
    log.require(recorded == sorted(set(recorded)), f"{what}: events are out of order or there twice: {recorded}")
    missing = set(numbers(done, "ack")) - set(recorded)
    log.require(not missing, f"{what}: acknowledged and not in the log: {missing}")
    return recorded


def kill_at(forward, events, call, n):
    """False: no thread makes an Nth such call (strace counts for each thread and call).  Without events: a log that exists is opened and closed."""
    what = f"{'forward' if forward else 'token'}, {events} events, killed at {call} {n}"
    with Place(forward) as place:
        if events == 0:
            place.emit(3)
        done = place.emit(events, strace=injected("signal=SIGKILL", call, n))
        if done.returncode == 0:
            return False
        log.require(done.returncode in (-9, 137), f"{what}: ended with {done.returncode}: {done.stdout}")
        try:
            torn = b""
            if os.path.exists(place.path):
                before = place.read()
                torn = before.torn
                check_ids(before, done, what + ", before it is opened")
            again = place.emit(0)
            log.require(again.returncode == 0, f"{what}: cannot be opened: {again.stdout}")
            after = place.read()
            place.verify()
            check_ids(after, done, what)
            log.require(after.events[-1]["event_type"] == "log_closed" and not after.torn, f"{what}: not closed")
            log.require(len(after.named("log_repaired")) == (1 if torn else 0), f"{what}: the repair of {torn!r} is not recorded")
        except log.Bad as bad:
            raise log.Bad(f"{what}: {bad}") from bad
        left = [name for name in os.listdir(place.folder) if name.endswith(".tmp")]
        log.require(not left, f"{what}: left behind: {left}")
    return True


def error_at(forward, call, n, how, ever_after):
    """False: there is no Nth such call on a file of the log.  What the program itself says is let alone by filtering for paths."""
    what = f"{'forward' if forward else 'token'}, {how} at {call} {n}{' and after' if ever_after else ''}"
    with Place(forward) as place:
        trace = f"{place.folder}/trace"
        paths = [a for path in (place.folder, *(place.path + s for s in SUFFIXES)) for a in ("-P", path)]
        traced = injected(f"error={how}", call, f"{n}+" if ever_after else n, trace)
        done = place.emit(EVENTS, "required", strace=[*traced, *paths])
        log.require(done.returncode in (0, 3), f"{what}: ended with {done.returncode}: {done.stdout} {done.stderr}")
        again = place.emit(0)
        log.require(again.returncode == 0, f"{what}: cannot be opened: {again.stdout}")
        try:
            after = place.read()
            place.verify()
            recorded = check_ids(after, done, what)
        except log.Bad as bad:
            raise log.Bad(f"{what}: {bad}") from bad
        if done.returncode == 0:
            lost = numbers(done, "lost")[0]
            log.require(len(recorded) + lost == EVENTS, f"{what}: {len(recorded)} recorded, {lost} lost, of {EVENTS}")
            log.require(ever_after or after.lost() == lost, f"{what}: {after.lost()} lost by the log, {lost} by its writer")
        return "(INJECTED)" in open(trace, encoding="utf-8").read()


SUFFIXES = ("", ".checkpoint", ".checkpoint.tmp", ".key", ".key.tmp", ".0000000000000001")


def each(at, *arguments):
    """at() for every call and every N that there is."""
    rounds = 0
    for call in CALLS:
        n = 1
        while at(*arguments, call, n):
            n += 1
        rounds += n - 1
    return rounds


def kill():
    rounds = 0
    for forward, events, least in ((False, EVENTS, 50), (True, EVENTS, 80), (False, 0, 10), (True, 0, 15)):
        reached = each(kill_at, forward, events)
        log.require(reached >= least, f"{reached} calls were reached, expected {least} at least")
        rounds += reached
    return f"killed at each of {rounds} system calls: no acknowledged event lost, the log whole"


def error():
    rounds = 0
    for forward, least in ((False, 50), (True, 80)):
        for how, ever_after in (("ENOSPC", False), ("EIO", False), ("ENOSPC", True)):
            reached = each(lambda call, n: error_at(forward, call, n, how, ever_after))
            log.require(reached >= least, f"{reached} calls were reached, expected {least} at least")
            rounds += reached
    return f"{rounds} errors injected: the log whole, losses counted"


def order():
    acks = 0
    for forward in (False, True):
        with Place(forward, on_disk=True) as place:
            trace = f"{place.folder}/trace"
            done = place.emit(EVENTS, strace=["strace", "-f", "-y", "-s", "100000", "-o", trace, "-e", "trace=write,fdatasync"])
            log.require(done.returncode == 0, done.stdout)
            acks += check_order(open(trace, encoding="utf-8", errors="replace").read(), place.path)
    log.require(acks == 2 * (EVENTS // 3), f"{acks} acknowledgements were traced")
    return f"{acks} acknowledgements, each after fdatasync of its line had returned"


def check_order(trace, path):
    """Every line of strace in order: what was written to the log since its last complete fdatasync is not on disk."""
    on_disk, written, pending, acks = set(), set(), {}, 0
    for line in trace.splitlines():
        thread = line.split()[0]
        ids = {int(n) for n in re.findall(r'event-(\d+)', line)}
        if re.search(rf"write\(\d+<{re.escape(path)}(\.[0-9a-f]{{16}})?>", line):
            written |= ids
        elif re.search(rf"fdatasync\(\d+<{re.escape(path)}(\.[0-9a-f]{{16}})?>", line):
            pending[thread] = set(written)
            if line.rstrip().endswith("= 0"):
                on_disk |= pending.pop(thread)
        elif "fdatasync resumed" in line and thread in pending:
            log.require(line.rstrip().endswith("= 0"), "fdatasync failed")
            on_disk |= pending.pop(thread)
        for n in re.findall(r'write\(1<[^>]*>, "ack (\d+)', line):
            log.require(int(n) in on_disk, f"event {n} was acknowledged before fdatasync had returned")
            acks += 1
    return acks


def names():
    checked = 0
    for forward in (False, True):
        for is_there in (False, True):  # LOG, empty: left by a process that died just then
            with Place(forward, on_disk=True) as place:
                trace = f"{place.folder}/trace"
                if is_there:
                    os.close(os.open(place.path, os.O_CREAT | os.O_WRONLY, 0o600))
                done = place.emit(EVENTS, strace=["strace", "-f", "-y", "-o", trace, "-e", "trace=write,fsync,openat,renameat,renameat2"])
                log.require(done.returncode == 0, done.stdout)
                checked += check_names(open(trace, encoding="utf-8", errors="replace").read(), place)
    return f"{checked} names were on disk in time"


def check_names(trace, place):
    """@unsure: whether the file LOG, the first checkpoint and the newest checkpoint have names that a loss of power may take away."""
    folder, path = re.escape(place.folder), re.escape(place.path)
    unsure, checkpoints, checked = {"log"}, 0, 0
    for line in trace.splitlines():
        if re.search(rf"openat\(\d+<{folder}>, \"log\", [^)]*O_CREAT", line):
            unsure.add("log")
        elif re.search(r'renameat\(.*"log\.checkpoint"\) = 0', line):
            checkpoints += 1
            unsure |= {"checkpoint"} | ({"first checkpoint"} if checkpoints == 1 else set())
        elif re.search(rf"fsync\(\d+<{folder}>\) += 0|fsync resumed.* = 0", line):
            unsure.clear()
        elif re.search(r'renameat2\(.*"log\.[0-9a-f]{16}"', line):
            log.require("checkpoint" not in unsure, "LOG was renamed before the checkpoint of its last line had a name on disk")
            checked += 1
        elif re.search(rf"write\(\d+<{path}>", line) and checkpoints > 0:
            log.require("first checkpoint" not in unsure, "a second line was written before the first checkpoint had a name on disk")
            log.require("log" not in unsure, "a line was written to a file without a name on disk")
            checked += 1
        elif "opened 0" in line:
            log.require(not unsure & {"log", "first checkpoint"}, f"opened, with names that are not on disk: {unsure}")
            checked += 1
    log.require(checkpoints > 2 and checked > 10, f"{checkpoints} checkpoints, {checked} were checked")
    return checked


def quiet():
    with Place(False) as place:
        trace = f"{place.folder}/trace"
        done = place.emit(3000, "routine", strace=["strace", "-f", "-qq", "-o", trace, "-e", "trace=write,fdatasync"])
        lines = open(trace, encoding="utf-8", errors="replace").read().splitlines()
        syncs, writes = (sum(1 for line in lines if f" {call}(" in line) for call in ("fdatasync", "write"))
        files = len(place.read().named("log_header"))
        log.require(done.returncode == 0 and files > 20, f"{files} files: {done.stdout}")
        # Each file costs a few; otherwise one a second.
        log.require(syncs < 8 * files and writes < 1500, f"{syncs} times fdatasync and {writes} times write for 3000 events in {files} files")
        return f"{syncs} times fdatasync and {writes} times write for 3000 events in {files} files"


# What each question is about: the test's name, requirements, what would happen otherwise.
TOLD = {
    "kill": ("a_process_killed_at_any_system_call_leaves_a_whole_log", ["D-54", "D-58", "WORKER-4161"], "an event lost by a crash"),
    "error": ("a_system_call_that_fails_forks_no_chain_and_loses_no_event_uncounted", ["D-58", "WORKER-4150"], "a chain forked by a failed write"),
    "order": ("an_event_is_acknowledged_only_when_it_is_on_disk", ["WORKER-4161"], "an event lost by a crash"),
    "names": ("a_name_is_on_disk_before_anything_relies_on_it", [], "a log that a loss of power takes away"),
    "quiet": ("routine_events_do_not_go_to_disk_one_by_one", [], "a worker that waits for its disk"),
}


def tell(question, status, seconds):
    """One line of outcome, as the other suites leave them."""
    folder = os.environ.get("VRES_RESULTS")
    if not folder:
        return
    name, ids, threat = TOLD[question]
    now = datetime.datetime.now(datetime.timezone.utc)
    line = {"name": name, "area": "crash", "ids": ids, "status": status, "duration_ms": round(seconds * 1000, 3), "seed": 1, "backend": "mock",
            "timestamp": now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03d}Z", "explanation": name.replace("_", " "),
            "security_property": "accountability", "threat_coverage": [threat], "values": {}}
    with open(os.path.join(folder, f"crash.steps_{question}.ndjson"), "w", encoding="utf-8") as f:
        f.write(json.dumps(line, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    began = time.monotonic()
    try:
        print({"kill": kill, "error": error, "order": order, "names": names, "quiet": quiet}[sys.argv[3]]())
        tell(sys.argv[3], "pass", time.monotonic() - began)
    except log.Bad as failure:
        tell(sys.argv[3], "fail", time.monotonic() - began)
        sys.exit(str(failure))
