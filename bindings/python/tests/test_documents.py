# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples, and what docs/PYTHON.md shows, run and print what they say."""
import pathlib
import re
import subprocess
import sys

import pytest

PACKAGE = pathlib.Path(__file__).resolve().parents[1]
SHOWN = re.findall(r"```python\n(.*?)```", (PACKAGE.parents[1] / "docs/PYTHON.md").read_text(encoding="utf-8"), flags=re.S)


def output(*arguments):
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_first_seal_of_the_page_finds_the_damage(tmp_path):
    (tmp_path / "first.py").write_text(SHOWN[0])
    assert output(tmp_path / "first.py").splitlines()[-1] == "norm 0"


def test_the_fixture_of_the_page_is_one(tmp_path):
    (tmp_path / "test_shown.py").write_text(SHOWN[1])
    assert "1 passed" in output("-m", "pytest", "-q", "-p", "no:cacheprovider", tmp_path)


def test_the_example_over_torch_finds_a_stray_write():
    pytest.importorskip("torch")
    assert output(PACKAGE / "examples/protect_torch_module.py").splitlines()[-1] == "stopped: 2.bias is not what was sealed"


@pytest.mark.parametrize("name, last", [("rl_loop", "stopped: layers.2.weight, block at 69632"), ("sleep_wake", "awake again: full verification passed")])
def test_an_example_runs_and_says_what_it_found(name, last):
    assert output(PACKAGE / "examples" / f"{name}.py").splitlines()[-1] == last
