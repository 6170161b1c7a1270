# SPDX-License-Identifier: GPL-3.0-or-later
"""A device that judges: memory of which each byte has rights, and threads that run a translated entry point."""
import numpy

from translate import KINDS, PARAMETER, Fault

# An address as drivers give them, and such that memory has addresses on both sides of a multiple of 4 GiB.
BASE = (0x7f12 << 32) - (1 << 20)
GAP = 64  # more than one access takes, so that none reaches from one range into the next
MOST_ALIGNED = 16  # what the widest access has to be aligned to
READ, WRITE = 1, 2


class Plane:
    """The same bytes by 1, 4 and 8."""

    def __init__(self, size):
        self.by = {1: numpy.zeros(size, numpy.uint8)}
        self.by[4], self.by[8] = self.by[1].view(numpy.uint32), self.by[1].view(numpy.uint64)

    def fill(self, at, width, count, value):
        for i in range(count):
            self.by[width][at // width + i] = value


class Memory:
    def __init__(self, size):
        size = -(-size // MOST_ALIGNED) * MOST_ALIGNED
        self.size, self.used = size, GAP
        self.bytes, self.rights = Plane(size), numpy.zeros(size, numpy.uint8)
        self.bytes.by[1][:] = 0xA5  # what nobody wrote
        self.forget()

    def forget(self):
        self.read, self.read_constant, self.written = Plane(self.size), Plane(self.size), Plane(self.size)

    def take(self, size, align=16, skew=0, rights=READ):
        """A range of its own, @skew bytes past a multiple of @align."""
        at = -(-self.used // align) * align + skew
        self.used = at + size + GAP
        if self.used > self.size:
            raise MemoryError(f"{self.used} of {self.size} bytes of simulated memory")
        self.rights[at:at + size] = rights
        return BASE + at

    def put(self, data, **where):
        address = self.take(len(data), **where)
        self.bytes.by[1][address - BASE:address - BASE + len(data)] = numpy.frombuffer(data, numpy.uint8)
        return address

    def get(self, address, size):
        return self.bytes.by[1][address - BASE:address - BASE + size].tobytes()

    def offset(self, address):
        """Where addresses are in the bytes here; past the end, if nowhere."""
        return address - numpy.uint64(BASE)

    def place(self, address, width, count, right, line):
        """Where it is, if every thread may: aligned to all of the access, inside one range, with the right."""
        address = numpy.atleast_1d(address)
        at, size = self.offset(address), width * count
        wrong = (at > numpy.uint64(self.size - size)) | (address % numpy.uint64(size) != 0)
        if not wrong.any():
            at = at.astype(numpy.intp)
            wrong = self.rights[at] & self.rights[at + (size - 1)] & right == 0
        if wrong.any():
            first = int(address[wrong][0])
            why = "is not aligned" if first % size else f"may not be {'written' if right == WRITE else 'read'}"
            raise Fault(f"{int(wrong.sum())} threads, one of them at byte {first - BASE} of the memory, which {why}: {line}")
        return at

    def load(self, address, width, count, is_constant, line):
        at = self.place(address, width, count, READ, line)
        (self.read_constant if is_constant else self.read).fill(at, width, count, ~numpy.zeros((), f"u{width}"))
        return [self.bytes.by[width][at // width + i] for i in range(count)]

    def store(self, address, value, width, line):
        at = self.place(address, width, 1, WRITE, line)
        if self.written.by[width][at // width].any() or len(numpy.unique(at)) < len(at):
            raise Fault(f"two threads write to one place: {line}")
        self.written.fill(at, width, 1, ~numpy.zeros((), f"u{width}"))
        self.bytes.by[width][at // width] = value

    def end_launch(self):
        """Only now is it known what the launch wrote, and when it did so is not known: nothing may depend on it."""
        if (self.read_constant.by[8] & self.written.by[8]).any():
            raise Fault("memory that this launch writes is read by ld.global.nc")
        if (self.read.by[8] & self.written.by[8]).any():
            raise Fault("memory that this launch writes is read by it, too")
        self.rights[self.written.by[1] != 0] |= READ
        self.forget()


class Parameters:
    """What the threads of each launch are given, a row for each launch."""

    def __init__(self, rows, row_of):
        self.size, self.row_of = len(rows[0]), row_of
        self.by = {width: numpy.frombuffer(b"".join(rows), f"u{width}").reshape(len(rows), -1) for width in (4, 8)}

    def load(self, threads, address, width, count, line):
        addresses = numpy.atleast_1d(address)
        at = int(addresses[0]) - PARAMETER
        if (addresses != addresses[0]).any() or at < 0 or at + width * count > self.size or at % (width * count):
            raise Fault(f"byte {at} of a parameter of {self.size}: {line}")
        rows = self.row_of[threads]
        return [self.by[width][rows, at // width + i] for i in range(count)]


def launch(translation, memory, launches):
    """Runs all threads of some launches, (groups, parameter) each, that have nothing to do with each other, side by side to their end."""
    group, size = translation.entry.group, translation.entry.parameter_bytes
    if any(len(parameter) != size for _, parameter in launches):
        raise Fault(f"a parameter that is not of {size} bytes")
    counts = [groups * group for groups, _ in launches]
    threads = sum(counts)
    state = [numpy.zeros(threads, KINDS[translation.kind(register)]) for register in translation.state]
    unsure = {register: numpy.zeros(threads, numpy.bool_) for register in translation.unsure}
    numbers = numpy.concatenate([numpy.arange(count, dtype=numpy.uint32) for count in counts])
    special = {"%tid.x": numbers % group, "%ctaid.x": numbers // group, "%ntid.x": group}
    for register in special.keys() & translation.state.keys():
        state[translation.state[register]][:] = special[register]
    parameters = Parameters([parameter for _, parameter in launches], numpy.repeat(numpy.arange(len(launches)), counts))
    waiting, steps = {0: [numpy.arange(threads)]}, 0  # threads by the block that they are at
    with numpy.errstate(over="ignore"):
        while waiting.keys() - {translation.end}:
            block = min(waiting)
            at = waiting.pop(block)
            at = at[0] if len(at) == 1 else numpy.concatenate(at)
            # All threads are in their order, whatever the order in which they came.
            at = numpy.arange(threads) if len(at) == threads else at
            translation.fit(len(at))
            jumps, to, goes_on = translation.functions[block](state, unsure, slice(None) if len(at) == threads else at, memory, parameters)
            for group, following in ((at, goes_on),) if jumps is None else ((at[jumps], to), (at[~jumps], goes_on)):
                if len(group) > 0:
                    waiting.setdefault(following, []).append(group)
            steps += 1
            if steps > 1_000_000:
                raise Fault("the kernel does not end")
    memory.end_launch()
