# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scenario begins with."""
from behave import given

import vres
from common import guard, model_of, seal


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


@given("a worker on {devices:d} devices of {mib:d} MiB of VRAM")
def _(context, devices, mib):
    context.mock = vres.mock.Mock(devices=devices, capacity=mib << 20)


@given("the parts of a model are sealed on {count:d} devices")
def _(context, count):
    context.parts = [model_of(2, 100, seed=i) for i in range(count)]
    for i, part in enumerate(context.parts):
        assert seal(context, f"part-{i}", part, model_ref="m", group_id="tp", index=i, total=count, device=i), context.error


@given("the next {operation} of the device fails")
def _(context, operation):
    context.mock.fail({"hash": "hash_blocks"}.get(operation, operation), 1)
