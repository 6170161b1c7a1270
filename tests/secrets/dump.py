#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A live process that holds keys is dumped, and the dump is searched for them.  usage: dump.py PATH-OF-HOLDER

What is looked for is worked out with hashlib and hmac alone: the token, the root key and each subkey, raw, in hexadecimal, as the blocks that
HMAC makes of a key, and as the words that SHA-256 makes of a block; half of any is enough.
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../cli"))
from spelling import TOKEN, secrets, spellings  # noqa: E402
from support import equal, expect, main, test, token_file  # noqa: E402

MARKER = b"what the search must-find"


def without_long_zeros(content):
    """Most of a dump is zeros, in which nothing is to be found; no spelling is as long as those that stay."""
    zeros = bytes(4096)
    return zeros.join(part for part in content.split(zeros) if part)


def given_away(core):
    with open(core, "rb") as f:
        content = without_long_zeros(f.read())
    expect(MARKER in content, "the dump has no heap, or the search finds nothing")
    found = set()
    for name, secret in secrets().items():
        for spelling in spellings(secret):
            half = len(spelling) // 2 // 4 * 4
            if spelling[:half] in content or spelling[half:] in content:
                found.add(name)
    return found


def dump(process, name, everything=False):
    commands = ["-ex", "set dump-excluded-mappings on"] if everything else []
    done = subprocess.run(["gdb", "-batch", "-nx", *commands, "-ex", f"attach {process.pid}", "-ex", f"gcore {name}", "-ex", "detach"],
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=300, env=dict(os.environ, DEBUGINFOD_URLS=""))
    expect(os.path.exists(name), done.stdout, done.stderr)
    return given_away(name)


class Holder:
    def __init__(self, *options):
        self.process = subprocess.Popen([sys.argv[1], token_file("token", TOKEN + b"\n"), *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.kill()
        self.process.communicate()

    def reach(self, word):
        if word != "holding":
            self.process.stdin.write(b"\n")
            self.process.stdin.flush()
        equal(self.process.stdout.readline().decode().strip(), word)


@test("CI-006", "confidentiality", "a key in a core file, a debugger")
def a_dump_of_a_live_process_has_no_secret_whatever_the_debugger_asks_for():
    with Holder() as holder:
        holder.reach("holding")
        equal(dump(holder.process, "plain"), set())
        equal(dump(holder.process, "everything", everything=True), set())  # nobody but the process reads secret memory
        holder.reach("without the key")
        equal(dump(holder.process, "later"), set())
        holder.reach("without the manager")
        equal(dump(holder.process, "closing", everything=True), set())
        holder.reach("without the audit log")
        equal(dump(holder.process, "last", everything=True), set())


@test("CI-006 SM-SEC-5001", "confidentiality", "a key in a core file, a key that outlives its use")
def without_secret_memory_a_dump_has_no_secret_either_and_destroying_wipes():
    with Holder("--no-secret-memory") as holder:
        holder.reach("holding")
        equal(dump(holder.process, "plain"), set())
        # A debugger that insists reads an ordinary mapping: so the search finds what is there, and only that.
        equal(dump(holder.process, "everything", everything=True), {"root", "seal", "audit", "id beyond its public half"})
        holder.reach("without the key")
        equal(dump(holder.process, "later", everything=True), {"seal", "audit", "id beyond its public half"})
        holder.reach("without the manager")
        equal(dump(holder.process, "closing", everything=True), {"audit"})
        holder.reach("without the audit log")
        equal(dump(holder.process, "last", everything=True), set())


if __name__ == "__main__":
    main("dump")
