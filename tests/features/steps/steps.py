# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps, over the Python package and the mock.  Each does the real thing: damaged VRAM is a flipped bit, a refusal is an exception."""
import concurrent.futures
import hashlib
import os
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


@given("a worker on {devices:d} devices of {mib:d} MiB of VRAM")
def _(context, devices, mib):
    context.mock = vres.mock.Mock(devices=devices, capacity=mib << 20)


@given("the parts of a model are sealed on {count:d} devices")
def _(context, count):
    context.parts = [model_of(2, 100, seed=i) for i in range(count)]
    for i, part in enumerate(context.parts):
        assert seal(context, f"part-{i}", part, model_ref="m", group_id="tp", index=i, total=count, device=i), context.error


@when("the set is verified")
def _(context):
    attempt(context, lambda: guard(context).verify_set([context.seals["part-0"], context.seals["part-1"]]))


@when("the set is verified without part 1")
def _(context):
    attempt(context, lambda: guard(context).verify_set([context.seals["part-0"]]))


@when("the set is verified with part 0 twice")
def _(context):
    attempt(context, lambda: guard(context).verify_set([context.seals["part-0"]] * 2))


@when("a bit of part {part:d} flips")
def _(context, part):
    context.mock.flip(context.parts[part]["t1"], 50000, 2)


@when("part {part:d} is verified")
def _(context, part):
    attempt(context, context.seals[f"part-{part}"].verify)


@when("device {device:d} is lost")
def _(context, device):
    context.mock.lose_device(device)


@then('the failure says "{words}"')
def _(context, words):
    assert words in str(context.error), str(context.error)


@when("a worker starts with a token file that everybody can read")
def _(context):
    path = context.folder / "token"
    path.write_bytes(TOKEN)
    path.chmod(0o644)
    attempt(context, lambda: vres.Guard(backend="mock", token_file=path))


@then("the failure says nothing of the token")
def _(context):
    assert TOKEN.decode() not in str(context.error) and "horse" not in repr(context.error)


@when("the receipt is presented to another worker with the same token")
def _(context):
    with vres.Guard(backend="mock", token=TOKEN) as other:
        attempt(context, lambda: other.check_receipt(context.receipt))


@when('the bytes of "{one}" and "{other}" are exchanged')
def _(context, one, other):
    first, second = context.model[one].copy(), context.model[other].copy()
    context.model[one][:], context.model[other][:] = second, first


@then("{count:d} tensors are damaged")
def _(context, count):
    assert context.error.bad_tensors == count and len({damage.tensor for damage in context.error.ranges}) == count


@when("bit {bit:d} of the receipt is changed and it is presented")
def _(context, bit):
    changed = bytearray(context.receipt)
    changed[bit // 8] ^= 1 << bit % 8
    attempt(context, lambda: guard(context).check_receipt(bytes(changed)))


@when("a forked child verifies the seal")
def _(context):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            context.seals["shard-1"].verify()
            os.write(write, b"nothing")
        except BaseException as error:
            os.write(write, type(error).__name__.encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        context.told = pipe.read()
    os.waitpid(child, 0)


@then("the child is told {word}")
def _(context, word):
    assert context.told == word, context.told


@given("the next {operation} of the device fails")
def _(context, operation):
    context.mock.fail({"hash": "hash_blocks"}.get(operation, operation), 1)


@when('the trainer fails while it updates "{name}"')
def _(context, name):
    try:
        with context.seals["shard-1"].update(changed=[name]):
            context.model[name][:1000] = 1
            raise RuntimeError("of the trainer")
    except RuntimeError as error:
        assert not hasattr(error, "__notes__") or "suspended" in error.__notes__[0]
    context.changed = name


@then("the seal is suspended")
def _(context):
    assert context.seals["shard-1"].info().suspended


@when("the update is finished")
def _(context):
    context.model[context.changed][1000:] = 2
    attempt(context, lambda: context.seals["shard-1"].resume(changed=[context.changed]))


@when('"{name}" is loaded again')
def _(context, name):
    context.seals["shard-1"].suspend()
    context.model[name][:] = model_of(3, 100)[name]
    attempt(context, context.seals["shard-1"].resume)


@when("{count:d} models are sealed, verified and ended, {most:d} of them at a time")
def _(context, count, most):
    for i in range(count):
        seal(context, f"model-{i}", model_of(2, 64, seed=i))
        context.seals[f"model-{i}"].verify()
        if len(context.seals) == most:
            context.seals.pop(f"model-{i - most + 1}").close()
    while context.seals:
        context.seals.popitem()[1].close()


@when("the VRAM is filled with models of {kib:d} KiB and emptied {times:d} times")
def _(context, kib, times):
    context.counts = []
    for _ in range(times):
        context.error = None
        while context.error is None:
            seal(context, f"model-{len(context.seals)}", model_of(1, kib, seed=len(context.seals)))
        assert isinstance(context.error, vres.InsufficientVram), repr(context.error)
        context.counts.append(len(context.seals))
        while context.seals:
            context.seals.popitem()[1].close()


@then("each time {count:d} models were sealed")
def _(context, count):
    assert set(context.counts) == {count}, context.counts


@then("no host memory is the mock's")
def _(context):
    assert "0 ranges" in repr(context.mock), repr(context.mock)


@when("the model is sealed under a name of {length:d} characters")
def _(context, length):
    seal(context, "n" * length, context.model)


@when("the model is sealed under a name with a NUL")
def _(context):
    seal(context, "shard\0-1", context.model)


@when('the model is sealed with the expected digest "{digest}"')
def _(context, digest):
    seal(context, "expected", context.model, expected={"t0": digest})


@when("the model is sealed on device {device:d}")
def _(context, device):
    seal(context, "far", context.model, device=device)
