#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""vres watch --metrics-file: what an operator's Prometheus gets to see; its own promtool is the judge of the text."""
import os
import re
import subprocess
import time

from support import MOCK, equal, expect, finish, main, pattern, refused, start, test, token_file, vres, write

QUICK = ["--interval", "1ms", *MOCK]


def samples(name):
    """The samples of a file, each under its name with labels."""
    with open(name, encoding="utf-8") as f:
        lines = [line for line in f.read().splitlines() if not line.startswith("#")]
    return {line.rsplit(" ", 1)[0]: line.rsplit(" ", 1)[1] for line in lines}


def of(found, name):
    return {key: value for key, value in found.items() if re.match(name + r"(\{|$)", key)}


def wait_for_file(process, name):
    """However long it takes: a test that hangs is ended by its limit, a slow machine is no failure."""
    while not os.path.exists(name):
        equal(process.poll(), None)
        time.sleep(0.01)


@test("WORKER-4810", "accountability")
def promtool_accepts_every_line_and_has_no_complaint():
    write("f", pattern(3 << 20))
    vres("watch", "f", "--count", "2", "--metrics-file", "vres.prom", *QUICK)
    with open("vres.prom", "rb") as f:
        done = subprocess.run(["promtool", "check", "metrics"], stdin=f, capture_output=True, text=True, timeout=60)
    equal((done.returncode, done.stdout, done.stderr), (0, "", ""))


@test("WORKER-4810", "accountability")
def figures_are_those_of_the_watch():
    write("f", pattern((3 << 20) + 1))
    before = time.time()
    vres("watch", "f", "--count", "2", "--metrics-file", "vres.prom", "--mock-vram", "16MiB", *QUICK)
    found = samples("vres.prom")
    for name, value in (("vram_total_bytes", 16 << 20), ("vram_used_bytes", (3 << 20) + 4096), ("vram_available_bytes", (13 << 20) - 4096)):
        equal(list(of(found, name).values()), [str(value)])
        expect('gpu_device="0",uuid="' in list(of(found, name))[0], found)
    equal(found['vram_seal_operations_total{result="ok"}'], "1")
    equal(found['vram_verify_operations_total{result="ok",mode="full"}'], "2")
    equal(found["vram_verify_duration_seconds_count"], "2")
    equal(found["vram_verified_bytes_total"], str(2 * ((3 << 20) + 1)))
    equal((found["vram_shards"], found["vram_quarantined_shards"], found["vram_simulated"]), ("1", "0", "1"))
    expect(before - 1 <= float(found["vram_last_verify_timestamp_seconds"]) <= time.time() + 1, found)
    buckets = [int(v) for v in of(found, "vram_verify_duration_seconds_bucket").values()]
    equal((len(buckets), buckets), (23, sorted(buckets)))


@test("WORKER-4810 VR-004", "accountability", "bit flip in VRAM")
def damage_is_in_the_metrics_when_the_watch_ends():
    write("f", pattern(10000))
    vres("watch", "f", "--count", "5", "--mock-flip", "0:5000:0@2", "--metrics-file", "vres.prom", *QUICK, status=1)
    found = samples("vres.prom")
    equal(found['vram_verify_operations_total{result="failed",mode="full"}'], "1")
    equal(found["vram_quarantined_shards"], "1")


@test("WORKER-4810", "availability")
def file_is_replaced_whole_and_readable_by_the_collector():  # twenty files, none of them written in place
    write("f", pattern(10000))
    os.umask(0o077)
    process = start("watch", "f", "--metrics-file", "vres.prom", "--json", *QUICK)  # with --json nothing has to be read meanwhile
    seen = set()
    try:
        while len(seen) < 20:
            equal(process.poll(), None)
            try:
                with open("vres.prom", "rb") as f:
                    text = f.read()
                    status = os.fstat(f.fileno())
                    seen.add((status.st_ino, status.st_mtime_ns))  # a file system may give a number again at once
                    equal(status.st_mode & 0o777, 0o644)
            except FileNotFoundError:
                continue
            expect(text.startswith(b"# HELP vram_devices ") and text.endswith(b"\nvram_simulated 1\n"), text)
    finally:
        process.terminate()
    finish(process, 0)
    equal(sorted(os.listdir(".")), ["f", "vres.prom"])


@test("WORKER-4810", "availability", "files left behind by processes that were killed")
def nothing_is_left_beside_the_file_although_processes_were_killed_while_they_wrote():
    write("f", pattern(100))
    write(".vres.prom.vres-tmp", b"# HELP half of a file")  # what a kill leaves, wherever it may strike below
    for number in range(30):
        if os.path.exists("vres.prom"):
            os.unlink("vres.prom")
        process = start("watch", "f", "--interval", "1us", "--metrics-file", "vres.prom", "--json", *MOCK)
        wait_for_file(process, "vres.prom")
        time.sleep(number % 7 * 0.0011)
        process.kill()
        process.communicate()
    vres("watch", "f", "--count", "1", "--metrics-file", "vres.prom", *QUICK)
    equal(sorted(os.listdir(".")), ["f", "vres.prom"])


