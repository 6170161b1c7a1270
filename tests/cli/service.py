#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tool as a service of systemd: the unit that docs/OPERATIONS.md shows works under the system call filter that it sets.

The filter is made as systemd makes it: the groups are those that `systemd-analyze syscall-filter` lists, and libseccomp turns names into numbers.
"""
import ctypes
import errno
import functools
import os
import re
import signal
import subprocess

from support import MOCK, NotRun, equal, expect, main, test, tool, token_file, write

KILL_PROCESS, ALLOW = 0x80000000, 0x7FFF0000
SECRET = {"memfd_secret"}  # a newer systemd may count it among @system-service
OPERATIONS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/OPERATIONS.md")


@functools.lru_cache
def settings():
    with open(OPERATIONS, encoding="utf-8") as f:
        unit = re.search(r"```ini\n\[Service\]\n(.*?)```", f.read(), flags=re.S)[1]
    return dict(line.split("=", 1) for line in unit.splitlines())


@functools.lru_cache
def expanded(name):
    if not name.startswith("@"):
        return {name}
    try:
        listed = subprocess.run(["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as why:
        raise NotRun("there is no systemd-analyze") from why
    members = [line.strip() for line in listed.splitlines()[1:] if line.strip() and not line.strip().startswith("#")]
    return set().union(*map(expanded, members))


def filtered(names, refusal, without):
    """What a child does before it becomes the tool: only the named system calls are left, and what others give is @refusal."""
    try:
        seccomp = ctypes.CDLL("libseccomp.so.2")
    except OSError as why:
        raise NotRun("there is no libseccomp") from why
    seccomp.seccomp_init.restype = ctypes.c_void_p
    seccomp.seccomp_rule_add_array.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p]
    seccomp.seccomp_load.argtypes = [ctypes.c_void_p]
    numbers = [seccomp.seccomp_syscall_resolve_name(name.encode()) for name in set().union(*map(expanded, names)) - without]

    def apply():
        context = seccomp.seccomp_init(refusal)
        for number in numbers:
            if number >= 0:
                seccomp.seccomp_rule_add_array(context, ALLOW, number, 0, None)
        if not context or seccomp.seccomp_load(context) != 0:
            os._exit(99)

    return apply


def run(names, refusal, without=frozenset()):
    """Seal, with a key from a token file and a log; the exit status, or minus the signal."""
    write("model", b"weights" * 1000)
    arguments = ["seal", "model", *MOCK, "--token-file", token_file("token", b"secret"), "--audit", "log", "--threads", "2"]
    done = subprocess.run([tool(), *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                          preexec_fn=filtered(names, refusal, without), check=False,
                          env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))  # which takes ptrace(2)
    expect(done.returncode != 99, "the filter was not taken")
    return done.returncode, done.stderr


def refusal_of(unit):
    return 0x00050000 | getattr(errno, unit["SystemCallErrorNumber"]) if "SystemCallErrorNumber" in unit else KILL_PROCESS


@test("CI-006 WORKER-4912", "availability", "a service that is killed at its first key")
def the_documented_unit_works_under_its_own_filter():
    unit = settings()
    expect("memfd_secret" in unit["SystemCallFilter"].split(), unit)
    equal(run(unit["SystemCallFilter"].split(), refusal_of(unit))[0], 0)


@test("CI-006", "availability", "a service that is killed at its first key")
def without_memfd_secret_it_falls_back_where_the_filter_refuses():
    equal(run(["@system-service"], 0x00050000 | errno.EPERM, SECRET)[0], 0)


@test("", "availability", "a service that is killed at its first key")
def a_filter_that_kills_does_kill_at_the_first_key_as_the_document_says():
    equal(run(["@system-service"], KILL_PROCESS, SECRET)[0], -signal.SIGSYS)
    with open(OPERATIONS, encoding="utf-8") as f:
        expect("SIGSYS" in f.read())


if __name__ == "__main__":
    main("service")
