# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors as exceptions: a class for each thing that the caller can do about one.

    Usage        fix the call                      Retry        wait, free memory, try again
    Machine      look at the machine               Tampering    stop, and find out why
    Consequence  follows from something that was told before; no other incident

No message has an address, a key, a token or a content.
"""
from __future__ import annotations

import re
from typing import Any, NamedTuple, Optional, Sequence

from ._native import ffi, lib


class Damage(NamedTuple):
    """A damaged range: of which tensor, where it begins in it, how long it is."""

    tensor: str
    offset: int
    bytes: int


class Error(Exception):
    """What all errors of this package have.

    status: the name in vres/status.h; reason: which check failed; device: its number, or None; backend_code: the driver's number, or 0;
    needed_bytes, available_bytes: where room was missing.
    """

    status = ""
    reason = "none"
    device: Optional[int] = None
    backend_code = 0
    needed_bytes = 0
    available_bytes = 0


class Usage(Error):
    """The call is wrong."""


class InvalidInput(Usage, ValueError):
    """An argument is wrong; the message says which and where."""


class NotContiguous(InvalidInput):
    """A tensor that is not one range of memory."""


class Config(Usage, ValueError):
    """The configuration contradicts itself or is out of range."""


class State(Usage):
    """Not possible now."""


class Closed(State):
    """The guard, seal or lease was closed."""


class Forked(State):
    """Called in a child of the process that made the object."""


class Capturing(State):
    """The current stream is being captured, and must not be waited for."""


class Unsupported(Usage):
    """This backend, device or policy does not permit it."""


class NotFound(Usage, LookupError):
    """No file, credential or shard of that name."""


class Retry(Error):
    """Wait or make room, and try again."""


class InsufficientVram(Retry):
    """Not enough device memory; needed_bytes and available_bytes say how much."""


class NoMemory(Retry, MemoryError):
    """Not enough host memory."""


class Busy(Retry):
    """Somebody else is using it: a lease, or a call in another thread."""


class Expired(Retry):
    """The seal is older than policy allows: seal anew."""


class Machine(Error):
    """A device, driver or file: nothing is known of the bytes."""


class DeviceLost(Machine):
    """The device no longer answers."""


class NoBackend(Machine):
    """The driver library is not there, or cannot be used."""


class NoDevice(Machine):
    """There is no such device."""


class Tampering(Error):
    """A security incident."""


class Damaged(Tampering):
    """The bytes are not those that were sealed.

    tensor, index, offset: where the first damage is; ranges: every damaged range that is known; bad_tensors: how many tensors are damaged.
    """

    tensor: Optional[str] = None
    index: Optional[int] = None
    offset: Optional[int] = None
    ranges: Sequence[Damage] = ()
    bad_tensors = 0


class Moved(Tampering):
    """The memory is not the memory that was sealed."""


class Forged(Tampering):
    """A signature does not match."""


class Stale(Tampering):
    """A receipt of another session, or of no live shard."""


class Unexpected(Tampering):
    """The bytes are not the expected ones."""


class PolicyViolation(Tampering):
    """Policy does not accept the device or the memory."""


class AuditFailed(Tampering):
    """An event could not be recorded."""


class Consequence(Error):
    """Follows from something that was told before."""


class Quarantined(Consequence):
    """The seal failed a verification before and stays refused."""


class Stopped(Consequence):
    """The guard stopped after a violation."""


class Suspended(Consequence, State):
    """The memory is its owner's to change for now: resume() first."""


class Superseded(Consequence):
    """A receipt of bytes that were replaced since."""


class Internal(Error):
    """A bug of this library."""


_BY_STATUS = {
    "INVALID_INPUT": InvalidInput, "ABI": Usage, "STATE": State, "NOT_SEALED": InvalidInput, "UNSUPPORTED": Unsupported, "BUFFER": Usage, "NOT_FOUND": NotFound,
    "CONFIG": Config, "INSUFFICIENT_VRAM": InsufficientVram, "ALLOCATION_FAILED": Retry, "NO_MEMORY": NoMemory, "BUSY": Busy, "CANCELLED": Retry,
    "NO_BACKEND": NoBackend, "NO_DEVICE": NoDevice, "DEVICE_LOST": DeviceLost, "BACKEND": Machine, "DEALLOCATION_FAILED": Machine, "IO": Machine,
    "SEAL_VERIFICATION_FAILED": Tampering, "INTEGRITY_VIOLATION": Unexpected, "POLICY_VIOLATION": PolicyViolation, "AUDIT": AuditFailed,
}
_BY_REASON = {
    "SIGNATURE": Forged, "DIGEST": Damaged, "RESIDENCY": Moved, "STALE_SESSION": Stale, "EXPIRED": Expired, "UNKNOWN_SHARD": Stale, "QUARANTINED": Quarantined,
    "STOPPED": Stopped, "FORKED": Forked, "SUSPENDED": Suspended, "SUPERSEDED": Superseded,
}
_STATUS = {getattr(lib, "VRES_E_" + name): kind for name, kind in _BY_STATUS.items()}
_REASON = {getattr(lib, "VRES_REASON_" + name): kind for name, kind in _BY_REASON.items()}
# Where the reason says more than the status.
_TOLD_BY_REASON = (lib.VRES_E_SEAL_VERIFICATION_FAILED, lib.VRES_E_STATE)


def text_of(pointer: Any) -> str:
    """A text of the library as str; names are UTF-8, whatever else is in them."""
    text: bytes = b"" if pointer == ffi.NULL else ffi.string(pointer)
    return text.decode("utf-8", "replace")


def kind_of(status: int, reason: int) -> type[Error]:
    if status in _TOLD_BY_REASON or reason == lib.VRES_REASON_STOPPED:
        return _REASON.get(reason, _STATUS.get(status, Internal))
    return _STATUS.get(status, Internal)


def error_of(err: Any, names: Sequence[str] = ()) -> Error:
    """The exception for what the library wrote to @err.  Where that says `tensor 3`, @names says how it is called."""
    message = text_of(err.message)
    found = re.search(r"\btensors? (\d+)", message)
    if found and int(found.group(1)) < len(names):
        message += f" (tensor {found.group(1)} is {names[int(found.group(1))]!r})"
    error = kind_of(err.status, err.reason)(message)
    error.status = text_of(lib.vres_status_name(err.status))
    error.reason = text_of(lib.vres_reason_name(err.reason))
    error.device = None if err.gpu_device == lib.VRES_NO_DEVICE else err.gpu_device
    error.backend_code = err.backend_code
    error.needed_bytes, error.available_bytes = err.needed_bytes, err.available_bytes
    return error


def check(status: int, err: Any, names: Sequence[str] = ()) -> None:
    if status:
        raise error_of(err, names)
