# SPDX-License-Identifier: GPL-3.0-or-later
"""A tensor-parallel model over several processes: each checks that all of its parts are there, are one model, and were verified just now.

The members talk over the torch.distributed group that launched them, on its CPU side.  What a member says of its last verification is its own
word; the rest of what is checked is signed.
"""
from __future__ import annotations

import struct
import time
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

from ._calls import init, nanoseconds
from ._native import ffi, lib
from .errors import Error, InvalidInput, Stale, Tampering, check
from .seal import Seal, SealInfo, info_in

if TYPE_CHECKING:
    from .guard import Guard

# What a member sends: how long ago it verified, in seconds; how long its receipt is.  Then the receipt, and words where there is none.
_HEAD = struct.Struct("<dI")
_LONGEST = 8192


class Member(NamedTuple):
    """What a member of the group has said."""

    rank: int
    info: SealInfo
    age: float


class SetError(Tampering):
    """The members of the group do not form one good model; the message names each that does not fit."""


def check_set(seal: Seal, group: Optional[Any] = None, *, max_age: float = 60.0) -> list[Member]:
    """Every rank of @group calls it with its own seal; each gets the members, or SetError that names who is damaged, missing, doubled, foreign or stale.

    group:   a torch.distributed group whose backend works with CPU tensors (gloo); None: the default one
    max_age: seconds since a member's last good verification
    A rank whose seal is not good takes part all the same, so that nobody waits for it, and fails with the others.
    """
    nanoseconds("max_age", max_age)
    if not isinstance(seal, Seal):
        raise InvalidInput(f"seal is a {type(seal).__name__}, and no Seal")
    said = _exchange(_own_word(seal), group)
    return _judge(said, seal._guard, max_age)


def _own_word(seal: Seal) -> bytes:
    try:
        receipt, age = seal.receipt(), max(0.0, time.time() - seal.info().verified_at)
    except Error as error:
        return _HEAD.pack(0.0, 0) + f"{type(error).__name__}: {error}".encode()[:_LONGEST - _HEAD.size]
    return _HEAD.pack(age, len(receipt)) + receipt


def _exchange(word: bytes, group: Optional[Any]) -> list[bytes]:
    """Everybody's word, by rank: a fixed size each, so that nothing that a member sends is believed before it is looked at."""
    import torch
    import torch.distributed

    distributed: Any = torch.distributed
    mine = torch.zeros(_LONGEST, dtype=torch.uint8)
    mine[:len(word)] = torch.frombuffer(bytearray(word), dtype=torch.uint8)
    all_words = [torch.zeros(_LONGEST, dtype=torch.uint8) for _ in range(distributed.get_world_size(group))]
    distributed.all_gather(all_words, mine, group=group)
    return [bytes(word.numpy().tobytes()) for word in all_words]


def _judge(words: list[bytes], guard: "Guard", max_age: float) -> list[Member]:
    members, wrong = [], []
    for rank, word in enumerate(words):
        try:
            member = _member(rank, word, guard)
        except Error as error:
            wrong.append(f"rank {rank}: {error}")
            continue
        members.append(member)
        if not 0 <= member.age <= max_age:
            wrong.append(f"rank {rank}: its last verification is {member.age:.1f} s ago, and may be {max_age} s")
    for member in members[1:]:
        first = members[0]
        for field in ("model_ref", "group_id", "total_shards", "epoch"):
            mine, theirs = getattr(member.info, field), getattr(first.info, field)
            if mine != theirs:
                wrong.append(f"rank {member.rank}: its {field} is {mine!r}, and that of rank {first.rank} {theirs!r}")
    by_index: dict[int, int] = {}
    for member in members:
        if member.info.shard_index in by_index:
            wrong.append(f"rank {member.rank}: it has part {member.info.shard_index}, as rank {by_index[member.info.shard_index]}")
        by_index.setdefault(member.info.shard_index, member.rank)
    if members and members[0].info.total_shards != len(words):
        wrong.append(f"the model has {members[0].info.total_shards} parts, and the group {len(words)} members")
    if wrong:
        raise SetError("; ".join(wrong))
    return members


def _member(rank: int, word: bytes, guard: "Guard") -> Member:
    age, length = _HEAD.unpack_from(word)
    if not length:
        raise Stale("its seal is not good: " + word[_HEAD.size:].rstrip(b"\0").decode("utf-8", "replace"))
    if length > len(word) - _HEAD.size:
        raise InvalidInput("what it sent is no receipt")
    info, err = init("vres_shard_info"), ffi.new("vres_error *")
    check(lib.vres_receipt_check(word[_HEAD.size:_HEAD.size + length], length, guard._key, info, err), err)
    return Member(rank, info_in(info), age)