@test("", "integrity", "files put in the place of a temporary one")
def a_temporary_name_that_is_taken_is_neither_followed_nor_written_to():
    write("f", pattern(100))
    write("other", b"theirs")
    for make in (lambda: os.symlink("other", ".vres.prom.vres-tmp"), lambda: os.link("other", ".vres.prom.vres-tmp"),
                 lambda: os.mkfifo(".vres.prom.vres-tmp"), lambda: os.mkdir(".vres.prom.vres-tmp")):
        make()
        vres("watch", "f", "--count", "2", "--metrics-file", "vres.prom", *QUICK)
        expect(samples("vres.prom"))
        with open("other", "rb") as f:
            equal(f.read(), b"theirs")
        (os.rmdir if os.path.isdir(".vres.prom.vres-tmp") else os.unlink)(".vres.prom.vres-tmp")
    equal(sorted(os.listdir(".")), ["f", "other", "vres.prom"])


@test("VR-005", "availability")
def a_place_that_cannot_be_written_is_refused_before_anything_is_sealed():
    write("f", pattern(100))
    os.mkdir("folder")
    refused("watch", "f", "--metrics-file", "folder", *QUICK, says="exists and is not a regular file")
    refused("watch", "f", "--metrics-file", "nowhere/vres.prom", *QUICK, says="its folder cannot be written to")
    refused("watch", "f", "--metrics-file", "", *QUICK, says="cannot be written")


@test("WORKER-4810", "availability")
def a_file_that_can_no_longer_be_written_is_said_once_and_the_watch_goes_on():
    write("f", pattern(100))
    os.mkdir("metrics")
    process = start("watch", "f", "--metrics-file", "metrics/vres.prom", "--json", *QUICK)
    wait_for_file(process, "metrics/vres.prom")
    os.rename("metrics", "elsewhere")
    while "metrics/vres.prom" not in process.stderr.readline().decode():
        equal(process.poll(), None)
    time.sleep(0.3)  # some rounds more, which fail alike
    equal(process.poll(), None)
    process.terminate()
    result = finish(process, 2)
    equal(result.err.count("metrics/vres.prom"), 0, result.err)


@test("WORKER-4810", "availability")
def a_file_that_can_be_written_again_is_written_again_and_the_failure_stays_in_the_exit_status():
    write("f", pattern(100))
    os.mkdir("metrics")
    process = start("watch", "f", "--metrics-file", "metrics/vres.prom", "--json", *QUICK)
    wait_for_file(process, "metrics/vres.prom")
    os.rename("metrics", "elsewhere")
    while "metrics/vres.prom" not in process.stderr.readline().decode():
        equal(process.poll(), None)
    os.mkdir("metrics")
    wait_for_file(process, "metrics/vres.prom")
    process.terminate()
    result = finish(process, 2)
    equal(result.err, "vres watch: the metrics file is written again\n")
    expect(samples("metrics/vres.prom"))


@test("", "availability", "metrics in the place of a model")
def metrics_never_take_the_place_of_a_model_a_token_or_a_log():
    write("f", b"x" * 5000)
    key = token_file()
    for name, says in (("f", "is one of the FILEs"), ("./f", "is one of the FILEs"), (key, "is the token file"), ("log", "is the audit log")):
        refused("watch", "f", "--metrics-file", name, "--token-file", key, "--audit", "log", "--count", "1", *MOCK, says=says)
    os.mkdir("folder")
    os.symlink(".", "folder/up")
    os.link("f", "hardlink")
    for name in ("./log", "folder/../log", "folder/up/../log", os.path.abspath("log"), "log.checkpoint", "log.checkpoint.tmp", "./log.lock", "log.key",
                 "log.0000000000000001", "log.00000000000000a0"):
        refused("watch", "f", "--metrics-file", name, "--token-file", key, "--audit", "log", "--count", "1", *MOCK,
                says="is the audit log or a file that belongs to it")
    refused("watch", "f", "--metrics-file", "hardlink", "--count", "1", *MOCK, says="is one of the FILEs")
    vres("audit", "keygen", "first")
    refused("watch", "f", "--metrics-file", "./first", "--audit", "log", "--audit-mode", "forward", "--forward-key", "first", "--count", "1", *MOCK,
            says="is the key of the audit log")
    equal(sorted(os.listdir(".")), ["f", "first", "folder", "hardlink", key])
    vres("watch", "f", "--metrics-file", "log.prom", "--token-file", key, "--audit", "log", "--count", "1", *MOCK)
    with open("f", "rb") as f:
        expect(f.read() == b"x" * 5000)


if __name__ == "__main__":
    main("metrics")
