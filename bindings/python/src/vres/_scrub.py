# SPDX-License-Identifier: GPL-3.0-or-later
"""The scrub as a thread: every seal of a guard is verified again and again, a little at a time."""
from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING, Any, Optional

from ._calls import init
from ._native import ffi, lib
from .errors import Closed, Error, error_of

if TYPE_CHECKING:
    from .guard import Guard


class Scrub:
    """A scrub in the background, until stop() or until its guard is closed or forgotten.

    Damage quarantines its seal, goes to the guard's on_incident and to the log, and is kept as last_error; the scrub goes on with the other seals.
    """

    def __init__(self, guard: "Guard", budget_ns: int, every: float) -> None:
        self.last_error: Optional[Error] = None
        self.steps, self.bytes_hashed = 0, 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=_run, name="vres-scrub", args=(weakref.ref(self), weakref.ref(guard), self._stop, budget_ns, every), daemon=True)
        # At exit too: what is sealed may be freed then.
        self._end = weakref.finalize(self, _end, self._stop, self._thread)
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        """Ends the scrub and waits for the step in progress."""
        self._end()

    def __enter__(self) -> Scrub:
        return self

    def __exit__(self, *_: Any) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<vres.Scrub, {'running' if self.running else 'stopped'}, {self.steps} steps>"


def _end(stop: threading.Event, thread: threading.Thread) -> None:
    stop.set()
    if thread is not threading.current_thread() and thread.is_alive():
        thread.join()


def _run(scrub: Any, guard: Any, stop: threading.Event, budget_ns: int, every: float) -> None:
    report, err = init("vres_scrub_report"), ffi.new("vres_error *")
    while not stop.wait(every) and _step(scrub(), guard(), budget_ns, report, err):
        pass


def _step(scrub: Optional[Scrub], guard: Any, budget_ns: int, report: Any, err: Any) -> bool:
    """One step; False where there is nothing more to do."""
    if guard is None or scrub is None:
        return False
    try:
        with guard._manager as manager:
            status = lib.vres_scrub_step(manager, budget_ns, report, err)
    except Closed:
        return False
    scrub.steps += 1
    scrub.bytes_hashed += report.bytes_hashed
    if status:
        scrub.last_error = error_of(err)
    return not (status == lib.VRES_E_STATE or err.reason == lib.VRES_REASON_STOPPED and status)
