# SPDX-License-Identifier: GPL-3.0-or-later
"""What kernel_bench says over a fake driver is what it should say.  Usage: kernel_judge.py PROGRAM LIBRARY new|old

old: a device before sm_90 and a driver without graphs, for which some of it cannot be done and all of the rest is.
"""
import json
import subprocess
import sys

KERNELS = ["vres_leaf_hash" + suffix for suffix in ("", "_plain", "_shifts", "_6_groups", "_8_groups", "_staged", "_bulk", "_clocked")]
RIGHT = "equal to OpenSSL"


def judge(text, is_old=False):
    """Asserts; returns how many lines there were."""
    lines = [json.loads(line) for line in text.splitlines()]
    of = {bench: [line for line in lines if line["bench"] == bench] for bench in ("image", "kernel", "path", "graph")}
    assert len(lines) == sum(map(len, of.values())), lines
    assert [line["kernel"] for line in of["kernel"]] == KERNELS, of["kernel"]
    assert of["image"] and all(line["digests"] == RIGHT for line in of["image"]), of["image"]
    apart = [line for line in lines if line["status"] != "run"]
    assert all(line["simulated"] for line in lines if line not in apart), lines
    assert all(line["digests"] == RIGHT and line["median_ns"] > 0 for line in of["kernel"] if line not in apart), of["kernel"]
    assert len(of["path"]) == 5 and all(line["median_ns"] > 0 for line in of["path"]), of["path"]
    if is_old:
        assert [line["status"] for line in apart] == ["not run"] * 2, apart
        assert apart[0]["kernel"] == "vres_leaf_hash_bulk" and "not for this device" in apart[0]["why"], apart
        assert apart[1]["bench"] == "graph" and "the driver has no cuStreamBeginCapture" in apart[1]["why"], apart
    else:
        assert not apart and len(of["graph"]) == 2, lines
        assert all(line["digests"] == RIGHT and line["launches"] > 1 and line["plain_ns"] > 0 and line["graph_ns"] > 0 for line in of["graph"])
    return len(lines)


if __name__ == "__main__":
    program, library, age = sys.argv[1:]
    command = [program, "--bytes", "16777216", "--rounds", "1", "--library", library]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == "", (done.returncode, done.stderr, done.stdout)
    print(judge(done.stdout, age == "old"), "lines")
