# SPDX-License-Identifier: GPL-3.0-or-later
"""Members of a tensor-parallel model that check each other: four processes over gloo, and what one of them may say, without them."""
import subprocess
import sys

import numpy
import pytest

import vres
from vres import distributed

CASES = {
    "good": "members 4", "damaged": "rank 2: its seal is not good: Quarantined", "foreign": "rank 2: ", "doubled": "rank 2: it has part 1, as rank 1",
    "epoch": "rank 2: its epoch is 1", "ref": "rank 2: its model_ref is 'old'",
}
MEMBER = """
import datetime, logging, sys
import torch, vres
from vres import distributed
rank, store, cases = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
logging.disable(logging.CRITICAL)
torch.distributed.init_process_group("gloo", init_method="file://" + store, rank=rank, world_size=4, timeout=datetime.timedelta(seconds=90))
for case in cases:
    odd = rank == 2 and case
    weight = torch.arange(1000.0)
    guard = vres.Guard(backend="mock", token=b"another" if odd == "foreign" else b"token")
    seal = guard.seal({"w": weight}, model_ref="old" if odd == "ref" else "m", group_id="tp", index=1 if odd == "doubled" else rank, total=4)
    if odd == "epoch":
        with seal.update():
            weight += 1
    if odd == "damaged":
        guard.mock.flip(weight, 5)
    try:
        seal.verify()
    except vres.Damaged:
        pass
    try:
        print(case, "members", len(distributed.check_set(seal)))
    except distributed.SetError as error:
        print(case, error)
"""


def test_four_processes_form_one_model_or_all_name_who_does_not_fit(tmp_path):
    pytest.importorskip("torch")
    members = [subprocess.Popen([sys.executable, "-c", MEMBER, str(rank), str(tmp_path / "store"), *CASES], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
               for rank in range(4)]
    for rank, (out, err) in enumerate(member.communicate(timeout=150) for member in members):
        said = dict(line.split(" ", 1) for line in out.splitlines())
        assert said.keys() == CASES.keys(), (rank, out, err[-2000:])
        for case, words in CASES.items():
            if (rank, case) == (2, "foreign"):  # to who has another token everybody else is foreign
                words = "rank 0: "
            assert words in said[case], (rank, case, said[case])


@pytest.fixture
def words():
    """What the two members of a model send, and the guard of one of them."""
    guards = [vres.Guard(backend="mock", token=b"token") for _ in range(2)]
    seals = [guard.seal({"w": numpy.arange(100.0) + i}, model_ref="m", group_id="tp", index=i, total=2) for i, guard in enumerate(guards)]
    yield [distributed._own_word(seal).ljust(distributed._LONGEST, b"\0") for seal in seals], guards[0]
    for owned in seals + guards:
        owned.close()


def test_two_members_are_one_model(words):
    members = distributed._judge(*words, 60.0)
    assert [(member.rank, member.info.shard_index, member.info.model_ref) for member in members] == [(0, 0, "m"), (1, 1, "m")]


@pytest.mark.parametrize("change, said", [
    (lambda words: words[:1], "2 parts, and the group 1"),
    (lambda words: words[:1] * 2, "rank 1: it has part 0, as rank 0"),
    (lambda words: [words[0], bytes(len(words[1]))], "rank 1: its seal is not good"),
    (lambda words: [words[0], b"\xff" * len(words[1])], "rank 1: what it sent is no receipt"),
    (lambda words: [words[0], words[1][:200] + bytes([words[1][200] ^ 1]) + words[1][201:]], "rank 1"),
    (lambda words: [words[0], distributed._HEAD.pack(1e9, distributed._HEAD.unpack_from(words[1])[1]) + words[1][distributed._HEAD.size:]], "rank 1: its last verification"),
    (lambda words: [words[0], distributed._HEAD.pack(float("nan"), distributed._HEAD.unpack_from(words[1])[1]) + words[1][distributed._HEAD.size:]], "rank 1"),
    (lambda words: [words[0], distributed._HEAD.pack(-5.0, distributed._HEAD.unpack_from(words[1])[1]) + words[1][distributed._HEAD.size:]], "rank 1"),
])
def test_what_a_member_sends_is_not_believed(words, change, said):
    with pytest.raises(distributed.SetError, match=said):
        distributed._judge(change(words[0]), words[1], 60.0)


def test_bad_arguments_are_refused_before_anything_is_sent(guard):
    with pytest.raises(vres.InvalidInput, match="seal is a str"):
        distributed.check_set("seal")
    with guard.seal({"w": numpy.arange(9.0)}) as seal, pytest.raises(vres.InvalidInput, match="max_age"):
        distributed.check_set(seal, max_age=-1)
