# SPDX-License-Identifier: GPL-3.0-or-later
"""Updates and sleep: memory that its owner changes or moves on purpose."""
import gc
import logging
import threading
import weakref

import numpy
import pytest

import vres


def test_an_update_seals_what_is_there_then_under_the_next_epoch(guard, weights):
    with guard.seal(weights) as seal:
        old, receipt = seal.manifest(), seal.receipt()
        with seal.update(label="step 120") as inside:
            assert inside is seal and seal.info().suspended and "suspended" in repr(seal)
            weights["layer.1.weight"][:] = 7
        assert seal.info().epoch == 1 and not seal.info().suspended and seal.manifest() != old
        seal.verify()
        with pytest.raises(vres.Superseded):
            guard.check_receipt(receipt)


def test_an_update_that_names_its_tensors_finds_a_change_elsewhere(guard, weights):
    with guard.seal(weights) as seal:
        with seal.update(changed=["layer.0.weight"]):
            weights["layer.0.weight"] += 1
        assert seal.info().epoch == 1
        with pytest.raises(vres.Damaged) as caught:
            with seal.update(changed=["layer.0.weight"]):
                weights["layer.3.weight"][5] = -1
        assert (caught.value.tensor, caught.value.index) == ("layer.3.weight", 3)
        assert seal.info().quarantined and seal.info().epoch == 1
        seal.suspend()
        weights["layer.3.weight"][5] = 5
        seal.resume()
        seal.verify()


def test_an_update_insists_on_expected_digests(guard, weights):
    with guard.seal(weights) as seal:
        wanted = guard.digest({"layer.0.weight": weights["layer.0.weight"] + 1})
        with seal.update(changed=["layer.0.weight"], expected=wanted):
            weights["layer.0.weight"] += 1
        with pytest.raises(vres.Unexpected) as caught:
            with seal.update(expected=wanted):
                weights["layer.0.weight"] += 1
        assert "'layer.0.weight'" in str(caught.value)
        with pytest.raises(vres.Quarantined):
            seal.verify()


def test_sleep_may_move_the_memory_but_not_change_it(guard):
    class Movable:
        """An array in memory that can be another one later."""

        def __init__(self):
            self.array = numpy.arange(9000, dtype=numpy.float32)

        nbytes = property(lambda self: self.array.nbytes)
        __array_interface__ = property(lambda self: self.array.__array_interface__)

    tensor = Movable()
    with guard.seal({"w": tensor}) as seal:
        receipt = seal.receipt()
        with seal.asleep():
            tensor.array = tensor.array.copy()
        assert seal.verify() and seal.receipt() == receipt and seal.info().epoch == 0
        with pytest.raises(vres.Damaged):
            with seal.asleep():
                tensor.array = numpy.zeros(9000, dtype=numpy.float32)
        seal.suspend()
        tensor.array = numpy.arange(9000, dtype=numpy.float32)
        seal.resume()
        tensor.array = numpy.arange(9000, dtype=numpy.float32)  # without saying so
        with pytest.raises(vres.Moved, match="'w' is not where it was sealed"):
            seal.verify()


class Keeper:
    """Memory that is kept by a base, as a view's is."""

    def __init__(self, array):
        self.array = array

    base = property(lambda self: self.array)
    nbytes = property(lambda self: self.array.nbytes)
    __array_interface__ = property(lambda self: self.array.__array_interface__)


def test_nothing_is_kept_of_memory_that_is_given_up(guard):
    tensor = Keeper(numpy.arange(500.0))
    ended = weakref.ref(tensor.array)
    with guard.seal({"w": tensor}) as seal:
        old = [ended()]
        tensor.array = None
        assert ended() is not None  # it is sealed
        tensor.array = old.pop()
        with seal.asleep():
            tensor.array = None
            gc.collect()
            assert ended() is None
            tensor.array = numpy.arange(500.0)
        seal.verify()


def test_another_size_is_refused_and_leaves_the_seal_suspended(guard):
    class Resizable:
        nbytes = property(lambda self: self.array.nbytes)
        __array_interface__ = property(lambda self: self.array.__array_interface__)

    tensor = Resizable()
    tensor.array = numpy.zeros(100)
    with guard.seal({"w": tensor}) as seal:
        with pytest.raises(vres.InvalidInput, match="'w' has 1600 bytes"):
            with seal.update():
                tensor.array = numpy.zeros(200)
        assert seal.info().suspended
        tensor.array = numpy.ones(100)
        seal.resume(all_changed=True)
        seal.verify()


