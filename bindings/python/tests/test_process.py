# SPDX-License-Identifier: GPL-3.0-or-later
"""Threads, signals, fork, and the end of the interpreter."""
import concurrent.futures
import logging
import os
import signal
import subprocess
import sys
import threading
import time

import numpy
import pytest

import vres

BEGIN = """
import atexit, gc, os, signal, sys, threading, time
import numpy, vres
guard = vres.Guard(backend="mock")
weights = {f"w{i}": numpy.arange(200000, dtype=numpy.float32) for i in range(4)}
seal = guard.seal(weights)
"""


def run(program, status=0):
    """A program in an interpreter of its own; what it printed."""
    # Newer Pythons warn of forks beside threads, which is what is tried.
    done = subprocess.run([sys.executable, "-X", "faulthandler", "-W", "ignore::DeprecationWarning", "-c", BEGIN + program], capture_output=True, text=True,
                          timeout=60)
    assert (done.returncode, done.stderr) == (status, ""), (done.returncode, done.stderr[-2000:])
    return done.stdout


def test_eight_threads_verify_at_once(guard, weights):
    guard.mock.delay("lane_wait", 0.05)
    with guard.seal(weights) as seal:
        seal.verify()
        began = time.monotonic()
        seal.verify()
        one = time.monotonic() - began
        inside, most, lock = [0], [0], threading.Lock()

        def verify(_):
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            report = seal.verify()
            with lock:
                inside[0] -= 1
            return report

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            began = time.monotonic()
            assert all(report.mode == "full" for report in pool.map(verify, range(8)))
            eight = time.monotonic() - began
        assert most[0] == 8 and eight < 4 * one, (one, eight)


def test_python_goes_on_while_a_verification_waits(guard, weights):
    with guard.seal(weights) as seal:
        guard.mock.delay("lane_wait", 0.3)
        thread = threading.Thread(target=seal.verify)
        thread.start()
        rounds = 0
        while thread.is_alive():
            rounds += 1
            time.sleep(0.001)
        guard.mock.delay("lane_wait", 0)
        assert rounds > 20


