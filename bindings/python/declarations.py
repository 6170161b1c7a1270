# SPDX-License-Identifier: GPL-3.0-or-later
"""What cffi has to know of the public headers, made of them at each build, so that it can never be behind them.

The headers are plain enough for that: without comments, conditions and macros, what is left of them is what cffi reads.  The compiler then
checks each declaration against the header itself.
"""
import pathlib
import re

#: What the package uses; these include the others.
HEADERS = ("vres.h", "audit_file.h", "mock.h")


def declarations(include: pathlib.Path) -> str:
    """The declarations of HEADERS in the folder @include, and of what they include, each before it is used."""
    done: dict[str, str] = {}

    def add(name: str) -> None:
        if name not in done:
            text = (include / "vres" / name).read_text(encoding="utf-8")
            done[name] = ""
            for other in re.findall(r"^#include <vres/(\w+\.h)>", text, flags=re.M):
                add(other)
            done[name] = of_header(text)
            done[name] = done.pop(name)  # after what it includes

    for name in HEADERS:
        add(name)
    return "\n".join(done.values())


def of_header(text: str) -> str:
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    text = re.sub(r"\\\n", " ", text)
    constants = re.findall(r"^#define (VRES_[A-Z0-9_]+)[ \t]+(?!__attribute__)\S", text, flags=re.M)
    text = re.sub(r"^#.*$", "", text, flags=re.M)
    text = re.sub(r'extern "C" \{|^\}\s*$', "", text, flags=re.M)
    text = re.sub(r"VRES_DEFINE_INIT\(\w+\)|\bVRES_API\b|\bVRES_MUST_CHECK\b", "", text)
    lines = [line for line in text.split("\n") if line.strip()]
    return "\n".join([f"#define {name} ..." for name in constants] + lines)
