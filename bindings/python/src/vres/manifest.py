# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifests: a line a tensor, `sha256:DIGEST NAME`, as `vres manifest` prints them for a model on disk (docs/FORMAT.md)."""
from __future__ import annotations

import os
import re
from typing import Mapping, Union

from .errors import InvalidInput

#: A path, or the digests by name.
Manifest = Union[str, "os.PathLike[str]", Mapping[str, str]]
_LINE = re.compile(rb"sha256:([0-9a-f]{64}) ([^\0-\x1f]+)")
_LARGEST = 1 << 30


def parse(text: bytes) -> dict[str, str]:
    """The digests by name; what is no manifest is refused by the number of its line."""
    found: dict[str, str] = {}
    lines = text.split(b"\n")
    if lines.pop() or not lines:
        raise InvalidInput("the manifest is empty, or its last line does not end")
    for number, line in enumerate(lines, 1):
        matched = _LINE.fullmatch(line)
        try:
            name = matched.group(2).decode() if matched else ""
        except UnicodeDecodeError:
            name = ""
        if not matched or not name:
            raise InvalidInput(f"line {number} of the manifest is not `sha256:DIGEST NAME`")
        if name in found:
            raise InvalidInput(f"line {number} of the manifest names a tensor for the second time")
        found[name] = matched.group(1).decode()
    return found


def read(manifest: Manifest) -> dict[str, str]:
    if isinstance(manifest, Mapping):
        for name, digest in manifest.items():
            if not isinstance(name, str) or not isinstance(digest, str) or not re.fullmatch("[0-9a-fA-F]{64}", digest):
                raise InvalidInput(f"the digest of {name!r} is not 64 hex digits")
        return {name: digest.lower() for name, digest in manifest.items()}
    try:
        with open(manifest, "rb") as file:
            text = file.read(_LARGEST + 1)
    except (TypeError, ValueError):
        raise InvalidInput(f"manifest is a {type(manifest).__name__}, and takes a path or digests by name") from None
    if len(text) > _LARGEST:
        raise InvalidInput("the manifest is larger than 1 GiB")
    return parse(text)


def compare(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, object]:
    """What differs in @new: {'match': how many, 'differ': [...], 'missing': [...], 'added': [...]}."""
    differ = sorted(name for name, digest in old.items() if name in new and new[name] != digest)
    missing = sorted(old.keys() - new.keys())
    return {"match": len(old) - len(differ) - len(missing), "differ": differ, "missing": missing, "added": sorted(new.keys() - old.keys())}
