#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""vres seal: round trips, digests, sets, streams."""
import hashlib
import json
import os
import signal
import subprocess
import threading
import time

from support import MOCK, equal, expect, finish, main, pattern, refused, safetensors, start, test, token_file, tool, unread, vres, write

MIB = 1 << 20


def fsverity(name):
    return subprocess.run(["fsverity", "digest", name], check=True, stdout=subprocess.PIPE).stdout.decode().split()[0].removeprefix("sha256:")


@test("CI-004 VR-007", "integrity")
def the_digests_of_a_seal_are_what_sha256sum_and_fsverity_say_of_the_file():
    for size in (1, 4095, 4096, 4097, 128 * 4096, 128 * 4096 + 1):
        name = write("f", pattern(size))
        shard = vres("seal", name, "--json", *MOCK).json()["shards"][0]
        equal(shard["digest"], hashlib.sha256(pattern(size)).hexdigest())
        equal(shard["verity_digest"], fsverity(name))
        equal((shard["vram_bytes"], shard["digest_alg"], shard["sealed"]), (size, "sha256", True))
        equal((shard["verify"]["status"], shard["verify"]["mode"], shard["verify"]["bytes_hashed"]), ("VRES_OK", "full", size))


@test()
def a_seal_by_verity_has_the_verity_digest_as_its_digest():
    name = write("f", pattern(10000))
    shard = vres("seal", name, "--alg", "verity", "--json", *MOCK).json()["shards"][0]
    equal((shard["digest"], shard["digest_alg"]), (fsverity(name), "verity"))
    text = vres("seal", name, "--alg", "verity", *MOCK).out.decode()
    expect(f"verity     {shard['digest']}" in text, text)


@test("", "authenticity", "simulated memory taken for VRAM")
def simulation_is_marked_on_stderr_in_text_and_in_json():
    write("f", b"x")
    result = vres("seal", "f", *MOCK)
    expect("SIMULATED: mock VRAM" in result.err, result.err)
    expect(b"(SIMULATED)" in result.out, result.out)
    document = vres("seal", "f", "--json", *MOCK).json()
    equal((document["simulated"], document["shards"][0]["simulated"], document["key"]), (True, True, "ephemeral"))
    equal(document["policy"]["allow"], ["simulated", "no-ecc"])
    document = vres("seal", "missing", "--json", *MOCK, status=2).json()
    equal((document["simulated"], document["status"]), (True, "VRES_E_INVALID_INPUT"))


@test()
def only_the_two_bits_a_mock_needs_are_added_and_the_users_own_are_kept():
    write("f", b"x")
    document = vres("seal", "f", "--json", "--allow", "readback,weak-lease", "--allow", "exportable", "--require", "readonly", *MOCK).json()
    equal(document["policy"], {"allow": ["simulated", "no-ecc", "exportable", "readback", "weak-lease"], "require": ["readonly"]})


@test("CI-004 IV-004", "integrity", "other bytes than expected")
def an_expected_digest_is_accepted_and_another_is_a_verification_failure():
    name = write("f", pattern(5000))
    good, other = hashlib.sha256(pattern(5000)).hexdigest(), hashlib.sha256(b"").hexdigest()
    vres("seal", name, "--expect", good, *MOCK)
    vres("seal", name, "--expect", good.upper(), *MOCK)
    vres("seal", name, "--alg", "verity", "--expect", fsverity(name), *MOCK)
    for alg in ("sha256", "verity"):  # what vres digest printed, whole or its first word
        line = vres("digest", name, "--alg", alg).out.decode()
        for text in (line, line.split(" ")[0], "sha256:" + line.split(" ")[0].removeprefix("sha256:").upper()):
            vres("seal", name, "--alg", alg, "--expect", text, *MOCK)
    refused("seal", name, "--expect", "sha256:" + other, *MOCK, status=1, says="f: ")
    refused("seal", name, "--expect", "sha256:" + good + "0", *MOCK, says="hex")
    refused("seal", name, "--expect", "sha256:sha256:" + good, *MOCK, says="hex")
    refused("seal", name, "--expect", other, *MOCK, status=1, says="f: ")
    refused("seal", name, "--alg", "verity", "--expect", good, *MOCK, status=1, says="f: ")
    refused("seal", name, "--expect", good[:-1], *MOCK, says="hex")
    refused("seal", name, "--expect", "g" + good[1:], *MOCK, says="hex")
    refused("seal", name, name, "--expect", good, *MOCK, says="one FILE")


