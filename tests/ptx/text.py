# SPDX-License-Identifier: GPL-3.0-or-later
"""One entry point of a PTX text, as basic blocks.  What is not known is an error: nothing is guessed and nothing is passed over."""
import re


class Unknown(Exception):
    """The text has something that the judge does not know."""


class Instruction:
    def __init__(self, line):
        guarded = re.fullmatch(r"@(!?)(%p\d+)\s+(.*)", line)
        self.guard, self.is_negated = (guarded[2], guarded[1] == "!") if guarded else (None, False)
        self.opcode, _, rest = (guarded[3] if guarded else line).partition(" ")
        # Commas inside braces and brackets separate parts of one operand.
        self.operands = [part.strip() for part in re.split(r",(?![^{]*\}|[^\[]*\])", rest.replace("\t", " "))] if rest.strip() else []
        self.line = line


class Block:
    """Instructions of which all are executed if the first is; what follows is next, or first what a jump says."""

    def __init__(self, name):
        self.name, self.body, self.jump, self.next, self.ends = name, [], None, None, False

    def successors(self):
        return ([self.jump.operands[0]] if self.jump else []) + ([self.next] if self.next else [])


class Entry:
    def __init__(self, name, parameter, parameter_bytes, group):
        self.name, self.parameter, self.parameter_bytes, self.group = name, parameter, parameter_bytes, group
        self.registers, self.blocks = {}, {}  # {prefix: kind}; {name: Block}, in the order of the text


def statements(text):
    """Lines without comments; a scope of its own on one line is taken apart, since its register's name is not used for anything else."""
    for line in re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.S).split("\n"):
        line = line.replace("\t", " ").strip()
        if re.fullmatch(r"\{ .*; \}", line):
            yield from (part.strip() + ";" for part in line[1:-1].split(";") if part.strip())
        elif line:
            yield line


HEAD = re.compile(r"\.visible \.entry (\w+)\(\s*\.param \.align 8 \.b8 (\w+)\[(\d+)\]\s*\)\s*\.maxntid (\d+)(?:, 1, 1)?\s*(?:\.minnctapersm \d+\s*)?\{", re.S)


def names(text):
    return re.findall(r"\.visible \.entry (\w+)\(", text) or [""]


def read(text, name):
    """The entry point of this name."""
    found = [head for head in HEAD.finditer(text) if head[1] == name]
    if len(found) != 1:
        raise Unknown(f"{len(found)} entry points {name} with one parameter and a group's size")
    entry = Entry(name, found[0][2], int(found[0][3]), int(found[0][4]))
    text = text[found[0].end():]
    end = re.search(r"^\}", text, re.M)
    if not end:
        raise Unknown(f"{name} does not end")
    block = Block("the first block")
    entry.blocks[block.name] = block
    for line in statements(text[:end.start()]):
        label = re.fullmatch(r"([$\w]+):", line)
        if label or block.jump or block.ends:
            following = Block(label[1] if label else f"the block after {block.name}")
            if not block.ends:
                block.next = following.name
            block = entry.blocks[following.name] = following
        if label:
            continue
        if not line.endswith(";"):
            raise Unknown(line)
        add(entry, block, line[:-1].strip())
    if not block.ends:
        raise Unknown(f"{name} runs past its end")
    for block in entry.blocks.values():
        for successor in block.successors():
            if successor not in entry.blocks:
                raise Unknown(f"no label {successor}")
    return entry


def add(entry, block, line):
    declared = re.fullmatch(r"\.reg \.(pred|b16|b32|b64) +(%\w+<\d+>|tmp)", line)
    if declared:
        entry.registers[declared[2].partition("<")[0]] = declared[1]
        return
    if line == '.pragma "nounroll"':
        return
    if line.startswith("."):
        raise Unknown(line)
    instruction = Instruction(line)
    if instruction.opcode == "bra" and instruction.guard:
        block.jump = instruction
    elif instruction.guard:
        raise Unknown(f"guarded, and no jump: {line}")
    elif instruction.opcode in ("bra", "bra.uni"):
        block.next, block.ends = instruction.operands[0], True
    elif instruction.opcode == "ret":
        block.ends = True
    else:
        block.body.append(instruction)
