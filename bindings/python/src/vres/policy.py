# SPDX-License-Identifier: GPL-3.0-or-later
"""What a guard tolerates and demands; nothing is the strictest.  vres/policy.h says what each word means, and so does `vres policy explain`."""
from __future__ import annotations

from typing import Collection

from ._native import lib
from .errors import InvalidInput

#: What may be tolerated.
ALLOW = {name: getattr(lib, "VRES_ALLOW_" + name.upper()) for name in
         ("simulated", "integrated", "no_ecc", "exportable", "readback", "unverifiable_host", "weak_lease", "pinned_staging")}
#: What may be demanded.
REQUIRE = {name: getattr(lib, "VRES_REQUIRE_" + name.upper()) for name in ("vmm", "readonly", "ecc", "audit", "stop", "expected")}
#: How thoroughly a verification looks.
MODES = {name: getattr(lib, "VRES_VERIFY_" + name.upper()) for name in ("full", "signature", "sampled", "readback")}


def bits(what: str, words: Collection[str], known: dict[str, int]) -> int:
    if isinstance(words, str):
        words = (words,)
    value = 0
    for word in words:
        if word not in known:
            raise InvalidInput(f"{what} {word!r} is none of: {', '.join(known)}")
        value |= known[word]
    return value


def mode(word: str) -> int:
    if word not in MODES:
        raise InvalidInput(f"mode {word!r} is none of: {', '.join(MODES)}")
    return int(MODES[word])
