# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights that a trainer changes at each step: sealed anew at each step, verified before each rollout; a flipped bit stops the loop.

    python rl_loop.py        over simulated VRAM; numpy arrays stand for the weights
"""
import numpy

import vres

rng = numpy.random.default_rng(0)
weights = {f"layers.{i}.weight": rng.standard_normal((256, 256), dtype=numpy.float32) for i in range(4)}

with vres.Guard(backend="mock", keep_leaves=True) as guard, guard.seal(weights, model_ref="policy") as seal:
    for step in range(1, 6):
        with seal.use():  # a rollout: nobody may change the weights meanwhile
            reward = sum(float(weight.mean()) for weight in weights.values())
        with seal.update(label=f"step {step}"):  # one audit event, and the next epoch
            for weight in weights.values():
                weight += numpy.float32(0.01)
        print(f"step {step}: reward {reward:+.4f}, epoch {seal.info().epoch}, manifest sha256:{seal.info().digest[:16]}")
    guard.mock.flip(weights["layers.2.weight"], offset=70000, bit=3)
    try:
        seal.use()
    except vres.Damaged as damage:
        print(f"stopped: {damage.tensor}, block at {damage.offset}")
