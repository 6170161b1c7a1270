#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit log that vres seal and vres watch write: it verifies, goes on where it ended, and is not overwritten."""
import json
import os
import re
import signal

from support import MOCK, equal, expect, finish, main, refused, start, test, token_file, vres, write

TOKEN = ["--token-file", "token"]


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


main("audit_write")
