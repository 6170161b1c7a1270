#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""vres audit verify under other keys, with other checkpoints and heads, and against somebody who has a later epoch's key."""
import json
import os
import subprocess

from audit_log import FIRST_KEY, FORWARD, LOGS, TOKEN, forward_log, found, hash_changed, keys, token_log, verify
from audit_make import DOMAIN, Log, canonical, token_key
from support import equal, expect, main, test, token_file, write


@test("D-56", "authenticity", "somebody with a later epoch's key")
def a_later_key_cannot_cut_an_earlier_epoch_short():
    log = Log(first_key=FIRST_KEY).events(4)
    log.epoch += 1  # what was stolen
    log.begin(7)
    log.add("log_opened", session=log.session)
    log.events(3)
    findings = verify(log.files, log.checkpoint(), FORWARD, status=1)["findings"]
    equal([(f["fault"], f["line"]) for f in findings], [("order", 6)], findings)
    log = Log(first_key=FIRST_KEY).events(4)
    old = log.epoch
    log.next_epoch()
    log.epoch = old  # a key that was to be forgotten
    log.events(3)
    findings = verify(log.files, log.checkpoint(), FORWARD, status=1)["findings"]
    equal(findings[0]["fault"], "bad_mac", findings)


@test("D-56", "authenticity", "a log that is begun anew by somebody with a later epoch's key")
def a_later_key_cannot_begin_the_log_anew():
    for first, wanted in ((1, "order"), (5, "missing"), (6, "missing"), (1000, "missing")):
        log = Log(first_key=FIRST_KEY)
        log.files, log.prev = [], "0" * 64 if first == 1 else "ab" * 32
        log.seq, log.epoch = first - 1, 5  # what LOG.key has
        log.header()
        log.events(3).rotate().events(2)
        for base in (0, 3, 5):
            keys()
            write("key", log.key_file(base))
            os.chmod("key", 0o600)
            key = ["--forward-key", "key"]
            findings = verify(log.files, log.checkpoint(), key, status=1)["findings"]
            equal([(f["fault"], f["line"]) for f in findings], [(wanted, 1)], (first, base))
            if first > 5:  # who says that this is known is believed
                equal(verify(log.files, log.checkpoint(), key, "--from-later")["first_seq"], first)
            else:
                verify(log.files, log.checkpoint(), key, "--from-later", status=1)


@test("D-56", "authenticity", "a log that is begun anew by somebody with a later epoch's key")
def a_head_shows_that_a_forward_log_without_its_oldest_files_is_the_same_log():
    log = Log(first_key=FIRST_KEY).events(4).rotate().events(4).rotate().events(4)
    last, before = f"{log.seq}:{log.prev}", json.loads(log.files[0][-1])
    verify(log.files[1:], log.checkpoint(), FORWARD, status=1)
    for head in (last, f"{before['seq']}:{before['hash']}"):
        equal(verify(log.files[1:], log.checkpoint(), FORWARD, "--head", head)["head"], "met")
    verify(log.files[1:], log.checkpoint(), FORWARD, "--head", f"{log.seq}:{'0' * 64}", status=1)
    equal(verify(log.files[1:], log.checkpoint(), FORWARD, "--from-later")["findings"], [])
    equal(verify(log.files[1:], log.checkpoint(), [])["keyed"], "links")
    token = Log().events(4).rotate().events(4)
    equal(verify(token.files[1:], token.checkpoint())["findings"], [])


@test("D-56", "availability", "a bound that was reached is called tampering")
def an_epoch_that_is_too_far_is_not_checked_and_the_key_is_not_blamed():
    log = Log(first_key=FIRST_KEY)
    log.files, log.seq, log.prev, log.epoch = [], 2**40, "ab" * 32, 0
    log.key = lambda: b"?" * 32  # nobody walks that far
    log.epoch = 2**21 + 1
    log.header()
    log.events(3)
    report = verify(log.files, log.checkpoint(), FORWARD, "--from-later", status=1)
    equal(found(report), [("unchecked", "log", 1)])
    expect("not checked" in report["findings"][0]["message"], report)


@test("D-56", "authenticity", "the wrong key")
def a_wrong_key_is_one_finding():
    keys()
    log = token_log()
    token_file("other", b"another token")
    write("other_key", b"vres-audit-key/1 0 " + b"ab" * 32 + b"\n")
    os.chmod("other_key", 0o600)
    equal(found(verify(log.files, log.checkpoint(), ["--token-file", "other"], status=1)), [("key", 0, 1)])
    report = verify(log.files, log.checkpoint(), FORWARD, status=1)
    equal(found(report), [("key", 0, 1)])
    expect("mode token" in report["findings"][0]["message"])
    equal(report["keyed"], "unproved")
    log = forward_log()
    equal(found(verify(log.files, log.checkpoint(), ["--forward-key", "other_key"], status=1)), [("key", 0, 1)])
    report = verify(log.files, log.checkpoint(), TOKEN, status=1)
    equal(found(report), [("key", 0, 1)])
    expect("mode forward" in report["findings"][0]["message"])


