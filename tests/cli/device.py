#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""vres devices, policy and bench."""
import os
import signal
import time
import xml.etree.ElementTree

from support import MOCK, NotRun, equal, expect, finish, main, refused, start, test, vres, write

MEASURES = ["copy_host_memory", "sha256_one_core", "verity_all_cores", "seal_sha256", "seal_verity", "verify_full", "verify_readback",
            "verify_sampled", "verify_signature"]


@test("VP-005", "residency", "simulated memory taken for VRAM")
def the_mock_is_never_taken_unless_it_is_named():
    document = vres("devices", "--json", status=5 if no_gpu() else 0).json()
    equal(document["simulated"], False)
    equal([(b["backend"], b["state"]) for b in document["backends"]][2:], [("mock", "by name only")])
    expect(all(d["backend"] != "mock" for d in document["devices"]), document)


def no_gpu():
    return not vres("devices", "--json", status=vres_status("devices", "--json")).json()["devices"]


def vres_status(*arguments):
    process = start(*arguments)
    process.communicate(timeout=60)
    return process.returncode


@test("IV-002")
def without_a_gpu_every_command_says_so_exits_5_and_names_the_mock():
    write("f", b"x")
    for backend in ("auto", "cuda", "hip"):
        for command in (["seal", "f"], ["watch", "f", "--count", "1"], ["policy"], ["bench", "--bytes", "4096", "--runs", "1"]):
            if vres_status(*command, "--backend", backend) == 5:
                refused(*command, "--backend", backend, status=5, says="--backend mock")
            else:
                vres(*command, "--backend", backend)
    for other in (["--mock-vram", "4096"], ["--mock-flip", "0:0:0@1"]):
        refused("seal", "f", *other, says="--backend mock")


@test("IV-002")
def the_mock_says_what_it_is():
    document = vres("devices", "--json", "--mock-vram", "8MiB", *MOCK).json()
    equal(document["simulated"], True)
    device = document["devices"][0]
    equal((device["backend"], device["device"], device["simulated"], device["assurance"], device["ecc"]), ("mock", 0, True, "none", "off"))
    equal((device["total_bytes"], device["available_bytes"]), (8 << 20, 8 << 20))
    text = vres("devices", *MOCK).out.decode()
    expect("mock 0: " in text and "(SIMULATED)" in text and "1.0 GiB (1073741824 bytes)" in text and "assurance  none" in text, text)
    write("f", b"x")
    refused("seal", "f", "--device", "1", *MOCK, says="1")
    refused("policy", "--device", "1", *MOCK, says="1")


@test("VP-005 VR-001", "residency", "device that policy does not allow")
def a_violation_is_status_4_and_every_fact_is_shown_all_the_same():
    document = vres("policy", "--json", *MOCK).json()
    verdicts = {f["name"]: f["verdict"] for f in document["facts"]}
    equal((verdicts["simulated"], verdicts["ecc"], verdicts["integrated"], document["violations"]), ("noted", "noted", "good", []))
    document = vres("policy", "--json", "--require", "vmm", *MOCK, status=4).json()
    verdicts = {f["name"]: f["verdict"] for f in document["facts"]}
    equal((verdicts["vmm"], verdicts["ecc"], document["violation_never_allowed"]), ("violation", "noted", True))
    document = vres("policy", "--json", "--require", "ecc", *MOCK, status=4).json()
    equal((document["policy"]["allow"], {f["name"]: f["verdict"] for f in document["facts"]}["ecc"]), (["simulated"], "violation"))
    text = vres("policy", "--require", "vmm", *MOCK, status=4)
    expect(b"violation  vmm" in text.out and b"noted      simulated" in text.out, text.out)
    write("f", b"x")
    refused("seal", "f", "--require", "vmm", *MOCK, status=4, says="vmm")
    refused("watch", "f", "--require", "vmm", *MOCK, status=4, says="vmm")
    refused("bench", "--bytes", "4096", "--require", "vmm", *MOCK, status=4, says="vmm")


