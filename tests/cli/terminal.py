#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a terminal is shown: the live table, the progress line, names without control characters."""
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios

from support import MOCK, equal, expect, main, pattern, test, tool, write

MIB = 1 << 20


def on_terminal(*arguments, stdout=True, stderr=True, rows=24, columns=80, **environment):
    """Run the tool with stdout and stderr on terminals of their own, or on pipes; what each got, and the exit status."""
    names = {"TERM": "xterm", **environment}
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM")}
    ends, readers = [], []
    for wanted in (stdout, stderr):
        reader, end = pty.openpty() if wanted else os.pipe()
        if wanted:
            fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        ends.append(end)
        readers.append(reader)
    process = subprocess.Popen([tool(), *arguments], stdin=subprocess.DEVNULL, stdout=ends[0], stderr=ends[1], env={**kept, **names})
    for end in ends:
        os.close(end)
    texts = [read_all(reader) for reader in readers]
    return texts[0], texts[1], process.wait(timeout=60)


def read_all(fd):
    text = b""
    while True:
        try:
            piece = os.read(fd, 65536)
        except OSError:  # a terminal whose other side has closed
            piece = b""
        if not piece:
            os.close(fd)
            return text.decode("utf-8", "backslashreplace").replace("\r\n", "\n")
        text += piece


@test()
def the_table_is_drawn_over_itself_with_a_row_for_each_file():
    write("first", pattern(5000))
    write("second", pattern(10))
    out, _, status = on_terminal("watch", "first", "second", "--count", "3", "--interval", "1ms", *MOCK)
    equal(status, 0)
    rounds = out.split("\x1b[3A")
    equal(len(rounds), 3, out)
    for number, drawn in enumerate(rounds, 1):
        rows = re.sub(r"\x1b\[[0-9]*[A-Za-z]", "", drawn).replace("\r", "").splitlines()
        expect(rows[0].startswith("FILE ") and rows[0].rstrip().endswith("STATE"), rows)
        equal([(row.split()[0], row.split()[1], row.split()[2], row.split()[-1]) for row in rows[1:3]],
              [("first", str(number), "full", "good"), ("second", str(number), "full", "good")])
        expect(all(len(row) < 80 for row in rows), rows)
        equal([row.index(" full ") for row in rows[1:3]], [rows[0].index(" MODE ")] * 2, rows)
    expect(out.endswith("3 rounds of 2 files, 0 not good\n"), out)


def on_one_terminal(*arguments, rows=24, columns=80):
    """Run the tool with stdout and stderr on one terminal; what it looks like in the end, line by line."""
    reader, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    process = subprocess.Popen([tool(), *arguments], stdin=subprocess.DEVNULL, stdout=end, stderr=end, env={**os.environ, "TERM": "xterm", "NO_COLOR": "1"})
    os.close(end)
    text, screen, row, column = read_all(reader), [""], 0, 0
    process.wait(timeout=60)
    for piece in re.findall(r"\x1b\[\d*[A-Z]|\r|\n|[^\x1b\r\n]+", text):
        if piece == "\n":
            row, column = row + 1, 0
            screen += [""] * (row + 1 - len(screen))
        elif piece == "\r":
            column = 0
        elif piece.endswith("A") and piece.startswith("\x1b"):
            row -= int(piece[2:-1])
        elif piece == "\x1b[K":
            screen[row] = screen[row][:column]
        else:
            screen[row] = screen[row][:column].ljust(column) + piece + screen[row][column + len(piece) :]
            column += len(piece)
    return screen


@test()
def a_line_on_stderr_neither_damages_the_table_nor_is_damaged_by_it():
    write("first", pattern(5000))
    write("second", pattern(10))
    screen = on_one_terminal("watch", "first", "second", "--count", "4", "--interval", "1ms", "--verify", "signature", "--mock-flip", "0:1:1@3", *MOCK)
    said = [row for row, line in enumerate(screen) if "fault injection: flipped bit 1 of byte 1 of file 0" in line]
    headings = [row for row, line in enumerate(screen) if line.startswith("FILE ")]
    equal((len(said), len(headings)), (1, 2), screen)  # the table as it was before, and the one after
    expect(headings[0] + 3 == said[0] and said[0] + 1 == headings[1], screen)
    equal([line.split()[:2] for line in screen[headings[0] + 1 : headings[0] + 3]], [["first", "2"], ["second", "2"]], screen)
    equal([line.split()[:2] for line in screen[headings[1] + 1 : headings[1] + 3]], [["first", "4"], ["second", "4"]], screen)
    equal(screen[headings[1] + 3], "4 rounds of 2 files, 0 not good", screen)


