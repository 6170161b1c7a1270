# SPDX-License-Identifier: GPL-3.0-or-later
"""Sealing, verifying, leases, receipts and manifests."""
import hashlib
import subprocess
import shutil

import numpy
import pytest

import vres


def test_sealed_tensors_are_verified_and_described(guard, weights):
    with guard.seal(weights, model_ref="llama-8b@tp0", shard_id="one") as seal:
        report = seal.verify()
        info = seal.info()
        assert report.mode == "full" and report.blocks_checked == report.blocks_total > 0
        assert report.bytes_hashed >= sum(w.nbytes for w in weights.values())
        assert (info.shard_id, info.model_ref, info.tensors, info.epoch, info.simulated) == ("one", "llama-8b@tp0", 4, 0, True)
        assert not info.quarantined and not info.suspended


@pytest.mark.parametrize("mode", ["full", "signature", "sampled"])
def test_each_mode_of_verification_says_that_it_was_used(guard, weights, mode):
    with guard.seal(weights) as seal:
        assert seal.verify(mode).mode == mode


def test_a_flipped_bit_is_named_by_tensor_and_offset(guard, weights):
    with guard.seal(weights) as seal:
        guard.mock.flip(weights["layer.2.weight"], 4097, 5)
        with pytest.raises(vres.Damaged) as caught:
            seal.verify()
        error = caught.value
        assert (error.tensor, error.index, error.offset, error.bad_tensors) == ("layer.2.weight", 2, 4096, 1)
        assert error.ranges == [vres.Damage("layer.2.weight", 4096, 4096)]
        assert "layer.2.weight" in str(error) and error.status == "VRES_E_SEAL_VERIFICATION_FAILED" and error.reason == "digest"
        with pytest.raises(vres.Quarantined):
            seal.verify("signature")
        with pytest.raises(vres.Quarantined):
            seal.receipt()
        assert seal.info().quarantined


def test_use_verifies_first_and_names_the_damage(guard, weights):
    with guard.seal(weights) as seal:
        with seal.use() as lease:
            lease.check()
            assert seal.info().leases == 1
        assert seal.info().leases == 0
        guard.mock.flip(weights["layer.1.weight"], 8192)
        with pytest.raises(vres.Damaged) as caught:
            seal.use()
        assert (caught.value.tensor, caught.value.index, caught.value.offset) == ("layer.1.weight", 1, 8192)


def test_each_use_hashes_everything_once(guard, weights):
    with guard.seal(weights) as seal:
        before = guard.metrics()["verified_bytes"]
        for _ in range(3):
            seal.use().close()
        assert guard.metrics()["verified_bytes"] - before == 3 * sum(w.nbytes for w in weights.values())


def test_lease_max_age_spares_the_next_use_a_verification(weights):
    with vres.Guard(backend="mock", lease_max_age=60) as guard, guard.seal(weights) as seal:
        before = guard.metrics()["verified_bytes"]
        seal.use().close()
        assert guard.metrics()["verified_bytes"] == before


def test_a_lease_tells_of_damage_found_meanwhile(guard, weights):
    with guard.seal(weights) as seal, seal.use() as lease:
        guard.mock.flip(weights["layer.0.weight"])
        with pytest.raises(vres.Damaged):
            seal.verify()
        with pytest.raises(vres.Quarantined):
            lease.check()
        lease.close()


def test_tied_weights_and_views_are_sealed_under_each_name(guard):
    embedding = numpy.arange(10000, dtype=numpy.float32)
    tensors = {"embed": embedding, "lm_head": embedding, "rows": embedding[100:200], "matrix": embedding.reshape(100, 100).T}
    with guard.seal(tensors) as seal:
        digests = vres.manifest.parse(seal.manifest().encode())
        assert digests["embed"] == digests["lm_head"] == digests["matrix"] != digests["rows"]
        with guard.seal({"again": embedding}) as other:  # the same memory in two seals
            other.verify()
        seal.verify()


def test_the_digest_of_a_seal_is_that_of_its_manifest(guard, weights):
    with guard.seal(weights) as seal:
        assert hashlib.sha256(seal.manifest().encode()).hexdigest() == seal.info().digest
        assert guard.digest(weights) == vres.manifest.parse(seal.manifest().encode())


@pytest.mark.skipif(not shutil.which("fsverity"), reason="fsverity is not installed")
def test_digests_are_those_of_fsverity(guard, tmp_path):
    array = numpy.random.default_rng(1).integers(0, 255, 300001, dtype=numpy.uint8)
    (tmp_path / "tensor").write_bytes(array.tobytes())
    said = subprocess.run(["fsverity", "digest", "--compact", tmp_path / "tensor"], capture_output=True, text=True, check=True).stdout.split()[0]
    assert guard.digest({"tensor": array}) == {"tensor": said}


