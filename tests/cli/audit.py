#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""vres audit verify, tail and export as a user meets them: options, reports, exit statuses.  Faults are in audit_faults.py."""
import csv
import io
import json
import os
import signal
import threading
import time

from audit_make import Log
from support import equal, expect, main, refused, start, test, token_file, unread, vres, write

TOKEN = ["--token-file", "token"]
FORWARD = ["--forward-key", "key0"]


def save(log, checkpoint=True):
    """The files of @log, the newest one named log; their names, the oldest first."""
    token_file()
    names = []
    for i, file in enumerate(log.files):
        names.append("log" if i == len(log.files) - 1 else f"log.{json.loads(file[0])['seq']:016x}")
        write(names[-1], b"".join(file))
    if log.first_key is not None:
        write("key0", log.key_file())
        os.chmod("key0", 0o600)
    if checkpoint:
        write("log.checkpoint", log.checkpoint())
    return names


@test("D-54 SEC-AUDIT-034", "accountability", "")
def a_good_log_of_several_files_and_sessions_is_good_and_the_report_counts_it():
    log = Log(simulated=True).events(7)
    log.add("log_lost", lost_events=5)
    log.rotate().events(3).close().reopen(2).events(1).reopen(3, b"torn").events(2)
    log.clock -= 10**12
    log.events(1).close()
    names = save(log)
    report = vres("audit", "verify", *names, *TOKEN, "--json").json()
    wanted = {"status": "ok", "keyed": "token", "ending": "closed", "checkpoint": "met", "head": "none", "simulated": True, "files": 2,
              "lines": log.seq, "first_seq": 1, "last_seq": log.seq, "last_hash": log.prev, "faults": 0, "sessions": 3, "epochs": 1,
              "repairs": 1, "lost_events": 5, "backward_clock_steps": 1, "findings": [],
              "bytes": sum(len(line) for line in log.lines())}
    equal({key: report[key] for key in wanted}, wanted)
    text = vres("audit", "verify", *names, *TOKEN).out.decode()
    for part in [f"good: {log.seq} lines", f"head {log.seq}:{log.prev}", "5 events could not be recorded", "1 torn line", "SIMULATED",
                 "clock went backwards"]:
        expect(part in text, part, text)


@test("D-56", "accountability", "")
def a_forward_log_is_good_with_its_first_key_and_with_a_later_one_for_what_came_later():
    log = Log(first_key=b"k" * 32).events(3)
    for _ in range(5):
        log.next_epoch()
        log.events(2)
    log.rotate().events(3).close().reopen(2).events(2)
    names = save(log)
    report = vres("audit", "verify", *names, *FORWARD, "--json").json()
    equal((report["keyed"], report["epochs"], report["sessions"]), ("forward", 8, 2))
    write("key6", log.key_file(6))
    os.chmod("key6", 0o600)
    equal(vres("audit", "verify", "log", "--forward-key", "key6", "--from-later", "--json").json()["epochs"], 2)
    equal(vres("audit", "verify", *names, "--forward-key", "key6", "--json", status=1).json()["findings"][0]["fault"], "key")


@test("D-56", "accountability", "")
def a_log_of_a_thousand_epochs_is_checked():
    log = Log(first_key=b"k" * 32)
    for _ in range(1000):
        log.next_epoch()
        if log.epoch % 250 == 0:
            log.events(1)
    save(log)
    equal(vres("audit", "verify", "log", *FORWARD, "--json").json()["epochs"], 1001)


@test("D-56", "accountability", "")
def a_part_of_a_log_says_what_was_not_given():
    log = Log().events(3).rotate().events(3).rotate().events(3)
    names = save(log)
    text = vres("audit", "verify", names[1], *TOKEN).out.decode()
    expect("begins with seq 6: the files before were not given" in text and "goes on in a file that was not given" in text, text)
    old = Log().events(3)
    write("log.checkpoint", old.checkpoint())
    report = vres("audit", "verify", "log", *TOKEN, status=1)
    expect("the checkpoint is older than these files" in report.out.decode(), report.out)
    expect("only a checkpoint that is older" in report.err, report.err)
    vres("audit", "verify", "log", *TOKEN, "--no-checkpoint")
    os.unlink("log.checkpoint")
    os.rename(names[1], "log")  # cut at the end of a file
    expect("has no checkpoint" in vres("audit", "verify", names[0], "log", *TOKEN, status=1).err)