@test()
def colour_is_used_on_a_terminal_and_not_with_no_color():
    write("f", pattern(10))
    arguments = ("watch", "f", "--count", "2", "--interval", "1ms", "--mock-flip", "0:0:0@2", *MOCK)
    out, _, status = on_terminal(*arguments)
    equal(status, 1)
    expect("\x1b[32mgood\x1b[0m" in out and "\x1b[31mBAD\x1b[0m" in out, out)
    out, _, _ = on_terminal(*arguments, NO_COLOR="1")
    expect("good" in out and "BAD" in out and not re.search(r"\x1b\[\d*m", out), out)
    out, _, _ = on_terminal(*arguments, NO_COLOR="")
    expect("\x1b[31m" in out, out)
    out, _, _ = on_terminal("policy", "--require", "vmm", *MOCK)
    expect("\x1b[31mviolation" in out, out)
    out, _, _ = on_terminal("policy", "--require", "vmm", *MOCK, NO_COLOR="1")
    expect("\x1b" not in out and "violation" in out, out)


@test()
def plain_lines_are_printed_where_a_table_cannot_be():
    for i in range(6):
        write(f"f{i}", pattern(10))
    names = [f"f{i}" for i in range(6)]
    arguments = ("watch", *names, "--count", "2", "--interval", "1ms", *MOCK)
    for options in ({"TERM": "dumb"}, {"rows": 8}, {"columns": 50}, {"stdout": False}):
        out, _, status = on_terminal(*arguments, **options)
        equal((status, out.count("check "), "\x1b" in out), (0, 12, False), options, out)
    out, _, _ = on_terminal(*arguments)
    equal(out.count("check "), 0)
    out, _, _ = on_terminal(*arguments, "--json")
    expect("\x1b" not in out and out.startswith("{") and out.count("\n") == 1, out)


@test()
def long_and_hostile_names_stay_inside_their_column():
    names = ["x" * 200, "esc\x1b[2J", "new\nline", "\u202ebidi", "漢字" * 40]
    for name in names:
        write(name, pattern(10))
    out, err, status = on_terminal("watch", *names, "--count", "2", "--interval", "1ms", *MOCK, NO_COLOR="1", columns=100)
    equal(status, 0)
    expect("\x1b[2J" not in out + err and "\u202e" not in out + err, out)
    rows = [row.removesuffix("\x1b[K") for row in out.split("\n") if row.endswith(" good\x1b[K")]
    equal(len(rows), 10, out)
    expect(all(sum(2 if ord(c) > 0x2e7f else 1 for c in row) <= 100 for row in rows), rows)
    expect(rows[0].startswith("...xxx") and rows[1].startswith("esc\\x1b[2J ") and rows[2].startswith("new\\x0aline "), rows)


@test()
def digest_shows_a_terminal_no_control_characters():
    write("esc\x1b[2J", b"x")
    write("tab\tnew\nline", b"x")
    out, _, status = on_terminal("digest", "esc\x1b[2J", "tab\tnew\nline")
    equal(status, 0)
    digest = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    equal(out, f"{digest}  esc\\x1b[2J\n\\{digest}  tab\\x09new\\nline\n")
    out, _, _ = on_terminal("digest", "esc\x1b[2J", "--alg", "verity")
    expect(out.endswith(" esc\\x1b[2J\n"), out)


@test()
def progress_is_shown_on_a_terminal_and_removed():
    with open("large", "wb") as f:
        f.truncate(192 * MIB)
    out, err, status = on_terminal("seal", "large", *MOCK, stdout=False)
    equal(status, 0, err)
    shown = re.findall(r"\rsealing large +[0-9.]+ [KM]iB of 192\.0 MiB +\d+% [0-9.]+ GB/s\x1b\[K", err)
    expect(shown, err)
    expect(err.endswith("\r\x1b[K"), err)
    expect("sealing" not in out)
    for options in ({"stderr": False}, {"TERM": "dumb"}):
        _, err, _ = on_terminal("seal", "large", *MOCK, **options)
        expect("\r\x1b" not in err and "sealing" not in err, err)


if __name__ == "__main__":
    main("terminal")
