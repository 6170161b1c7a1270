# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a tensor lies: one range of memory, of whatever library the tensor is.

Nothing is imported for it: a torch tensor is recognised only where torch is loaded already.
"""
from __future__ import annotations

import functools
import math
import sys
from typing import Any, Callable, NamedTuple, Optional, Sequence

from ._native import ffi
from .errors import Capturing, InvalidInput, NotContiguous, PolicyViolation

Place = tuple[int, int]  # address and size


class Memory(NamedTuple):
    """A tensor's memory.

    tensor: the tensor itself
    place:  asks the tensor again where it is
    stamp:  something quick that is another thing when the tensor has another place
    where:  "host", "cuda", "hip"
    device: its number, None where the tensor does not say
    root:   the host allocation that it is part of
    keep:   what keeps this memory allocated, whatever becomes of the tensor
    """

    address: int
    bytes: int
    tensor: Any
    place: Callable[[], Place]
    stamp: Callable[[], Any]
    where: str
    device: Optional[int]
    root: Place
    keep: Any


def memory_of(name: str, tensor: Any) -> Memory:
    """Where @tensor lies, or why it has no place, by @name."""
    if type(tensor).__module__ == "numpy" and hasattr(tensor, "__array_interface__"):
        return _of_array(name, tensor)
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(tensor, torch.Tensor):
        return _of_torch(name, tensor)
    if hasattr(tensor, "__cuda_array_interface__"):
        return _of_cuda(name, tensor)
    if hasattr(tensor, "__array_interface__"):
        return _of_array(name, tensor)
    if hasattr(tensor, "__dlpack__") or type(tensor).__name__ == "PyCapsule":
        return _of_dlpack(name, tensor)
    raise InvalidInput(f"tensor {name!r} is a {type(tensor).__name__}, which has no memory that can be sealed: "
                       "it takes a torch tensor, a numpy array, __cuda_array_interface__ or DLPack")


def _check_dense(name: str, shape: Sequence[int], strides: Optional[Sequence[int]], item: int) -> None:
    """Refuses what has gaps, or the same byte twice.  @strides in units of @item; None: as C has it."""
    if strides is None or 0 in shape:
        return
    expected = 1
    for stride, extent in sorted((stride, extent) for stride, extent in zip(strides, shape) if extent != 1):
        if stride != expected * item:
            raise NotContiguous(f"tensor {name!r} is not contiguous: shape {tuple(shape)}, strides {tuple(strides)}")
        expected *= extent


def _of_torch(name: str, tensor: Any) -> Memory:
    where = {"cpu": "host", "cuda": "cuda"}.get(tensor.device.type)
    if where is None or tensor.layout is not sys.modules["torch"].strided:
        raise InvalidInput(f"tensor {name!r} is on {tensor.device.type} with layout {tensor.layout}, which has no memory that can be sealed")
    if where == "cuda" and getattr(sys.modules["torch"].version, "hip", None):
        where = "hip"
    _check_dense(name, tensor.shape, tensor.stride(), 1)
    storage = tensor.untyped_storage() if hasattr(tensor, "untyped_storage") else tensor.storage()  # torch before 2

    def place() -> Place:
        return tensor.data_ptr(), tensor.numel() * tensor.element_size()

    return Memory(*place(), tensor, place, place, where, tensor.device.index, (storage.data_ptr(), storage.nbytes()), storage)


def _of_array(name: str, array: Any) -> Memory:
    """numpy, and whatever else has its interface."""
    first = array.__array_interface__
    if first.get("data") is None:
        raise InvalidInput(f"tensor {name!r} has no data pointer")
    if first["typestr"][1] == "O" or getattr(getattr(array, "dtype", None), "hasobject", False):
        raise InvalidInput(f"tensor {name!r} is an array of Python objects")
    item = int(first["typestr"][2:]) * (4 if first["typestr"][1] == "U" else 1)
    _check_dense(name, first["shape"], first.get("strides"), item)

    def place() -> Place:
        return array.__array_interface__["data"][0], array.nbytes

    def place_by_shape() -> Place:
        now = array.__array_interface__
        return now["data"][0], item * math.prod(now["shape"])

    where = place if hasattr(array, "nbytes") else place_by_shape
    address, size = first["data"][0], array.nbytes if where is place else item * math.prod(first["shape"])
    root, span = array, (address, size)
    while hasattr(getattr(root, "base", None), "__array_interface__"):
        root = root.base
    if root is not array and getattr(getattr(root, "flags", None), "forc", False):
        whole = root.__array_interface__["data"][0], root.nbytes
        if whole[0] <= address and address + size <= whole[0] + whole[1]:
            span = whole
    # Where an array of numpy is changes only when it is resized.
    stamp: Callable[[], Any] = where
    if type(array).__module__ == "numpy":
        stamp = functools.partial(getattr, array, "nbytes")
    return Memory(address, size, array, where, stamp, "host", None, span, root)


def _of_cuda(name: str, array: Any) -> Memory:
    def place() -> Place:
        now = array.__cuda_array_interface__
        return now["data"][0] or 0, int(now["typestr"][2:]) * math.prod(now["shape"])

    first = array.__cuda_array_interface__
    if first.get("mask") is not None:
        raise InvalidInput(f"tensor {name!r} has a mask")
    _check_dense(name, first["shape"], first.get("strides"), int(first["typestr"][2:]))
    address, size = place()
    return Memory(address, size, array, place, place, "cuda", None, (address, size), array)


_DL_DEVICES = {1: "host", 2: "cuda", 10: "hip"}
_DL_REFUSED = {3: "page-locked host memory", 11: "page-locked host memory", 13: "managed memory, which may migrate"}


def _of_dlpack(name: str, tensor: Any) -> Memory:
    import ctypes

    capsule = tensor.__dlpack__() if hasattr(tensor, "__dlpack__") else tensor
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    try:
        address = get(capsule, b"dltensor")
    except ValueError:
        raise InvalidInput(f"tensor {name!r} is a capsule that is not a DLPack tensor, or was consumed already") from None
    dl = ffi.cast("struct dl_tensor *", address)
    if dl.device_type in _DL_REFUSED:
        raise PolicyViolation(f"tensor {name!r} is in {_DL_REFUSED[dl.device_type]}")
    if dl.device_type not in _DL_DEVICES:
        raise InvalidInput(f"tensor {name!r} is on a DLPack device of type {dl.device_type}, which has no memory that can be sealed")
    shape = [dl.shape[i] for i in range(dl.ndim)]
    strides = None if dl.strides == ffi.NULL else [dl.strides[i] for i in range(dl.ndim)]
    _check_dense(name, shape, strides, 1)
    bits = dl.bits * dl.lanes * math.prod(shape)
    where = (int(ffi.cast("uintptr_t", dl.data)) + dl.byte_offset, (bits + 7) // 8)
    # The capsule is not consumed: it is kept, and its own end is the end of the borrow.
    return Memory(*where, tensor, lambda: where, lambda: None, _DL_DEVICES[dl.device_type], dl.device_id if dl.device_type != 1 else None, where, capsule)


def wait_for_stream(memories: Sequence[Memory], may_wait: bool) -> None:
    """Waits until what was queued on torch's current stream is done.  While that is captured nothing may be waited for: then, with
    @may_wait false, it goes on without, else it raises."""
    torch = sys.modules.get("torch")
    there = [memory.device for memory in memories if torch is not None and memory.where != "host" and isinstance(memory.tensor, torch.Tensor)]
    if torch is None or not there:
        return
    if torch.cuda.is_current_stream_capturing():
        if not may_wait:
            return
        raise Capturing("the current stream is being captured: seal and resume before or after")
    torch.cuda.current_stream(there[0]).synchronize()