@test("D-56", "accountability", "a missing checkpoint")
def a_log_without_a_checkpoint_is_not_good_unless_that_is_known():
    log = Log().events(3)
    save(log, checkpoint=False)
    refused("audit", "verify", "log", *TOKEN, status=1, says="has no checkpoint")
    refused("audit", "verify", "-", *TOKEN, status=1, says="has no checkpoint", input=b"".join(log.lines()))
    equal(vres("audit", "verify", "log", *TOKEN, "--no-checkpoint", "--json").json()["checkpoint"], "none")
    equal(vres("audit", "verify", "-", *TOKEN, "--no-checkpoint", "--json", input=b"".join(log.lines())).json()["lines"], 4)
    vres("audit", "verify", "log", *TOKEN, "--head", f"{log.seq}:{log.prev}")
    write("elsewhere", log.checkpoint())
    equal(vres("audit", "verify", "log", *TOKEN, "--checkpoint", "elsewhere", "--json").json()["checkpoint"], "met")


@test("WORKER-4171 WORKER-4910", "", "")
def wrong_use_is_refused_with_status_2():
    save(Log().events(3))
    write("loose", b"not a real token\n")
    os.chmod("loose", 0o644)
    write("bad_key", b"vres-audit-key/1 0 " + b"AB" * 32 + b"\n")
    os.chmod("bad_key", 0o600)
    write("key0", Log(first_key=b"k" * 32).key_file())
    os.chmod("key0", 0o644)
    os.symlink(os.path.abspath("token"), "link")
    for arguments, says in [(["audit"], "say verify"), (["audit", "mend"], "say verify"), (["audit", "verify"], "no FILE"),
                            (["audit", "verify", "no such file"], "cannot be opened"), (["audit", "verify", "."], "not a regular file"),
                            (["audit", "verify", "log", "--head", "x"], "SEQ:HASH"), (["audit", "verify", "log", "--head", "1:ab"], "64 lower-case hex digits"),
                            (["audit", "verify", "log", "--head", "0:" + "a" * 64], "from 1"),
                            (["audit", "verify", "log", "--head", "1:" + "a" * 65], "64 lower-case hex digits"),
                            (["audit", "verify", "log", "--token", "x"], "command line"),
                            (["audit", "verify", "log", *TOKEN, *FORWARD], "not both"),
                            (["audit", "verify", "log", "--checkpoint", "x", "--no-checkpoint"], "not both"),
                            (["audit", "verify", "log", "--checkpoint", "none"], "cannot be opened"),
                            (["audit", "verify", "log", "--forward-key", "none"], "does not exist"),
                            (["audit", "verify", "log", "--forward-key", "bad_key"], "not an audit key"),
                            (["audit", "verify", "log", *FORWARD], "mode 0644"), (["audit", "verify", "log", "--token-file", "loose"], "mode 0644"),
                            (["audit", "verify", "log", "--forward-key", "link"], "link: the forward key file is "),
                            (["audit", "verify", "log", "--forward-key", "."], "does not end in a file name"),
                            (["audit", "tail"], "one FILE"), (["audit", "tail", "log", "--json", "--follow"], "not both"), (["audit", "tail", "log", "-n", "x"], "whole number"),
                            (["audit", "tail", "log", "-n"], "needs a value"), (["audit", "tail", "log", "-n", "100001"], "at most"),
                            (["audit", "export", "log"], "--format"), (["audit", "export", "log", "--format", "xml"], "one of"),
                            (["audit", "export", "--format", "csv"], "no FILE")]:
        refused(*arguments, says=says)
    for part in [[], ["verify"], ["tail"], ["export"], ["keygen"]]:
        expect(vres("audit", *part, "--help").out.startswith(b"Usage: vres audit"))


@test("D-56", "", "")
def an_empty_log_is_not_good_and_garbage_is_said_once():
    save(Log())
    write("log", b"")
    equal([f["fault"] for f in vres("audit", "verify", "log", *TOKEN, "--json", status=1).json()["findings"]], ["end"])
    write("log", b"\n" * 100000)
    report = vres("audit", "verify", "log", *TOKEN, "--json", status=1).json()
    equal((report["findings"][0]["fault"], report["findings"][0]["lines"]), ("malformed", 100000))
    write("log", os.urandom(300000))
    expect(len(vres("audit", "verify", "log", *TOKEN, "--json", status=1).json()["findings"]) <= 100)