@test("VR-008", "integrity", "shards of two models mixed")
def a_set_is_sealed_in_order_with_one_group_and_its_receipts_say_so():
    names = [write(f"part{i}", pattern(3000 + i)) for i in range(3)]
    key = token_file()
    shards = vres("seal", *names, "--set", "--model-ref", "m", "--receipt", "r%d", "--token-file", key, "--json", *MOCK).json()["shards"]
    equal([(s["shard_index"], s["total_shards"], s["model_ref"]) for s in shards], [(i, 3, "m") for i in range(3)])
    records = [r["record"] for r in vres("receipt", "show", "r0", "r1", "r2", "--token-file", key, "--json").json()["receipts"]]
    equal(len({r["group_id"] for r in records}), 1)
    expect(records[0]["group_id"])
    single = vres("seal", *names, "--json", *MOCK).json()["shards"]
    equal([s["total_shards"] for s in single], [None] * 3)


@test()
def standard_input_is_sealed_for_as_many_bytes_as_it_is_told():
    content = pattern(300000)
    shard = vres("seal", "-", "--bytes", "300000", "--json", *MOCK, input=content).json()["shards"][0]
    equal((shard["file"], shard["digest"]), ("-", hashlib.sha256(content).hexdigest()))
    shard = vres("seal", "-", "--bytes", "1000", "--json", *MOCK, input=content).json()["shards"][0]
    equal(shard["digest"], hashlib.sha256(content[:1000]).hexdigest())
    refused("seal", "-", "--bytes", "300001", *MOCK, status=5, says="-: ended after 300000 of 300001 bytes", input=content)
    refused("seal", "-", "--bytes", "5", *MOCK, status=5, says="ended after 0 of 5 bytes", input=b"")
    refused("seal", "-", *MOCK, says="--bytes", input=content)
    refused("seal", "-", "-", "--bytes", "5", *MOCK, says="only once")


@test()
def a_named_pipe_is_sealed_when_its_writer_comes_late_and_writes_in_pieces():
    os.mkfifo("pipe")
    process = start("seal", "pipe", "--bytes", "6000", "--json", *MOCK)

    def feed():
        time.sleep(0.2)
        with open("pipe", "wb", buffering=0) as f:
            for at in range(0, 6000, 1000):
                f.write(pattern(6000)[at : at + 1000])
                time.sleep(0.02)

    writer = threading.Thread(target=feed)
    writer.start()
    shard = finish(process, 0).json()["shards"][0]
    writer.join()
    equal(shard["digest"], hashlib.sha256(pattern(6000)).hexdigest())


