# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the hash kernel out of PTX texts, the first entry point of each, and judges it by hashlib.  Usage: judge.py FILE.ptx...

The name of a text that has a mistake on purpose begins with "control-"; that it is caught is what is tried.  Two more are made of the first text.
"""
import concurrent.futures
import os
import re
import sys

import numpy

import cases
import text
import translate

CAUGHT = (cases.Wrong, translate.Fault)


def tried(name, source, one=1):
    """(is it in order, a line about it)"""
    is_control = name.startswith("control-")
    try:
        kernel = translate.Translation(text.read(source, text.names(source)[0]))
        numpy.seterr(over="ignore")
        count = cases.some(kernel, one) if is_control else cases.everything(kernel)
        return not is_control, f"{name}: {count} digests are those of hashlib"
    except CAUGHT as problem:
        return is_control, f"{name}: caught, {problem}" if is_control else f"{name}: {problem}"
    except text.Unknown as problem:
        return name == "control-opcode", f"{name}: not known to the judge: {problem}"


def body(source):
    """All but what says which devices it is for, and hints how much to fetch (PTX ISA, "ld": .level::prefetch_size)."""
    return re.sub(r"^\.(version|target|minnctapersm) .*|^//.*", "", source, flags=re.M).replace(".nc.L2::256B.", ".nc.")


def main(files):
    jobs, same = {}, []
    for file in files:
        with open(file, encoding="ascii") as f:
            source = f.read().rstrip("\0")
        name = os.path.basename(file).removesuffix(".ptx")
        twin = next((other for other, (known, _) in jobs.items() if body(known) == body(source)), None)
        if twin:
            same.append(f"{name}: the same instructions as {twin}")
        else:
            jobs[name] = (source, 1)
    first = next(iter(jobs.values()))[0]
    jobs["control-one-is-two"] = (first, 2)
    jobs["control-opcode"] = (re.sub(r"\bxor\.b32\b", "xnor.b32", first, count=1), 1)
    with concurrent.futures.ProcessPoolExecutor(len(os.sched_getaffinity(0))) as workers:
        results = list(workers.map(tried, jobs.keys(), (source for source, _ in jobs.values()), (one for _, one in jobs.values())))
    print("\n".join([line for _, line in results] + same))
    controls = sum(name.startswith("control-") for name in jobs)
    caught = sum(good for name, (good, _) in zip(jobs, results) if name.startswith("control-"))
    print(f"{caught} of {controls} controls were caught")
    return not all(good for good, _ in results)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
