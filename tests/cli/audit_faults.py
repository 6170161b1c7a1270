#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""vres audit verify notices every change of a log and names its first place.  The logs are made without the library (audit_make.py)."""
import json
import random

from audit_log import FIRST_KEY, FORWARD, LOGS, TOKEN, change, check, found, hash_changed, keys, place, set_line, token_log, verify, with_other_key, worker_changed
from audit_make import Log, canonical, sign
from support import equal, expect, main, test


@test("SEC-AUDIT-020 D-56", "integrity", "an edited line")
def any_line_that_was_edited_is_named():
    for make, key in LOGS:
        log = make()
        for i, file in enumerate(log.files):
            for j, line in enumerate(file):
                wanted = ("bad_mac", *place(log.files, i, j))
                check(log, key, set_line(i, j, worker_changed(line)), wanted)
                check(log, key, set_line(i, j, hash_changed(line)), wanted)


@test("SEC-AUDIT-021 D-56", "integrity", "a deleted line")
def any_line_that_was_deleted_is_named_by_the_line_after_it():
    for make, key in LOGS:
        log = make()
        for i, file in enumerate(log.files):
            for j in range(len(file)):
                wanted = ("missing", *place(log.files, i, j))
                if j == len(file) - 1:
                    wanted = ("end", *place(log.files, i, j)) if i == len(log.files) - 1 else ("missing", *place(log.files, i + 1, 0))
                findings = check(log, key, lambda files: files[i].pop(j), wanted)
                equal((findings[0]["seq"], findings[0]["lines"]), (json.loads(file[j])["seq"], 1))


@test("SEC-AUDIT-022 D-55", "integrity", "a line that is there twice")
def any_line_that_is_there_twice_is_named():
    for make, key in LOGS:
        log = make()
        for i, file in enumerate(log.files):
            for j, line in enumerate(file):  # a line of an epoch that is over does not prove itself any more
                check(log, key, lambda files: files[i].insert(j + 1, line), ("order bad_mac", *place(log.files, i, j + 1)))
                if j + 4 < len(file):
                    check(log, key, lambda files: files[i].insert(j + 4, line), ("order bad_mac", *place(log.files, i, j + 4)), count=2)


@test("SEC-AUDIT-022 SEC-AUDIT-015", "integrity", "a line that was written without the key")
def any_line_that_was_put_in_without_the_key_is_named():
    for make, key in LOGS:
        log = make()
        for i, file in enumerate(log.files):
            for j, line in enumerate(file):
                findings = check(log, key, lambda files: files[i].insert(j, with_other_key(line)), ("bad_mac", *place(log.files, i, j)))
                expect(f"the log goes on with seq {json.loads(line)['seq']}" in findings[0]["message"], findings)


@test("SEC-AUDIT-023", "integrity", "lines in another order")
def any_two_lines_that_changed_places_are_named():
    for make, key in LOGS:
        log = make()
        for i, file in enumerate(log.files):
            for j in range(len(file) - 1):
                def swap(files, a=j, b=j + 1):
                    files[i][a], files[i][b] = files[i][b], files[i][a]

                check(log, key, swap, ("missing", *place(log.files, i, j)), count=3)
                if j < len(file) - 5:
                    check(log, key, lambda files: swap(files, j, j + 4), ("missing bad_mac", *place(log.files, i, j)), count=4)


@test("SEC-AUDIT-023", "integrity", "lines in another order")
def a_line_or_a_stretch_that_was_moved_is_named_where_it_is_missing_or_too_early():
    for make, key in LOGS:
        log = make()

        def later(files):
            files[0].insert(7, files[0].pop(2))

        def earlier(files):
            files[0].insert(2, files[0].pop(7))

        def stretch(files):
            files[0][2:8] = files[0][5:8] + files[0][2:5]

        check(log, key, later, ("missing", 0, 3), count=3)
        check(log, key, earlier, ("missing", 0, 3), count=4)
        findings = check(log, key, stretch, ("missing", 0, 3), count=3)
        equal(findings[0]["lines"], 3)


