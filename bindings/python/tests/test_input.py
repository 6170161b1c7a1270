# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input gets an exception that names argument, tensor and reason, and leaves nothing behind."""
import ctypes

import numpy
import pytest

import vres


def refused(kind, words, call, *args, **kwargs):
    with pytest.raises(kind) as caught:
        call(*args, **kwargs)
    assert words in str(caught.value), str(caught.value)


class OnGpu:
    """Something that says it is on a GPU."""

    def __init__(self, shape=(4,), strides=None, typestr="<f4", **more):
        self.__cuda_array_interface__ = {"shape": shape, "strides": strides, "typestr": typestr, "data": (1 << 40, False), "version": 3, **more}


class OnDevice:
    """A DLPack tensor of any device type."""

    def __init__(self, kind):
        self.kind = kind

    def __dlpack__(self):
        array = numpy.arange(8, dtype=numpy.float32)
        capsule = array.__dlpack__()
        get = ctypes.pythonapi.PyCapsule_GetPointer
        get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
        ctypes.c_int32.from_address(get(capsule, b"dltensor") + 8).value = self.kind
        return capsule


@pytest.mark.parametrize("tensors, kind, words", [
    ({"w": numpy.zeros((8, 8))[:, ::2]}, vres.NotContiguous, "'w' is not contiguous"),
    ({"w": numpy.zeros(8)[::-1]}, vres.NotContiguous, "'w' is not contiguous"),
    ({"w": numpy.broadcast_to(numpy.zeros(1), (4, 4))}, vres.NotContiguous, "'w' is not contiguous"),
    ({"w": numpy.array([object()])}, vres.InvalidInput, "'w' is an array of Python objects"),
    ({"w": numpy.zeros(2, [("a", "f4"), ("b", "O")])}, vres.InvalidInput, "'w' is an array of Python objects"),
    ({"w": [1.0, 2.0]}, vres.InvalidInput, "'w' is a list"),
    ({"w": None}, vres.InvalidInput, "'w' is a NoneType"),
    ({"": numpy.zeros(4)}, vres.InvalidInput, "tensor 0's name"),
    ({"a\0b": numpy.zeros(4)}, vres.InvalidInput, "the name of tensor 0"),
    ({"\ud800": numpy.zeros(4)}, vres.InvalidInput, "UTF-8"),
    ({"a\nb": numpy.zeros(4)}, vres.InvalidInput, "tensor 0"),
    ({7: numpy.zeros(4)}, vres.InvalidInput, "the name of tensor 0"),
    ([("w", numpy.zeros(4)), ("w", numpy.ones(4))], vres.InvalidInput, "(tensor 0 is 'w')"),
    ([numpy.zeros(4)], vres.InvalidInput, "pairs of name and tensor"),
    (7, vres.InvalidInput, "pairs of name and tensor"),
    ({}, vres.InvalidInput, ""),
    ({"w": numpy.empty(0)}, vres.InvalidInput, ""),
    ({"w": OnGpu()}, vres.InvalidInput, "'w' is on a device of cuda"),
    ({"w": OnGpu(shape=(4, 4), strides=(32, 4))}, vres.NotContiguous, "'w' is not contiguous"),
    ({"w": OnGpu(mask=OnGpu())}, vres.InvalidInput, "'w' has a mask"),
    ({"w": OnDevice(2)}, vres.InvalidInput, "'w' is on a device of cuda"),
    ({"w": OnDevice(3)}, vres.PolicyViolation, "'w' is in page-locked host memory"),
    ({"w": OnDevice(13)}, vres.PolicyViolation, "'w' is in managed memory"),
    ({"w": OnDevice(11)}, vres.PolicyViolation, "'w' is in page-locked host memory"),
    ({"w": OnDevice(99)}, vres.InvalidInput, "'w' is on a DLPack device of type 99"),
])
def test_what_cannot_be_sealed_is_refused_by_name(guard, tensors, kind, words):
    refused(kind, words, guard.seal, tensors)
    assert guard.metrics()["shards_now"] == 0 and "0 ranges" in repr(guard.mock)


def test_a_dlpack_capsule_is_sealed_and_kept(guard):
    array = numpy.arange(5000, dtype=numpy.float64)
    with guard.seal({"w": array.__dlpack__()}) as seal:
        assert seal.info().bytes == array.nbytes
        seal.verify()
        assert guard.digest({"x": numpy.arange(5000, dtype=numpy.float64)})["x"] in seal.manifest()


@pytest.mark.parametrize("arguments, words", [
    ({"backend": "tpu"}, "backend 'tpu'"),
    ({"backend": "cuda"}, "give one of"),
    ({"backend": "mock", "token": b"x", "key_file": "y"}, "give one of"),
    ({"backend": "mock", "token": "text"}, "token is neither bytes"),
    ({"backend": "mock", "token": b""}, "token"),
    ({"backend": "mock", "allow": ["everything"]}, "allow 'everything'"),
    ({"backend": "mock", "require": "sun"}, "require 'sun'"),
    ({"backend": "mock", "worker_id": "a b"}, "worker_id"),
    ({"backend": "mock", "worker_id": "a\0b"}, "worker_id contains a NUL"),
    ({"backend": "mock", "threads": -1}, "threads"),
    ({"backend": "mock", "threads": 1.5}, "threads"),
    ({"backend": "mock", "threads": 5000}, "threads"),
    ({"backend": "mock", "deadline": "soon"}, "deadline"),
    ({"backend": "mock", "deadline": float("nan")}, "deadline"),
    ({"backend": "mock", "lease_mode": "quick"}, "mode 'quick'"),
    ({"backend": "mock", "lease_mode": "sampled"}, "lease_verify"),
    ({"backend": "mock", "device": -1}, "device"),
])
def test_a_guard_refuses_each_bad_argument_by_name(arguments, words):
    with pytest.raises((vres.InvalidInput, vres.Config)) as caught:
        vres.Guard(**arguments)
    assert words in str(caught.value)


