# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices simulated in host memory, for tests: numpy arrays and torch tensors of the host are their VRAM.

Nothing that is simulated passes for a GPU: it is marked in every record, receipt, event and metric.
"""
from __future__ import annotations

import bisect
import collections
import os
import threading
from typing import Any, Optional

from ._calls import init, nanoseconds, number, owned
from ._memory import Memory, Place, memory_of
from ._native import ffi, lib
from .errors import Forked, InsufficientVram, InvalidInput, NoMemory, check

__all__ = ["Mock", "OPERATIONS"]

#: What fail(), delay() and calls() take.
OPERATIONS = {
    name: getattr(lib, f"VRES_MOCK_{prefix}{name.upper()}")
    for prefix, names in (("", "any"), ("OP_", "open device_count device_open device_status mem_alloc mem_adopt mem_residency mem_wipe mem_release lane_open "
                                                "lane_push lane_pull lane_wait hash_blocks mem_protect"))
    for name in names.split()
}
_FACTS = {"managed": lib.VRES_MOCK_MANAGED, "host_mapped": lib.VRES_MOCK_HOST_MAPPED, "exportable": lib.VRES_MOCK_EXPORTABLE, "moved": lib.VRES_MOCK_MOVED}


def _operation(name: str) -> int:
    if name not in OPERATIONS:
        raise InvalidInput(f"operation {name!r} is none of: {', '.join(OPERATIONS)}")
    return int(OPERATIONS[name])


class Mock:
    """Simulated devices: Guard(backend=Mock(capacity=1 << 20)).

    devices: how many; capacity: bytes of each, 0: 1 GiB; granularity: allocations are rounded up to it, 0: 4096; hashes: whether the devices can hash
    """

    def __init__(self, devices: int = 1, capacity: int = 0, granularity: int = 0, hashes: bool = True) -> None:
        params, out, err = init("vres_mock_params"), ffi.new("vres_mock **"), ffi.new("vres_error *")
        params.devices, params.bytes_per_device = number("devices", devices, 2**32 - 1), number("capacity", capacity)
        params.granularity, params.no_device_hash = number("granularity", granularity), not hashes
        check(lib.vres_mock_create(params, out, err), err)
        pid = os.getpid()

        def end(mock: Any, destroy: Any = lib.vres_mock_destroy, getpid: Any = os.getpid) -> None:
            if getpid() == pid:  # its lock may be held by a thread that a child does not have
                destroy(mock)

        self._mock, self._pid, self._lock = owned(out[0], end)[1], pid, threading.Lock()
        self._starts: list[int] = []
        self._waiting: collections.deque[tuple[int, Any]] = collections.deque()
        self._mapped: dict[int, list[int]] = {}  # where it begins: its size, and by how many it is used

    def flip(self, tensor: Any, offset: int = 0, bit: int = 0) -> None:
        """Flips a bit of a sealed tensor, as a fault of the memory would."""
        memory = memory_of("tensor", tensor)
        if not 0 <= offset < memory.bytes:
            raise InvalidInput(f"offset {offset} is not in a tensor of {memory.bytes} bytes")
        if getattr(getattr(tensor, "flags", None), "writeable", True) is False:
            raise InvalidInput("the tensor's memory cannot be written to")
        if lib.vres_mock_flip(self._here(), memory.address + offset, number("bit", bit, 2**32 - 1)):
            raise InvalidInput("the tensor is not sealed on this mock" if 0 <= bit <= 7 else f"bit {bit} is not between 0 and 7")

    def fail(self, operation: str = "any", nth: int = 1, status: str = "VRES_E_BACKEND") -> None:
        """Makes the @nth call of @operation from now fail, once, with @status; nth=0 forgets what was asked for."""
        value = getattr(lib, status, None) if status.startswith(("VRES_E_", "VRES_OK")) else None
        if value is None:
            raise InvalidInput(f"status {status!r} is none of vres/status.h")
        lib.vres_mock_fail(self._here(), _operation(operation), number("nth", nth), value)

    def delay(self, operation: str = "any", seconds: float = 0.0) -> None:
        """Makes each call of @operation take that long."""
        lib.vres_mock_delay(self._here(), _operation(operation), nanoseconds("seconds", seconds))

    def pretend(self, tensor: Any, *facts: str) -> None:
        """Lies about where a sealed tensor is: "managed", "host_mapped", "exportable", "moved"; nothing: the truth again."""
        unknown = [fact for fact in facts if fact not in _FACTS]
        if unknown:
            raise InvalidInput(f"fact {unknown[0]!r} is none of: {', '.join(_FACTS)}")
        lib.vres_mock_pretend(self._here(), memory_of("tensor", tensor).address, sum(_FACTS[fact] for fact in set(facts)))

    def lose_device(self, device: int = 0) -> None:
        """Every operation of the device fails from now on."""
        lib.vres_mock_lose_device(self._here(), number("device", device, 2**32 - 1))

    def calls(self, operation: str = "any") -> int:
        """How often an operation was called."""
        return int(lib.vres_mock_calls(self._here(), _operation(operation)))

    @property
    def live_handles(self) -> int:
        """Handles that are open now; 0 when every guard has closed and nothing leaked."""
        return int(lib.vres_mock_live_handles(self._here()))

    def __repr__(self) -> str:
        return f"<vres.mock.Mock, {len(self._starts)} ranges of host memory>"

    def _here(self) -> Any:
        if os.getpid() != self._pid:
            raise Forked("the mock belongs to the parent of this process")
        return self._mock

    def hold(self, name: str, root: Place, device: int) -> int:
        """Makes host memory that of a device, or counts one more user of what is already.  Returns what let_go() takes."""
        start, size = root
        mock = self._here()
        try:
            with self._lock:
                at = bisect.bisect_right(self._starts, start)
                near = self._starts[max(at - 1, 0):at + 1]
                for found in near:
                    if found <= start and start + size <= found + self._mapped[found][0]:
                        self._mapped[found][1] += 1
                        return found
                if any(found < start + size and start < found + self._mapped[found][0] for found in near):
                    raise InvalidInput(f"tensor {name!r} overlaps in part with memory that is the mock's already")
                status = lib.vres_mock_map(mock, device, ffi.cast("void *", start), size, ffi.new("uint64_t *"))
                if status:
                    kind = {lib.VRES_E_INSUFFICIENT_VRAM: InsufficientVram, lib.VRES_E_NO_MEMORY: NoMemory}.get(status, InvalidInput)
                    raise kind(f"tensor {name!r} of {size} bytes does not fit into device {device} of the mock, or there is no such device")
                bisect.insort(self._starts, start)
                self._mapped[start] = [size, 1]
                return start
        finally:
            self._let_go_those_waiting()

    def let_go(self, start: int, keep: Any = None) -> None:
        """Ends what hold() began; @keep lives until then.  The garbage collector may call this anywhere, so it waits for no lock."""
        if os.getpid() == self._pid:
            self._waiting.append((start, keep))
            self._let_go_those_waiting()

    def _let_go_those_waiting(self) -> None:
        while self._waiting and self._lock.acquire(blocking=False):
            try:
                while self._waiting:
                    start, _keep = self._waiting.popleft()
                    self._mapped[start][1] -= 1
                    if self._mapped[start][1] == 0:
                        del self._mapped[start]
                        self._starts.remove(start)
                        lib.vres_mock_unmap(self._mock, start)
            finally:
                self._lock.release()


class Holds:
    """The host memory that one seal has made a mock's.  Without a mock it holds nothing."""

    def __init__(self, mock: Optional[Mock]) -> None:
        self._mock = mock
        self._held: dict[Place, tuple[int, Any]] = {}

    def hold(self, name: str, memory: Memory, device: int) -> None:
        if self._mock is not None and memory.root[1] and memory.root not in self._held:
            self._held[memory.root] = self._mock.hold(name, memory.root, device), memory.keep

    def let_go(self) -> None:
        while self._held and self._mock is not None:
            self._mock.let_go(*self._held.popitem()[1])
