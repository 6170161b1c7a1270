# SPDX-License-Identifier: GPL-3.0-or-later
"""Basic blocks of PTX as Python functions over numpy arrays, an element for each thread.

PTX ISA, "Instruction Set": what each opcode does.  Registers are unsigned; an opcode that means signed numbers says so.
"""
import re

import numpy

from order import ordered
from text import Unknown

KINDS = {"b16": numpy.uint16, "b32": numpy.uint32, "b64": numpy.uint64, "pred": numpy.bool_}
SPECIAL = {"%tid.x": "b32", "%ntid.x": "b32", "%ctaid.x": "b32"}
SHORT = 256  # arrays up to this length are so short that numpy takes twice as long to join one with a number as with another array
PARAMETER = 0x40  # where the parameter lies in its own space
COMPARE = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
# opcode: kinds of the result and of the operands, and what is computed
SIMPLE = {
    "mad.lo.u32": ("b32", "b32 b32 b32", "{0} * {1} + {2}"), "mad.lo.s32": ("b32", "b32 b32 b32", "{0} * {1} + {2}"),
    "bfi.b64": ("b64", "b64 b64 number number", "inserted({0}, {1}, {2}, {3})"),
    "mul.wide.u16": ("b32", "b16 b16", "wide32({0}) * wide32({1})"), "mul.wide.u32": ("b64", "b32 b32", "wide64({0}) * wide64({1})"),
    "mul.lo.s32": ("b32", "b32 b32", "{0} * {1}"), "mul.lo.s64": ("b64", "b64 b64", "{0} * {1}"),
    "mul.hi.u32": ("b32", "b32 b32", "high({0}, {1})"),
    "min.u64": ("b64", "b64 b64", "minimum({0}, {1})"),
    "shf.l.wrap.b32": ("b32", "b32 b32 shift", "{0} << {2} | {1} >> {2}_left"),
    "prmt.b32": ("b32", "b32 b32 number", "permuted({0}, {1}, {2})"), "neg.s32": ("b32", "b32", "~{0} + one"),
    "cvta.to.global.u64": ("b64", "b64", "{0}"), "cvt.u64.u32": ("b64", "b32", "wide64({0})"), "cvt.u32.u64": ("b32", "b64", "low32({0})"),
    "mov.u32": ("b32", "b32", "copy({0})"), "mov.b32": ("b32", "b32", "copy({0})"), "mov.u64": ("b64", "b64", "copy({0})"),
    "mov.b64": ("b64", "b64", "copy({0})"),
}
for width, kind in (("32", "b32"), ("64", "b64")):
    for name, sign in (("add.s", "+"), ("add.u", "+"), ("sub.s", "-"), ("and.b", "&"), ("or.b", "|"), ("xor.b", "^")):
        SIMPLE[name + width] = (kind, f"{kind} {kind}", "{0} %s {1}" % sign)
    SIMPLE["shl.b" + width] = (kind, f"{kind} shift", "{0} << {1}")
    SIMPLE["shr.u" + width] = (kind, f"{kind} shift", "{0} >> {1}")
    SIMPLE["selp.b" + width] = SIMPLE["selp.u" + width] = (kind, f"{kind} {kind} pred", "where({2}, {0}, {1})")
    for name, sign in COMPARE.items():
        SIMPLE[f"setp.{name}.u{width}"] = ("pred", f"{kind} {kind}", "{0} %s {1}" % sign)
        SIMPLE[f"setp.{name}.s{width}"] = ("pred", f"{kind} {kind}", "signed({0}) %s signed({1})" % sign)
for name, sign in (("or", "|"), ("and", "&")):
    SIMPLE[name + ".pred"] = ("pred", "pred pred", "{0} %s {1}" % sign)
# opcode: space, is it the path that needs memory nobody writes, bytes of an element, elements
LOADS = {
    "ld.u8": ("memory", False, 1, 1), "ld.u32": ("memory", False, 4, 1), "ld.global.u8": ("memory", False, 1, 1),
    "ld.global.u32": ("memory", False, 4, 1), "ld.global.u64": ("memory", False, 8, 1), "ld.global.v2.u32": ("memory", False, 4, 2),
    "ld.global.nc.v4.u32": ("memory", True, 4, 4), "ld.global.nc.L2::256B.v4.u32": ("memory", True, 4, 4),
    "ld.param.u32": ("param", False, 4, 1), "ld.param.u64": ("param", False, 8, 1), "ld.param.v2.u32": ("param", False, 4, 2),
}
STORES = {"st.global.u32": 4, "st.global.u64": 8}


