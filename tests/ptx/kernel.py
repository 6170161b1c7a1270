# SPDX-License-Identifier: GPL-3.0-or-later
"""Launches of the hash kernel, and what has to come of them, written from the comments of backends/kernels/leaf_hash.h and by hashlib alone."""
import hashlib
import struct

import device

STEP = 0x9E3779B97F4A7C15
DIGEST, GROUP = 32, 128


def padding(block_size):
    """Schedule and constant of each round, for the chunk that follows a block (FIPS 180-4, 4.2.2, 5.1.1 and 6.2.2)."""
    primes = [n for n in range(2, 312) if all(n % d for d in range(2, n))]
    low, constants = 1 << 32, []
    for prime in primes:  # the first 32 bits of the fraction of its cube root
        root = int(round((prime << 96) ** (1 / 3)))
        while root ** 3 > prime << 96:
            root -= 1
        while (root + 1) ** 3 <= prime << 96:
            root += 1
        constants.append(root % low)
    words = [1 << 31] + 14 * [0] + [8 * block_size]
    for t in range(16, 64):
        x, y = words[t - 15], words[t - 2]
        turned = [(x >> n | x << 32 - n) % low for n in (7, 18)] + [(y >> n | y << 32 - n) % low for n in (17, 19)]
        words.append((words[t - 16] + words[t - 7] + (turned[0] ^ turned[1] ^ x >> 3) + (turned[2] ^ turned[3] ^ y >> 10)) % low)
    return [(k + w) % low for k, w in zip(constants, words)]


def mask(digest, nonce, place):
    even, odd = nonce % (1 << 32) ^ place * 0x9E3779B1 % (1 << 32), nonce >> 32 ^ place * 0x85EBCA77 % (1 << 32)
    return bytes(a ^ b for a, b in zip(digest, struct.pack("<8I", *(4 * [even, odd]))))


def seal(data, size, first, place, nonce):
    """What an entry of the list has, so that one that is old in part is noticed."""
    return nonce ^ (data * STEP ^ size * 0xBF58476D1CE4E5B9 ^ (first << 32 | place) * 0x94D049BB133111EB) % (1 << 64)


def digests_of(data, block_size):
    return [hashlib.sha256(data[at:at + block_size].ljust(block_size, b"\0")).digest() for at in range(0, len(data), block_size)]


class Scratch:
    """Room for digests, which a row of launches shares."""

    def __init__(self, memory, room, nonce):
        self.memory, self.room, self.nonce = memory, room, nonce
        self.digests = memory.take(room * DIGEST, align=256, rights=device.WRITE)
        self.echo = memory.take(8, rights=device.WRITE)

    def at(self, place):
        return self.digests + place * DIGEST

    def plain(self, place):
        """The digest there, as one who knows the nonce of the latest launch reads it."""
        return mask(self.memory.get(self.at(place), DIGEST), self.nonce, place)

    def prepare(self, pieces, block_size, one=1, before=None, after=None):
        """A launch over @pieces, (address, bytes, place) each.

        @before, @after: numbers of the list to be others, before it is sealed or after, {(piece, field): number}.
        """
        self.nonce = (self.nonce + STEP) % (1 << 64)
        listed, first = [], 0
        for i, (address, size, place) in enumerate(pieces):
            fields = {"data": address, "size": size, "first": first, "place": place}
            fields.update({field: number for (piece, field), number in (before or {}).items() if piece == i})
            fields["seal"] = seal(**fields, nonce=self.nonce)
            fields.update({field: number for (piece, field), number in (after or {}).items() if piece == i})
            listed.append(struct.pack("<3Q2I", *(fields[field] for field in ("data", "size", "seal", "first", "place"))))
            first += max(1, -(-size // block_size))
        table = self.memory.put(b"".join(listed), align=32)
        self.memory.bytes.by[1][self.echo - device.BASE:][:8] = 0
        groups = -(-first // GROUP) + 1  # one more than is needed, as a launch may be larger than its list
        return groups, struct.pack("<4Q6I64I", table, self.digests, self.nonce, self.echo, len(pieces), first, self.room, block_size, one, 0,
                                   *padding(block_size))

    def has_echoed(self):
        return struct.unpack("<Q", self.memory.get(self.echo, 8))[0] == self.nonce

    def launch(self, translation, pieces, block_size, **changes):
        device.launch(translation, self.memory, [self.prepare(pieces, block_size, **changes)])