@test()
def a_policy_that_contradicts_itself_or_cannot_be_met_here_is_a_usage_error():
    write("f", b"x")
    refused("seal", "f", "--require", "ecc", "--allow", "no-ecc", *MOCK, says="ECC")
    refused("seal", "f", "--require", "audit", *MOCK, says="audit")
    refused("policy", "--allow", "everything", *MOCK, says="--allow takes")
    refused("policy", "--allow", "simulated,,ecc", *MOCK, says="--allow takes")
    refused("policy", "--require", "", *MOCK, says="--require takes")


@test()
def bench_measures_everything_in_one_run_beside_a_copy_and_openssl():
    document = vres("bench", "--bytes", "1MiB", "--runs", "3", "--json", *MOCK).json()
    equal((document["simulated"], document["bytes"], document["runs"]), (True, 1 << 20, 3))
    equal([m["name"] for m in document["measures"]], MEASURES)
    for m in document["measures"]:
        expect(0 < m["least_ns"] <= m["median_ns"] <= m["most_ns"], m)
        equal(m["bytes"], 0 if m["name"] == "verify_signature" else 1 << 20, m)
        if m["bytes"] != 0:
            expect(abs(m["gb_per_s"] / (m["bytes"] / m["median_ns"]) - 1) < 0.001, m)
    rates = {m["name"]: m.get("gb_per_s") for m in document["measures"]}
    for m in document["measures"][:-1]:
        expect(abs(m["to_copy"] * rates["copy_host_memory"] / m["gb_per_s"] - 1) < 0.001, m)
        expect(abs(m["to_sha256"] * rates["sha256_one_core"] / m["gb_per_s"] - 1) < 0.001, m)
    expect("readback" in document["policy"]["allow"], document["policy"])
    lines = vres("bench", "--bytes", "1", "--runs", "1", "--threads", "1", *MOCK).out.decode().splitlines()
    equal(lines[0], "1 B, 1 run")
    equal([line.split()[0] for line in lines[2:]], MEASURES)


@test("", "availability", "process that cannot be stopped")
def a_bench_that_is_stopped_says_that_it_released_what_it_held_and_ends_by_the_signal():
    for number in (signal.SIGINT, signal.SIGTERM):
        process = start("bench", "--bytes", "32MiB", "--runs", "100", "--json", *MOCK)
        expect("SIMULATED" in process.stderr.readline().decode())
        time.sleep(0.2)
        process.send_signal(number)
        result = finish(process, -number)
        equal(result.err, "vres bench: stopped when asked to; what it held in VRAM is released\n")
        equal(result.json()["status"], "VRES_E_CANCELLED")


@test()
def bench_refuses_what_makes_no_sense():
    refused("bench", "--bytes", "0", *MOCK, says="--bytes must be at least 1")
    refused("bench", "--bytes", "many", *MOCK, says="--bytes takes a size")
    refused("bench", "--bytes", "-1", *MOCK, says="--bytes takes a size")
    refused("bench", "--bytes", "16EiB", *MOCK, says="--bytes takes a size")
    refused("bench", "--bytes", "99999999TiB", *MOCK, says="--bytes takes a size")
    refused("bench", "--runs", "0", *MOCK, says="--runs must be at least 1")
    refused("bench", "--runs", "101", *MOCK, says="--runs must be at most 100")
    refused("bench", "--threads", "0", *MOCK, says="--threads must be at least 1")
    refused("bench", "--threads", "1025", *MOCK, says="--threads must be at most 1024")
    refused("bench", "--threads", "two", *MOCK, says="--threads takes a whole number")
    refused("bench", "f", *MOCK, says="no argument")
    refused("bench", "--bytes", "8192", "--mock-vram", "4096", *MOCK, status=3, says="VRAM")


SVG = "{http://www.w3.org/2000/svg}"