def permuted(a, b, order):
    """Byte i of the result is the one of b:a that digit i of @order names."""
    if order == 0x0123:
        return a.byteswap()
    result = numpy.uint32(0)
    for i in range(4):
        source, at = ((a, b)[order >> 4 * i + 2 & 1], order >> 4 * i & 3)
        result = result | (source >> numpy.uint32(8 * at) & numpy.uint32(255)) << numpy.uint32(8 * i)
    return result


def inserted(a, b, at, count):
    """The low @count bits of @a, at bit @at of @b."""
    mask = ((1 << count) - 1 << at) % (1 << 64)
    return b & numpy.uint64((1 << 64) - 1 - mask) | a << numpy.uint64(at) & numpy.uint64(mask)


def known(register, are_written):
    if not are_written.all():
        raise Fault(f"{register} is read before it is written")


HELPERS = {
    "known": known,
    "wide32": lambda x: x.astype(numpy.uint32), "wide64": lambda x: x.astype(numpy.uint64), "low32": lambda x: x.astype(numpy.uint32),
    "high": lambda a, b: (a.astype(numpy.uint64) * b >> numpy.uint64(32)).astype(numpy.uint32),
    "permuted": permuted, "inserted": inserted, "where": numpy.where, "minimum": numpy.minimum, "copy": numpy.copy,
    "signed": lambda x: x.view(f"i{x.itemsize}"), "one": numpy.uint32(1),
}


class Fault(Exception):
    """The device code did what it must not."""


