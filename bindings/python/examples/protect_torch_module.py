# SPDX-License-Identifier: GPL-3.0-or-later
"""A torch module whose parameters are sealed after they were loaded, and verified before it is used.

    python protect_torch_module.py              over simulated VRAM, with the module in host memory
    python protect_torch_module.py token        on a GPU; the key is derived from the file `token`
"""
import sys

import torch

import vres

module = torch.nn.Sequential(torch.nn.Linear(256, 1024), torch.nn.ReLU(), torch.nn.Linear(1024, 8))
if len(sys.argv) > 1:
    module, guard = module.cuda(), vres.Guard(token_file=sys.argv[1], allow=["exportable"], keep_leaves=True)
else:
    guard = vres.Guard(backend="mock", keep_leaves=True)

with guard, guard.seal(module.named_parameters(), model_ref="example") as seal:
    batch = torch.ones(4, 256, device=module[0].weight.device)
    with seal.use(), torch.no_grad():
        print(f"{len(seal.names)} parameters are those that were sealed; the module says {tuple(module(batch).shape)}")
    with torch.no_grad():
        module[2].bias[3] += 1  # a stray write
    try:
        seal.use()
    except vres.Damaged as damage:
        print(f"stopped: {damage.tensor} is not what was sealed")
