# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifests of safetensors files."""
import json
import os
import pathlib
import shutil
import subprocess

import numpy
import pytest

import vres

ROOT = pathlib.Path(__file__).resolve().parents[3]
TOOL = next((str(path) for path in (ROOT / "build/release/cli/vres", ROOT / "build/dev/cli/vres") if path.exists()), shutil.which("vres"))


def write(path, tensors, metadata=None):
    header, at = ({"__metadata__": metadata} if metadata else {}), 0
    for name, array in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [at, at + array.nbytes]}
        at += array.nbytes
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(array.tobytes() for array in tensors.values()))


def raw(path, header, payload=b""):
    path.write_bytes(len(header).to_bytes(8, "little") + header + payload)


def test_what_is_on_disk_is_compared_with_what_is_in_vram(guard, weights, tmp_path):
    path = tmp_path / "model.safetensors"
    write(path, {**weights, "empty": numpy.empty(0, numpy.float32)}, {"format": "pt"})
    with guard.seal({**weights, "empty": numpy.empty(0)}) as seal:
        assert seal.compare(vres.safetensors.manifest(path)) == {"match": 5, "differ": [], "missing": [], "added": []}
    weights["layer.1.weight"][0] += 1
    with guard.seal(weights) as seal:
        assert seal.compare(vres.safetensors.manifest(path)) == {"match": 3, "differ": ["layer.1.weight"], "missing": ["empty"], "added": []}
    with pytest.raises(vres.Unexpected, match="layer.1.weight"):
        guard.seal({**weights, "empty": numpy.empty(0)}, expected=vres.safetensors.manifest(path))


@pytest.mark.skipif(not TOOL, reason="the tool vres is not built")
def test_it_is_the_manifest_that_the_tool_prints(weights, tmp_path):
    path = tmp_path / "model.safetensors"
    write(path, weights)
    printed = subprocess.run([TOOL, "manifest", str(path)], capture_output=True, check=True).stdout
    assert vres.manifest.parse(printed) == vres.safetensors.manifest(path)


def test_the_files_of_a_model_are_one_manifest_and_no_name_comes_twice(weights, tmp_path):
    write(tmp_path / "a", {"x": weights["layer.0.weight"]})
    write(tmp_path / "b", {"y": weights["layer.1.weight"]})
    assert list(vres.safetensors.manifest(tmp_path / "a", tmp_path / "b")) == ["x", "y"]
    with pytest.raises(vres.InvalidInput, match="'x'.*another file"):
        vres.safetensors.manifest(tmp_path / "a", tmp_path / "a")


@pytest.mark.parametrize("header, payload, words", [
    (b"[]", b"", "no object"),
    (b"{", b"", "cannot be read"),
    (b"\xff", b"", "cannot be read"),
    (b"[" * 100000, b"", "cannot be read"),
    (b'{"a":{"data_offsets":[0,4]},"a":{"data_offsets":[0,4]}}', b"1234", "twice"),
    (b'{"a":{"data_offsets":[0,5]}}', b"1234", "'a'"),
    (b'{"a":{"data_offsets":[-1,4]}}', b"1234", "'a'"),
    (b'{"a":{"data_offsets":[0.0,4]}}', b"1234", "'a'"),
    (b'{"a":{"data_offsets":[1,4]}}', b"1234", "'a'"),
    (b'{"a":{"data_offsets":[4,0]}}', b"1234", "'a'"),
    (b'{"a":{"data_offsets":[0,3]}}', b"1234", "no tensor"),
    (b'{"a":{"data_offsets":[0,3]},"b":{"data_offsets":[2,4]}}', b"1234", "'b'"),
    (b'{"a":{"data_offsets":[0]}}', b"1234", "'a'"),
    (b'{"a":7}', b"1234", "'a'"),
])
def test_what_is_no_safetensors_file_is_refused_by_name(tmp_path, header, payload, words):
    raw(tmp_path / "bad", header, payload)
    with pytest.raises(vres.InvalidInput, match=words):
        vres.safetensors.manifest(tmp_path / "bad")


def test_short_and_missing_files_are_refused_and_leave_no_descriptor(tmp_path):
    before = len(os.listdir("/proc/self/fd"))
    for content in (b"", b"1234567", (99).to_bytes(8, "little") + b"{}", (1 << 63).to_bytes(8, "little")):
        (tmp_path / "short").write_bytes(content)
        with pytest.raises(vres.InvalidInput):
            vres.safetensors.manifest(tmp_path / "short")
    with pytest.raises(OSError):
        vres.safetensors.manifest(tmp_path / "none")
    assert len(os.listdir("/proc/self/fd")) == before
