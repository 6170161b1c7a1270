# SPDX-License-Identifier: GPL-3.0-or-later
"""What lives how long: tensors under a seal, circles of objects, and nothing after five hundred cycles."""
import gc
import logging
import os
import pathlib
import threading
import weakref

import numpy
import pytest

import vres
from vres import _calls
from vres._native import ffi


def test_sealed_tensors_are_kept_alive_and_let_go_at_the_end(guard):
    array = numpy.arange(1000.0)
    ended = weakref.ref(array)
    seal = guard.seal({"w": array})
    del array
    gc.collect()
    seal.verify()
    assert ended() is not None
    seal.close()
    del seal
    gc.collect()
    assert ended() is None and "0 ranges" in repr(guard.mock)


def test_a_seal_that_is_forgotten_ends_with_its_memory(guard, weights):
    seal = guard.seal(weights)
    lease = seal.use()
    del seal
    gc.collect()
    assert guard.metrics()["shards_now"] == 1
    lease.close()
    del lease
    gc.collect()
    assert guard.metrics()["shards_now"] == 0 and "0 ranges" in repr(guard.mock)


def test_a_lease_keeps_the_tensors_of_a_forgotten_seal(guard):
    array = numpy.arange(1000.0)
    ended = weakref.ref(array)
    lease = guard.seal({"w": array}).use()
    del array
    gc.collect()
    assert ended() is not None
    lease.check()
    lease.close()
    del lease
    gc.collect()
    assert ended() is None


@pytest.mark.parametrize("first", [True, False])
def test_a_circle_ends_in_the_order_that_the_library_needs(first):
    order = []
    inner = _calls.owned(ffi.cast("void *", 1), lambda _: order.append("mock"))[1]
    outer = _calls.Handle("shard", ffi.cast("void *", 2), lambda _: order.append("shard"), (inner,))
    circle = [inner, outer] if first else [outer, inner]
    circle.append(circle)
    del inner, outer, circle
    gc.collect()
    assert order == ["shard", "mock"]


def test_guards_and_seals_in_circles_are_collected(weights):
    before = len(_calls._kept)

    class Engine:
        def __init__(self):
            self.guard = vres.Guard(backend="mock", on_incident=lambda incident: self)
            self.seal = self.guard.seal(weights)
            self.lease = self.seal.use()

    for _ in range(10):
        Engine()
    gc.collect()
    gc.collect()
    assert len(_calls._kept) == before


def test_five_hundred_cycles_leave_nothing():
    def cycle(number):
        with vres.Guard(backend="mock", token=b"x" * 32) as guard, guard.seal({"a": array, "b": array[:100]}) as seal:
            with seal.use():
                pass
            with seal.update():
                array[0] = number
            if number % 10 == 0:
                guard.mock.flip(array)
                with pytest.raises(vres.Damaged):
                    seal.verify()
            seal.manifest()
            if number % 50 == 0:
                guard.scrub_in_background(every_ms=1)

    def counts():
        gc.collect()
        return len(os.listdir("/proc/self/fd")), threading.active_count(), len(gc.get_objects())

    def resident():
        return int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * 4096

    array = numpy.arange(2000, dtype=numpy.float32)
    logging.disable(logging.CRITICAL)
    try:
        for number in range(100):
            cycle(number)
        before, memory = counts(), resident()
        for number in range(500):
            cycle(number)
        after = counts()
    finally:
        logging.disable(logging.NOTSET)
    assert after[:2] == before[:2] and after[2] - before[2] < 50, (before, after)
    assert resident() - memory < 4 << 20