@test("SEC-AUDIT-020 D-56", "authenticity", "a line that was rewritten")
def a_line_that_was_rewritten_with_a_hash_of_its_own_is_named():
    for make, key in LOGS:
        log = make()
        for i, file in enumerate(log.files):
            for j, line in enumerate(file):
                check(log, key, set_line(i, j, with_other_key(line)), ("bad_mac", *place(log.files, i, j)))


@test("D-56", "authenticity", "a chain that was recomputed")
def a_chain_that_was_recomputed_without_the_key_is_one_finding():
    for make, key in LOGS:
        log = make()

        def rewrite(files):
            prev = json.loads(files[0][3])["hash"]
            for i, file in enumerate(files):
                for j in range(len(file)):
                    if (i, j) > (0, 3):
                        files[i][j] = sign(b"?" * 32, dict(json.loads(file[j]), prev_hash=prev))
                        prev = json.loads(files[i][j])["hash"]

        findings = check(log, key, rewrite, ("bad_mac", 0, 5))
        equal(findings[0]["lines"], log.seq - 4)


@test("D-56 SEC-AUDIT-021", "integrity", "a cut end")
def a_log_that_was_cut_at_any_line_ends_before_its_checkpoint():
    for make, key in LOGS:
        log = make()
        for j in range(len(log.files[-1])):
            findings = check(log, key, lambda files: files[-1].__delitem__(slice(j, None)), ("end", "log", j + 1))
            equal(findings[0]["lines"], len(log.files[-1]) - j if j else 1)  # of an empty file it is said that it is empty