@test()
def bench_plots_throughput_over_size_and_latency_in_one_file_that_needs_no_other():
    write("plot.svg", b"what was there before")
    document = vres("bench", "--bytes", "100KiB", "--runs", "1", "--svg", "plot.svg", "--json", *MOCK).json()
    equal([s["bytes"] for s in document["throughput_gb_per_s"]], [25 << 10, 100 << 10])
    for size in document["throughput_gb_per_s"]:
        expect(len(size) == 7 and all(v > 0 for v in size.values()), size)
    equal([m["name"] for m in document["latency"]], ["verify_signature", "verify_full_of_64_kib", "verify_readback_of_64_kib"])
    for m in document["latency"]:
        expect(0 < m["p50_ns"] <= m["p90_ns"] <= m["p99_ns"] <= m["p99.9_ns"] <= m["most_ns"], m)
    root = xml.etree.ElementTree.parse("plot.svg").getroot()
    texts = [t.text for t in root.iter(SVG + "text")]
    expect(root.tag == SVG + "svg" and "25.0 KiB" in texts and "p99.9" in texts and "verify_readback" in texts, texts)
    equal(len(list(root.iter(SVG + "polyline"))), 6 + 3)
    with open("plot.svg") as f:
        content = f.read()
    expect("SIMULATED" in content and "href" not in content and "script" not in content and content.count("http") == 1, content)
    equal(os.stat("plot.svg").st_mode & 0o777, 0o644)
    equal([name for name in os.listdir() if name.startswith(".vres-")], [])


@test("", "availability")
def bench_refuses_a_plot_it_could_not_write_before_it_measures():
    os.mkdir("folder")
    refused("bench", "--bytes", "1MiB", "--svg", "folder", *MOCK, says="not a regular file")
    refused("bench", "--bytes", "1MiB", "--svg", "none/plot.svg", *MOCK, says="folder cannot be written to")
    refused("bench", "--bytes", "1MiB", "--svg", "", *MOCK, says="cannot be written")


@test("", "availability")
def bench_that_fails_leaves_the_old_plot_alone():
    write("plot.svg", b"old")
    refused("bench", "--bytes", "8192", "--mock-vram", "4096", "--svg", "plot.svg", *MOCK, status=3, says="VRAM")
    process = start("bench", "--bytes", "4MiB", "--runs", "100", "--svg", "plot.svg", *MOCK)
    process.stderr.readline()
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    finish(process, -signal.SIGTERM)
    with open("plot.svg", "rb") as f:
        equal(f.read(), b"old")
    equal([name for name in os.listdir() if name.startswith(".vres-")], [])


@test("", "availability")
def bench_stops_when_told_to_and_dies_of_the_signal():
    process = start("bench", "--bytes", "32MiB", "--runs", "100", *MOCK)
    process.stderr.readline()
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    finish(process, -signal.SIGINT)


@test("WORKER-4913", "availability")
def without_a_gpu_the_document_says_no_device():
    if not no_gpu():
        raise NotRun("this machine has a GPU")
    document = vres("devices", "--json", status=5).json()
    equal((document["status"], document["errors"][0]["status"], document["devices"]), ("VRES_E_NO_DEVICE", "VRES_E_NO_DEVICE", []))
    write("f", b"x")
    equal(vres("seal", "f", "--json", status=5).json()["status"], "VRES_E_NO_DEVICE")


@test("", "availability", "reader that went away")
def a_bench_ends_when_its_reader_is_gone():
    for ignored in (False, True):
        process = start("bench", "--bytes", "64MiB", "--runs", "100", *MOCK,
                        preexec_fn=(lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN)) if ignored else None)
        process.stdout.close()
        began = time.monotonic()
        equal(process.wait(timeout=100), 5)
        error = process.stderr.read().decode()
        expect("vres bench: standard output: Broken pipe" in error and error.count("standard output") == 1, error)
        expect(time.monotonic() - began < 60)  # a hundred runs take minutes


if __name__ == "__main__":
    main("device")