@test("D-56", "availability", "a hostile log")
def findings_are_bounded_and_the_rest_is_counted():
    log = Log().events(1000)
    lines = [line for i, line in enumerate(log.files[0]) if i % 3]
    token_file()
    write("log", b"".join(lines))
    report = vres("audit", "verify", "log", *TOKEN, "--json", "--no-checkpoint", status=1).json()
    equal(len(report["findings"]), 100)
    expect(report["faults"] > 300, report["faults"])


@test("D-56", "availability", "a log that says it is of a far epoch")
def what_a_hostile_log_says_of_epochs_costs_little_time():
    log = Log(first_key=b"k" * 32)
    log.seq = 2**50
    log.events(300)
    names = save(log)
    lines = [line.replace(b'"epoch":0', b'"epoch":%d' % (2**52)) for line in log.files[0][:1]] + log.files[0][1:]
    write("log", b"".join(lines).replace(b'"hash":"', b'"hash":"0', 1)[:-1] + b"\n")
    write("key0", Log(first_key=b"x" * 32).key_file())
    vres("audit", "verify", *names, *FORWARD, status=1)  # support.vres() waits two minutes


@test("SEC-AUDIT-010 SEC-AUDIT-011", "", "a log that acts on a terminal")
def tail_shows_the_last_lines_with_what_acts_on_a_terminal_escaped():
    log = Log().events(30)
    log.add("policy_violation", details="right\u202eleft", policy="vram_only")
    save(log)
    result = vres("audit", "tail", "log")
    lines = result.out.decode().splitlines()
    equal(len(lines), 10)
    expect("nothing is verified" in result.err, result.err)
    expect("right\\u202eleft" in lines[-1] and "\u202e" not in lines[-1], lines[-1])
    equal(lines[-1].split()[1:4], [str(log.seq), "worker-7", "policy_violation"])
    equal(len(vres("audit", "tail", "log", "-n", "3").out.splitlines()), 3)
    equal(vres("audit", "tail", "log", "-n", "0").out, b"")
    equal(len(vres("audit", "tail", "log", "--lines", "500").out.splitlines()), log.seq)
    report = vres("audit", "tail", "log", "--json").json()
    equal((report["lines"], report["verified"]), ([json.loads(line) for line in log.lines()[-10:]], False))
    equal(vres("audit", "tail", "log", "--json", *TOKEN).json()["verified"], True)
    write("log", b"\x1b[2J{\n" + b"".join(log.lines()) + b'{"torn')
    lines = vres("audit", "tail", "log", "-n", "500").out.splitlines()
    equal((lines[0], lines[-1], len(lines)), (b"(no line of an audit log)", b"(no line of an audit log)", log.seq + 2))


@test("SEC-AUDIT-020", "integrity", "")
def tail_with_a_key_verifies():
    log = Log().events(30)
    save(log)
    expect("31 lines verified" in vres("audit", "tail", "log", *TOKEN).err)
    write("log", b"".join(log.lines()).replace(b"worker-7", b"worker-8", 1))
    refused("audit", "tail", "log", *TOKEN, status=1, says="does not verify")


@test("SEC-AUDIT-020", "integrity", "")
def tail_follows_a_log_over_its_rotation_and_tells_when_it_does_not_verify():
    log = Log().events(3)
    save(log)
    process = start("audit", "tail", "log", "--follow", "-n", "1", *TOKEN)
    seen = []

    def read():
        for line in process.stdout:
            seen.append(line)

    reader = threading.Thread(target=read)
    reader.start()

    def wait(count):
        until = time.monotonic() + 30
        while len(seen) < count and time.monotonic() < until:
            time.sleep(0.02)
        equal(len(seen), count, seen)

    def append(line):
        with open("log", "ab") as f:
            f.write(line)

    wait(1)
    for i in range(3):
        append(log.add("seal_verified", shard_id="shard-0", mode="full"))
        wait(2 + i)
    log.rotate()
    append(log.files[0][-1])
    os.rename("log", "log.0000000000000001")
    write("log", b"".join(log.files[1]))
    wait(6)
    line = log.add("seal_verified", shard_id="shard-0", mode="full")
    append(line[:100])
    append(line[100:])
    wait(7)
    append(log.add("seal_verified", shard_id="shard-0", mode="full").replace(b"shard-0", b"shard-1"))
    append(log.add("seal_verified", shard_id="shard-0", mode="full"))
    wait(9)
    process.send_signal(signal.SIGTERM)
    reader.join(30)
    equal(process.wait(30), 1)
    expect(b"does not verify" in process.stderr.read())
    process.stderr.close()
    process.stdout.close()


