#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""vres audit verify, tail and export as a user meets them: options, reports, exit statuses.  Faults are in audit_faults.py."""
import csv
import io
import json
import os
import re
import signal
import threading
import time

from audit_make import Log
from support import MOCK, equal, expect, finish, main, refused, start, test, token_file, unread, vres, write

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


@test("", "accountability", "log that is taken away from its writer")
def a_watch_says_at_once_that_its_log_takes_nothing_any_more():
    write("f", b"x")
    token_file()
    process = start("watch", "f", *MOCK, "--interval", "10ms", "--audit", "log", *TOKEN)
    process.stdout.readline()
    os.rename("log", "moved")
    expect(b"SIMULATED" in process.stderr.readline())
    expect(b"could not be recorded in the audit log so far" in process.stderr.readline())
    equal(process.poll(), None)
    process.send_signal(signal.SIGTERM)
    expect("so far" not in finish(process, 5).err)


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


@test("D-54 D-56", "accountability", "")
def a_watch_writes_a_log_that_verifies_and_goes_on_where_it_ended():
    write("f", b"abc" * 5000)
    watch = ["watch", "f", *MOCK, *TOKEN, "--audit", "log", "--count", "3", "--interval", "1ms"]
    token_file()
    head = re.search(r"audit log log: head (\S+)", vres(*watch).out.decode()).group(1)
    report = vres("audit", "verify", "log", *TOKEN, "--head", head, "--json").json()
    equal((report["ending"], report["sessions"], report["simulated"], report["head"], report["lost_events"]), ("closed", 1, True, "met", 0))
    vres(*watch, "--json", "--mock-flip", "0:4096:3@2", status=1)
    report = vres("audit", "verify", "log", *TOKEN, "--head", head, "--json").json()
    equal((report["ending"], report["sessions"]), ("closed", 2))
    kinds = [line["event"]["event_type"] for line in json.loads(vres("audit", "export", "log", "--format", "json").out)]
    for kind, count in [("log_header", 1), ("log_opened", 1), ("log_closed", 2), ("vram_sealed", 2), ("vram_allocated", 2), ("seal_verified", 5),
                        ("seal_verification_failed", 1), ("vram_deallocated", 2)]:  # the drill has a lease, which verifies
        equal(kinds.count(kind), count, kind, kinds)
    expect("seal_verification_failed" in vres("audit", "tail", "log", "-n", "5").out.decode())
    token_file(text=b"another token")
    refused(*watch, status=5, says="log")


def event_types(log):
    with open(log, "rb") as f:
        return [json.loads(line)["event"]["event_type"] for line in f]


@test("D-54 D-56", "accountability", "")
def a_seal_writes_a_log_that_verifies_and_goes_on_where_a_watch_ended():
    write("f", b"abc" * 5000)
    token_file()
    vres("watch", "f", *MOCK, *TOKEN, "--audit", "log", "--count", "1")
    out = vres("seal", "f", *MOCK, *TOKEN, "--audit", "log", "--require", "audit").out.decode()
    head = re.search(r"^audit log log: head (\d+:[0-9a-f]{64})$", out, re.M).group(1)
    report = vres("audit", "verify", "log", *TOKEN, "--head", head, "--json").json()
    equal((report["sessions"], report["ending"], report["head"], report["simulated"]), (2, "closed", "met", True))
    expect({"vram_sealed", "seal_verified", "vram_deallocated"} <= set(event_types("log")), event_types("log"))
    token_file(text=b"another token")
    refused("seal", "f", *MOCK, *TOKEN, "--audit", "log", status=5, says="log: ")


@test("D-54 VR-004", "accountability", "bit flip in VRAM")
def what_a_seal_found_wrong_is_in_its_log_and_the_head_is_told():
    write("f", b"abc" * 5000)
    token_file()
    document = vres("seal", "f", *MOCK, *TOKEN, "--audit", "log", "--mock-flip", "0:1:1@1", "--json", status=1).json()
    equal((document["audit"]["file"], document["audit"]["lost_events"]), ("log", 0))
    expect("seal_verification_failed" in event_types("log"), event_types("log"))
    for command in (["seal"], ["watch", "--count", "1"]):  # nothing is sealed, and the log's head is told all the same
        document = vres(*command, "f", *MOCK, *TOKEN, "--audit", "log", "--expect", "0" * 64, "--json", status=1).json()
        expect(document["audit"]["seq"] > 0, document)
    vres("audit", "verify", "log", *TOKEN, "--head", f"{document['audit']['seq']}:{document['audit']['hash']}")