def test_two_threads_update_and_one_is_refused(guard, weights):
    with guard.seal(weights) as seal:
        outcomes, barrier, refused = [], threading.Barrier(2), threading.Event()

        def update():
            barrier.wait()
            try:
                with seal.update():
                    refused.wait(20)
                outcomes.append("done")
            except (vres.Suspended, vres.Busy):
                outcomes.append("refused")
                refused.set()

        threads = [threading.Thread(target=update) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert outcomes == ["refused", "done"] and seal.info().epoch == 1
        seal.verify()


def test_closing_waits_for_a_verification_elsewhere(guard, weights):
    guard.mock.delay("lane_wait", 0.3)
    seal = guard.seal(weights)
    reports = []
    thread = threading.Thread(target=lambda: reports.append(seal.verify()))
    thread.start()
    time.sleep(0.1)
    seal.close()
    assert seal.closed
    thread.join()
    assert reports[0].mode == "full"


def test_closing_and_verifying_at_once_never_crashes(guard):
    array = numpy.arange(4096, dtype=numpy.uint8)
    for _ in range(60):
        seal = guard.seal({"w": array})
        ended = []

        def verify():
            try:
                while True:
                    seal.verify()
            except (vres.Closed, vres.Busy) as error:
                ended.append(error)

        threads = [threading.Thread(target=verify) for _ in range(3)]
        for thread in threads:
            thread.start()
        seal.close()
        for thread in threads:
            thread.join()
        assert len(ended) == 3


def test_a_seal_is_not_closed_from_inside_its_own_call(weights):
    refused = []

    class Handler(logging.Handler):
        def emit(self, record):
            try:
                seal.close()
            except vres.Busy as error:
                refused.append(error)

    logger = logging.Logger("closer", logging.DEBUG)
    logger.addHandler(Handler())
    quiet = logging.Logger("quiet", logging.CRITICAL)
    with vres.Guard(backend="mock", logger=quiet) as guard:
        with guard.seal(weights) as seal:
            guard._listener.logger = logger
            seal.verify()
            guard._listener.logger = quiet
        assert refused


@pytest.fixture
def interruptible():
    """A shell starts what runs in the background with interrupts ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_a_keyboard_interrupt_during_a_verification_comes_after_it(guard, weights):
    with guard.seal(weights) as seal:
        guard.mock.delay("lane_wait", 0.2)
        timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            seal.verify()
            time.sleep(5)
        timer.join()
        guard.mock.delay("lane_wait", 0)
        seal.verify()


def test_an_interrupt_inside_a_callback_is_raised_when_the_call_is_over(weights):
    def on_incident(incident):
        raise KeyboardInterrupt

    with vres.Guard(backend="mock", on_incident=on_incident) as guard, guard.seal(weights) as seal:
        guard.mock.flip(weights["layer.0.weight"])
        with pytest.raises(KeyboardInterrupt):
            seal.verify()
        with pytest.raises(vres.Quarantined):
            seal.verify()


def test_a_child_is_told_that_the_objects_are_its_parents(guard, weights):
    with guard.seal(weights) as seal, seal.use() as lease:
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            outcomes = []
            for call in (seal.verify, seal.info, seal.manifest, guard.metrics, lease.check, lambda: guard.seal(weights), seal.close, guard.scrub_in_background,
                         guard.mock.calls):
                try:
                    call()
                    outcomes.append("done")
                except vres.Forked:
                    outcomes.append("Forked")
                except BaseException as error:
                    outcomes.append(repr(error))
            os.write(write, " ".join(outcomes).encode())
            os._exit(0)
        os.close(write)
        with os.fdopen(read) as pipe:
            assert pipe.read().split() == ["Forked"] * 9
        assert os.waitpid(child, 0)[1] == 0
        seal.verify()


def test_a_child_that_ends_as_an_interpreter_does_leaves_its_parent_alone():
    assert run("""
sys.stdout.flush()
child = os.fork()
if child == 0:
    del seal, guard
    gc.collect()
    sys.exit(0)
print(os.waitpid(child, 0)[1], seal.verify().mode)
""") == "0 full\n"


def test_a_child_makes_a_guard_of_its_own():
    assert run("""
sys.stdout.flush()
child = os.fork()
if child == 0:
    own = vres.Guard(backend="mock")
    print(own.seal(weights).verify().mode, flush=True)
    sys.exit(0)
print(os.waitpid(child, 0)[1])
""") == "full\n0\n"


@pytest.mark.parametrize("program", [
    "",
    "lease = seal.use()",
    "seal.suspend()",
    "guard.close()",
    "scrub = guard.scrub_in_background(every_ms=1); time.sleep(0.05)",
    "threading.Thread(target=lambda: [seal.verify() for _ in range(10 ** 9)], daemon=True).start(); time.sleep(0.05)",
    "cycle = [seal]; cycle.append(cycle); del seal, guard",
    "import builtins; builtins.kept = (guard, seal, seal.use())",
    "atexit.register(lambda: seal.verify())",
    "guard.mock.flip(weights['w1'])",
    "other = vres.Guard(backend='mock', on_incident=print); kept = other.seal(weights); import logging; logging.basicConfig(stream=open(os.devnull, 'w'), level=10)",
])
def test_the_interpreter_ends_in_good_order_whatever_is_live(program):
    assert run(program) == ""


def test_sys_exit_and_an_exception_end_it_too():
    run("sys.exit(3)", 3)


def test_the_scrub_finds_damage_and_tells_of_it(weights):
    incidents = []
    found = threading.Event()

    def on_incident(incident):
        incidents.append(incident)
        found.set()
        raise ValueError("of the callback's own")

    with vres.Guard(backend="mock", on_incident=on_incident) as guard, guard.seal(weights, shard_id="s") as seal:
        scrub = guard.scrub_in_background(budget_ms=5, every_ms=1)
        for _ in range(500):
            if scrub.steps > 3:
                break
            time.sleep(0.01)
        assert scrub.running and scrub.last_error is None and scrub.bytes_hashed > 0
        guard.mock.flip(weights["layer.1.weight"], 11)
        assert found.wait(10)
        assert (incidents[0].shard_id, incidents[0].tensor, incidents[0].reason) == ("s", "layer.1.weight", "digest")
        assert seal.info().quarantined
        steps = scrub.steps
        for _ in range(500):
            if scrub.steps > steps + 2:
                break
            time.sleep(0.01)
        assert scrub.running and scrub.steps > steps + 2  # it goes on with the others
        scrub.stop()
        assert isinstance(scrub.last_error, vres.Damaged) and not scrub.running
        scrub.stop()
        again = guard.scrub_in_background()
    assert not again.running  # the guard's end is its end


def test_a_callback_may_call_the_guard_and_the_seal(weights):
    seen = []

    class Handler(logging.Handler):
        def emit(self, record):
            if not seen:
                seen.append(record)
                seen.append(guard.metrics())
                seen.append(repr(guard))

    logger = logging.getLogger("test.vres")
    logger.setLevel(logging.DEBUG)
    handler = Handler()
    try:
        with vres.Guard(backend="mock", logger=logger) as guard, guard.seal(weights) as seal:
            logger.addHandler(handler)
            seal.verify()
        assert seen[0].vres and isinstance(seen[1], dict)
    finally:
        logger.removeHandler(handler)


def test_importing_takes_neither_torch_nor_numpy():
    program = "import sys, vres; print([name for name in ('torch', 'numpy', 'ctypes', 'asyncio') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_child_of_a_process_with_a_scrub_ends_in_good_order():
    assert run("""
scrub = guard.scrub_in_background(every_ms=1)
time.sleep(0.05)
for _ in range(20):
    child = os.fork()
    if child == 0:
        sys.exit(0)
    assert os.waitpid(child, 0)[1] == 0
print(scrub.running)
""") == "True\n"


def test_workers_of_a_pool_that_were_forked_work_and_end():
    assert run("""
import multiprocessing
with multiprocessing.get_context("fork").Pool(2) as pool:
    print(pool.map(abs, [-1, -2]))
print(seal.verify().mode)
""") == "[1, 2]\nfull\n"
