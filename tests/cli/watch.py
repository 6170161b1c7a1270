#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""vres watch: staying resident, noticing damage and naming it, stopping when told to."""
import json
import os
import re
import signal
import struct
import time

from support import MOCK, equal, expect, finish, main, pattern, refused, safetensors, start, test, token_file, unread, vres, write

QUICK = ["--interval", "1ms", *MOCK]


def lines_of(process, count):
    return [process.stdout.readline().decode() for _ in range(count)]


@test("CI-007", "integrity")
def every_round_checks_every_file_and_prints_a_line_for_each():
    write("a", pattern(5000))
    write("b", pattern(10))
    lines = vres("watch", "a", "b", "--count", "3", *QUICK).out.decode().splitlines()
    equal([line.split(",")[0] for line in lines[:6]], [f"check {n}: {f}: good" for n in (1, 2, 3) for f in "ab"])
    equal(lines[6:], ["3 rounds of 2 files, 0 not good"])


@test("CI-007")
def each_mode_does_what_it_says():
    write("f", pattern(2 << 20))
    for mode, hashed in (("full", 2 << 20), ("signature", 0), ("readback", 2 << 20)):
        last = vres("watch", "f", "--count", "2", "--verify", mode, "--allow", "readback", "--json", *QUICK).json()["files"][0]["last"]
        equal((last["mode"], last["bytes_hashed"]), (mode, hashed))
    last = vres("watch", "f", "--count", "1", "--verify", "sampled", "--sample-units", "1", "--json", *QUICK).json()["files"][0]["last"]
    equal(last["mode"], "sampled")
    expect(0 < last["bytes_hashed"] <= 128 * 4096, last)
    refused("watch", "f", "--verify", "readback", *QUICK, says="--allow readback")
    refused("watch", "f", "--verify", "some", *QUICK, says="--verify takes one of")


@test("VR-004 CI-007", "integrity", "bit flip in VRAM")
def a_flipped_bit_ends_the_watch_with_status_1_and_names_the_block_and_the_file():
    write("a", pattern(700000))
    write("b", pattern(10))
    result = vres("watch", "a", "b", "--count", "9", "--mock-flip", "0:650000:0@3", *QUICK, status=1)
    lines = result.out.decode().splitlines()
    expect("check 2: a: good" in lines[2] and "check 3: a: BAD" in lines[4] and "check 3: b: good" in lines[5], lines)
    block = 650000 // 4096 * 4096
    equal(lines[6], f"DAMAGED a: bytes {block} to {block + 4095}; at least 1 of 171 blocks bad")
    equal(lines[7:], ["3 rounds of 2 files, 1 not good"])
    expect("vres watch: a: " in result.err, result.err)
    expect(not any(line.startswith("vres watch: b") for line in result.err.splitlines()), result.err)


