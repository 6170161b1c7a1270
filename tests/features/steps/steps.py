# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps, over the Python package and the mock.  Each does the real thing: damaged VRAM is a flipped bit, a refusal is an exception."""
import concurrent.futures
import hashlib
import pathlib
import subprocess
import tempfile

import numpy
from behave import given, step, then, when

import vres

TOKEN = b"correct horse battery staple"


def attempt(context, call):
    """What @call returns; what it raises is for the next step that asks."""
    context.error = None
    try:
        return call()
    except vres.Error as error:
        context.error = error
        return None


def guard(context):
    if context.guard is None:
        context.guard = vres.Guard(backend=context.mock, token=TOKEN, keep_leaves=True, audit=context.folder / "audit.log", on_incident=context.incidents.append,
                                   max_model_bytes=context.largest)
    return context.guard


def model_of(count, kib, seed=0):
    random = numpy.random.default_rng(seed)
    return {f"t{i}": random.integers(0, 256, kib << 10, dtype=numpy.uint8) for i in range(count)}


def seal(context, name, model, **more):
    made = attempt(context, lambda: guard(context).seal(model, shard_id=name, **more))
    if made is not None:
        context.seals[name] = made
    return made


@given("a worker with {mib:d} MiB of VRAM")
def _(context, mib):
    context.mock = vres.mock.Mock(capacity=mib << 20)


@given("a model of {count:d} tensors of {kib:d} KiB each")
def _(context, count, kib):
    context.model = model_of(count, kib)


@given("the largest model allowed has {kib:d} KiB")
def _(context, kib):
    context.largest = kib << 10


@given("the manifest of the model is published")
def _(context):
    context.published = guard(context).digest(context.model)


@given('tensor "{name}" was changed before the seal')
def _(context, name):
    context.model[name][100] ^= 1


@given("the next hash of the device fails")
def _(context):
    context.mock.fail("hash_blocks", 1)


@step('the model is sealed as "{name}"')
def _(context, name):
    made = seal(context, name, context.model, model_ref="llama-8b@tp0")
    if made is not None:
        context.receipt = made.receipt()


@step('another model is sealed as "{name}"')
def _(context, name):
    seal(context, name, model_of(2, 64, seed=1))


@when("the model is sealed against the published manifest")
def _(context):
    seal(context, "published", context.model, expected=context.published)


@when("the model is sealed by a worker of a GPU, from host memory")
def _(context):
    made = guard(context)
    made.mock, made.backend = None, "cuda"  # no GPU is asked: what is in host memory is refused before
    seal(context, "host", context.model)


@step('bit {bit:d} of tensor "{name}" flips at offset {offset:d}')
def _(context, bit, name, offset):
    context.mock.flip(context.model[name], offset, bit)


@step("the seal is verified")
def _(context):
    context.report = attempt(context, context.seals["shard-1"].verify)


@when("the other seal is verified")
def _(context):
    attempt(context, context.seals["shard-2"].verify)


@when("the worker asks to use the model")
def _(context):
    attempt(context, context.seals["shard-1"].use)


@when("the seal ends")
def _(context):
    context.seals.pop("shard-1").close()


@when("the receipt is presented")
def _(context):
    attempt(context, lambda: guard(context).check_receipt(context.receipt))


@when("the receipt is presented with one bit changed")
def _(context):
    attempt(context, lambda: guard(context).check_receipt(context.receipt[:20] + bytes([context.receipt[20] ^ 1]) + context.receipt[21:]))


@when("the receipt is presented to a worker with another token")
def _(context):
    with vres.Guard(backend="mock", token=b"another") as other:
        attempt(context, lambda: other.check_receipt(context.receipt))


@when('tensor "{name}" is updated')
def _(context, name):
    update(context, [name], [name])


@when('tensor "{name}" is updated while "{other}" is changed unsaid')
def _(context, name, other):
    update(context, [name], [name, other])


def update(context, said, changed):
    def run():
        with context.seals["shard-1"].update(changed=said):
            for name in changed:
                context.model[name][7] ^= 1

    attempt(context, run)


@when("the policy is enforced")
def _(context):
    context.facts = attempt(context, guard(context).enforce)


@when('the driver says that tensor "{name}" is {fact}')
def _(context, name, fact):
    context.mock.pretend(context.model[name], fact)


@when("a worker starts that does not allow simulated devices")
def _(context):
    lib, ffi = vres._lib, vres._ffi  # a Guard over a mock always allows them
    from vres import _calls, errors
    config, out, err, key = _calls.init("vres_config"), ffi.new("vres_manager **"), ffi.new("vres_error *"), ffi.new("vres_key **")
    assert lib.vres_key_derive(TOKEN, len(TOKEN), ffi.NULL, key, err) == lib.VRES_OK
    config.key, config.backend, config.backend_arg = key[0], lib.vres_backend_mock(), context.mock._here()
    attempt(context, lambda: errors.check(lib.vres_manager_create(config, out, err), err))
    lib.vres_key_destroy(key[0])