def test_an_exception_inside_leaves_the_seal_suspended_and_says_so(guard, weights, caplog):
    with guard.seal(weights) as seal:
        with caplog.at_level(logging.WARNING, "vres"), pytest.raises(ZeroDivisionError) as caught:
            with seal.update(label="half"):
                weights["layer.0.weight"][0] = 1 / 0
        said = caplog.text + " ".join(getattr(caught.value, "__notes__", []))
        assert "stays suspended" in said and seal.info().suspended and "suspended" in repr(seal)
        for call in (seal.verify, seal.use, seal.receipt):
            with pytest.raises(vres.Suspended):
                call()
        seal.resume()
        seal.verify()


def test_an_exception_inside_a_lease_gives_it_back(guard, weights):
    with guard.seal(weights) as seal:
        with pytest.raises(KeyError), seal.use():
            raise KeyError
        assert seal.info().leases == 0


def test_a_lease_keeps_others_from_suspending_and_closing(guard, weights):
    seal = guard.seal(weights)
    with seal.use():
        for call in (seal.suspend, seal.close, seal.update().__enter__):
            with pytest.raises(vres.Busy):
                call()
        seal.verify()
    with seal.update():
        weights["layer.0.weight"][0] = 1
    seal.close()


def test_an_update_inside_an_update_is_refused(guard, weights):
    with guard.seal(weights) as seal:
        with seal.update():
            with pytest.raises(vres.Suspended), seal.update():
                pass
            assert seal.info().suspended
        seal.verify()


@pytest.mark.parametrize("arguments, words", [
    ({"changed": ["nothing"]}, "'nothing' is not one of this seal"),
    ({"changed": ["layer.0.weight"], "expected": {"layer.1.weight": "0" * 64}}, "not said to change"),
    ({"expected": {"layer.0.weight": "0"}}, "64 hex digits"),
    ({"label": "x" * 129}, "label"),
    ({"label": 5}, "label is a int"),
])
def test_a_resume_refuses_each_bad_argument_and_can_be_made_again(guard, weights, arguments, words):
    with guard.seal(weights) as seal:
        seal.suspend()
        with pytest.raises(vres.InvalidInput, match=words):
            seal.resume(**arguments)
        assert seal.info().suspended and "0 ranges" in repr(guard.mock)  # its owner may free it
        seal.resume()
        seal.verify()


def test_trouble_with_the_device_leaves_the_seal_suspended(guard, weights):
    with guard.seal(weights) as seal:
        seal.suspend()
        guard.mock.fail("hash_blocks", 1)
        with pytest.raises(vres.Machine):
            seal.resume()
        assert seal.info().suspended and "0 ranges" in repr(guard.mock)
        seal.resume()
        seal.verify()


def test_memory_that_is_another_allocation_is_moved_and_lies_are_violations(guard, weights):
    with guard.seal(weights) as seal:
        guard.mock.pretend(weights["layer.2.weight"], "moved")
        with pytest.raises(vres.Moved):
            seal.verify("signature")
    for fact in ("managed", "host_mapped"):
        with guard.seal(weights) as seal:
            guard.mock.pretend(weights["layer.2.weight"], fact)
            with pytest.raises(vres.Tampering):
                seal.verify("signature")


def test_a_lost_device_is_trouble_and_no_tampering(guard, weights):
    seal = guard.seal(weights)
    guard.mock.lose_device(0)
    with pytest.raises(vres.DeviceLost) as caught:
        seal.verify()
    assert isinstance(caught.value, vres.Machine) and not isinstance(caught.value, vres.Tampering)
    assert not seal.info().quarantined
    with pytest.raises(vres.Machine):
        seal.close()
    assert seal.closed


def test_two_threads_resume_and_one_is_refused(guard, weights):
    with guard.seal(weights) as seal:
        seal.suspend()
        guard.mock.delay("lane_wait", 0.3)
        outcomes, barrier = [], threading.Barrier(2)

        def resume():
            barrier.wait()
            try:
                seal.resume()
                outcomes.append("done")
            except (vres.Busy, vres.State):
                outcomes.append("refused")

        threads = [threading.Thread(target=resume) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        guard.mock.delay("lane_wait", 0)
        assert sorted(outcomes) == ["done", "refused"]
        seal.verify()