@test("D-56", "authenticity", "somebody with a later epoch's key")
def a_later_key_cannot_make_a_checkpoint_that_excuses_a_cut():
    log = Log(first_key=FIRST_KEY).events(3).rotate().events(3).rotate().events(3).rotate().events(3)
    for seq in (1, 3, 6):
        log.seq, log.prev = seq, json.loads(log.files[0][-1])["hash"]
        findings = verify([log.files[1][:3]], log.checkpoint(), FORWARD, "--from-later", status=1)["findings"]
        equal([f["fault"] for f in findings], ["checkpoint"], (seq, findings))


@test("D-56", "integrity", "a checkpoint of no line")
def a_checkpoint_of_seq_0_is_none():
    log = token_log()
    nothing = canonical({"epoch": 0, "format": "vres-audit-checkpoint/1", "hash": "0" * 64, "mac": "0" * 64, "seq": 0, "worker_id": "w"}) + b"\n"
    equal([f["fault"] for f in verify(log.files, nothing, [], status=1)["findings"]], ["checkpoint"])


@test("D-56", "integrity", "a checkpoint that is not that of the log")
def a_checkpoint_that_is_not_good_is_named():
    for make, key in LOGS:
        log = make()
        good = log.checkpoint()
        other = make()
        other.prev = "ab" * 32
        older = make()
        older.epoch += 1
        for bad, says in [(b"", "not one canonical line"), (good[:-1], "not one canonical line"), (good + b"\n", "not one canonical line"),
                          (b"x" * 9000, "not one canonical line"),
                          (good.replace(b'"seq":', b'"seq":1'), "MAC"), (hash_changed(good), "MAC"),
                          (good.replace(b"worker-7", b"worker-8"), "MAC"), (other.checkpoint(), "another hash"),
                          (good.replace(b'"epoch":', b'"epoch":9'), "MAC" if key is FORWARD else "not checked"),
                          (good.replace(b'"epoch":', b'"epoch":900000000000000'), "not checked")]:
            report = verify(log.files, bad, key, status=1)
            equal([f["fault"] for f in report["findings"]], ["checkpoint"], bad, report)
            expect(says in report["findings"][0]["message"], says, report)
        if key is FORWARD:
            expect("another epoch" in verify(log.files, older.checkpoint(), key, status=1)["findings"][0]["message"])


@test("D-56", "integrity", "a log that was put back as it once was")
def a_log_put_back_with_its_checkpoint_is_seen_against_a_head():
    for make, key in LOGS:
        log = make()
        old_files, old_checkpoint, old_head = [list(f) for f in log.files], log.checkpoint(), f"{log.seq}:{log.prev}"
        log.events(3)
        head = f"{log.seq}:{log.prev}"
        equal(found(verify(old_files, old_checkpoint, key)), [])  # nothing in these files tells
        report = verify(old_files, old_checkpoint, key, "--head", head, status=1)
        equal(found(report), [("end", "log", len(old_files[-1]) + 1)])
        expect("its head" in report["findings"][0]["message"])
        equal(verify(log.files, log.checkpoint(), key, "--head", old_head)["head"], "met")
        equal(verify(log.files, log.checkpoint(), key, "--head", head)["head"], "met")
        report = verify(log.files, log.checkpoint(), key, "--head", f"{log.seq - 1}:{log.prev}", status=1)
        equal(found(report), [("head", "log", 0)])
        report = verify(log.files[1:], log.checkpoint(), key, "--head", "2:" + "0" * 64, "--from-later", status=1)
        expect("before the first line" in report["findings"][0]["message"])


@test("CI-005", "authenticity", "a key that is not derived as it is written")
def the_keys_of_these_logs_are_those_that_openssl_derives():
    def derive(mode, key, info):
        command = ["openssl", "kdf", "-keylen", "32", "-kdfopt", "digest:SHA256", "-kdfopt", "mode:" + mode, "-kdfopt", "hexkey:" + key.hex(),
                   "-kdfopt", "info:" + info, "HKDF"]
        return bytes.fromhex(subprocess.run(command, check=True, capture_output=True, text=True).stdout.replace(":", ""))

    root = derive("EXTRACT_AND_EXPAND", b"test-token-42", DOMAIN.decode())
    equal(root.hex(), "14a07e02a665cb5b74d2825937e34cb1b382ba3ad02f19d7e0f65862a3b1e26c")
    equal(token_key(b"test-token-42"), derive("EXPAND_ONLY", root, "vres/audit/v1"))
    log = Log(first_key=FIRST_KEY)
    equal(log.key(), derive("EXPAND_ONLY", FIRST_KEY, "vres/audit/line/v1"))
    log.next_epoch()
    equal(log.key(), derive("EXPAND_ONLY", derive("EXPAND_ONLY", FIRST_KEY, "vres/audit/next/v1"), "vres/audit/line/v1"))


main("audit_keys")
