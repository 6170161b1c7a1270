# SPDX-License-Identifier: GPL-3.0-or-later
"""What the steps share."""
import concurrent.futures

import numpy

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


def update(context, said, changed):
    def run():
        with context.seals["shard-1"].update(changed=said):
            for name in changed:
                context.model[name][7] ^= 1

    attempt(context, run)


def at_once(context, call, count):
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        done = [pool.submit(call, i) for i in range(count)]
    context.outcomes = [future.exception() for future in done]
