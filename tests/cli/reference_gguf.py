#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tool's reader of GGUF headers beside the package gguf of PyPI.

usage: reference_gguf.py SAFETENSORS-LIST FOLDER

Files are generated, well-formed and broken, from a fixed seed.  Whatever the package takes, ours takes, with the same tensors in
the same bytes, but for what llama.cpp refuses.  FOLDER keeps a virtual environment with the package; where it cannot be installed
nothing is compared, and status 77 says so.
"""
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile

import reference

PACKAGE, ROUNDS = "gguf==0.19.0", 1500
NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
# The package does not notice either that a file without tensors ends in the middle of its header.
LLAMA_REFUSES = ("tensors overlap", "more than four dimensions")


def text(raw):
    return struct.pack("<Q", len(raw)) + raw


def value(r, kind, depth=0):
    if kind == 8:
        return text(r.randbytes(r.randrange(9)))
    if kind == 9:
        inner = r.choice([*NUMBERS, 8] + [9] * (depth < 2))
        count = r.randrange(4)
        return struct.pack("<IQ", inner, count) + b"".join(value(r, inner, depth + 1) for _ in range(count))
    return struct.pack("<" + NUMBERS[kind], r.choice([0, 1]))


def well_formed(r, sizes):
    alignment, pairs, infos, at = 32, [], [], 0
    for i in range(r.randrange(5)):
        kind = r.choice([*NUMBERS, 8, 9])
        pairs.append(text(f"key.{i}".encode()) + struct.pack("<I", kind) + value(r, kind))
    if r.random() < 0.4:
        alignment = 1 << r.randrange(9)
        pairs.append(text(b"general.alignment") + struct.pack("<II", 4, alignment))
    for i in range(r.randrange(6)):
        kind = r.choice(list(sizes))
        elements, size = sizes[kind]
        dimensions = [elements * r.randrange(3)] + [r.randrange(1, 3) for _ in range(r.randrange(4))]
        count = 1
        for n in dimensions:
            count *= n
        name = "".join(r.choice("ab.0_\u00e9\u6f22\n") for _ in range(r.randrange(4))) + str(i)
        infos.append(text(name.encode()) + struct.pack(f"<I{len(dimensions)}QIQ", len(dimensions), *dimensions, kind, at))
        at += count // elements * size
        at += -at % alignment + alignment * (r.random() < 0.1)  # now and then a gap
    r.shuffle(pairs)
    r.shuffle(infos)
    header = b"GGUF" + struct.pack("<IQQ", r.choice([2, 3]), len(infos), len(pairs)) + b"".join(pairs) + b"".join(infos)
    header += bytes(-len(header) % alignment)
    return header, header + bytes((i * 7) % 251 for i in range(at))


def broken(r, header, content):
    raw = bytearray(content)
    for _ in range(r.randrange(1, 4)):
        at = r.randrange(4, len(header))
        raw[at] = r.choice([0, 1, 2, 8, 9, 255, r.randrange(256)])
    return bytes(raw[: max(8, len(raw) - r.randrange(40) * (r.random() < 0.2))])


class TooSlow(Exception):
    """The package goes round for each of 2^56 values that are not there."""


def give_up(*_):
    raise TooSlow


def theirs(gguf, path):
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        return {t.name: (t.tensor_type.name, t.data.tobytes()) for t in gguf.GGUFReader(path).tensors}
    except (ValueError, IndexError, KeyError, OverflowError, MemoryError, TypeError, TooSlow):
        return None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def compare(program):
    import gguf
    import numpy

    numpy.seterr(all="ignore")
    signal.signal(signal.SIGALRM, give_up)
    sizes = {int(kind): size for kind, size in gguf.GGML_QUANT_SIZES.items()}
    r, taken, refused, more, apart = random.Random(1), 0, 0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model")
        for number in range(ROUNDS):
            header, content = well_formed(r, sizes)
            content = content if number % 2 == 0 else broken(r, header, content)
            with open(path, "wb") as f:
                f.write(content)
            wanted, (got, why) = theirs(gguf, path), reference.ours(program, path, is_exact=False)
            if wanted is not None and got is None and (any(words in why for words in LLAMA_REFUSES) or not wanted and "ends too early" in why):
                apart += 1
            elif wanted is not None and got != wanted:
                sys.exit(f"file {number}: the reference takes {content!r}, ours says {why or got!r}, wanted {wanted!r}")
            else:
                taken += wanted is not None
                refused += wanted is None and got is None
                more += wanted is None and got is not None
    if taken < ROUNDS // 2 or refused < ROUNDS // 20 or apart > ROUNDS // 20:
        sys.exit(f"too few of a kind to prove anything: {taken} taken, {refused} refused, {apart} apart")
    print(f"{ROUNDS} files of {len(sizes)} types: both take {taken} alike, both refuse {refused}; ours refuses {apart} as llama.cpp does, "
          f"and takes {more} that {PACKAGE} refuses")
    return 0


def main():
    if len(sys.argv) == 3 and sys.argv[2] == "--here":
        return compare(sys.argv[1])
    if len(sys.argv) != 3:
        sys.exit("usage: reference_gguf.py SAFETENSORS-LIST FOLDER")
    python = reference.install(os.path.abspath(sys.argv[2]), "gguf", PACKAGE)
    if python is None:
        print(f"NOT COMPARED: {PACKAGE} cannot be installed here, so nothing says that GGUF files are read as the package reads them")
        return 77
    return subprocess.run([python, "-B", __file__, os.path.abspath(sys.argv[1]), "--here"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
