# SPDX-License-Identifier: GPL-3.0-or-later
"""What run.sh wrote is what it should be.  Usage: judge.py not-run|limited|simulated FILE"""
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench"))
from kernel_judge import judge as judge_kernels

expected, path = sys.argv[1:]
d = json.load(open(path, encoding="utf-8"))
if expected == "not-run":
    assert d["suites"] == d["benchmarks"] == [] and d["gpu_name"] is None and not any(b["ran"] for b in d["backends"]), d
elif expected == "limited":
    assert d["minutes"] == 1 and d["left_out"] > 0 and d["simulated"] is True, d
    assert all(s["failed"] == 0 for s in d["suites"]) and all(set(b) == {"name", "value", "unit", "ratio_to"} for b in d["benchmarks"]), d
    lines = [json.loads(line) for line in open(path[: -len(".json")] + "-kernels.ndjson", encoding="utf-8")]
    assert lines[0]["bench"] == "image" and all(line["digests"] == "equal to OpenSSL" for line in lines if line["bench"] == "image"), lines
    print("stopped in time,", len(lines), "lines of kernels,", len(d["benchmarks"]), "figures and", len(d["suites"]), "suites;", d["left_out"], "left out")
else:
    assert re.search(r"/\d{4}-\d\d-\d\d-simulated-[a-z0-9-]+\.json$", path), path
    assert d["simulated"] is True and d["gpu_name"] and d["driver"] and d["sm_clock_mhz"] is None, d
    assert len(d["suites"]) > 30 and all(s["failed"] == 0 and s["run"] == s["passed"] > 0 for s in d["suites"]), d["suites"]
    assert any(s["skipped"] for s in d["suites"]) and len(d["benchmarks"]) >= 10
    assert all(set(b) == {"name", "value", "unit", "ratio_to"} for b in d["benchmarks"])
    kernels = judge_kernels(open(path[: -len(".json")] + "-kernels.ndjson", encoding="utf-8").read())
    print(len(d["suites"]), "suites,", sum(s["run"] for s in d["suites"]), "tests, over the fake driver;", len(d["benchmarks"]), "figures,", kernels, "of the kernel's variants")
