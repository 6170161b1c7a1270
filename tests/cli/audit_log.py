# SPDX-License-Identifier: GPL-3.0-or-later
"""Two logs, changed and given to vres audit verify: what audit_faults.py and audit_keys.py share."""
import json
import os

from audit_make import Log, sign
from support import expect, token_file, vres, write

FIRST_KEY = bytes(range(32))
TOKEN = ["--token-file", "token"]
FORWARD = ["--forward-key", "key0"]


def token_log():
    """Two sessions, two files, every event of the log's own but log_epoch."""
    log = Log().events(5)
    log.add("log_lost", lost_events=3)
    return log.events(4).rotate().events(4).close().reopen(2, b"half a li").events(5)


def forward_log():
    log = Log(first_key=FIRST_KEY).events(4)
    log.next_epoch()
    log.events(5).rotate().events(4)
    log.next_epoch()
    return log.events(2).close().reopen(2).events(5)


LOGS = [(token_log, TOKEN), (forward_log, FORWARD)]


def keys():
    if not os.path.exists("token"):
        token_file()
        write("key0", forward_log().key_file())
        os.chmod("key0", 0o600)


def verify(files, checkpoint=None, key=TOKEN, *more, status=0):
    """The report on a log of these files."""
    keys()
    names = []
    for i, file in enumerate(files):
        names.append("log" if i == len(files) - 1 else f"log.{i:016x}")
        write(names[-1], file if isinstance(file, bytes) else b"".join(file))
    if checkpoint is not None:
        write("log.checkpoint", checkpoint)
    elif os.path.exists("log.checkpoint"):
        os.unlink("log.checkpoint")
    return vres("audit", "verify", *names, *key, *more, "--json", status=status).json()


def found(report):
    return [(f["fault"], f["file"] if f["file"] == "log" else 0, f["line"]) for f in report["findings"]]


def change(log, do):
    """The files of @log after do(files)."""
    files = [list(file) for file in log.files]
    do(files)
    return files


def check(log, key, do, wanted, *more, count=1):
    """The first finding is @wanted, (kind, file, line), where kinds may be several words; there are at most @count."""
    report = verify(change(log, do), log.checkpoint(), key, *more, status=1)
    first = found(report)[0]
    expect(first[0] in wanted[0].split() and first[1:] == wanted[1:], wanted, report["findings"])
    expect(len(report["findings"]) <= count, count, report["findings"])
    return report["findings"]


def place(files, file, line):
    """As found() names it; @line from 0."""
    return "log" if file == len(files) - 1 else 0, line + 1


def set_line(file, line, text):
    def do(files):
        files[file][line] = text

    return do


def altered(line, old, new):
    expect(old in line, old, line)
    return line.replace(old, new, 1)


def worker_changed(line):
    return altered(line, b'"worker_id":"worker-7"', b'"worker_id":"worker-8"')


def hash_changed(line):
    at = line.index(b'"hash":"') + 8
    return line[:at] + (b"0" if line[at:at + 1] != b"0" else b"1") + line[at + 1:]


def with_other_key(line):
    return sign(b"?" * 32, dict(json.loads(line), worker_id="worker-9"))
