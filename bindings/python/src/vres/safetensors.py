# SPDX-License-Identifier: GPL-3.0-or-later
"""The manifest of a safetensors file, as `vres manifest` prints it: a digest of each tensor, to be compared with what is in VRAM."""
from __future__ import annotations

import json
import os
from typing import Any, Union

from ._calls import number
from ._native import ffi, lib
from .errors import InvalidInput, check

#: The reference loader takes no longer header.
_LONGEST = 100_000_000


def manifest(*paths: Union[str, "os.PathLike[str]"]) -> dict[str, str]:
    """The digest of each tensor of the files of a model, by name.  Nothing of the files is believed: what is not one, or lies outside it, is refused."""
    found: dict[str, str] = {}
    for path in paths:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            base, tensors = _tensors_of(str(path), file, size)
            for name, (begin, end) in tensors.items():
                if name in found:
                    raise InvalidInput(f"tensor {name!r} of {str(path)!r} is in another file, too")
                found[name] = _digest(file.fileno(), base + begin, end - begin)
    return found


def _tensors_of(path: str, file: Any, size: int) -> tuple[int, dict[str, tuple[int, int]]]:
    """Where the bytes begin, and which of them are whose."""
    length = int.from_bytes(file.read(8), "little")
    if size < 8 or length > min(size - 8, _LONGEST):
        raise InvalidInput(f"{path!r} is not a safetensors file: its header does not fit into it")
    try:
        header = json.loads(file.read(length).decode(), object_pairs_hook=_once)
    except (ValueError, RecursionError) as why:
        raise InvalidInput(f"the header of {path!r} cannot be read: {why}") from None
    if not isinstance(header, dict):
        raise InvalidInput(f"the header of {path!r} is no object")
    header.pop("__metadata__", None)
    tensors = {}
    for name, tensor in header.items():
        offsets = tensor.get("data_offsets") if isinstance(tensor, dict) else None
        if not isinstance(offsets, list) or len(offsets) != 2:
            raise InvalidInput(f"tensor {name!r} of {path!r} has no data_offsets")
        begin, end = (number(f"data_offsets of tensor {name!r}", offset, size - 8 - length) for offset in offsets)
        tensors[name] = (begin, end)
    at = 0
    for name, (begin, end) in sorted(tensors.items(), key=lambda item: item[1]):
        if begin != at or end < begin:
            raise InvalidInput(f"tensor {name!r} of {path!r} does not begin where the one before it ends")
        at = end
    if at != size - 8 - length:
        raise InvalidInput(f"{path!r} has bytes that belong to no tensor, or ends early")
    return 8 + length, tensors


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name comes twice")
    return made


def _digest(descriptor: int, offset: int, size: int) -> str:
    out, err, text = ffi.new("vres_digester **"), ffi.new("vres_error *"), ffi.new("char[65]")
    check(lib.vres_digester_create(lib.VRES_DIGEST_VERITY, 4096, out, err), err)
    digester = ffi.gc(out[0], lib.vres_digester_destroy)
    if size:
        check(lib.vres_digester_update_fd(digester, descriptor, offset, size, err), err)
    check(lib.vres_digester_final(digester, text, err), err)
    digest: bytes = ffi.string(text)
    return digest.decode()
