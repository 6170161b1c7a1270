# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hash kernel is tried with.  Each case returns how many digests it compared, or raises Wrong."""
import random

import device
from kernel import DIGEST, Scratch, digests_of, seal

RIGHT_NONCE = 0xFEDCBA9876543210
UNTOUCHED = DIGEST * b"\xa5"


class Wrong(Exception):
    """A digest, or what is left in memory, is not what it has to be."""


class Batch:
    """Launches over runs of random data, each run in memory of its own; all launches side by side."""

    def __init__(self, room):
        self.memory, self.launches, self.expected = device.Memory(room), [], []
        self.source = random.Random(room)

    def add(self, runs, block_size, one=1):
        """@runs: (bytes, alignment) each.  A run of no bytes has a thread that must do nothing."""
        scratch = Scratch(self.memory, sum(max(1, -(-size // block_size)) for size, _ in runs), RIGHT_NONCE)
        pieces, place = [], 0
        for size, skew in runs:
            data = self.source.randbytes(size)
            pieces.append((self.memory.put(data, skew=skew), size, place))
            for digest in digests_of(data, block_size) or [None]:
                self.expected.append((scratch, place, digest, f"{size} bytes at {skew} past a multiple of 16, in blocks of {block_size}"))
                place += 1
        self.launches.append(scratch.prepare(pieces, block_size, one))

    def run(self, translation):
        device.launch(translation, self.memory, self.launches)
        for scratch, place, digest, what in self.expected:
            if scratch.plain(place) != digest if digest else self.memory.get(scratch.at(place), DIGEST) != UNTOUCHED:
                raise Wrong(f"{what}: digest {place} is not right")
            if place == 0 and scratch.has_echoed() != (digest is not None):
                raise Wrong(f"{what}: the launch's nonce was not echoed as it should be")
        return sum(digest is not None for _, _, digest, _ in self.expected)


def lengths(most, step=1):
    """A run of every length from 0 on, at every alignment in turn."""
    return [(n, (n * 5 + n // 16) % 16 if n % 3 else 0) for n in range(0, most + 1, step)]


def mixed(count, most):
    source = random.Random(count)
    return [(source.randrange(1, most), source.choice((0, 0, 4, 8, 12, 1, 2, 3, 5, 7, 11, 15))) for _ in range(count)]


def tree(translation, leaves=900, block_size=1024):
    """Two levels: a launch hashes what the launch before left masked, beside leaves of its own; the last node is not whole."""
    source = random.Random(leaves)
    memory, nodes = device.Memory(2 << 20), -(-leaves * DIGEST // block_size)
    scratch = Scratch(memory, leaves + nodes + 2, RIGHT_NONCE)
    data, more = source.randbytes(leaves * block_size - 5), source.randbytes(2 * block_size)
    scratch.launch(translation, [(memory.put(data), len(data), 0)], block_size)
    below = digests_of(data, block_size)
    if [scratch.plain(place) for place in range(leaves)] != below:
        raise Wrong("leaves of a tree")
    scratch.launch(translation, [(memory.put(more, skew=8), len(more), leaves), (scratch.at(0), leaves * DIGEST, leaves + 2)], block_size)
    above = digests_of(more, block_size) + digests_of(b"".join(below), block_size)
    if [scratch.plain(leaves + i) for i in range(2 + nodes)] != above:
        raise Wrong("nodes above masked digests")
    return leaves + len(above)


def refused(translation, block_size=1024):
    """Threads that must do nothing: an entry that is old, or was changed when it was sealed; no room for it; fewer bytes than threads."""
    memory = device.Memory(1 << 16)
    scratch, data = Scratch(memory, 20, RIGHT_NONCE), random.Random(1).randbytes(2 * block_size)
    pieces = [(memory.put(data), len(data), 2 * i) for i in range(9)]
    old = seal(*pieces[1][:2], 2, 2, RIGHT_NONCE)
    scratch.launch(translation, pieces, block_size, before={(2, "place"): 20, (3, "size"): block_size},
                   after={(1, "seal"): old, (4, "data"): pieces[0][0], (5, "size"): block_size, (6, "place"): 18, (7, "first"): 13})
    first, second = digests_of(data, block_size)
    expected = dict.fromkeys(range(20)) | {0: first, 1: second, 6: first, 16: first, 17: second}
    for place, digest in expected.items():
        if scratch.plain(place) != digest if digest else memory.get(scratch.at(place), DIGEST) != UNTOUCHED:
            raise Wrong(f"place {place} after a launch of which some threads must do nothing")
    if not scratch.has_echoed():
        raise Wrong("no echo")
    return 5


def everything(translation):
    """A few thousand threads at a time, which is when numpy takes least for each."""
    every, count = lengths(4160), 0
    for runs, block_size in ((every, 4096), (every[:2000], 1024), (every[2000:3200], 1024), (every[3200:], 1024)):
        batch = Batch(12 << 20)
        batch.add(runs, block_size)
        count += batch.run(translation)
    batch = Batch(4 << 20)
    batch.add(mixed(250, 6144), 2048)
    for size in (1 << n for n in range(10, 17)):  # whole, one byte less, more than one
        batch.add([(size, 0), (size + size // 2 + 1, 0), (size + 77, 4), (size - 1, 3 if size < 16384 else 8)], size)
    return count + batch.run(translation) + tree(translation) + refused(translation)


def some(translation, one=1):
    """Enough to notice each of the controls' mistakes."""
    batch = Batch(1 << 20)
    batch.add(lengths(1100, step=7), 1024, one)
    return batch.run(translation) + tree(translation, leaves=40) + refused(translation)