@when("models of {kib:d} KiB are sealed until one does not fit")
def _(context, kib):
    while context.error is None:
        name = f"model-{len(context.seals)}"
        seal(context, name, model_of(1, kib, seed=len(context.seals)))


@when("{count:d} models are sealed at once")
def _(context, count):
    made = guard(context)
    models = [model_of(2, 512, seed=i) for i in range(count)]

    def run(i):
        context.seals[f"model-{i}"] = made.seal(models[i], shard_id=f"model-{i}")

    at_once(context, run, count)


@when("{count:d} threads verify the seal at once")
def _(context, count):
    at_once(context, lambda _: context.seals["shard-1"].verify(), count)


def at_once(context, call, count):
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        done = [pool.submit(call, i) for i in range(count)]
    context.outcomes = [future.exception() for future in done]


@then("all of them succeed")
def _(context):
    assert not any(context.outcomes), context.outcomes


@then("none of them succeeds")
def _(context):
    assert all(isinstance(outcome, (vres.Damaged, vres.Quarantined)) for outcome in context.outcomes), context.outcomes


@then("{count:d} incident is told")
def _(context, count):
    assert len(context.incidents) == count, context.incidents


@then("it succeeds")
def _(context):
    assert context.error is None, repr(context.error)


@then("it fails with {kind}")
def _(context, kind):
    assert isinstance(context.error, getattr(vres, kind)), repr(context.error)


@then("it is no {kind}")
def _(context, kind):
    assert not isinstance(context.error, getattr(vres, kind)), repr(context.error)


@then('the failure names the tensor "{name}"')
def _(context, name):
    assert f"'{name}'" in str(context.error), str(context.error)


@then('the failure names the tensor "{name}" and the block at {offset:d}')
def _(context, name, offset):
    assert (context.error.tensor, context.error.offset) == (name, offset), (context.error.tensor, context.error.offset)


@then("nothing is sealed")
def _(context):
    assert guard(context).metrics()["shards_now"] == 0 and not context.seals


@then("no lease is held")
def _(context):
    assert guard(context).metrics()["leases_now"] == 0


@then("{count:d} seals are good")
def _(context, count):
    assert len(context.seals) == count, len(context.seals)
    for made in context.seals.values():
        made.verify()


@then("the seal is of {count:d} tensors and {size:d} bytes")
def _(context, count, size):
    info = context.seals["shard-1"].info()
    assert (info.tensors, info.bytes) == (count, size), info


@then("the seal is of epoch {epoch:d}")
def _(context, epoch):
    assert context.seals["shard-1"].info().epoch == epoch


@then("its digest is the SHA-256 of its manifest")
def _(context):
    made = context.seals["shard-1"]
    assert made.info().digest == hashlib.sha256(made.manifest().encode()).hexdigest()


@then("each line of the manifest is the fs-verity digest of the tensor's bytes")
def _(context):
    digests = vres.manifest.parse(context.seals["shard-1"].manifest().encode())
    assert digests.keys() == context.model.keys()
    with tempfile.TemporaryDirectory() as folder:
        for name, tensor in context.model.items():
            file = pathlib.Path(folder, name)
            file.write_bytes(tensor.tobytes())
            said = subprocess.run(["fsverity", "digest", "--compact", file], capture_output=True, text=True, check=True).stdout.split()[0]
            assert digests[name] == said, (name, said)


@then("every block was hashed")
def _(context):
    assert context.report.blocks_checked == context.report.blocks_total == 75, context.report


@then('a fact of the device is "{name}"')
def _(context, name):
    assert name in [fact.name for fact in context.facts], context.facts


@then('the audit log has the event "{name}"')
def _(context, name):
    guard(context).flush_audit()
    assert f'"{name}"' in (context.folder / "audit.log").read_text(), name


@then("neither its description nor the audit log has an address or the token")
def _(context):
    made = context.seals["shard-1"]
    addresses = [tensor.ctypes.data for tensor in context.model.values()]
    shown = repr(made) + repr(made.info()) + made.manifest() + repr(guard(context)) + (context.folder / "audit.log").read_text() + made.receipt().hex()
    for address in addresses:
        assert str(address) not in shown and f"{address:x}" not in shown and address.to_bytes(8, "little").hex() not in shown
    assert TOKEN.decode() not in shown and TOKEN.hex() not in shown