def test_files_that_are_not_there_are_not_found(tmp_path):
    refused(vres.NotFound, "", vres.Guard, backend="mock", token_file=tmp_path / "none")
    refused(vres.NotFound, "", vres.Guard, backend="mock", key_file=tmp_path / "none")
    with pytest.raises(vres.Error):
        vres.Guard(backend="mock", audit=tmp_path / "none" / "log")


def test_host_memory_is_a_violation_of_policy_but_for_the_mock(guard, weights):
    guard.mock, guard.backend = None, "cuda"  # as a guard of a GPU; it is refused before the backend is asked
    refused(vres.PolicyViolation, "'layer.0.weight' is in host memory", guard.seal, weights)


def test_a_guard_without_driver_says_so():
    try:
        vres.Guard(backend="cuda", token=b"x" * 32).close()
    except (vres.NoBackend, vres.NoDevice, vres.Machine):
        pass


@pytest.mark.parametrize("call, words", [
    (lambda seal: seal.verify("slow"), "mode 'slow'"),
    (lambda seal: seal.verify(samples=-1), "samples"),
    (lambda seal: seal.compare(3.5), "manifest"),
    (lambda seal: seal.compare({"a": "zz"}), "'a' is not 64 hex digits"),
    (lambda seal: seal.compare(object()), "manifest"),
])
def test_a_seal_refuses_each_bad_argument_by_name(guard, weights, call, words):
    with guard.seal(weights) as seal:
        refused(vres.InvalidInput, words, call, seal)
        seal.verify()


@pytest.mark.parametrize("text, words", [
    (b"", "empty"), (b"sha256:" + b"0" * 64 + b" a", "does not end"), (b"\n", "line 1"), (b"sha256:" + b"0" * 63 + b" a\n", "line 1"),
    (b"sha256:" + b"0" * 64 + b" a\n" + b"sha256:" + b"0" * 64 + b" a\n", "line 2"), (b"sha256:" + b"0" * 64 + b" \xff\n", "line 1"),
    (b"sha256:" + b"A" * 64 + b" a\n", "line 1"), (b"sha256:" + b"0" * 64 + b"  \n", None),
])
def test_what_is_no_manifest_is_refused_by_its_line(text, words):
    if words is None:
        assert vres.manifest.parse(text) == {" ": "0" * 64}
    else:
        refused(vres.InvalidInput, words, vres.manifest.parse, text)


def test_a_manifest_that_cannot_be_read_is_an_os_error(guard, weights, tmp_path):
    with guard.seal(weights) as seal:
        for path in (tmp_path, tmp_path / "none"):
            with pytest.raises(OSError):
                seal.compare(path)


def test_receipts_that_are_none_are_refused(guard):
    refused(vres.InvalidInput, "receipt is a str", guard.check_receipt, "text")
    for receipt in (b"", b"x", b"x" * 10000):
        with pytest.raises(vres.Error):
            guard.check_receipt(receipt)


def test_what_is_closed_says_so(guard, weights):
    seal = guard.seal(weights)
    lease = seal.use()
    lease.close()
    lease.close()
    refused(vres.Closed, "the lease is closed", lease.check)
    seal.close()
    seal.close()
    for call in (seal.verify, seal.use, seal.manifest, seal.receipt, seal.info, seal.suspend, seal.resume):
        refused(vres.Closed, "the seal is closed", call)
    other = guard.seal(weights)
    guard.close()
    guard.close()
    for call in (lambda: guard.seal(weights), guard.metrics, guard.prometheus, guard.enforce, guard.scrub_in_background, lambda: guard.digest(weights)):
        refused(vres.Closed, "the guard is closed", call)
    other.verify()  # what was sealed keeps working
    other.close()


def test_a_mock_refuses_what_it_does_not_know(guard, weights):
    mock = guard.mock
    refused(vres.InvalidInput, "not sealed", mock.flip, numpy.zeros(9))
    with guard.seal(weights):
        refused(vres.InvalidInput, "offset", mock.flip, weights["layer.0.weight"], 12000)
        refused(vres.InvalidInput, "bit 8", mock.flip, weights["layer.0.weight"], 0, 8)
        refused(vres.InvalidInput, "fact", mock.pretend, weights["layer.0.weight"], "gone")
    refused(vres.InvalidInput, "operation", mock.fail, "dance")
    refused(vres.InvalidInput, "status", mock.fail, "any", 1, "VRES_REASON_DIGEST")
    refused(vres.InvalidInput, "devices", vres.mock.Mock, devices=65)
    refused(vres.InvalidInput, "granularity", vres.mock.Mock, granularity=3)


def test_a_model_that_does_not_fit_leaves_nothing(weights):
    with vres.Guard(backend=vres.mock.Mock(capacity=32768)) as guard:
        refused(vres.InsufficientVram, "'layer.2.weight'", guard.seal, weights)
        assert "0 ranges" in repr(guard.mock) and guard.metrics()["shards_now"] == 0
        guard.seal({"w": weights["layer.0.weight"]}).close()


def test_memory_that_overlaps_in_part_is_refused_by_name(guard):
    buffer = bytearray(8192)
    first, second = numpy.frombuffer(buffer, numpy.uint8, 4096), numpy.frombuffer(buffer, numpy.uint8, 4096, 2048)
    refused(vres.InvalidInput, "'b' overlaps in part", guard.seal, {"a": first, "b": second})
    assert "0 ranges" in repr(guard.mock)