@test("", "availability", "process that cannot be stopped")
def a_pipe_that_stays_silent_does_not_keep_a_signal_from_stopping_the_seal():
    for number in (signal.SIGINT, signal.SIGTERM):
        read_end, write_end = os.pipe()
        process = subprocess.Popen([tool(), "seal", "-", "--bytes", "10", *MOCK], stdin=read_end, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        os.close(read_end)
        while "ephemeral key" not in process.stderr.readline().decode():  # the last thing it says before it reads
            expect(process.poll() is None)
        time.sleep(0.1)
        process.send_signal(number)
        equal(finish(process, -number).err, "vres seal: -: stopped when asked to; what it held in VRAM is released\n")
        os.close(write_end)


@test("", "availability", "reader that stops reading")
def a_signal_ends_a_seal_although_nobody_reads():
    write("f", b"x")
    with unread("seal", *["f"] * 40, *MOCK) as (process, _):  # some 20 KB of handles
        expect("ephemeral key" in process.stderr.readline().decode() + process.stderr.readline().decode())
        time.sleep(0.5)
        equal(process.poll(), None)
        process.send_signal(signal.SIGTERM)
        equal(process.wait(timeout=60), -signal.SIGTERM)
        expect("standard output: nobody reads it" in process.stderr.read().decode())


@test("", "confidentiality", "weights left in host memory")
def sealing_from_a_pipe_holds_no_second_copy_of_the_content():
    size = 96 * MIB
    process = subprocess.Popen([tool(), "seal", "-", "--bytes", str(size), *MOCK], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
    for _ in range(96):
        process.stdin.write(bytes(MIB))
    process.stdin.close()
    process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    equal(status, 0)
    expect(usage.ru_maxrss * 1024 < size + 2 * 16 * MIB + 48 * MIB, usage.ru_maxrss)


@test("VR-004 CI-007", "integrity", "bit flip in VRAM")
def a_bit_flipped_before_the_verification_fails_the_seal_names_the_block_and_writes_no_receipt():
    write("a", pattern(100))
    write("b", pattern(600000))
    document = vres("seal", "a", "b", "--mock-flip", "1:500001:7@1", "--receipt", "r%d", "--json", *MOCK, status=1).json()
    equal(document["status"], "VRES_E_SEAL_VERIFICATION_FAILED")
    equal([s["verify"]["reason"] for s in document["shards"]], ["none", "digest"])
    damage = document["shards"][1]["damage"]
    equal((damage["offset"], damage["bytes"]), (500001 // 4096 * 4096, 4096))
    expect("damage" not in document["shards"][0])
    equal(sorted(os.listdir(".")), ["a", "b"])
    text = vres("seal", "a", "b", "--mock-flip", "1:500001:7@1", *MOCK, status=1)
    expect(b"DAMAGED b: bytes 499712 to 503807" in text.out, text.out)
    expect("vres seal: b: " in text.err, text.err)


@test("RP-004 VP-004", "availability", "more weights than memory")
def too_little_vram_is_status_3_with_both_numbers():
    name = write("f", pattern(100000))
    result = refused("seal", name, "--mock-vram", "64KiB", *MOCK, status=3, says="f: ")
    expect("102400" in result.err and "65536" in result.err, result.err)
    error = vres("seal", name, "--mock-vram", "64KiB", "--json", *MOCK, status=3).json()["errors"][0]
    equal((error["status"], error["needed_bytes"], error["available_bytes"]), ("VRES_E_INSUFFICIENT_VRAM", 102400, 65536))
    vres("seal", name, "--mock-vram", "102400", *MOCK)
    refused("seal", name, name, "--mock-vram", "102400", *MOCK, status=3, says="f: ")
    refused("seal", name, "--mock-vram", "102400", "--headroom", "4096", *MOCK, status=3, says="f: ")


@test("RP-004", "availability", "a mock that takes all memory of the machine")
def a_mock_larger_than_the_machine_is_refused_before_it_is_filled():
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    needed = 200 << 40  # more than can be mapped, so that a tool that tries it does no harm
    error = vres("bench", "--bytes", "200TiB", "--json", *MOCK, status=3).json()["errors"][0]
    equal((error["status"], error["needed_bytes"], error["available_bytes"]), ("VRES_E_INSUFFICIENT_VRAM", needed, memory))
    refused("bench", "--bytes", "200TiB", *MOCK, status=3, says="VRAM of the mock is host memory")


@test("IV-001 RP-003", "availability")
def a_file_above_the_limit_that_was_set_is_invalid_input():
    name = write("f", pattern(4097))
    vres("seal", name, "--max-model-bytes", "4097", *MOCK)
    refused("seal", name, "--max-model-bytes", "4KiB", *MOCK, says="4097")


@test()
def files_that_cannot_be_sealed_are_refused_before_anything_is_sealed():
    write("f", b"x")
    write("empty", b"")
    refused("seal", "f", "empty", *MOCK, says="empty: is empty")
    refused("seal", "f", "missing", *MOCK, says="missing: ")
    refused("seal", "f", ".", *MOCK, says=".: has no safetensors or GGUF file")
    refused("seal", "f", "--bytes", "1", *MOCK, says="--bytes")
    refused("seal", "/dev/zero", *MOCK, says="--bytes")
    vres("seal", "/dev/zero", "--bytes", "1MiB", *MOCK)
    refused("seal", *MOCK, says="no FILE")


def many():
    """Three files, what sha256sum says of them, and what fsverity does."""
    os.makedirs("d", exist_ok=True)
    names = [write(f"d/{n}.safetensors", safetensors([(n, pattern(5000 + i, i))])) for i, n in enumerate("abc")]
    sums = [hashlib.sha256(open(name, "rb").read()).hexdigest() for name in names]
    return names, sums


@test("CI-004", "integrity", "other bytes than expected")
def a_list_of_digests_has_a_line_for_each_file_or_nothing_is_sealed():
    names, sums = many()
    for lines in ([f"{d}  {n}" for d, n in zip(sums, names)], [f"{d}  {n}\r" for d, n in zip(sums, names)] + ["\r"], [f"{d} *{os.path.basename(n)}" for d, n in zip(sums, names)] + ["0" * 64 + "  elsewhere"]):
        write("SUMS", ("\n".join(lines) + "\n").encode())
        vres("seal", *names, "--expect", "SUMS", *MOCK)
        vres("seal", "d", "--expect", "SUMS", *MOCK)
    write("FSV", vres("digest", "--alg", "verity", *names).out)
    vres("seal", *names, "--alg", "verity", "--expect", "FSV", *MOCK)
    refused("seal", *names, "--expect", "FSV", *MOCK, says="FSV: line 1 is a digest of the other kind: see --alg")
    for content, says in ((f"{sums[0]}  {names[0]}\n", "d/b.safetensors: has no line in the list of --expect"), ("x\n", "line 1 is none of sha256sum"),
                          (f"\\{sums[0]}  a\\n\n", "line 1 has an escaped name"), (f"{sums[0]} {names[0]}\n", "line 1 is none of"), ("a\0b", "has a NUL"),
                          (f"{sums[0]}  {names[0]}\n{sums[1]}  {names[0]}\n", "line 2 has another digest of a file than a line before it")):
        write("SUMS", content.encode())
        refused("seal", *names, "--expect", "SUMS", *MOCK, says=says)
    write("SUMS", "".join(f"{d}  {n}\n" for d, n in zip([sums[0], sums[2], sums[1]], names)).encode())
    refused("seal", *names, "--expect", "SUMS", *MOCK, status=1, says="d/b.safetensors: ")


@test("CI-004", "integrity", "a damaged cache of downloads")
def the_name_of_a_file_in_a_cache_is_the_digest_that_it_has_to_have():
    content = safetensors([("t", pattern(5000))])
    digest = hashlib.sha256(content).hexdigest()
    os.makedirs("hub/blobs")
    os.makedirs("hub/snapshots/main")
    for blob in (digest, "sha256-" + digest):
        write(f"hub/blobs/{blob}", content)
        vres("seal", f"hub/blobs/{blob}", *MOCK)
        write(f"hub/blobs/{blob}", content[:-1] + b"x")
        refused("seal", f"hub/blobs/{blob}", *MOCK, status=1, says=blob)
        vres("seal", f"hub/blobs/{blob}", "--alg", "verity", *MOCK)
    os.symlink(f"../../blobs/{digest}", "hub/snapshots/main/model.safetensors")
    refused("seal", "hub/snapshots/main/model.safetensors", *MOCK, status=1, says="model.safetensors: ")
    refused("seal", "hub/snapshots/main", *MOCK, status=1, says="model.safetensors: ")
    os.makedirs("elsewhere")
    write(f"elsewhere/{digest}", b"another file with such a name")
    vres("seal", f"elsewhere/{digest}", *MOCK)


@test("", "integrity", "a model of which a part is missing")
def a_folder_and_an_index_are_sealed_as_a_set():
    names, _ = many()
    write("d/m.safetensors.index.json", json.dumps({"weight_map": {"a": "a.safetensors", "c": "c.safetensors"}}).encode())
    for name in ("d", "d/m.safetensors.index.json"):
        shards = vres("seal", name, "--json", *MOCK).json()["shards"]
        equal([(s["file"], s["shard_index"], s["total_shards"]) for s in shards], [(names[0], 0, 2), (names[2], 1, 2)])
    os.remove(names[2])
    refused("seal", "d", *MOCK, says="d/c.safetensors: cannot be opened")


if __name__ == "__main__":
    main("seal")
