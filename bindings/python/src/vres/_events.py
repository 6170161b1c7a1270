# SPDX-License-Identifier: GPL-3.0-or-later
"""What the library tells a guard: log lines go to the logger "vres", incidents to the guard's callback.

Both are called in the thread whose call is the cause.
"""
from __future__ import annotations

import atexit
import logging
import threading
import weakref
from typing import Any, Callable, NamedTuple, Optional

from ._calls import interrupted
from ._native import ffi, lib
from .errors import text_of

_LEVELS = {lib.VRES_LOG_ERROR: logging.ERROR, lib.VRES_LOG_WARN: logging.WARNING, lib.VRES_LOG_INFO: logging.INFO, lib.VRES_LOG_DEBUG: logging.DEBUG}


class Incident(NamedTuple):
    """A critical event: a seal that was quarantined, bytes that are not the expected ones, a violation of policy."""

    name: str
    status: str
    reason: str
    shard_id: str
    tensor: str
    bad_tensors: int
    damage_count: int
    detail: str


class Listener:
    """What one guard listens with.  handle is the context that the library passes back."""

    def __init__(self, logger: logging.Logger, on_incident: Optional[Callable[[Incident], None]]) -> None:
        self.logger, self.on_incident, self.last = logger, on_incident, threading.local()
        # The library's objects keep this alive, and not the listener, whose callback may know the guard.
        self.handle = ffi.new_handle(weakref.ref(self))


_ended: list[bool] = []  # not empty: the interpreter ends, and nothing more is told


@atexit.register
def _end() -> None:
    _ended.append(True)


def _failed(_kind: Any, error: BaseException, _traceback: Any) -> None:
    """A callback raised @error, or an interrupt came in its first instruction."""
    if isinstance(error, Exception):
        logging.getLogger("vres").error("a callback failed", exc_info=error)
    else:
        interrupted[threading.get_ident()] = error


@ffi.def_extern(name="vres_py_log", onerror=_failed)  # type: ignore[misc]
def _log(context: Any, level: int, event: Any, keys: Any, values: Any, n: int, ended: Any = _ended) -> None:
    if ended:
        return
    listener = ffi.from_handle(context)()
    if listener is None:
        return
    logger = listener.logger
    kind = _LEVELS.get(level, logging.INFO)
    if logger.isEnabledFor(kind):
        pairs = {text_of(keys[i]): text_of(values[i]) for i in range(n)}
        logger.log(kind, "%s %s", text_of(event), " ".join(f"{key}={value}" for key, value in pairs.items()), extra={"vres": pairs})


@ffi.def_extern(name="vres_py_incident", onerror=_failed)  # type: ignore[misc]
def _incident(context: Any, e: Any, ended: Any = _ended) -> None:
    if ended:
        return
    listener = ffi.from_handle(context)()
    if listener is None:
        return
    incident = Incident(text_of(e.name), text_of(lib.vres_status_name(e.status)), text_of(lib.vres_reason_name(e.reason)),
                        text_of(ffi.cast("const vres_shard_info *", e.shard).shard_id) if e.shard else "", text_of(e.tensor), e.bad_tensors, e.damage_count,
                        text_of(e.detail))
    listener.last.incident = incident
    if listener.on_incident is not None:
        listener.on_incident(incident)
