#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""vres digest, judged by sha256sum and fsverity."""
import os
import subprocess

from support import MOCK, equal, expect, main, pattern, refused, test, tool, vres, write

SIZES = (0, 1, 4095, 4096, 4097, 128 * 4096, 128 * 4096 + 1, (1 << 20) - 1, 1 << 20, (5 << 20) + 77)
ODD_NAMES = ("with blank", "back\\slash", "new\nline", "return\rhere", "-dash", "esc\x1b[31m", "\\", "ümlaut", "tab\t")


def output_of(*command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, **options).stdout


@test("CI-004", "integrity", "a digest that is not SHA-256")
def sha256_of_every_size_is_what_sha256sum_prints():
    names = [write(f"f{size}", pattern(size)) for size in SIZES]
    equal(vres("digest", *names).out, output_of("sha256sum", *names))


@test("CI-004", "integrity", "a digest that is not fs-verity's")
def verity_of_every_size_is_what_fsverity_prints():
    names = [write(f"f{size}", pattern(size)) for size in SIZES]
    equal(vres("digest", "--alg", "verity", *names).out, output_of("fsverity", "digest", *names))


@test("CI-004", "integrity")
def verity_of_every_block_size_is_what_fsverity_prints():
    names = [write(f"f{size}", pattern(size)) for size in SIZES]
    for size in (1024, 2048, 8192, 65536):
        equal(vres("digest", "--alg=verity", f"--block-size={size}", *names).out, output_of("fsverity", "digest", f"--block-size={size}", *names))


@test("", "integrity", "forged line in a list of digests")
def odd_file_names_are_escaped_exactly_as_sha256sum_does():
    for i, name in enumerate(ODD_NAMES):
        write(name, pattern(i))
    equal(vres("digest", "--", *ODD_NAMES).out, output_of("sha256sum", "--", *ODD_NAMES))
    raw = b"not utf-8 \xff\xfe"
    write(raw, b"x")
    equal(vres("digest", raw).out, output_of("sha256sum", raw))


@test()
def odd_file_names_are_printed_as_fsverity_does():
    for i, name in enumerate(ODD_NAMES):
        write(name, pattern(i))
    equal(vres("digest", "--alg", "verity", "--", *ODD_NAMES).out, output_of("fsverity", "digest", "--", *ODD_NAMES))


@test()
def sha256sum_accepts_the_list_as_its_own():
    for i, name in enumerate(ODD_NAMES):
        write(name, pattern(i))
    listed = vres("digest", "--", *ODD_NAMES).out
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "-"], input=listed, check=True, timeout=60)


@test()
def standard_input_from_a_file_and_from_a_pipe_gives_the_digest_of_the_file():
    for size in SIZES:
        name = write("f", pattern(size))
        wanted = output_of("sha256sum", name).split()[0] + b"  -\n"
        with open(name, "rb") as f:
            equal(vres("digest", "-", stdin=f).out, wanted)
        equal(vres("digest", "-", input=pattern(size)).out, wanted)
        verity = output_of("fsverity", "digest", name).split()[0] + b" -\n"
        equal(vres("digest", "-", "--alg", "verity", input=pattern(size)).out, verity)


@test("CI-004", "integrity", "bytes that are skipped or come twice")
def standard_input_is_digested_from_where_the_file_stands():
    data = pattern((3 << 20) + 5)
    name, rest = write("f", data), write("rest", data[1000:])
    with open(name, "rb", buffering=0) as f:
        f.seek(1000)
        equal(vres("digest", "-", "--alg", "verity", stdin=f).out, output_of("fsverity", "digest", rest).split()[0] + b" -\n")
        equal(f.tell(), len(data))


@test("CI-004", "integrity")
def files_whose_size_nobody_knows_are_read_to_their_end():
    for name in ("/proc/self/maps", "/proc/version"):
        expect(len(vres("digest", "--alg", "verity", name).out) > 64, name)
    with open("/proc/version", "rb") as f:
        wanted = output_of("fsverity", "digest", write("v", f.read())).split()[0]
    equal(vres("digest", "--alg", "verity", "/proc/version").out.split()[0], wanted)


@test("", "availability", "memory exhausted by a large file")
def a_long_pipe_is_digested_in_constant_memory():
    piece, count = bytes(1 << 20), 256
    process = subprocess.Popen([tool(), "digest", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for _ in range(count):
        process.stdin.write(piece)
    process.stdin.close()
    equal(process.stdout.read(), b"a6d72ac7690f53be6ae46ba88506bd97302a093f7108472bd9efc3cefda06484  -\n")
    _, process.returncode, usage = os.wait4(process.pid, 0)
    expect(usage.ru_maxrss < 64 << 10, usage.ru_maxrss)  # KiB


@test()
def a_file_that_cannot_be_read_is_reported_and_the_others_are_digested():
    write("a", b"a")
    write("b", b"b")
    result = vres("digest", "a", "missing", "b", status=2)
    equal(result.out, output_of("sha256sum", "a", "b"))
    expect(result.err.startswith("vres digest: missing: ") and result.err.count("\n") == 1, result.err)


@test()
def wrong_input_is_refused_with_one_clear_line():
    write("a", b"a")
    refused("digest", says="no FILE")
    refused("digest", "missing", says="missing: ")
    refused("digest", ".", says=".: cannot be read: Is a directory")
    refused("digest", "a/b", says="Not a directory")
    refused("digest", "n" * 5000, says="File name too long")
    refused("digest", "", says="No such file")
    refused("digest", "a", "--alg", "md5", says="--alg takes one of sha256, verity")
    refused("digest", "a", "--block-size", "4096", says="--alg verity")
    for size in ("1000", "512", "128KiB", "8GiB"):
        refused("digest", "a", "--alg", "verity", "--block-size", size, says="block")
    refused("digest", "a", "--block-size", "big", says="--block-size takes a size")


@test()
def standard_input_that_is_closed_is_an_error_and_not_an_empty_file():
    done = subprocess.run(["sh", "-c", '"$0" digest - <&-', tool()], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
    equal((done.returncode, done.stdout), (5, b""), done.stderr)
    expect(b"Bad file descriptor" in done.stderr, done.stderr)


@test()
def json_holds_every_digest_and_every_failure():
    write("a", b"a")
    raw = os.fsencode("odd\x1b") + b"\xff"
    write(raw, b"b")
    document = vres("digest", "--json", "a", raw, "missing", status=2).json()
    equal(document["alg"], "sha256")
    equal([f["bytes"] for f in document["files"]], [1, 1])
    equal(document["files"][0]["digest"], "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb")
    equal(bytes.fromhex(document["files"][1]["file_hex"]), raw)
    equal([e["file"] for e in document["errors"]], ["missing"])
    equal(document["status"], "VRES_E_INVALID_INPUT")


@test("", "availability")
def the_number_of_threads_can_be_set_and_changes_no_digest():
    write("f", pattern(5 << 20))
    lines = {vres("digest", "f", "--alg", "verity", "--threads", n).out for n in ("1", "2", "1024")}
    equal(lines, {vres("digest", "f", "--alg", "verity").out})
    for n in ("0", "1025"):
        refused("digest", "f", "--threads", n, says="--threads must be")
        refused("seal", "f", "--threads", n, *MOCK, says="--threads must be")
    vres("seal", "f", "--threads", "1", *MOCK)
    vres("watch", "f", "--threads", "2", "--count", "1", *MOCK)


if __name__ == "__main__":
    main("digest")
