#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tool's reader of safetensors headers beside the reference loader, the package safetensors of PyPI.

usage: reference.py SAFETENSORS-LIST FOLDER

Headers are generated, well-formed and broken, from a fixed seed.  Whatever the reference takes, ours takes, with the same
tensors in the same bytes.  FOLDER keeps a virtual environment with the package; where it cannot be installed the
comparison is not run, and status 77 says so.
"""
import json
import os
import random
import struct
import subprocess
import sys
import tempfile

PACKAGE = "safetensors==0.8.0"
TYPES = {"BOOL": 1, "U8": 1, "I8": 1, "I16": 2, "F16": 2, "BF16": 2, "I32": 4, "F32": 4, "F64": 8, "I64": 8}
ROUNDS = 3000


def text(r):
    """A JSON string of any characters, escaped one way or the other."""
    plain = "".join(r.choice(["a", "B", ".", "0", "_", "\u00e9", "\u6f22", "\U0001f600", "\n", "\t", "\\", '"', "/", "\x7f", "\0"]) for _ in range(r.randrange(1, 9)))
    return json.dumps(plain, ensure_ascii=r.random() < 0.5)


def space(r):
    return r.choice(["", "", "", " ", "\n", "\t ", "\r\n"])


def well_formed(r):
    """The text of a header, and how many bytes of data it wants."""
    members, at = [], 0
    for _ in range(r.randrange(0, 6)):
        kind = r.choice(list(TYPES))
        shape = [r.randrange(0, 4) for _ in range(r.randrange(0, 3))]
        size = TYPES[kind]
        for n in shape:
            size *= n
        fields = [f'"dtype"{space(r)}:"{kind}"', f'"shape":{json.dumps(shape)}', f'"data_offsets":[{at},{space(r)}{at + size}]']
        if r.random() < 0.1:
            fields.append('"more":{"deep":[1,-2.5e3,null,true,"x"]}')
        r.shuffle(fields)
        entry = f"{text(r)}:{space(r)}{{{','.join(fields)}}}"
        members.append(entry)
        if r.random() < 0.15:
            members.append(entry)  # an exactly repeated entry
        at += size
    r.shuffle(members)
    if r.random() < 0.5:
        pairs = [f"{text(r)}:{text(r)}" for _ in range(r.randrange(0, 4))]
        pairs += pairs[: r.randrange(0, 2)]  # a repeated key
        members.insert(0, f'"__metadata__":{{{",".join(pairs)}}}')
    return space(r) + "{" + space(r) + ("," + space(r)).join(members) + "}" + " " * r.randrange(0, 9), at


def broken(r, header):
    """The same with a few bytes changed, removed or inserted."""
    raw = bytearray(header.encode())
    for _ in range(r.randrange(1, 4)):
        at = r.randrange(len(raw)) if raw else 0
        kind = r.randrange(4)
        if kind == 0 and raw:
            raw[at] = r.randrange(256)
        elif kind == 1 and raw:
            del raw[at]
        elif kind == 2:
            raw.insert(at, r.choice(b'{}[]",:0123456789-.eE\\u nulltrue\0\xff'))
        elif raw:
            piece = raw[at : at + r.randrange(1, 20)]
            raw[at:at] = piece
    return bytes(raw)


def ours(program, path, is_exact=True):
    """{name: (dtype, bytes)}, or None and why.  The data ends with the file, or at least within it."""
    done = subprocess.run([program, path], capture_output=True, timeout=60, check=False)
    lines = done.stdout.decode().splitlines()
    if done.returncode == 1:
        return None, lines[0]
    assert done.returncode == 0, (done.returncode, done.stderr)
    with open(path, "rb") as f:
        content = f.read()
    found = {}
    for line in lines[:-1]:
        name, kind, begin, end = line.split(" ")
        found[bytes.fromhex(name).decode()] = (kind, content[int(begin) : int(end)])
    end = int(lines[-1].split(" ")[1])
    if end > len(content) or is_exact and end != len(content):
        return None, "the data does not end with the file"
    return found, ""


def theirs(safetensors, content):
    try:
        return {name: (t["dtype"], bytes(t["data"])) for name, t in safetensors.deserialize(content)}
    except safetensors.SafetensorError:
        return None


def compare(program):
    import safetensors

    r, taken, refused, more = random.Random(1), 0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model")
        for number in range(ROUNDS):
            header, size = well_formed(r)
            raw = header.encode() if number % 2 == 0 else broken(r, header)
            content = struct.pack("<Q", len(raw)) + raw + bytes((i * 7 + number) % 256 for i in range(size))
            with open(path, "wb") as f:
                f.write(content)
            wanted, (got, why) = theirs(safetensors, content), ours(program, path)
            if wanted is not None and got != wanted:
                sys.exit(f"header {number}: the reference takes {raw!r}, ours says {why or got!r}, wanted {wanted!r}")
            taken += wanted is not None
            refused += wanted is None and got is None
            more += wanted is None and got is not None
    if taken < ROUNDS // 3 or refused < ROUNDS // 10:
        sys.exit(f"too few of a kind to prove anything: {taken} taken, {refused} refused")
    print(f"{ROUNDS} headers: both take {taken} alike, both refuse {refused}; ours takes {more} that {PACKAGE} refuses")


def install(folder, module, package):
    """The Python of a virtual environment that has the package; None when it cannot be made."""
    python = os.path.join(folder, "bin", "python3")
    has = [python, "-c", f"import {module}"]
    if os.path.exists(python) and subprocess.run(has, capture_output=True, check=False).returncode == 0:
        return python
    for command in ([sys.executable, "-m", "venv", folder], [python, "-m", "pip", "install", "-q", package], has):
        try:
            if subprocess.run(command, capture_output=True, timeout=120, check=False).returncode != 0:
                return None
        except (OSError, subprocess.TimeoutExpired):
            return None
    return python


def main():
    if len(sys.argv) == 3 and sys.argv[2] == "--here":
        return compare(sys.argv[1])
    if len(sys.argv) != 3:
        sys.exit("usage: reference.py SAFETENSORS-LIST FOLDER")
    python = install(os.path.abspath(sys.argv[2]), "safetensors", PACKAGE)
    if python is None:
        print(f"NOT COMPARED: {PACKAGE} cannot be installed here, so nothing says that headers are read as the reference loader reads them")
        return 77
    return subprocess.run([python, "-B", __file__, os.path.abspath(sys.argv[1]), "--here"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
