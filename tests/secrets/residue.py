#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""After each call that handles a key, all memory of the process and of a child that it forked is searched for what the call may have left:
on the stacks, below their ends too, in the heap, and in every other mapping but the pages that are meant for keys.

usage: residue.py PATH-OF-RESIDUE
"""
import hashlib
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../cli"))
from spelling import TOKEN, mac, secrets, spellings  # noqa: E402
from support import equal, expect, main, test, token_file  # noqa: E402

FORWARD = hashlib.sha256(b"the forward key of the residue test").digest()
CHUNK = 1 << 16


def needles():
    known = dict(secrets())
    extracted = mac(bytes(32), b"another secret, in memory")
    known["extracted, in memory"] = extracted
    known["root, in memory"] = mac(extracted, b"residue\x01")
    following = mac(FORWARD, b"vres/audit/next/v1\x01")
    known.update({"forward": FORWARD, "forward line": mac(FORWARD, b"vres/audit/line/v1\x01"), "next": following,
                  "next line": mac(following, b"vres/audit/line/v1\x01")})
    for name, secret in known.items():
        for spelling in spellings(secret):
            half = len(spelling) // 2 // 4 * 4
            yield name, spelling[:half]
            yield name, spelling[half:]


def mappings(pid):
    """Start, end and name of what is private and writable, but for pages of keys: those are left out of core files."""
    with open(f"/proc/{pid}/smaps", encoding="utf-8", errors="replace") as f:
        blocks = re.split(r"^(?=[0-9a-f]+-[0-9a-f]+ )", f.read(), flags=re.M)[1:]
    for block in blocks:
        start, end, permissions, name = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)", block).groups()
        flags = re.search(r"^VmFlags:(.*)$", block, flags=re.M)[1].split()
        if permissions.startswith("rw") and "dd" not in flags and "/secretmem" not in name:
            yield int(start, 16), int(end, 16), name


def found_in(pid, wanted):
    found, searched = set(), 0
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for start, end, name in mappings(pid):
            content = b""
            for at in range(start, end, CHUNK):
                memory.seek(at)
                try:
                    chunk = memory.read(min(CHUNK, end - at))
                except OSError:  # the end of a file, a page that nobody may read
                    continue
                if chunk.count(0) != len(chunk):
                    content = content[-128:] + chunk
                    found.update((what, name or "anonymous") for what, needle in wanted if needle in content)
                    searched += len(chunk)
    return found, searched


def search(*options):
    wanted = list(needles())
    with open("forward.key", "w", encoding="ascii", opener=lambda path, flags: os.open(path, flags, 0o600)) as f:
        f.write(f"vres-audit-key/1 0 {FORWARD.hex()}\n")
    calls = 0
    with subprocess.Popen([sys.argv[1], token_file("token", TOKEN + b"\n"), "forward.key", *options], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        try:
            for line in process.stdout:
                call, child = line[:40].decode().strip(), int(line[40:])
                for who, pid in (("the process", process.pid), ("a child", child)):
                    found, searched = found_in(pid, wanted)
                    equal(found, set(), who, call)
                    expect(searched > 1 << 15, searched, call)
                calls += 1
                process.stdin.write(b"\n")
                process.stdin.flush()
        finally:
            process.stdin.close()
            process.wait(30)
    equal(process.returncode, 0)
    equal(calls, 26)


@test("CI-006 SM-SEC-5001", "confidentiality", "a key on a stack, in the heap, in a forked child")
def no_call_leaves_a_key_in_memory_that_is_not_meant_for_keys():
    search()


@test("CI-006 SM-SEC-5001", "confidentiality", "a key on a stack, in the heap, in a forked child")
def nor_does_one_without_secret_memory():
    search("--no-secret-memory")


@test("CI-006")
def the_search_finds_what_is_there():
    here = bytearray(mac(b"k", b"what the search must find"))
    found, _ = found_in(os.getpid(), [("here", bytes(here[:16]))])
    expect(("here", "[heap]") in found or found, found)


if __name__ == "__main__":
    main("residue")
