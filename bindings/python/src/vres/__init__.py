# SPDX-License-Identifier: GPL-3.0-or-later
"""Are the weights in this GPU still there, and still the bytes that were loaded?

    guard = vres.Guard(token_file="token", allow=["exportable"])         # backend="mock" without a GPU
    seal = guard.seal(model.named_parameters(), model_ref="llama-8b@tp0")
    with seal.use():                                                     # raises vres.Damaged with tensor, index, offset
        out = model(batch)

docs/PYTHON.md has more.
"""
from . import manifest, mock, policy, safetensors
from ._events import Incident
from ._native import ffi as _ffi, lib as _lib
from ._scrub import Scrub
from .errors import (AuditFailed, Busy, Capturing, Closed, Config, Consequence, Damage, Damaged, DeviceLost, Error, Expired, Forged, Forked, InsufficientVram,
                     Internal, InvalidInput, Machine, Moved, NoBackend, NoDevice, NoMemory, NotContiguous, NotFound, PolicyViolation, Quarantined, Retry, Stale,
                     State, Stopped, Superseded, Suspended, Tampering, Unexpected, Unsupported, Usage)
from .guard import Fact, Guard
from .seal import Lease, Report, Seal, SealInfo

__version__: str = _ffi.string(_lib.vres_version()).decode()
__all__ = ["AuditFailed", "Busy", "Capturing", "Closed", "Config", "Consequence", "Damage", "Damaged", "DeviceLost", "Error", "Expired", "Fact", "Forged", "Forked",
           "Guard", "Incident", "InsufficientVram", "Internal", "InvalidInput", "Lease", "Machine", "Moved", "NoBackend", "NoDevice", "NoMemory", "NotContiguous",
           "NotFound", "PolicyViolation", "Quarantined", "Report", "Retry", "Scrub", "Seal", "SealInfo", "Stale", "State", "Stopped", "Superseded", "Suspended",
           "Tampering", "Unexpected", "Unsupported", "Usage", "manifest", "mock", "policy", "safetensors"]
