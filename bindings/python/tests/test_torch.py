# SPDX-License-Identifier: GPL-3.0-or-later
"""torch: its tensors in host memory over the mock where it is installed, and a stand-in for what only a GPU has."""
import sys
import types

import numpy
import pytest

import vres


class Stream:
    """Counts who waits for it."""

    def __init__(self):
        self.waited, self.captured = 0, False

    def synchronize(self):
        self.waited += 1


class Tensor:
    """A stand-in with what this package asks of a torch tensor, over a numpy array."""

    layout = "strided"

    def __init__(self, array, kind="cuda", index=0):
        self.array, self.device = array, types.SimpleNamespace(type=kind, index=index)
        self.shape = array.shape

    def data_ptr(self):
        return self.array.ctypes.data

    def numel(self):
        return self.array.size

    def element_size(self):
        return self.array.itemsize

    def stride(self):
        return tuple(stride // self.array.itemsize for stride in self.array.strides)

    def untyped_storage(self):
        return types.SimpleNamespace(data_ptr=self.data_ptr, nbytes=lambda: self.array.nbytes, array=self.array)


@pytest.fixture
def stream(monkeypatch):
    stream = Stream()
    cuda = types.SimpleNamespace(is_current_stream_capturing=lambda: stream.captured, current_stream=lambda device: stream)
    monkeypatch.setitem(sys.modules, "torch", types.SimpleNamespace(Tensor=Tensor, strided="strided", cuda=cuda, version=types.SimpleNamespace(hip=None)))
    return stream


@pytest.fixture
def pretended(guard):
    """A guard that believes to be one of a GPU; below, it is the mock, which is given the tensors' memory by hand."""
    guard.backend, mock = "cuda", guard.mock
    holds = guard._hold

    def hold(names, memories, device):
        return holds(names, [memory._replace(where="host") for memory in memories], device)

    guard._hold = hold
    guard._judge = lambda names, memories, device: 0
    yield guard
    guard.mock = mock
    del guard._hold, guard._judge


def test_a_tensor_on_another_device_than_the_others_is_refused_by_name(guard, stream):
    guard.mock, guard.backend = None, "cuda"
    with pytest.raises(vres.InvalidInput, match="'b' is on device 1, not on device 0"):
        guard.seal({"a": Tensor(numpy.zeros(4)), "b": Tensor(numpy.zeros(4), index=1)})
    with pytest.raises(vres.PolicyViolation, match="'c' is in host memory"):
        guard.seal({"a": Tensor(numpy.zeros(4)), "c": Tensor(numpy.zeros(4), "cpu")})
    with pytest.raises(vres.NotContiguous, match="'d' is not contiguous"):
        guard.seal({"d": Tensor(numpy.zeros((4, 4))[:, ::2])})
    with pytest.raises(vres.InvalidInput, match="'e' is on xpu"):
        guard.seal({"e": Tensor(numpy.zeros(4), "xpu")})


def test_seal_verify_and_resume_wait_for_the_current_stream(pretended, stream):
    with pretended.seal({"w": Tensor(numpy.arange(100.0))}) as seal:
        assert stream.waited == 1
        seal.verify()
        assert stream.waited == 2
        with seal.asleep():
            pass
        assert stream.waited == 3


def test_while_a_stream_is_captured_only_verifying_goes_on(pretended, stream):
    with pretended.seal({"w": Tensor(numpy.arange(100.0))}) as seal:
        stream.captured, stream.waited = True, 0
        seal.verify()
        with pytest.raises(vres.Capturing):
            pretended.seal({"x": Tensor(numpy.arange(100.0))})
        seal.suspend()
        with pytest.raises(vres.Capturing):
            seal.resume()
        assert stream.waited == 0 and seal.info().suspended
        stream.captured = False
        seal.resume()


def test_parameters_of_a_module_are_sealed_and_what_moved_is_noticed(guard):
    torch = pytest.importorskip("torch")
    module = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.Linear(64, 8))
    module[0].bias.data = module[0].weight.data[0]  # a view
    with guard.seal(module.named_parameters(), model_ref="module") as seal:
        seal.verify()
        with pytest.raises(vres.NotContiguous):
            guard.seal({"t": module[0].weight[:, ::2]})
        with seal.update(label="step"), torch.no_grad():
            module[1].weight += 1
            module[1].bias.data = torch.ones(8)
        seal.verify()
        module[1].bias.data = torch.zeros(8)
        with pytest.raises(vres.Moved, match="'1.bias'"):
            seal.verify()
        module[1].bias.data.resize_(16)
        with pytest.raises(vres.Moved):
            seal.verify()


def test_workers_of_a_data_loader_work_beside_a_sealed_module(guard):
    torch = pytest.importorskip("torch")
    module = torch.nn.Linear(8, 8)
    with guard.seal(module.named_parameters()) as seal, seal.use():
        loader = torch.utils.data.DataLoader(torch.arange(64.0).reshape(8, 8), batch_size=2, num_workers=2)
        assert sum(float(batch.sum()) for batch in loader) == 2016.0
    seal = guard.seal({"shared": module.weight.detach().share_memory_()})
    seal.verify()
    seal.close()
