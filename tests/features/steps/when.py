# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done.  Each does the real thing: damaged VRAM is a flipped bit, a refusal is an exception that a later step looks at."""
import os

from behave import step, when

import vres
from common import TOKEN, at_once, attempt, guard, model_of, seal, update


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


@when("a worker starts with a token file that everybody can read")
def _(context):
    path = context.folder / "token"
    path.write_bytes(TOKEN)
    path.chmod(0o644)
    attempt(context, lambda: vres.Guard(backend="mock", token_file=path))


@when("the receipt is presented to another worker with the same token")
def _(context):
    with vres.Guard(backend="mock", token=TOKEN) as other:
        attempt(context, lambda: other.check_receipt(context.receipt))


@when('the bytes of "{one}" and "{other}" are exchanged')
def _(context, one, other):
    first, second = context.model[one].copy(), context.model[other].copy()
    context.model[one][:], context.model[other][:] = second, first


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


@when('the trainer fails while it updates "{name}"')
def _(context, name):
    try:
        with context.seals["shard-1"].update(changed=[name]):
            context.model[name][:1000] = 1
            raise RuntimeError("of the trainer")
    except RuntimeError as error:
        assert not hasattr(error, "__notes__") or "suspended" in error.__notes__[0]
    context.changed = name


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
