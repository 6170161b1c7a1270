# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs launches for the fake CUDA driver (tests/fake/driver/judge.c), out of the PTX that it was given.  Usage: serve.py [--ready | --mistake]

Standard input and output are one socket.  Numbers are of 8 bytes, in the machine's order.  Requests, each begins with a word of 8 bytes:
  image   bytes; the text
  launch  threads, bytes of the parameter, spans; the parameter; then each span: address, bytes, is it written; its bytes
Each answer begins with the length of a text, which says what is wrong; if it is empty, the spans that are written follow a launch's.

--ready: only says if it could, by the status, 77 if not.  --mistake: one constant of each image is another.
"""
import re
import struct
import sys

try:
    import numpy
except ImportError:
    print("NOT CHECKED: Python's numpy is missing here: what the fake driver is told to launch was not run out of its PTX", flush=True)
    sys.exit(77)

import device
import text
import translate

ENTRY = "vres_leaf_hash"
LAST_CONSTANT = 0xC67178F2  # FIPS 180-4, 4.2.2


class Spans(device.Memory):
    """Copies of pieces of device memory, at the addresses that they have there; nothing else can be touched."""

    def __init__(self, spans):
        """@spans: (address, bytes, rights).  Those that overlap are one."""
        joined = []
        for address, data, _ in sorted(spans, key=lambda span: span[0]):
            if not joined or address > joined[-1][1]:
                joined.append([address, address + len(data)])
            joined[-1][1] = max(joined[-1][1], address + len(data))
        super().__init__(sum(end - begin + device.GAP + device.MOST_ALIGNED for begin, end in joined) + 2 * device.GAP)
        self.begin, self.end = (numpy.array([place[i] for place in joined], numpy.uint64) for i in (0, 1))
        # As far past a multiple of the greatest alignment as they are there.
        self.here = numpy.array([self.take(end - begin, device.MOST_ALIGNED, begin % device.MOST_ALIGNED, 0) - device.BASE for begin, end in joined], numpy.uint64)
        for address, data, rights in spans:
            at = self.at(address)
            self.bytes.by[1][at:at + len(data)] = numpy.frombuffer(data, numpy.uint8)
            self.rights[at:at + len(data)] |= rights

    def offset(self, address):
        at = numpy.maximum(numpy.searchsorted(self.begin, address, "right"), 1) - 1
        is_inside = (address >= self.begin[at]) & (address < self.end[at])
        return numpy.where(is_inside, self.here[at] + (address - self.begin[at]), numpy.uint64(self.size))

    def at(self, address):
        return int(self.offset(numpy.array([address], numpy.uint64))[0])

    def copy(self, address, size):
        return self.bytes.by[1][self.at(address):self.at(address) + size].tobytes()


def receive(size):
    data = sys.stdin.buffer.read(size)
    if len(data) != size:
        sys.exit(0)  # the driver has gone
    return data


def numbers(count):
    return struct.unpack(f"{count}Q", receive(8 * count))


def answer(problem="", results=()):
    sys.stdout.buffer.write(struct.pack("Q", len(problem.encode())) + problem.encode() + b"".join(results))
    sys.stdout.buffer.flush()


def image(has_mistake):
    source = receive(*numbers(1)).decode("ascii")
    if has_mistake:
        low = str(LAST_CONSTANT - (1 << 32))
        source, count = re.subn(rf"(?<!\d)({low}|{LAST_CONSTANT})\b", str(LAST_CONSTANT + 1), source)
        if count != 1:
            raise text.Unknown(f"{count} places with the constant to be changed")
    return translate.Translation(text.read(source, ENTRY))


def launch(translation):
    threads, size, count = numbers(3)
    parameter, spans = receive(size), []
    for _ in range(count):
        address, n, is_written = numbers(3)
        spans.append((address, receive(n), device.WRITE if is_written else device.READ))
    if threads % translation.entry.group:
        raise translate.Fault(f"{threads} threads in groups of {translation.entry.group}")
    memory = Spans(spans)
    device.launch(translation, memory, [(threads // translation.entry.group, parameter)])
    return [memory.copy(address, len(data)) for address, data, rights in spans if rights == device.WRITE]


def main(options):
    translation = None
    while options != ["--ready"]:
        kind = receive(8).rstrip(b"\0")
        try:
            if kind == b"image":
                translation = image(options == ["--mistake"])
                answer()
            else:
                answer(results=launch(translation))
        except (text.Unknown, translate.Fault) as problem:
            answer(str(problem)[:4096])


if __name__ == "__main__":
    main(sys.argv[1:])
