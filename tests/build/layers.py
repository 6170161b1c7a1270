#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""An include that points up does not compile.

For each layer of the core, the backends and the tool the flags of one of its own sources are taken from the build, and a file that includes one header is compiled with
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
BACKEND_FLOORS = [["kernels"], ["gpu"], ["cuda", "hip"]]
TOOL_FLOORS = [["ui"], ["session"], ["shards"], ["commands"]]


def sees(floors, layer, other):
    if layer in ONLY:
        return other in ONLY[layer] | {layer}
    number = {name: i for i, floor in enumerate(floors) for name in floor}
    return layer == other or (layer, other) in WITHIN or number[other] < number[layer]


def flags_of(command):
    """All of a compile command but the source, the object and the list of what it depends on."""
    words = shlex.split(command["command"])
    return [word for word in words[: words.index("-o")] if not word.startswith("-M") and not word.endswith((".o", ".d"))]


def includes(flags, directory, header):
    """Does a source with these flags that includes @header compile?  Else why not; "" when the header is not found."""
    with tempfile.NamedTemporaryFile("w", suffix=".c") as source:
        source.write(f'#include "{header}"\n')
        source.flush()
        done = subprocess.run(flags + ["-fsyntax-only", source.name], cwd=directory, capture_output=True, text=True, check=False)
    missing = "No such file" in done.stderr or "file not found" in done.stderr
    return done.returncode == 0, "" if missing else done.stderr.strip()


def try_tree(root, floors, layer_of, compiled):
    """The faults of the layers below @root, how many layers there are, and how many includes were tried."""
    faults = [f"{source} is compiled by no layer" for source in root.rglob("*.c") if source not in compiled and layer_of(source) is not None]
    layers = {layer_of(source): command for source, command in compiled.items() if root in source.parents and layer_of(source) is not None}
    known = {layer for floor in floors for layer in floor}
    with_sources = {layer for layer in known if any((root / layer).glob("*.c"))}  # backends/kernels has headers alone
    faults += [f"{root.name}/{layer} is on no floor" for layer in sorted(set(layers) ^ with_sources)]
    for layer in sorted(set(layers) & known):
        for other in sorted(known):
            header = sorted((root / other).glob("*.h"))[0].relative_to(root)
            good, why = includes(flags_of(layers[layer]), layers[layer]["directory"], header)
            if good != sees(floors, layer, other) or why:
                faults.append(f"{root.name}/{layer} includes {header}: {why or ('compiles' if good else 'is not found')}")
    return faults, len(layers), len(set(layers) & known) * len(known)


def main():
    root, commands = pathlib.Path(sys.argv[1]), json.loads(pathlib.Path(sys.argv[2]).read_text())
    compiled = {pathlib.Path(c["file"]): c for c in commands if "/CMakeFiles/vres_" in c["command"]}
    core, backends, tool = root / "core", root / "backends", root / "cli"
    trees = [(core, FLOORS, lambda source: str(source.parent.relative_to(core))),
             # abi_check.c sees the vendor's headers, where there are any, and is never linked.
             (backends, BACKEND_FLOORS, lambda source: source.parent.name if source.name != "abi_check.c" else None)]
    if any(tool in source.parents for source in compiled):  # it can be left out of a build
        trees.append((tool, TOOL_FLOORS, lambda source: source.relative_to(tool).parts[0] if source.parent != tool else None))
    failed = False
    for tree in trees:
        faults, layers, pairs = try_tree(*tree, compiled)
        for fault in faults:
            print(fault)
        print(f"{tree[0].name}: {pairs} includes between {layers} layers tried, {len(faults)} faults")
        failed |= bool(faults) or pairs < len(tree[1]) ** 2
    return failed


if __name__ == "__main__":
    sys.exit(main())