@test("VR-004", "integrity", "bit flip in VRAM")
def every_byte_that_can_be_damaged_is_noticed_the_last_of_the_file_included():
    write("f", pattern(4097))
    for offset in (0, 4095, 4096):
        document = vres("watch", "f", "--count", "1", "--mock-flip", f"0:{offset}:7@1", "--json", *QUICK, status=1).json()
        damage = document["files"][0]["damage"]
        equal((damage["offset"], damage["bytes"]), (offset // 4096 * 4096, 4096 if offset < 4096 else 1))


@test("", "integrity", "bit flip in VRAM")
def damage_of_a_stream_is_named_by_the_group_of_blocks():
    document = vres("watch", "-", "--bytes", "2000000", "--count", "1", "--mock-flip", "0:700000:1@1", "--json", *QUICK, status=1,
                    input=pattern(2000000)).json()
    damage = document["files"][0]["damage"]
    equal((damage["offset"], damage["bytes"]), (524288, 524288))


@test("VR-004", "integrity", "bit flip in VRAM")
def damage_in_a_safetensors_file_is_named_by_its_tensors():
    model = write("model", safetensors([("first", pattern(6000)), ("second", pattern(3000)), ("third", pattern(20000))]))
    with open(model, "rb") as f:
        data = 8 + struct.unpack("<Q", f.read(8))[0]
    cases = ((data + 100, ["first"], True), (data + 5000, ["first", "second"], False), (data + 28000, ["third"], False), (3, ["first"], True))
    for offset, wanted, header in cases:
        damage = vres("watch", model, "--count", "1", "--mock-flip", f"0:{offset}:0@1", "--json", *QUICK, status=1).json()["files"][0]["damage"]
        equal(([t["name"] for t in damage["tensors"]], damage["header"]), (wanted, header), offset)
    second = next(t for t in vres("watch", model, "--count", "1", "--mock-flip", f"0:{data + 5000}:0@1", "--json", *QUICK,
                                  status=1).json()["files"][0]["damage"]["tensors"] if t["name"] == "second")
    equal(second, {"name": "second", "dtype": "U8", "offset": data + 6000, "bytes": 3000})
    text = vres("watch", model, "--count", "1", "--mock-flip", f"0:{data + 28000}:0@1", *QUICK, status=1).out.decode()
    expect(f"  tensor third (U8), bytes {data + 9000} to {data + 28999} of the file\n" in text, text)


@test("", "integrity")
def a_tensor_that_only_touches_the_damaged_block_is_not_named():
    tensors = [("before", pattern(4096)), ("empty", b""), ("inside", pattern(4096)), ("after", pattern(4096))]
    size = len(safetensors(tensors)) - 3 * 4096
    entries = safetensors(tensors)[8:size]
    write("m", safetensors(tensors, entries.ljust(4096 - 8)))
    damage = vres("watch", "m", "--count", "1", "--mock-flip", "0:9000:0@1", "--json", *QUICK, status=1).json()["files"][0]["damage"]
    equal((damage["offset"], damage["bytes"], damage["header"]), (8192, 4096, False))
    equal([(t["name"], t["offset"], t["bytes"]) for t in damage["tensors"]], [("inside", 8192, 4096)])


@test("", "availability", "hostile model file")
def a_hostile_safetensors_header_costs_nothing_but_the_names():
    entry = b'"t":{"dtype":"U8","shape":[1],"data_offsets":'
    headers = [b"", b"{", b"[]", b"null", b"{" * 100000, b"[" * 3000000, b'{"a":' * 100000, b"{}", b'{"\xff":1}', b'{"a":1,"a":2}',
               b'{"a":"' + b"x" * 1000000, b"{" + entry + b"[-1,5]}}", b"{" + entry + b"[5,1]}}", b"{" + entry + b"[0,99999999999999999999]}}",
               b"{" + entry + b"[0,9223372036854775807]}}", b"{" + entry + b'"x"}}', b"{" + entry + b"[0]}}", b"{" + entry + b"[0.5,1e300]}}",
               b"{" + entry + b"[0,5000]}," + entry + b"[0,5000]}}", b"{" + b",".join(b'"%d":1' % i for i in range(1000001)) + b"}"]
    for header in headers:
        write("m", safetensors([("t", pattern(5000))], header))
        at = os.path.getsize("m") - 1
        document = vres("watch", "m", "--count", "1", "--mock-flip", f"0:{at}:0@1", "--json", *QUICK, status=1).json()
        equal(document["files"][0]["damage"].get("tensors", []), [], header[:60])
    for length in (0, 1, 2**64 - 1, 2**63, 100 * 10**6 + 1, 5001):
        write("m", struct.pack("<Q", length) + b"{" + pattern(4999))
        document = vres("watch", "m", "--count", "1", "--mock-flip", "0:5000:0@1", "--json", *QUICK, status=1).json()
        expect("tensors" not in document["files"][0]["damage"], length)


@test("", "integrity", "escape sequences in a tensor's name")
def a_hostile_tensor_name_cannot_write_to_the_terminal():
    write("m", safetensors([("ev\x1b[2Jil\n\u202e", pattern(100))]))
    at = os.path.getsize("m") - 1
    text = vres("watch", "m", "--count", "1", "--mock-flip", f"0:{at}:0@1", *QUICK, status=1).out.decode()
    expect("tensor ev\\x1b[2Jil\\x0a\\u202e (U8)" in text, text)


@test()
def every_tensor_of_a_damaged_range_is_named():
    write("m", safetensors([(f"t{i:03}", b"x") for i in range(100)]))
    at = os.path.getsize("m") - 1
    damage = vres("watch", "m", "--count", "1", "--mock-flip", f"0:{at}:0@1", "--json", *QUICK, status=1).json()["files"][0]["damage"]
    with open("m", "rb") as f:
        data = 8 + struct.unpack("<Q", f.read(8))[0]
    first = max(0, at // 4096 * 4096 - data)
    equal(damage["tensors_count"], 100 - first)
    equal([t["name"] for t in damage["tensors"]], [f"t{i:03}" for i in range(first, 100)])


@test("VR-004", "integrity", "bit flips in VRAM")
def every_damaged_range_and_every_tensor_of_each_is_named():
    model = write("model", safetensors([(name, pattern(3 << 20)) for name in ("first", "second", "third", "fourth")]))
    with open(model, "rb") as f:
        data = 8 + struct.unpack("<Q", f.read(8))[0]
    offsets = [data + 5000, data + 5000 + 4096, data + (2 << 20), data + (6 << 20) + 100000, os.path.getsize(model) - 1]
    flips = [word for offset in offsets for word in ("--mock-flip", f"0:{offset}:2@1")]
    damage = vres("watch", model, "--count", "1", "--json", *flips, *QUICK, status=1).json()["files"][0]["damage"]
    blocks = [offset // 4096 * 4096 for offset in offsets]
    wanted = [(blocks[0], 8192), (blocks[2], 4096), (blocks[3], 4096), (blocks[4], os.path.getsize(model) - blocks[4])]  # neighbours are one range
    equal([(r["offset"], r["bytes"]) for r in damage["ranges"]], wanted)
    equal((damage["ranges_count"], damage["offset"], damage["bytes"]), (4, *wanted[0]))
    equal([t["name"] for t in damage["tensors"]], ["first", "third", "fourth"])
    equal(damage["header"], False)
    for command in (("watch", model, "--count", "1"), ("seal", model)):
        lines = vres(*command, *flips, *MOCK, status=1).out.decode().splitlines()
        at = next(i for i, line in enumerate(lines) if line.startswith("DAMAGED model: "))
        expect(f"bytes {wanted[0][0]} to {wanted[0][0] + 8191};" in lines[at], lines)
        equal(lines[at + 1 : at + 4], [f"  and bytes {begin} to {begin + size - 1}" for begin, size in wanted[1:]])
        equal([line.split()[:2] for line in lines[at + 4 : at + 7]], [["tensor", "first"], ["tensor", "third"], ["tensor", "fourth"]])


@test("VR-004", "integrity", "bit flips in VRAM")
def damage_without_names_is_listed_in_full_too():
    write("f", pattern(4 << 20))
    flips = [word for block in range(0, 1024, 17) for word in ("--mock-flip", f"0:{block * 4096}:0@1")]
    damage = vres("seal", "f", "--json", *flips, *MOCK, status=1).json()["shards"][0]["damage"]
    equal([r["offset"] for r in damage["ranges"]], [block * 4096 for block in range(0, 1024, 17)])
    expect("tensors" not in damage, damage)


@test("", "availability")
def a_signal_ends_the_watch_well():
    write("f", pattern(5000))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        process = start("watch", "f", "--interval", "1h", *MOCK)
        lines_of(process, 1)
        process.send_signal(number)
        result = finish(process, 0)
        equal(result.out.decode(), "1 round of 1 file, 0 not good; stopped when asked to\n")


@test()
def a_signal_that_was_ignored_stays_ignored():
    write("f", pattern(5000))
    process = start("watch", "f", "--count", "40", "--interval", "10ms", *MOCK, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
    lines_of(process, 1)
    process.send_signal(signal.SIGINT)
    result = finish(process, 0)
    expect(result.out.endswith(b"40 rounds of 1 file, 0 not good\n"), result.out)


@test()
def a_stopped_watch_with_json_is_one_whole_document():
    write("f", pattern(5000))
    # With --json nothing is printed before the end: a flip, which a check of the signature does not notice, says when round 3 has come.
    process = start("watch", "f", "--interval", "1ms", "--verify", "signature", "--mock-flip", "0:0:0@3", "--json", *MOCK)
    while "fault injection: flipped" not in process.stderr.readline().decode():
        expect(process.poll() is None)
    process.send_signal(signal.SIGINT)
    document = json.loads(finish(process, 0).out)
    equal((document["stopped"], document["status"], document["simulated"], document["files"][0]["state"]), (True, "ok", True, "good"))
    expect(document["rounds"] >= 2, document)
    equal(document["files"][0]["checks"], document["rounds"])


@test()
def rounds_are_an_interval_apart():
    write("f", b"x")
    began = time.monotonic()
    vres("watch", "f", "--count", "4", "--interval", "200ms", *MOCK)
    expect(time.monotonic() - began >= 0.6)  # three waits; a slow machine only takes longer


@test()
def an_interval_without_end_is_waited_for():
    write("f", b"x")
    process = start("watch", "f", "--interval", "18446744073709551615ns", *MOCK)
    lines_of(process, 1)
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    expect(b"1 round of 1 file" in finish(process, 0).out)


@test("", "availability", "reader that went away")
def a_reader_that_goes_away_ends_the_watch():
    write("f", b"x")
    process = start("watch", "f", "--interval", "1ms", *MOCK)
    lines_of(process, 2)
    process.stdout.close()
    equal(process.wait(timeout=60), 5)
    error = process.stderr.read().decode()
    expect("vres watch: standard output: Broken pipe" in error and error.count("standard output") == 1, error)


def wait_for_rounds(process, metrics, rounds):
    until, seen = time.monotonic() + 60, 0
    while seen < rounds:
        expect(process.poll() is None and time.monotonic() < until, seen)
        time.sleep(0.01)
        if os.path.exists(metrics):
            with open(metrics, encoding="utf-8") as f:
                seen = int(re.search(r'^vram_verify_operations_total{result="ok",mode="full"} (\d+)$', f.read(), re.M).group(1))


LONG = "f" * 200  # a line of 250 bytes: 50 of them are more than the pipe and the buffer before it hold


@test("VR-004", "availability", "reader that stops reading")
def a_reader_that_stops_reading_stops_neither_the_checks_nor_a_signal():
    write(LONG, b"x")
    with unread("watch", LONG, "--interval", "1ms", "--metrics-file", "m", *MOCK) as (process, _):
        wait_for_rounds(process, "m", 50)
        process.send_signal(signal.SIGTERM)
        equal(process.wait(timeout=60), 5)
        expect("standard output: nobody reads it" in process.stderr.read().decode())


@test("VR-004", "integrity", "reader that stops reading")
def damage_is_told_by_the_status_when_nobody_reads():
    write(LONG, b"x")
    with unread("watch", LONG, "--interval", "1ms", "--mock-flip", "0:0:0@40", *MOCK) as (process, _):
        equal(process.wait(timeout=90), 1)
        expect("seal verification failed" in process.stderr.read().decode())


@test("", "availability", "reader that stops reading")
def a_reader_that_reads_again_is_told_how_many_lines_it_missed():
    write(LONG, b"x")
    with unread("watch", LONG, "--interval", "1ms", "--metrics-file", "m", *MOCK) as (process, out):
        wait_for_rounds(process, "m", 50)
        with open(out, "rb", closefd=False) as lines:
            lines.readline()
            while "not printed" not in (said := process.stderr.readline().decode()):
                expect(process.poll() is None, said)
            process.send_signal(signal.SIGTERM)
            expect(lines.read().endswith(b"stopped when asked to\n"))
        equal(process.wait(timeout=60), 0)
        expect(re.search(r"[1-9]\d* lines? of checks were not printed: nobody read them", said), said)


@test("", "integrity", "seal that is too old")
def a_seal_that_is_too_old_ends_the_watch_with_status_1():
    write("f", b"x")
    document = vres("watch", "f", "--max-seal-age", "100ms", "--interval", "150ms", "--count", "20", "--json", *MOCK, status=1).json()
    equal((document["files"][0]["state"], document["files"][0]["last"]["reason"]), ("bad", "expired"))
    expect("damage" not in document["files"][0])


@test()
def several_flips_strike_at_their_own_rounds():
    write("a", pattern(9000))
    write("b", pattern(9000))
    document = vres("watch", "a", "b", "--count", "5", "--verify", "signature", "--mock-flip", "0:1:0@1", "--mock-flip", "0:5000:0@2",
                    "--mock-flip", "1:1:0@3", "--json", *QUICK).json()
    equal((document["rounds"], [f["state"] for f in document["files"]]), (5, ["good", "good"]))
    result = vres("watch", "a", "--count", "4", "--verify", "signature", "--mock-flip", "0:1:0@2", *QUICK)
    equal(result.err.count("fault injection: flipped bit 0 of byte 1 of file 0"), 1, result.err)
    document = vres("watch", "a", "b", "--count", "5", "--mock-flip", "0:1:0@2", "--mock-flip", "1:5000:0@2", "--json", *QUICK, status=1).json()
    equal([(f["state"], f["damage"]["offset"]) for f in document["files"]], [("bad", 0), ("bad", 4096)])
    document = vres("watch", "a", "--count", "5", "--mock-flip", "0:1:0@2", "--mock-flip", "0:1:0@2", "--json", *QUICK).json()
    equal(document["rounds"], 5)


@test("CI-007 VR-004", "availability", "bit flip in VRAM")
def with_repair_damaged_bytes_are_read_again_and_the_watch_goes_on():
    write("a", pattern(700000))
    write("b", pattern(9000))
    watch = ["watch", "a", "b", "--repair", "--count", "4", "--mock-flip", "0:650000:0@2", "--mock-flip", "0:3:0@3", "--mock-flip", "0:9000:0@3", *QUICK]
    result = vres(*watch)
    lines = result.out.decode().splitlines()
    block = 650000 // 4096 * 4096
    expect("check 2: a: repaired, full" in lines[2], lines)
    equal(lines[3], f"DAMAGED a: bytes {block} to {block + 4095}; at least 1 of 171 blocks bad")
    equal(lines[-1], "4 rounds of 2 files, 0 not good, 2 repairs")
    equal(result.err.count("vres watch: a: repaired: "), 2)
    expect("repaired: 2 damaged ranges read again from the file, and all of it verified" in result.err, result.err)
    first, second = vres(*watch, "--json").json()["files"]
    equal((first["state"], first["repairs"], first["repaired_bytes"]), ("good", 2, 3 * 4096))
    equal([(r["check"], r["damage"]["offset"]) for r in first["repaired"]], [(2, block), (3, 0)])
    equal((second["repairs"], second["repaired"]), (0, []))
    expect("repairs" not in vres("watch", "b", "--count", "1", "--json", *QUICK).json()["files"][0])


@test("VR-004", "integrity", "bit flip in VRAM, and a file that was rewritten")
def a_file_that_was_rewritten_repairs_nothing_and_that_is_said():
    write("f", pattern(700000))
    process = start("watch", "f", "--repair", "--interval", "300ms", "--count", "9", "--mock-flip", "0:1000:0@3", *MOCK)
    lines_of(process, 1)
    with open("f", "r+b") as f:
        f.write(b"other")
    out, err = process.communicate()
    equal(process.returncode, 1)
    expect("vres watch: f: not repaired: the file is not what was sealed any more" in err.decode(), err)
    expect(b"DAMAGED f: bytes 0 to 524287; " in out and b"1 not good, 0 repairs" in out, out)


@test("VR-004", "availability", "bit flip in VRAM, and a file that was replaced")
def a_file_that_was_replaced_under_its_name_is_repaired_from_the_one_that_was_sealed():
    write("f", pattern(700000))
    process = start("watch", "f", "--repair", "--interval", "300ms", "--count", "4", "--mock-flip", "0:1000:0@3", *MOCK)
    lines_of(process, 1)
    write("g", b"other")
    os.rename("g", "f")
    out, err = process.communicate()
    equal((process.returncode, out.decode().splitlines()[-1]), (0, "4 rounds of 1 file, 0 not good, 1 repair"), err)


@test("VR-004", "accountability")
def a_repair_is_in_the_audit_log_and_in_the_metrics():
    write("f", pattern(9000))
    token_file()
    vres("watch", "f", "--repair", "--count", "2", "--mock-flip", "0:1:0@1", "--token-file", "token", "--audit", "log", "--metrics-file", "m.prom",
         *QUICK)
    vres("audit", "verify", "log", "--token-file", "token")
    events = [json.loads(line)["event"] for line in open("log", encoding="utf-8")]
    types = [e["event_type"] for e in events]
    expect(types.index("seal_verification_failed") < types.index("vram_repaired"), types)
    repaired = events[types.index("vram_repaired")]
    equal((repaired["ranges"], repaired["repaired_bytes"], repaired["lifted"]), (1, 4096, True))
    expect("\nvram_repaired_bytes_total 4096\n" in open("m.prom", encoding="utf-8").read())


@test()
def a_stream_cannot_be_repaired_from():
    refused("watch", "-", "--bytes", "10", "--repair", "--count", "1", *QUICK, says="cannot be read again")


@test()
def wrong_flips_are_refused():
    write("f", pattern(10))
    for flip, says in (("", "FILE:OFFSET:BIT@N"), ("0:0:0", "FILE:OFFSET:BIT@N"), ("0:0:0@1x", "FILE:OFFSET:BIT@N"), ("0:-1:0@1", "FILE:OFFSET:BIT@N"),
                       ("0:99999999999999999999:0@1", "FILE:OFFSET:BIT@N"), ("1:0:0@1", "file 1"), ("0:10:0@1", "offset 10"), ("0:0:8@1", "bit 8"),
                       ("0:0:0@0", "from 1")):
        refused("watch", "f", "--mock-flip", flip, *QUICK, says=says)
    refused("watch", "f", "--mock-flip", "0:0:0@1", says="--backend mock")
    refused("watch", "f", "--mock-flip", "0:0:0@4", "--count", "3", *QUICK, says="before verification 4, and there will be 3")
    refused("seal", "f", "--mock-flip", "0:0:0@2", *MOCK, says="before verification 2, and there will be 1")
    flips = [word for _ in range(65) for word in ("--mock-flip", "0:0:0@1")]
    refused("watch", "f", *flips, *QUICK, says="at most 64")


if __name__ == "__main__":
    main("watch")