@test("", "availability", "pipe in the place of a log")
def a_pipe_a_device_or_a_link_in_the_place_of_a_log_is_refused_and_nothing_waits():
    names = save(Log().events(3))
    os.mkfifo("pipe")
    os.symlink("log", "link")
    for path, says in [("pipe", "pipe: is not a regular file"), ("/dev/zero", "is not a regular file"), ("link", "link: is a symbolic link"), (".", "is not a regular file")]:
        for command in (["verify"], ["tail"], ["tail", "--follow"]):
            refused("audit", *command, path, *TOKEN, says=says)
        expect(says in vres("audit", "export", "--format", "csv", path, status=2).err)
        if path != "link":
            refused("audit", "verify", "log", "--checkpoint", path, *TOKEN, says=says)
    os.rename("log.checkpoint", "aside")
    os.mkfifo("log.checkpoint")
    refused("audit", "verify", *names, *TOKEN, says="log.checkpoint: is not a regular file")
    vres("audit", "tail", "-", input=b"".join(Log().events(3).lines()))


@test("", "availability", "reader that went away")
def tail_ends_when_nobody_reads_although_nothing_is_written():
    save(Log().events(3))
    process = start("audit", "tail", "log", "--follow")
    process.stdout.readline()
    process.stdout.close()
    equal(process.wait(30), 5)
    expect(b"standard output" in process.stderr.read())
    process.stderr.close()


@test("", "availability", "reader that stops reading")
def a_signal_ends_tail_although_nobody_reads():
    log = Log().events(100)  # some 20 KB of text
    save(log)
    with unread("audit", "tail", "log", "--follow", "-n", "100") as (process, _):
        expect("nothing is verified" in process.stderr.readline().decode())
        time.sleep(0.5)
        equal(process.poll(), None)
        process.send_signal(signal.SIGTERM)
        equal(process.wait(timeout=60), 5)
        expect("standard output: nobody reads it" in process.stderr.read().decode())


@test("", "", "a cell that a spreadsheet runs")
def csv_is_read_back_and_no_cell_is_a_formula():
    log = Log(simulated=True).events(10)
    log.add("policy_violation", details='=HYPERLINK("x"),a', policy="+1", violation="-2", action_taken="@x", unknown_field="y", reason="a,b")
    names = save(log)
    result = vres("audit", "export", *names, "--format", "csv")
    expect(result.out.count(b"\r\n") == log.seq + 1 and b"\n" not in result.out.replace(b"\r\n", b""))
    rows = list(csv.DictReader(io.StringIO(result.out.decode(), newline=""), strict=True))
    equal(len(rows), log.seq)
    equal(list(rows[0])[:7], ["seq", "timestamp", "worker_id", "audit_id", "prev_hash", "hash", "event_type"])
    last = rows[-1]
    equal((last["details"], last["policy"], last["violation"], last["action_taken"], last["other"], last["reason"], last["simulated"]),
          ("'=HYPERLINK(\"x\"),a", "'+1", "'-2", "'@x", '{"unknown_field":"y"}', "a,b", "true"))
    for row, line in zip(rows, log.lines()):
        fields = json.loads(line)
        equal((row["seq"], row["hash"], row["timestamp"]), (str(fields["seq"]), fields["hash"], fields["timestamp"]))
        for key, value in fields["event"].items():
            if key in row and not str(value).startswith(("=", "+", "-", "@")):
                equal(row[key], "true" if value is True else str(value))
        for cell in row.values():
            expect(not cell.startswith(("=", "+", "-", "@", "\t", "\r")), cell)


@test("", "", "")
def json_export_is_one_array_of_all_lines_as_they_are():
    log = Log().events(8).rotate().events(4)
    names = save(log)
    equal(json.loads(vres("audit", "export", *names, "--format", "json").out), [json.loads(line) for line in log.lines()])
    write("log", b"not a line\n" + b"".join(log.files[1]) + b"{")
    result = vres("audit", "export", "log", "--format", "json", status=1)
    equal(len(json.loads(result.out)), len(log.files[1]))
    equal(result.err.count("left out"), 2)


main("audit")
