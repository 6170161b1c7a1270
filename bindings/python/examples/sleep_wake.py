# SPDX-License-Identifier: GPL-3.0-or-later
"""An engine that gives its memory up while nobody asks it, and loads its weights again: at the wake-up every byte must be what was sealed.

    python sleep_wake.py     over simulated VRAM; numpy arrays stand for the weights
"""
import numpy

import vres

rng = numpy.random.default_rng(0)
disk = {"attn.weight": rng.standard_normal((512, 512)), "attn.scale": rng.standard_normal(512)}
weights = {name: array.copy() for name, array in disk.items()}

with vres.Guard(backend="mock") as guard, guard.seal(weights, model_ref="engine") as seal:
    with seal.asleep():
        for name, array in weights.items():
            array[:] = 0  # what a sleep leaves
            array[:] = disk[name]
    print(f"awake, epoch {seal.info().epoch}: {seal.verify().bytes_hashed} bytes are those that were sealed")
    try:
        with seal.asleep():
            for array in weights.values():
                array[:] = 0
            weights["attn.weight"][:] = disk["attn.weight"]  # and attn.scale is forgotten
    except vres.Damaged as damage:
        print(f"refused: {damage.tensor} is not what was sealed")
    seal.suspend()
    weights["attn.scale"][:] = disk["attn.scale"]
    seal.resume()
    print(f"awake again: {seal.verify().mode} verification passed")