@test("", "availability", "receipt in the place of a log")
def a_receipt_never_takes_the_place_of_a_file_of_the_log():
    write("f", b"abc")
    token_file()
    for receipt in ("log", "./log", "log.checkpoint", "log.key", "log.lock", "log.0000000000000007"):
        refused("seal", "f", *MOCK, *TOKEN, "--audit", "log", "--receipt", receipt, says="is the audit log or a file that belongs to it")
    equal(sorted(os.listdir(".")), ["f", "token"])
    vres("seal", "f", *MOCK, *TOKEN, "--audit", "log", "--receipt", "log.receipt")
    vres("receipt", "check", "log.receipt", *TOKEN)


@test("D-56", "accountability", "first key of a forward log that is used up by its log")
def the_first_key_of_a_forward_log_is_not_taken_from_where_the_log_keeps_its_own():
    write("f", b"abc")
    vres("audit", "keygen", "log.key")
    for key in ("log.key", "./log.key"):
        for command in (["seal"], ["watch", "--count", "1"]):
            refused(*command, "f", *MOCK, "--audit", "log", "--audit-mode", "forward", "--forward-key", key, says="is where the log keeps its key in force")
    equal(sorted(os.listdir(".")), ["f", "log.key"])
    os.rename("log.key", "first")
    vres("seal", "f", *MOCK, "--audit", "log", "--audit-mode", "forward", "--forward-key", "first")
    vres("audit", "verify", "log", "--forward-key", "first")


@test("D-56", "accountability", "")
def a_watch_writes_a_forward_log_with_a_key_that_is_made_for_it():
    write("f", b"abc" * 5000)
    os.mkdir("away", 0o700)
    vres("audit", "keygen", "key0")
    equal(os.stat("key0").st_mode & 0o777, 0o600)
    refused("audit", "keygen", "key0", says="exists")
    watch = ["watch", "f", *MOCK, "--audit", "log", "--audit-mode", "forward", "--count", "2", "--interval", "1ms"]
    refused(*watch, says="give --forward-key")
    vres(*watch, "--forward-key", "key0")
    os.rename("key0", "away/key0")
    equal(vres(*watch, "--json").json()["audit"]["lost_events"], 0)
    report = vres("audit", "verify", "log", "--forward-key", "away/key0", "--json").json()
    equal((report["keyed"], report["sessions"], report["epochs"], report["ending"]), ("forward", 2, 3, "closed"))
    equal(vres("audit", "verify", "log", "--forward-key", "log.key", "--json", status=1).json()["findings"][0]["fault"], "key")


@test("", "", "")
def a_log_that_nobody_could_check_is_refused():
    write("f", b"x")
    token_file()
    for options, says in [(["--audit", "log"], "nobody could check"), (["--audit-mode", "forward"], "needs --audit"),
                          (["--forward-key", "k"], "needs --audit"), ([*TOKEN, "--audit", "log", "--forward-key", "k"], "--audit-mode forward"),
                          ([*TOKEN, "--audit", "no/such/folder/log"], "folder"), (["--require", "audit"], "needs a log: --audit"),
                          (["--audit", "log", "--audit-mode", "forward"], "log: is not there, and a log in mode forward begins with a key")]:
        refused("watch", "f", *MOCK, "--count", "1", *options, says=says)
        refused("seal", "f", *MOCK, *options, says=says)
    for command in (["policy"], ["bench"]):
        refused(*command, *MOCK, "--require", "audit", says="needs a log: --audit, of `vres seal` and `vres watch`")
    equal(os.path.exists("log"), False)
    vres("watch", "f", *MOCK, "--count", "1", "--require", "audit", *TOKEN, "--audit", "log")


main("audit")
