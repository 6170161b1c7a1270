#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""An include that points up does not compile.

For each layer of the core the flags of one of its own sources are taken from the build, and a file that includes one header is compiled with
them: a header of each other folder in turn.  Those of the floors below and of the layer itself must compile, all others must not.

Usage: layers.py SOURCE-FOLDER COMPILE-COMMANDS.JSON
"""
import json
import pathlib
import shlex
import subprocess
import sys
import tempfile

# The floors, from the bottom up.  Layers on one floor do not see each other, but for those of the audit log, which share its format.
FLOORS = [["base"], ["os"], ["hash/x86", "hash", "events"], ["sign", "device"], ["audit/format", "audit/log", "audit/check"], ["manager"],
          ["seal", "verify"]]
WITHIN = {("hash", "hash/x86"), ("audit/log", "audit/format"), ("audit/check", "audit/format")}
ONLY = {"hash/x86": {"base"}}


def floor_of(layer):
    return next(i for i, floor in enumerate(FLOORS) if layer in floor)


def sees(layer, other):
    if layer in ONLY:
        return other in ONLY[layer] | {layer}
    return layer == other or (layer, other) in WITHIN or floor_of(other) < floor_of(layer)


def main():
    root, commands = pathlib.Path(sys.argv[1]), json.loads(pathlib.Path(sys.argv[2]).read_text())
    core = root / "core"
    compiled = {pathlib.Path(c["file"]): c for c in commands if "/CMakeFiles/vres_" in c["command"]}
    faults = [f"{source} is compiled by no layer" for source in core.rglob("*.c") if source not in compiled]
    layers = {str(source.parent.relative_to(core)): command for source, command in compiled.items() if core in source.parents}
    known = {layer for floor in FLOORS for layer in floor}
    faults += [f"core/{layer} is on no floor" for layer in sorted(set(layers) ^ known)]
    pairs = 0
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "one.c"
        for layer in sorted(set(layers) & known):
            command = shlex.split(layers[layer]["command"])
            # All of it but the source, the object and the list of what it depends on.
            flags = [word for word in command[:command.index("-o")] if not word.startswith("-M") and not word.endswith((".o", ".d"))]
            for other in sorted(known):
                header = sorted((core / other).glob("*.h"))[0].relative_to(core)
                source.write_text(f'#include "{header}"\n')
                done = subprocess.run(flags + ["-fsyntax-only", str(source)], cwd=layers[layer]["directory"], capture_output=True, text=True)
                missing = done.returncode != 0 and "No such file" in done.stderr or "file not found" in done.stderr
                if (done.returncode == 0) != sees(layer, other) or (done.returncode != 0 and not missing):
                    faults.append(f"core/{layer} includes {header}: {'compiles' if done.returncode == 0 else done.stderr.strip()}")
                pairs += 1
    for fault in faults:
        print(fault)
    print(f"{pairs} includes between {len(layers)} layers tried, {len(faults)} faults")
    return bool(faults) or pairs < 150


if __name__ == "__main__":
    sys.exit(main())
