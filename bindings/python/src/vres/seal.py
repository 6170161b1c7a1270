# SPDX-License-Identifier: GPL-3.0-or-later
"""Seals: named tensors that are signed as they lie in memory, and everything that is done with them."""
from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any, Collection, Iterator, Mapping, NamedTuple, Optional, Sequence

from ._calls import Handle, bytes_of, init, number, utf8
from ._memory import Memory, memory_of, wait_for_stream
from ._native import ffi, lib
from .errors import Busy, Damage, Damaged, Error, InvalidInput, Moved, check, error_of, text_of
from .manifest import Manifest, compare, parse, read
from .mock import Holds
from .policy import MODES, mode as mode_of

if TYPE_CHECKING:
    from .guard import Guard

#: Damaged ranges that an exception lists; bad_tensors and the report count them all.
_RANGES = 64
#: Seconds that close() waits for calls in other threads.
_PATIENCE = 60.0


class SealInfo(NamedTuple):
    """What is known of a seal; times in seconds since 1970.  shard_index and total_shards: its place in a set, both 0 where it is of none."""

    shard_id: str
    model_ref: str
    group_id: str
    shard_index: int
    total_shards: int
    digest: str
    backend: str
    device: int
    bytes: int
    tensors: int
    epoch: int
    leases: int
    quarantined: bool
    suspended: bool
    simulated: bool
    sealed_at: float
    verified_at: float


class Report(NamedTuple):
    """What a good verification has looked at."""

    mode: str
    blocks_total: int
    blocks_checked: int
    bytes_hashed: int
    seconds: float


def info_of(shard: Any) -> SealInfo:
    info, err = init("vres_shard_info"), ffi.new("vres_error *")
    check(lib.vres_shard_describe(shard, info, err), err)
    return info_in(info)


def info_in(info: Any) -> SealInfo:
    return SealInfo(text_of(info.shard_id), text_of(info.model_ref), text_of(info.group_id), info.shard_index, info.total_shards, text_of(info.digest),
                    text_of(info.backend), info.gpu_device, info.vram_bytes, info.tensors, info.epoch, info.leases, info.state == lib.VRES_SHARD_QUARANTINED,
                    bool(info.suspended), bool(info.simulated), info.sealed_at / 1e9, info.verified_at / 1e9)


class Lease:
    """The right to compute with sealed tensors, which were verified for it.  `with seal.use():`, or until close()."""

    def __init__(self, pointer: Any, keeps: Any) -> None:
        self._lease = Handle("lease", pointer, lib.vres_lease_release, keeps)

    def check(self) -> None:
        """Was the seal quarantined, or its device lost, since?  Cheap."""
        err = ffi.new("vres_error *")
        with self._lease as lease:
            check(lib.vres_lease_check(lease, err), err)

    def close(self) -> None:
        """Gives the right back; all work of the device that uses the tensors has completed."""
        self._lease.close()

    def __enter__(self) -> Lease:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<vres.Lease{', closed' if self._lease.closed else ''}>"


