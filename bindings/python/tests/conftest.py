# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures, and outcomes as the other suites write them: a JSON line a test, in the folder that VRES_RESULTS names."""
import gc
import json
import os

import numpy
import pytest

import vres


@pytest.fixture
def guard():
    """A guard over a mock; at the end of the test nothing of it is left."""
    made = vres.Guard(backend="mock", keep_leaves=True)
    mock = made.mock
    yield made
    made.close()
    del made
    gc.collect()
    assert mock.live_handles == 0


@pytest.fixture
def weights():
    return {f"layer.{i}.weight": numpy.arange(3000 + i, dtype=numpy.float32) for i in range(4)}


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    folder = os.environ.get("VRES_RESULTS")
    if folder and (report.when == "call" or report.outcome != "passed" and report.when == "setup"):
        suite = "python." + item.module.__name__[len("test_"):]
        status = {"passed": "pass", "failed": "fail", "skipped": "skip"}[report.outcome]
        with open(f"{folder}/{suite}.ndjson", "a", encoding="utf-8") as out:
            out.write(json.dumps({"suite": suite, "name": item.name, "status": status, "ids": []}) + "\n")
