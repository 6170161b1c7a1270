# SPDX-License-Identifier: GPL-3.0-or-later
"""Calling the library: what all calls have in common."""
from __future__ import annotations

import atexit
import itertools
import os
import threading
from typing import Any, Callable, Optional, Sequence

from ._native import ffi, lib
from .errors import Busy, Closed, Forked, InvalidInput, check


_KINDS: dict[str, tuple[Any, int]] = {}


def init(kind: str) -> Any:
    """A structure of the library, as vres_X_init() makes it: zeros, and its size."""
    pointer, size = _KINDS.get(kind) or _KINDS.setdefault(kind, (ffi.typeof(kind + " *"), ffi.sizeof(kind)))
    value = ffi.new(pointer)
    value.struct_size = size
    return value


def utf8(what: str, text: Optional[str]) -> Any:
    """A text for the library, or NULL; what has a NUL in it would be cut there."""
    if text is None:
        return ffi.NULL
    if not isinstance(text, str):
        raise InvalidInput(f"{what} is a {type(text).__name__}, and takes a str")
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        raise InvalidInput(f"{what} cannot be written as UTF-8") from None
    if b"\0" in encoded:
        raise InvalidInput(f"{what} contains a NUL")
    return ffi.new("char[]", encoded)


def number(what: str, value: int, most: int = 2**64 - 1) -> int:
    """An integer that the library's type has room for."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise InvalidInput(f"{what} is a {type(value).__name__}, and takes an int")
    if not 0 <= value <= most:
        raise InvalidInput(f"{what} is not between 0 and {most}")
    return int(value)


def nanoseconds(what: str, seconds: float) -> int:
    try:
        value = float(seconds) * 1e9
        if 0 <= value < 2**63:
            return int(value)
    except (TypeError, ValueError):
        pass
    raise InvalidInput(f"{what} is not a number of seconds")


def bytes_of(call: Callable[..., int], of: Any, kind: str = "char", room: int = 8192) -> bytes:
    """What a call with (buf, cap, len, err) writes, in as much room as it takes."""
    length, err = ffi.new("size_t *"), ffi.new("vres_error *")
    while True:
        buffer = ffi.new(kind + "[]", room)
        status = call(of, buffer, room, length, err)
        if status != lib.VRES_E_BUFFER:
            check(status, err)
            return bytes(ffi.buffer(buffer, length[0]))
        room = length[0] + 1


#: What a callback was interrupted by, by thread.  The library cannot pass an exception on, so it is raised when the call is over.
interrupted: dict[int, BaseException] = {}


def _raise_what_interrupted() -> None:
    error = interrupted.pop(threading.get_ident(), None)
    if error is not None:
        raise error


# What must live until an object has ended, by number.  Held here, and not by the object: the garbage collector takes a circle apart in any
# order, and would end the mock before its manager.  It holds the objects' ends, too, since it clears functions as well.
_kept: dict[int, Any] = {}
_numbers = itertools.count()


@atexit.register
def _stay() -> None:
    """Whatever ends after this, and the threads that are in calls, finds what it needs until the process is gone."""
    try:
        import ctypes
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(_kept))
    except ImportError:
        pass


def owned(pointer: Any, release: Callable[[Any], Any], keeps: Any = None, after: Optional[Callable[[], None]] = None) -> tuple[int, Any]:
    """@pointer as an object at whose end @release gives it back, then comes @after, and then @keeps are let go; and its number."""
    token, kept = next(_numbers), _kept

    def end(pointer: Any) -> None:
        release(pointer)
        if after is not None:
            after()
        kept.pop(token, None)

    kept[token] = (end, keeps)
    return token, ffi.gc(pointer, end)


class Handle:
    """An object of the library that can be closed while other threads are in calls with it: `with handle as pointer:` around each call.

    Whoever comes after it is closed gets Closed.  It ends with its last user: @release gives the pointer back, @after comes next, and @keeps live until
    then.
    """

    def __init__(self, what: str, pointer: Any, release: Callable[[Any], Any], keeps: Any, after: Optional[Callable[[], None]] = None) -> None:
        self._what, self._pid, self._taken = what, os.getpid(), False
        self._users: list[int] = []  # the threads that are in a call
        self._changed = threading.Condition(threading.RLock())  # a signal handler may come in the middle
        self._token, self._pointer = owned(pointer, release, keeps, after)

    def __enter__(self) -> Any:
        self._check_process()
        with self._changed:
            if self._pointer is None:
                raise Closed(f"the {self._what} is closed")
            if self._taken:
                raise Busy(f"the {self._what} is being closed by another thread")
            self._users.append(threading.get_ident())
            return self._pointer

    def __exit__(self, *_: Any) -> None:
        with self._changed:
            self._users.remove(threading.get_ident())
            if self._taken:
                self._changed.notify_all()
        if interrupted:
            _raise_what_interrupted()

    def __repr__(self) -> str:
        return f"<{self._what}>"

    @property
    def closed(self) -> bool:
        return self._pointer is None

    def take(self, seconds: float) -> Any:
        """The pointer, for the caller alone, who then calls put_back(); None if it is closed.  Waits for calls in other threads; Busy where they last
        longer than @seconds, or are this thread's own."""
        self._check_process()
        with self._changed:
            if self._taken or threading.get_ident() in self._users:
                raise Busy(f"the {self._what} is in use by this thread, or is being closed by another one")
            self._taken = True
            if not self._changed.wait_for(lambda: not self._users, seconds):
                self._taken = False
                raise Busy(f"another thread is in a call with the {self._what}")
            return self._pointer

    def put_back(self, pointer: Any) -> None:
        """Ends take(): with the pointer, or with None when it has ended."""
        with self._changed:
            self._pointer, self._taken = pointer, False
        if interrupted:
            _raise_what_interrupted()

    def forget(self, pointer: Any) -> None:
        """Ends take() of what has ended otherwise: nothing is to be given back any more."""
        ffi.gc(pointer, None)
        _kept.pop(self._token, None)

    def close(self) -> None:
        """Lets no caller in any more; it ends with its last user."""
        if os.getpid() == self._pid:
            with self._changed:
                self._pointer = None
        else:
            self._pointer = None

    def _check_process(self) -> None:
        if os.getpid() != self._pid:  # the lock may be held by a thread that this process does not have
            raise Forked(f"the {self._what} belongs to the parent of this process")