class Seal:
    """Sealed tensors.  guard.seal() makes it; it keeps them alive until close()."""

    def __init__(self, guard: "Guard", pointer: Any, names: Sequence[str], memories: Sequence[Memory], holds: Holds, device: int) -> None:
        self.names = tuple(names)
        self._guard, self._memories, self._holds, self._device = guard, list(memories), holds, device
        self._keeps = (guard._keeps, holds, [memory.keep for memory in memories])
        self._shard = Handle("seal", pointer, lib.vres_shard_release, self._keeps, holds.let_go)
        self._stamps = [(name, memory.stamp, memory.stamp()) for name, memory in zip(self.names, memories)]
        self._suspended, self._fresh, self._resuming = False, time.monotonic(), threading.Lock()

    def verify(self, mode: str = "full", *, samples: int = 0, background: bool = False) -> Report:
        """Verifies: "full" hashes every block, "sampled" @samples of them, "signature" looks at the record and at where the memory is.

        Waits for torch's current stream first, unless that is being captured.  background: other work on the device goes first.
        Damaged names each damaged range; from then on the seal is quarantined.
        """
        params, report, err = init("vres_verify_params"), init("vres_verify_report"), ffi.new("vres_error *")
        params.mode, params.sample_units, params.background = mode_of(mode), number("samples", samples, 2**32 - 1), bool(background)
        damage: Any = ()
        if params.mode != lib.VRES_VERIFY_SIGNATURE:
            damage = ffi.new("vres_damage[]", _RANGES)
            damage[0].struct_size = ffi.sizeof("vres_damage")
            params.damage, params.damage_cap = damage, _RANGES
        began = time.monotonic()
        with self._shard as shard:
            self._prepare_to_verify()
            status = lib.vres_shard_verify(shard, params, report, err)
        if status:
            raise self._failure(err, report, damage)
        if params.mode in (lib.VRES_VERIFY_FULL, lib.VRES_VERIFY_READBACK) or params.mode == self._guard._lease_mode and not samples:
            self._fresh = began
        return Report(_MODE_NAMES.get(report.mode, mode), report.blocks_total, report.blocks_checked, report.bytes_hashed, report.duration / 1e9)

    def use(self) -> Lease:
        """Verifies as the guard's lease_mode says, unless that was done within lease_max_age, and gives the right to compute with the tensors."""
        if time.monotonic() - self._fresh >= self._guard._lease_max_age:
            self.verify(_MODE_NAMES[self._guard._lease_mode])
        out, err = ffi.new("vres_lease **"), ffi.new("vres_error *")
        with self._shard as shard:
            if lib.vres_lease_acquire(shard, out, err) == lib.VRES_OK:
                return Lease(out[0], (self._shard, self._keeps))
        raise self._failure(err, None, ())

    def compare(self, manifest: Manifest) -> dict[str, object]:
        """What differs between a manifest and what was sealed: {'match': 290, 'differ': [], 'missing': [], 'added': []}."""
        return compare(read(manifest), parse(self.manifest().encode()))

    def manifest(self) -> str:
        """A line a tensor, as it was sealed: `sha256:DIGEST NAME`."""
        with self._shard as shard:
            return bytes_of(lib.vres_shard_manifest, shard, room=65536).decode()

    def receipt(self) -> bytes:
        """The signed record, to be stored or sent, and presented to guard.check_receipt() or `vres receipt check`."""
        with self._shard as shard:
            return bytes_of(lib.vres_shard_receipt, shard)

    def info(self) -> SealInfo:
        with self._shard as shard:
            return info_of(shard)

    @contextlib.contextmanager
    def update(self, label: Optional[str] = None, *, changed: Optional[Collection[str]] = None, expected: Optional[Manifest] = None) -> Iterator[Seal]:
        """The tensors may be written to, and may move, inside this context.  At its end they are sealed as they are then, under the next epoch.

        changed:  names of those that change; the others must be what they were.  None: any may change
        expected: digests of those that change, as manifest has them
        An exception inside leaves the seal suspended: resume() when it is right.
        """
        with self._away():
            yield self
        self.resume(changed=changed, all_changed=changed is None, expected=expected, label=label)

    @contextlib.contextmanager
    def asleep(self) -> Iterator[Seal]:
        """The tensors' memory may be given up inside this context.  At its end every byte must be what it was, wherever it is then."""
        with self._away():
            yield self
        self.resume()

    def suspend(self) -> None:
        """Gives the memory to its owner until resume().  Waits for verifications in progress; Busy while there are leases."""
        err = ffi.new("vres_error *")
        with self._shard as shard:
            check(lib.vres_shard_suspend(shard, err), err)
            self._suspended = True
            self._let_go()

    def resume(self, *, changed: Optional[Collection[str]] = None, all_changed: bool = False, expected: Optional[Manifest] = None,
               label: Optional[str] = None) -> None:
        """Takes the memory back and hashes every byte.  What is not said to change must be what was sealed.

        Damaged or Unexpected: the seal is quarantined; suspend(), load what is missing, and resume().  After any other failure it is suspended still.
        """
        err, params, report = ffi.new("vres_error *"), init("vres_resume_params"), init("vres_verify_report")
        wanted = {} if expected is None else read(expected)
        changes, _alive = self._changes(changed, all_changed, wanted)
        text = utf8("label", label)
        with self._shard as shard, self._alone():
            # Tensors of torch may have other storage now.
            memories = [memory_of(name, memory.tensor) for name, memory in zip(self.names, self._memories)]
            for name, memory, before in zip(self.names, memories, self._memories):
                if memory.bytes != before.bytes or memory.where != before.where or memory.device != before.device:
                    raise InvalidInput(f"tensor {name!r} has {memory.bytes} bytes on the {memory.where}, and had {before.bytes} on the {before.where} when it was "
                                       "sealed: seal anew; the seal is suspended still")
            wait_for_stream(memories, may_wait=True)
            addresses = ffi.new("uint64_t[]", [memory.address for memory in memories])
            params.device_ptrs, params.device_ptrs_n = addresses, len(memories)
            params.changes, params.changes_n, params.all_changed, params.label = changes, len(changes) if changes else 0, bool(all_changed), text
            try:
                for name, memory in zip(self.names, memories):
                    self._holds.hold(name, memory, self._device)
                status = lib.vres_shard_resume(shard, params, report, err)
            finally:
                self._suspended = info_of(shard).suspended
                if self._suspended:
                    self._let_go()
                else:
                    self._memories[:] = memories
                    self._stamps = [(name, memory.stamp, memory.stamp()) for name, memory in zip(self.names, memories)]
                    self._keeps[2][:] = [memory.keep for memory in memories]
        if status:
            raise self._failure(err, report, ())
        self._fresh = time.monotonic()

    def close(self) -> None:
        """Ends the seal.  When it returns the memory is not touched any more and may be freed.  Waits for calls in other threads, for a minute; Busy, and
        nothing has happened, where they last longer or there are leases."""
        pointer, rest = self._shard.take(_PATIENCE), None
        try:
            if pointer is None:
                return
            err = ffi.new("vres_error *")
            status = lib.vres_shard_close(pointer, err)
            if status == lib.VRES_E_BUSY:
                rest = pointer
            else:
                self._shard.forget(pointer)
                self._holds.let_go()
            check(status, err)
        finally:
            self._shard.put_back(rest)

    @property
    def closed(self) -> bool:
        return self._shard.closed

    def __enter__(self) -> Seal:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<vres.Seal of {len(self.names)} tensors{', closed' if self.closed else ', suspended' if self._suspended else ''}>"

    def _prepare_to_verify(self) -> None:
        """Are the tensors where they were, and written?  Of suspended ones nothing is asked."""
        if self._suspended:
            return
        for name, stamp, before in self._stamps:
            if stamp() != before:
                raise Moved(f"tensor {name!r} is not where it was sealed, or has another size: change it inside update() or asleep()")
        wait_for_stream(self._memories, may_wait=False)

    def _let_go(self) -> None:
        """Nothing of the memory is kept while it is its owner's, who may want to free it."""
        self._holds.let_go()
        self._memories[:] = [memory._replace(keep=None) for memory in self._memories]
        self._keeps[2].clear()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One thread at a time resumes."""
        if not self._resuming.acquire(blocking=False):
            raise Busy("another thread resumes the seal")
        try:
            yield
        finally:
            self._resuming.release()

    @contextlib.contextmanager
    def _away(self) -> Iterator[None]:
        self.suspend()
        try:
            yield
        except BaseException as error:
            said = "the seal stays suspended: put the tensors in order and call its resume()"
            self._guard._listener.logger.warning("%s: %s", type(error).__name__, said)
            if hasattr(error, "add_note"):
                error.add_note(said)
            raise

    def _changes(self, changed: Optional[Collection[str]], all_changed: bool, wanted: Mapping[str, str]) -> tuple[Any, Any]:
        if isinstance(changed, str):
            changed = (changed,)
        indices = {name: i for i, name in enumerate(self.names)}
        chosen = list(dict.fromkeys(changed)) if changed is not None else list(wanted) if all_changed else []
        for name in chosen:
            if name not in indices:
                raise InvalidInput(f"tensor {name!r} is not one of this seal")
        stray = [name for name in wanted if name not in chosen]
        if stray:
            raise InvalidInput(f"tensor {stray[0]!r} is expected to be something, and not said to change")
        if not chosen:
            return ffi.NULL, None
        changes, texts = ffi.new("vres_change[]", len(chosen)), []
        for i, name in enumerate(chosen):
            changes[i].struct_size, changes[i].tensor = ffi.sizeof("vres_change"), indices[name]
            if name in wanted:
                texts.append(ffi.new("char[]", wanted[name].encode()))
                changes[i].expected_digest = texts[-1]
        return changes, texts

    def _failure(self, err: Any, report: Any, damage: Any) -> Error:
        """The exception, with what is known of the damage."""
        error = error_of(err, self.names)
        self._name_damage(error, report, damage)
        return error

    def _name_damage(self, error: Error, report: Any, damage: Any) -> None:
        """From the report and the ranges, or else from the incident that this thread was told."""
        if not isinstance(error, Damaged):
            return
        told = getattr(self._guard._listener.last, "incident", None)
        if report is not None:
            error.bad_tensors = report.bad_tensors
            error.ranges = [Damage(self.names[d.tensor], d.offset, d.bytes) for d in damage[0:min(report.damage_count, len(damage))]] if len(damage) else ()
            if error.ranges:
                error.tensor, error.index, error.offset = error.ranges[0].tensor, damage[0].tensor, error.ranges[0].offset
            elif report.first_bad_bytes:
                error.offset = report.first_bad_offset
        if error.tensor is None and told is not None and told.tensor in self.names and told.shard_id == self.info().shard_id:
            error.tensor, error.index = told.tensor, self.names.index(told.tensor)
        if error.tensor is not None:
            error.args = (f"{error.args[0]}: tensor {error.tensor!r}" + ("" if error.offset is None else f", offset {error.offset}") +
                          (f", and {error.bad_tensors - 1} more" if error.bad_tensors > 1 else ""),)


_MODE_NAMES = {value: word for word, value in MODES.items()}
