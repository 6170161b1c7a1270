#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""ci/bench as a judge: what is 24 % worse passes and what is 26 % worse does not, for rates and for times."""
import json
import os
import subprocess
import sys
import tempfile

CI_BENCH = sys.argv[1]


def figure(name, value, unit, **ratio_to):
    return {"name": name, "value": value, "unit": unit, "ratio_to": ratio_to}


def run_of(rate, time):
    return {"benchmarks": [figure("copy", 1, "GB/s"), figure("seal", 1, "GB/s", copy=rate), figure("call", 1, "us", hmac=time)]}


def judge(runs, machine=None):
    with tempfile.TemporaryDirectory() as folder:
        kept, committed = os.path.join(folder, "runs.json"), os.path.join(folder, "committed.json")
        with open(kept, "w") as f:
            json.dump([run_of(0.5, 2.0)] * 3, f)
        subprocess.run([CI_BENCH, "--commit", "--from", kept, "--against", committed], check=True)
        if machine:
            with open(committed) as f:
                document = json.load(f)
            with open(committed, "w") as f:
                json.dump({**document, "machine": machine}, f)
        with open(kept, "w") as f:
            json.dump(runs, f)
        result = subprocess.run([CI_BENCH, "--from", kept, "--against", committed], stdout=subprocess.PIPE, text=True)
        return result.returncode, result.stdout


def expect(status, says, *arguments, **options):
    got, text = judge(*arguments, **options)
    if got != status or says not in text:
        sys.exit(f"status {got}, wanted {status}, or nothing about {says!r} in:\n{text}")


expect(0, "0 of 2 ratios", [run_of(0.5, 2.0)])
expect(0, "0 of 2 ratios", [run_of(0.5 * 0.76, 2.0 / 0.76)])
expect(1, "WORSE  seal / copy", [run_of(0.5 * 0.74, 2.0)])
expect(1, "WORSE  call / hmac", [run_of(0.5, 2.0 / 0.74)])
expect(0, "0 of 2 ratios", [run_of(0.1, 9.0), run_of(0.5, 9.0), run_of(0.1, 2.0)])  # the best of each
expect(0, "0 of 2 ratios", [run_of(5.0, 0.1)])  # better is never worse
expect(1, "WORSE  seal / copy", [{"benchmarks": [figure("call", 1, "us", hmac=2.0)]}])  # a figure that is gone
expect(0, "new    more / copy", [{"benchmarks": run_of(0.5, 2.0)["benchmarks"] + [figure("more", 1, "GB/s", copy=1.0)]}])
expect(0, "NOT COMPARED", [run_of(0.1, 9.0)], machine={"cores": 1000, "hashing": []})
print("ci/bench judges as it should")