@test("D-58", "integrity", "a write that was cut short")
def a_torn_last_line_is_named_at_every_length():
    for make, key in LOGS:
        log = make()
        last = log.files[-1][-1]
        for n in [1, 2, 20, len(last) // 2, len(last) - 1]:
            check(log, key, set_line(-1, -1, last[:n]), ("torn", "log", len(log.files[-1])))


@test("D-57", "integrity", "a line that is no canonical one")
def what_is_not_canonical_is_named_with_its_byte():
    log = token_log()
    line = log.files[0][3]
    fields = json.loads(line)
    event = fields["event"]
    bad = {
        b"": "another character",
        b" " + line[:-1]: "another character",
        line[:-1] + b" ": "after the end",
        line[:-1] + b"\r": "after the end",
        line.replace(b'"seq":4', b'"seq":04')[:-1]: "begins with 0",
        line.replace(b'"seq":4', b'"seq":5')[:-1]: "audit_id is of another seq",
        line.replace(b'"seq":4', b'"seq":4.0')[:-1]: "another character",
        line.replace(b'"seq":4', b'"seq":-4')[:-1]: "a digit",
        line.replace(b'"seq":4', b'"seq":99999999999999999999')[:-1]: "above 2^53",
        line.replace(b"2026-", b"2026-13-", 1)[:-1]: "not a time",
        line.replace(b'"timestamp":"2026-09', b'"timestamp":"2026-02')[:-1].replace(b"-21T", b"-29T"): "does not exist",
        canonical(dict(fields, event=dict(event, zz=[1])))[:]: "a digit",
        canonical(dict(fields, event=dict(event, zz=None)))[:]: "a digit",
        canonical(dict(fields, event=dict(event, zz=False)))[:]: "a digit",
        canonical(dict(fields, event=dict(event, Zz=1)))[:]: "not of a-z",
        canonical(dict(fields, event=dict(event, zz="\x07")))[:]: "escape",
        canonical(dict(fields, event=dict(event, zz="\u009b")))[:]: "control",
        canonical(dict(fields, event=dict(event, zz="\x7f")))[:]: "control",
        canonical(dict(fields, event={"event_type": "log_unknown"}))[:]: "not known",
        canonical(dict(fields, event={"event_type": "log_closed", "zz": 1}))[:]: "one too many",
        canonical(dict(fields, event={"event_type": "log_epoch"}))[:]: "lacks a field",
        canonical(dict(fields, event={"shard_id": "x"}))[:]: "without its type",
        canonical(dict(fields, worker_id="a b"))[:]: "another character",
        canonical(dict(fields, worker_id=""))[:]: "identifier",
        canonical(dict(fields, more=1))[:]: "another character",
        line[:-1].replace(b'"event":{', b'"event":{ '): "another character",
        line[:-1].replace(b"managed", b"m\xffnaged"): "not UTF-8",
        line[:-1].replace(b'"severity":"critical"', b'"severity":"critical","severity":"critical"'): "not sorted",
        b'{"audit_id":"' + b"x" * 9000: "no newline",
    }
    for text, says in bad.items():
        expect(text != line[:-1], says)
        findings = check(log, TOKEN, set_line(0, 3, text + b"\n"), ("malformed", 0, 4))
        expect(says in findings[0]["message"], says, findings, text)


@test("", "integrity", "two lines become one, one becomes two")
def a_newline_more_or_less_is_one_finding():
    log = token_log()
    line = log.files[0][3]
    check(log, TOKEN, set_line(0, 3, line[:-1]), ("malformed", 0, 4))
    check(log, TOKEN, set_line(0, 3, line[:50] + b"\n" + line[51:]), ("malformed", 0, 4))


@test("D-54", "integrity", "files that do not belong together")
def files_that_are_missing_doubled_or_disordered_are_named():
    for first_key, key in [(None, TOKEN), (FIRST_KEY, FORWARD)]:
        log = Log(first_key=first_key).events(4).rotate().events(4).rotate().events(4)
        keys()
        a, b, c = log.files
        good = log.checkpoint()
        equal(found(verify([a, b, c], good, key)), [])
        equal(found(verify([b, c], good, key, *(["--from-later"] if key is FORWARD else []))), [])
        findings = verify([a, c], good, key, status=1)["findings"]
        equal([(f["fault"], f["line"], f["lines"]) for f in findings], [("missing", 1, len(b))])
        for files in ([b, a, c], [a, a, b, c], [a, b, a, c]):
            findings = verify(files, good, key, status=1)["findings"]
            expect(findings[0]["fault"] in ("order", "bad_mac", "missing") and findings[0]["line"] == 1, files, findings)
        equal(found(verify([a + b, c], good, key, status=1)), [("order", 0, len(a) + 1)])
        equal(found(verify([a[:-1], c], good, key, status=1)), [("missing", "log", 1)])


@test("D-56", "integrity", "a file without a line")
def a_file_without_a_line_is_a_finding():
    for first_key, key in [(None, TOKEN), (FIRST_KEY, FORWARD)]:
        log = Log(first_key=first_key).events(4).rotate().events(4)
        for files, line in (([[], *log.files], 1), ([log.files[0], [], log.files[1]], 1), ([*log.files, []], 1)):
            findings = verify(files, log.checkpoint(), key, status=1)["findings"]
            equal([(f["fault"], f["line"]) for f in findings], [("end", line)], findings)


@test("D-54", "integrity", "a line where it cannot stand")
def genuine_lines_that_cannot_stand_where_they_stand_are_named():
    def closed(log):
        log.add("log_closed")
        log.events(1)

    def repaired(log):
        log.add("log_repaired", removed_bytes=1, removed_sha256="0" * 64)

    def opened(log):
        log.add("log_opened", session=log.session)

    def other_session(log):
        log.begin(9)
        log.events(1)

    def other_name(log):
        log.begin(9)
        log.add("log_opened", session="0" * 32)

    def rotated(log):
        log.add("log_rotated")
        log.events(1)

    def epoch(log):
        log.add("log_epoch", epoch=1)

    def not_rotated(log):
        log.header()

    def no_header(log):
        log.add("log_rotated")
        log.files.append([])
        log.events(1)

    for wrong, says in [(closed, "after log_closed"), (repaired, "not opened just before"), (opened, "without a new session"),
                        (other_session, "another session"), (other_name, "another session than its audit_id"),
                        (rotated, "after log_rotated"), (epoch, "next epoch"), (not_rotated, "does not end with log_rotated"),
                        (no_header, "does not begin with a log_header")]:
        log = Log().events(3)
        wrong(log)
        log.events(2)
        findings = verify(log.files, log.checkpoint(), status=1)["findings"]
        equal(len(findings), 1, wrong.__name__, findings)
        expect(says in findings[0]["message"], says, findings)
        equal(findings[0]["fault"], "order", findings)


@test("D-56", "integrity", "a line of another log under the same key")
def a_genuine_line_of_another_log_is_named():
    for first_key, key in [(None, TOKEN), (FIRST_KEY, FORWARD)]:
        log, other = Log(first_key=first_key).events(9), Log(first_key=first_key, session=5).events(9)
        check(log, key, lambda files: files[0].insert(4, other.files[0][4]), ("link", "log", 5), count=2)
        check(log, key, set_line(0, 4, other.files[0][4]), ("link", "log", 5), count=2)
        split = [log.files[0][:5] + other.files[0][5:]]
        equal(found(verify(split, other.checkpoint(), key, status=1)), [("link", "log", 6)])


@test("D-56", "integrity", "any change at all")
def no_change_of_a_log_goes_unseen_with_its_key():
    random.seed(7)
    for make, key in LOGS:
        log = make()
        whole = b"".join(log.files[-1])
        for _ in range(60):
            at, bit = random.randrange(len(whole)), 1 << random.randrange(8)
            flipped = whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1:]
            report = verify([log.files[0], flipped], log.checkpoint(), key, status=1)
            expect(len(report["findings"]) <= 2, at, bit, report["findings"])
        for _ in range(60):
            files = [list(f) for f in log.files]
            for _ in range(random.randrange(1, 4)):
                file = random.choice(files)
                a, b = random.randrange(len(file)), random.randrange(len(file))
                do = random.randrange(5)
                if do == 0:
                    file.pop(a)
                elif do == 1:
                    file.insert(a, file[b])
                elif do == 2:
                    file[a], file[b] = file[b], file[a]
                elif do == 3:
                    file[a:a + 3] = []
                else:
                    file[a] = worker_changed(file[a]) if b"worker-7" in file[a] else file[a][:-2] + b"\n"
                if not file:
                    file.append(b"\n")
            if files != log.files:
                report = verify(files, log.checkpoint(), key, status=1)
                expect(len(report["findings"]) < 20, report["findings"])


@test("D-56", "integrity", "what links alone show")
def without_a_key_the_links_are_checked_and_the_report_says_so():
    for make, key in LOGS:
        log = make()
        report = verify(log.files, log.checkpoint(), [])
        equal(report["keyed"], "links")
        equal(report["lines"], log.seq)
        check(log, [], lambda files: files[0].pop(3), ("missing", 0, 4))
        check(log, [], lambda files: files[0].insert(3, files[0][2]), ("order", 0, 4))
        check(log, [], set_line(0, 3, hash_changed(log.files[0][3])), ("link", 0, 5))
        check(log, [], lambda files: files[-1].pop(), ("end", "log", len(log.files[-1])))
        line = json.loads(log.files[0][3])
        other = canonical(dict(line, seq=77, audit_id=line["audit_id"][:-16] + f"{77:016x}")) + b"\n"
        check(log, [], set_line(0, 3, other), ("missing", 0, 4), count=2)
        # What they do not show, as the text says.
        equal(found(verify(change(log, set_line(0, 3, worker_changed(log.files[0][3]))), log.checkpoint(), [])), [])


main("audit_faults")