def test_compare_says_what_differs_is_missing_and_was_added(guard, weights, tmp_path):
    path = tmp_path / "model.manifest"
    with guard.seal(weights) as seal:
        path.write_text(seal.manifest())
        assert seal.compare(path) == {"match": 4, "differ": [], "missing": [], "added": []}
    weights["layer.0.weight"][7] = -1
    weights["new"] = weights.pop("layer.3.weight")
    with guard.seal(weights) as seal:
        assert seal.compare(str(path)) == {"match": 2, "differ": ["layer.0.weight"], "missing": ["layer.3.weight"], "added": ["new"]}


def test_a_seal_insists_on_an_expected_manifest(guard, weights):
    expected = guard.digest(weights)
    guard.seal(weights, expected=expected).close()
    weights["layer.3.weight"][0] = 9
    with pytest.raises(vres.Unexpected):
        guard.seal(weights, expected=expected)
    with pytest.raises(vres.InvalidInput, match="'other' is expected, and missing"):
        guard.seal(weights, expected={"other": "0" * 64})
    assert guard.metrics()["shards_now"] == 0


def test_a_receipt_finds_its_seal_and_a_changed_one_is_forged(guard, weights):
    with guard.seal(weights, model_ref="m") as seal:
        receipt = seal.receipt()
        assert guard.check_receipt(receipt) == seal.info()
        with pytest.raises(vres.Forged):
            guard.check_receipt(receipt[:-1] + bytes([receipt[-1] ^ 1]))
        with vres.Guard(backend="mock") as other, pytest.raises(vres.Forged):
            other.check_receipt(receipt)
    with pytest.raises(vres.Stale):
        guard.check_receipt(receipt)


def test_metrics_and_prometheus_text_count_what_was_done(guard, weights):
    with guard.seal(weights) as seal:
        seal.verify()
        metrics = guard.metrics()
        assert metrics["seals_ok"] == 1 and metrics["verifies_ok"] == 1 and metrics["shards_now"] == 1
        assert "vram_" in guard.prometheus() and guard.prometheus().endswith("\n")


def test_the_audit_log_has_each_event(weights, tmp_path):
    path = tmp_path / "audit.log"
    guard = vres.Guard(backend="mock", token=b"t" * 32, audit=path, worker_id="w7")
    seal = guard.seal(weights, shard_id="s")
    seal.verify()
    guard.flush_audit()
    assert '"seal_verified"' in path.read_text()
    guard.close()  # the log stays open for the seal
    seal.close()
    del guard, seal
    text = path.read_text()
    assert all(f'"{event}"' in text for event in ("vram_sealed", "seal_verified", "vram_released")) and '"w7"' in text


def test_a_key_comes_from_a_private_file_alone(weights, tmp_path):
    token = tmp_path / "token"
    token.write_text("test-token-42\n")
    token.chmod(0o644)
    with pytest.raises(vres.InvalidInput):
        vres.Guard(backend="mock", token_file=token)
    token.chmod(0o600)
    with vres.Guard(backend="mock", token_file=token) as guard, guard.seal(weights) as seal:
        seal.verify()


def test_no_repr_has_an_address_or_a_secret(weights):
    secret = b"correct horse battery staple"
    guard = vres.Guard(backend="mock", token=secret)
    with guard.seal(weights) as seal, seal.use() as lease, guard.scrub_in_background() as scrub:
        addresses = {f"{w.__array_interface__['data'][0]:x}" for w in weights.values()} | {str(w.__array_interface__["data"][0]) for w in weights.values()}
        shown = " ".join(map(repr, (guard, seal, lease, guard.mock, seal.info(), scrub, seal.verify(), guard.metrics(), seal._shard, guard._manager)))
        assert not any(address in shown.lower() for address in addresses) and "battery" not in shown and "0x" not in shown.lower().replace("0x0", "")
    guard.close()


def test_a_set_is_verified_whole_and_names_who_is_damaged(weights):
    guard = vres.Guard(backend=vres.mock.Mock(devices=2))
    others = {name: array + 1 for name, array in weights.items()}
    seals = [guard.seal(tensors, model_ref="m", group_id="tp", index=i, total=2, device=i) for i, tensors in enumerate((weights, others))]
    guard.verify_set(seals)
    guard.verify_set(seals[::-1], "signature")
    for wrong, words in ((seals[:1], None), (seals + seals, None), ([seals[0], "x"], "seal 1 is a str"), ([], None)):
        with pytest.raises(vres.InvalidInput, match=words):
            guard.verify_set(wrong)
    guard.mock.flip(others["layer.2.weight"], 9)
    with pytest.raises(vres.Damaged, match="seal 1 of those given: tensor 'layer.2.weight'"):
        guard.verify_set(seals)
    seals[0].verify()
    for seal in seals:
        seal.close()
    guard.close()


def test_a_set_of_seals_keeps_place_and_group(guard, weights):
    with guard.seal(weights, group_id="tp", index=1, total=2, shard_id="b") as seal:
        info = seal.info()
        assert (info.shard_id, info.group_id, info.shard_index, info.total_shards) == ("b", "tp", 1, 2)
    with pytest.raises(vres.InvalidInput):
        guard.seal(weights, index=2, total=2)
