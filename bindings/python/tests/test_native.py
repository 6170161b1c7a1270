# SPDX-License-Identifier: GPL-3.0-or-later
"""The extension: what it declares, and that it is the library of this tree."""
import pathlib
import re

import pytest

import vres
from vres._native import ffi, lib

ROOT = pathlib.Path(__file__).resolve().parents[3]
NOT_DECLARED = re.compile("vres_audit_(checker|fault)_")  # the checker of logs: `vres audit verify`


@pytest.mark.parametrize("exported", ["core/libvres.map", "mock/libvres-mock.map"])
def test_every_function_of_the_library_is_declared(exported):
    names = re.findall(r"^\t(vres_\w+);", (ROOT / exported).read_text(), flags=re.M)
    missing = [name for name in names if not hasattr(lib, name) and not NOT_DECLARED.match(name)]
    assert len(names) > 10 and not missing


def test_the_version_is_that_of_the_headers():
    assert ffi.string(lib.vres_version()).decode() == vres.__version__
    assert lib.vres_version_number() == lib.VRES_VERSION_NUMBER
    assert f'version = "{vres.__version__}"' in (ROOT / "bindings/python/pyproject.toml").read_text()


def test_each_status_and_reason_has_a_class():
    from vres import errors
    header = (ROOT / "include/vres/status.h").read_text()
    for name in re.findall(r"^\tVRES_E_(\w+) =", header, flags=re.M):
        kind = errors.kind_of(getattr(lib, "VRES_E_" + name), 0)
        classes = {1: vres.Usage, 2: vres.Retry, 3: vres.Machine, 4: vres.Tampering, 9: vres.Internal}
        assert issubclass(kind, classes[lib.vres_status_class(getattr(lib, "VRES_E_" + name))]), name
    for name in re.findall(r"^\tVRES_REASON_(\w+) =", header, flags=re.M):
        err = ffi.new("vres_error *")
        err.status, err.reason = lib.VRES_E_SEAL_VERIFICATION_FAILED, getattr(lib, "VRES_REASON_" + name)
        kind = errors.kind_of(err.status, err.reason)
        expected = {5: vres.Consequence, 2: vres.Retry}.get(lib.vres_error_class(err))
        assert expected is None or issubclass(kind, expected), name


def test_the_extension_exports_nothing_of_the_library():
    import subprocess
    import shutil
    if not shutil.which("nm"):
        pytest.skip("nm is not installed")
    import vres._native as native
    shown = subprocess.run(["nm", "-D", "--defined-only", native.__file__], capture_output=True, text=True, check=True).stdout
    assert [line.split()[-1] for line in shown.splitlines()] == ["PyInit__native"]
    assert native.__file__.endswith(".abi3.so")
