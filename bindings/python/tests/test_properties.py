# SPDX-License-Identifier: GPL-3.0-or-later
"""Of any tensors: the digests are those of the bytes, a flipped bit is found in its tensor, and nothing else is."""
import os

import numpy
import pytest

import vres

hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies
CASES = int(os.environ.get("VRES_CASES", "500"))
LAYOUT = st.lists(st.tuples(st.integers(0, 20000), st.sampled_from(["u1", "<f2", "<f4", ">i8"]), st.booleans()), min_size=1, max_size=12)


def arrays_of(layout, seed):
    """Arrays of these sizes and types, each of its own, or a view of one buffer."""
    random = numpy.random.default_rng(seed)
    shared = random.integers(0, 256, 300000, dtype=numpy.uint8)
    made, at = {}, 0
    for i, (size, kind, own) in enumerate(layout):
        size -= size % numpy.dtype(kind).itemsize
        made[f"t{i}"] = (random.integers(0, 256, size, dtype=numpy.uint8) if own else shared[at:at + size]).view(kind)
        at += size + i
    return made


@hypothesis.settings(max_examples=CASES, deadline=None, database=None, derandomize=True)
@hypothesis.given(layout=LAYOUT, seed=st.integers(0, 2**32), data=st.data())
def test_any_layout_is_sealed_and_a_flipped_bit_is_found_where_it_is(layout, seed, data):
    tensors = arrays_of(layout, seed)
    with vres.Guard(backend="mock", token=b"k" * 32, keep_leaves=True) as guard:
        if not any(array.nbytes for array in tensors.values()):
            with pytest.raises(vres.InvalidInput):
                guard.seal(tensors)
            return
        apart = {name: guard.digest({"x": array.copy(), "y": numpy.ones(1)})["x"] for name, array in tensors.items()}
        with guard.seal(tensors) as seal:
            assert vres.manifest.parse(seal.manifest().encode()) == apart
            seal.verify()
            name = data.draw(st.sampled_from(sorted(name for name, array in tensors.items() if array.nbytes)))
            offset = data.draw(st.integers(0, tensors[name].nbytes - 1))
            guard.mock.flip(tensors[name], offset, data.draw(st.integers(0, 7)))
            with pytest.raises(vres.Damaged) as caught:
                seal.verify()
            assert [damage.tensor for damage in caught.value.ranges] == [name]
            assert caught.value.offset <= offset < caught.value.offset + caught.value.ranges[0].bytes