class Translation:
    """An entry point as functions, one for each block that is reached, in the order in which threads are to take them."""

    def __init__(self, entry):
        self.entry, self.constants = entry, dict(HELPERS)
        reached = ordered(list(self.reachable()), lambda name: entry.blocks[name].successors())
        self.rank = {name: i for i, name in enumerate(reached)}
        self.end = len(reached)  # where a thread is that has returned
        self.blocks = [entry.blocks[name] for name in reached]
        self.uses = [[(self.used(i), self.written(i)) for i in block.body] for block in self.blocks]
        live = self.live_at_begin()
        # On some way through the text, these are read before they are written.  That no thread goes there is seen when it runs.
        self.unsure = live[0] - set(SPECIAL)
        self.state = {register: at for at, register in enumerate(sorted(set().union(*live)))}
        self.functions = [self.function(at, live) for at in range(len(self.blocks))]
        self.numbers = {name: constant for name, constant in self.constants.items() if isinstance(constant, numpy.generic)}
        self.fitted, self.threads = {0: self.numbers}, 0

    def fit(self, threads):
        """Makes the constants numbers, or arrays of that many where these are faster; the functions see no difference."""
        threads = threads if threads <= SHORT else 0
        if threads == self.threads:
            return
        if threads not in self.fitted:
            self.fitted[threads] = {name: numpy.full(threads, number) for name, number in self.numbers.items()}
        self.constants.update(self.fitted[threads])
        self.threads = threads

    def reachable(self):
        found, todo = {}, [next(iter(self.entry.blocks))]
        while todo:
            name = todo.pop()
            if name not in found:
                found[name] = True
                todo += self.entry.blocks[name].successors()
        return found

    def kind(self, register):
        if register in SPECIAL:
            return SPECIAL[register]
        prefix = register.rstrip("0123456789") if register.startswith("%") else register
        if prefix not in self.entry.registers:
            raise Unknown(f"no register {register}")
        return self.entry.registers[prefix]

    @staticmethod
    def registers(operand):
        return re.findall(r"%[a-z]+(?:\d+|\.x)|\btmp\b", operand)

    def used(self, instruction):
        if instruction.opcode in STORES:
            return self.registers(" ".join(instruction.operands))
        return self.registers(" ".join(instruction.operands[1:]))

    def written(self, instruction):
        return [] if instruction.opcode in STORES else self.registers(instruction.operands[0])

    def live_at_begin(self):
        """Which registers each block finds, since it or a later one reads them."""
        live, changed = [set() for _ in self.blocks], True
        while changed:
            changed = False
            for at in reversed(range(len(self.blocks))):
                block = self.blocks[at]
                now = set().union(*(live[self.rank[name]] for name in block.successors()), [block.jump.guard] if block.jump else [])
                for used, written in reversed(self.uses[at]):
                    now = now - set(written) | set(used)
                changed |= now != live[at]
                live[at] = now
        return live

    def name(self, register):
        return register.replace("%", "").replace(".", "_")

    def constant(self, number, kind):
        name = f"k_{kind}_{number}".replace("-", "minus_")
        if kind in ("shift", "number"):
            self.constants[name] = number if kind == "number" else numpy.uint32(number)
            self.constants[name + "_left"] = numpy.uint32(32 - number % 32)
        else:
            self.constants[name] = KINDS[kind](number % (1 << int(kind[1:])))
        return name

    def value(self, operand, kind, line):
        """A register, a number, or the parameter's place, as Python."""
        if operand == self.entry.parameter and kind == "b64":
            return self.constant(PARAMETER, kind)
        if re.fullmatch(r"-?\d+|0x[0-9a-fA-F]+", operand):
            return self.constant(int(operand, 0), kind)
        if kind in ("shift", "number") or self.registers(operand) != [operand] or self.kind(operand) != kind:
            raise Unknown(f"{operand} in: {line}")
        return self.name(operand)

    def address(self, operand, line):
        found = re.fullmatch(r"\[([%\w]+)(?:\+(-?\d+))?\]", operand)
        if not found:
            raise Unknown(line)
        base = self.value(found[1], "b64", line)
        return f"{base} + {self.constant(int(found[2]), 'b64')}" if found[2] else base

    def target(self, operand, kind, line):
        found = self.registers(operand)
        if found != [operand] or self.kind(operand) != kind or operand in SPECIAL:
            raise Unknown(f"{operand} in: {line}")
        return self.name(operand)

    def statement(self, instruction):
        opcode, operands, line = instruction.opcode, instruction.operands, instruction.line
        if opcode in LOADS and len(operands) == 2:
            space, is_constant, width, count = LOADS[opcode]
            targets = [part.strip() for part in operands[0].strip("{}").split(",")]
            # A byte is loaded into a wider register, and zero-extended.
            kinds = {self.kind(register) for register in targets}
            if len(targets) != count or len(kinds) != 1 or not (kinds <= {"b16", "b32"} if width == 1 else kinds == {f"b{8 * width}"}):
                raise Unknown(line)
            to = ", ".join(self.name(register) for register in targets)
            what = f"{self.address(operands[1], line)}, {width}, {count}"
            load = f"param.load(at, {what}, {line!r})" if space == "param" else f"memory.load({what}, {is_constant}, {line!r})"
            return f"{to}, = {load}" if width != 1 else f"{to}, = {load}; {to} = {to}.astype('u{int(kinds.pop()[1:]) // 8}')"
        if opcode in STORES and len(operands) == 2:
            value = self.value(operands[1], f"b{8 * STORES[opcode]}", line)
            return f"memory.store({self.address(operands[0], line)}, {value}, {STORES[opcode]}, {line!r})"
        if opcode == "mov.b64" and operands[0].startswith("{") and len(operands) == 2:
            low, high = (self.target(part.strip(), "b32", line) for part in operands[0].strip("{}").split(","))
            value = self.value(operands[1], "b64", line)
            return f"{low}, {high} = low32({value}), low32({value} >> {self.constant(32, 'b64')})"
        if opcode not in SIMPLE or len(operands) != 1 + len(SIMPLE[opcode][1].split()):
            raise Unknown(line)
        result, kinds, computed = SIMPLE[opcode]
        values = [self.value(operand, kind, line) for operand, kind in zip(operands[1:], kinds.split())]
        shift = self.constants[values[kinds.split().index("shift")]] if "shift" in kinds else 0
        if "shift" in kinds and not 0 < shift < int(result[1:]):
            raise Unknown(line)
        if "shift" in kinds and result == "b64":
            values[-1] = self.constant(int(shift), "b64")
        return f"{self.target(operands[0], result, line)} = {computed.format(*values)}"

    def function(self, at, live):
        block = self.blocks[at]
        after = set().union(*(live[self.rank[name]] for name in block.successors())) if block.successors() else set()
        found, written = set(), set()  # what is read before it is written here, what is written
        for used, to in self.uses[at] + ([([block.jump.guard], [])] if block.jump else []):
            found |= set(used) - written
            written |= set(to)
        lines = [f"{self.name(r)} = state[{self.state[r]}][at]" for r in sorted(found)]
        lines += [f"known({r!r}, unsure[{r!r}][at])" for r in sorted(found & self.unsure)]
        lines += [self.statement(i) for i in block.body]
        goes_on = self.rank[block.next] if block.next else self.end
        if block.jump:
            to = self.rank[block.jump.operands[0]]
            yes, no = (goes_on, to) if block.jump.is_negated else (to, goes_on)
            following = f"{self.name(block.jump.guard)}, {yes}, {no}"
        else:
            following = f"None, {goes_on}, {goes_on}"
        lines += [f"state[{self.state[r]}][at] = {self.name(r)}" for r in sorted(written & after)]
        lines += [f"unsure[{r!r}][at] = True" for r in sorted(written & self.unsure)]
        code = "def run(state, unsure, at, memory, param):\n    " + "\n    ".join(lines + [f"return {following}"])
        space = self.constants
        exec(compile(code, f"<{block.name}>", "exec"), space)  # of our own making
        return space.pop("run")
