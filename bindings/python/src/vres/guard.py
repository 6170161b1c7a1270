# SPDX-License-Identifier: GPL-3.0-or-later
"""Guards: a guard opens a backend, applies one policy, and seals tensors."""
from __future__ import annotations

import array
import contextlib
import logging
import os
from typing import Any, Callable, Collection, Iterable, Mapping, NamedTuple, Optional, Sequence, Union

from . import policy
from ._calls import Handle, bytes_of, init, nanoseconds, number, utf8
from ._events import Incident, Listener
from ._memory import Memory, memory_of, wait_for_stream
from ._native import ffi, lib
from ._scrub import Scrub
from .errors import InvalidInput, NoBackend, PolicyViolation, check, error_of, text_of
from .manifest import Manifest, read
from .mock import Holds, Mock
from .seal import Seal, SealInfo, info_of

Tensors = Union[Mapping[str, Any], Iterable[tuple[str, Any]]]
#: A lease comes right after the verification that use() makes to name what is damaged; so long that one counts for it.
_VERIFIED_BY_USE = 10.0


class Fact(NamedTuple):
    """What the driver states of a device, and what policy says to it: "good", "noted", "violation"."""

    name: str
    value: str
    verdict: str


class Guard:
    """Seals tensors on devices of one backend, under one key and one policy.

    token_file, token, key_file, credential: where the key comes from, one of them (vres/key.h).  With a mock none is needed: then the key is random
    backend:        "cuda", "hip", "mock", or a vres.mock.Mock
    device:         where tensors are that do not say it themselves
    allow, require: words of vres.policy.ALLOW and REQUIRE.  torch's memory can be exported to other processes, which takes "exportable"
    worker_id:      signed into seals, and in every event
    audit:          path of an audit log, which is begun or continued
    on_incident:    called with an Incident for each seal that is quarantined and each violation of policy
    logger:         where log lines go, unless to the logger "vres"
    lease_mode:     how seal.use() verifies; anything weaker than "full" needs allow="weak_lease"
    lease_max_age:  seconds for which a verification is good enough for the next seal.use(); 0: each verifies
    others:         as in vres/policy.h and vres/manager.h; times in seconds, 0 for the default

    Guards, seals and leases may be closed in any order, and may be used by any thread.  A call lets other threads run meanwhile.
    """

    def __init__(self, *, token_file: Union[str, "os.PathLike[str]", None] = None, token: Union[bytes, bytearray, None] = None,
                 key_file: Union[str, "os.PathLike[str]", None] = None, credential: Optional[str] = None, backend: Union[str, Mock] = "cuda", device: int = 0,
                 allow: Collection[str] = (), require: Collection[str] = (), worker_id: Optional[str] = None,
                 audit: Union[str, "os.PathLike[str]", None] = None, on_incident: Optional[Callable[[Incident], None]] = None,
                 logger: Optional[logging.Logger] = None, lease_mode: str = "full", lease_max_age: float = 0, max_seal_age: float = 0, deadline: float = 0,
                 max_model_bytes: int = 0, headroom_bytes: int = 0, samples: int = 0, threads: int = 0, keep_leaves: bool = False,
                 library_path: Union[str, "os.PathLike[str]", None] = None) -> None:
        self.mock = Mock() if backend == "mock" else backend if isinstance(backend, Mock) else None
        self.backend = "mock" if self.mock is not None else str(backend)
        table = _table(self.backend)
        self.device = number("device", device, 2**32 - 2)
        self._lease_mode, self._lease_max_age = policy.mode(lease_mode), nanoseconds("lease_max_age", lease_max_age) / 1e9
        rules = init("vres_policy")
        rules.allow, rules.require = policy.bits("allow", allow, policy.ALLOW), policy.bits("require", require, policy.REQUIRE)
        if self.mock is not None:
            rules.allow |= lib.VRES_ALLOW_SIMULATED | (0 if rules.require & lib.VRES_REQUIRE_ECC else lib.VRES_ALLOW_NO_ECC)
        rules.lease_verify, rules.lease_max_age = self._lease_mode, nanoseconds("lease_max_age", max(self._lease_max_age, _VERIFIED_BY_USE))
        rules.max_seal_age, rules.deadline = nanoseconds("max_seal_age", max_seal_age), nanoseconds("deadline", deadline)
        rules.max_model_bytes, rules.headroom_bytes = number("max_model_bytes", max_model_bytes), number("headroom_bytes", headroom_bytes)
        rules.sample_units = number("samples", samples, 2**32 - 1)
        worker = utf8("worker_id", worker_id)
        library = utf8("library_path", None if library_path is None else os.fspath(library_path))
        key = _key_of(token_file, token, key_file, credential, self.mock is not None)
        log = None if audit is None else _audit_of(audit, key, worker, self.mock is not None, bool(rules.require & lib.VRES_REQUIRE_AUDIT))
        self._listener = Listener(logger or logging.getLogger("vres"), on_incident)

        config, out, err = init("vres_config"), ffi.new("vres_manager **"), ffi.new("vres_error *")
        config.backend = table
        config.backend_arg = ffi.NULL if self.mock is None else self.mock._here()
        config.key, config.policy, config.worker_id, config.library_path = key, rules, worker, library
        config.threads, config.keep_leaves = number("threads", threads, 2**32 - 1), bool(keep_leaves)
        config.log, config.on_incident = lib.vres_py_log, lib.vres_py_incident
        config.log_ctx = config.incident_ctx = self._listener.handle
        if log is not None:
            config.audit = lib.vres_audit_file_sink(log)
        check(lib.vres_manager_create(config, out, err), err)
        # What must be there as long as anything of the guard is.
        self._audit, self._key = log, key
        self._keeps = (self._listener.handle, None if self.mock is None else self.mock._here(), log)
        self._manager = Handle("guard", out[0], lib.vres_manager_destroy, self._keeps)
        self._scrubs: list[Scrub] = []

    def seal(self, tensors: Tensors, *, model_ref: Optional[str] = None, shard_id: Optional[str] = None, group_id: Optional[str] = None, index: int = 0,
             total: int = 0, expected: Optional[Manifest] = None, device: Optional[int] = None) -> Seal:
        """Seals named tensors where they lie, for instance model.named_parameters().  They are kept alive, and must not be written to but in
        seal.update() and seal.asleep().

        model_ref: a name for the model; shard_id: that of the seal, unless random; group_id, index, total: its place in a set
        expected:  a manifest; a tensor of it that is missing, or is not as it says, is refused
        """
        names, memories, number_of_device, wanted = self._prepare(tensors, device, expected)
        holds = self._hold(names, memories, number_of_device)
        params, out, err = init("vres_seal_params"), ffi.new("vres_shard **"), ffi.new("vres_error *")
        texts = [utf8(what, text) for what, text in (("model_ref", model_ref), ("shard_id", shard_id), ("group_id", group_id))]
        params.model_ref, params.shard_id, params.group_id = texts
        params.gpu_device, params.digest_alg = number_of_device, lib.VRES_DIGEST_TENSORS
        params.shard_index, params.total_shards = number("index", index, 2**32 - 1), number("total", total, 2**32 - 1)
        try:
            described, _alive = _described(names, memories, wanted)
            with self._manager as manager:
                check(lib.vres_seal_tensors(manager, params, described, len(names), out, err), err, names)
                return Seal(self, out[0], names, memories, holds, number_of_device)
        except BaseException:
            if out[0] == ffi.NULL:  # else the seal lets go
                holds.let_go()
            raise

    def digest(self, tensors: Tensors, *, device: Optional[int] = None) -> dict[str, str]:
        """The digest of each tensor, as a manifest has it, without sealing them."""
        names, memories, number_of_device, _ = self._prepare(tensors, device, None)
        holds = self._hold(names, memories, number_of_device)
        try:
            described, _alive = _described(names, memories, {})
            digests, err = ffi.new("uint8_t[][32]", len(names)), ffi.new("vres_error *")
            with self._manager as manager:
                check(lib.vres_tensors_digest(manager, number_of_device, described, len(names), digests, err), err, names)
        finally:
            holds.let_go()
        return {name: bytes(digest).hex() for name, digest in zip(names, digests)}

    def check_receipt(self, receipt: bytes) -> SealInfo:
        """Finds the live seal that a receipt describes: Forged, Stale, Superseded or Quarantined where there is none."""
        if not isinstance(receipt, (bytes, bytearray)):
            raise InvalidInput(f"receipt is a {type(receipt).__name__}, and takes bytes")
        out, err = ffi.new("vres_shard **"), ffi.new("vres_error *")
        with self._manager as manager:
            check(lib.vres_receipt_open(manager, ffi.from_buffer(receipt), len(receipt), out, err), err)
            return info_of(ffi.gc(out[0], lib.vres_shard_release))

    def verify_set(self, seals: Sequence[Seal], mode: str = "full") -> None:
        """Verifies the seals of one model, all devices at the same time.  They must be one complete set: each index of seal(index=, total=) once, with one
        model_ref and group_id.  Every seal is verified, whatever the others are; the exception names the first that is not good."""
        params, report, err = init("vres_verify_params"), init("vres_set_report"), ffi.new("vres_error *")
        params.mode, report.first_failed = policy.mode(mode), -1
        for i, seal in enumerate(seals):
            if not isinstance(seal, Seal):
                raise InvalidInput(f"seal {i} is a {type(seal).__name__}, and no Seal")
        with contextlib.ExitStack() as stack:
            manager = stack.enter_context(self._manager)
            shards = [stack.enter_context(seal._shard) for seal in seals]
            for seal in seals:
                seal._prepare_to_verify()
            status = lib.vres_set_verify(manager, ffi.new("vres_shard *[]", shards), len(shards), params, report, err)
        if status:
            error = error_of(err)
            if report.first_failed >= 0:
                error.args = (f"{error.args[0]}: seal {report.first_failed} of those given",)
                seals[report.first_failed]._name_damage(error, None, ())
            raise error

    def enforce(self, device: Optional[int] = None) -> list[Fact]:
        """Judges a device, and the memory of every seal on it, now.  A violation stops the guard, and PolicyViolation names it."""
        report, err = init("vres_policy_report"), ffi.new("vres_error *")
        with self._manager as manager:
            check(lib.vres_enforce_vram_only(manager, self.device if device is None else number("device", device, 2**32 - 2), report, err), err)
        verdicts = {lib.VRES_FACT_GOOD: "good", lib.VRES_FACT_NOTED: "noted", lib.VRES_FACT_VIOLATION: "violation"}
        return [Fact(text_of(fact.name), text_of(fact.value), verdicts[fact.verdict]) for fact in report.facts[0:report.facts_count]]

    def scrub_in_background(self, *, budget_ms: float = 2, every_ms: float = 50) -> Scrub:
        """Verifies all seals again and again in a thread: each @every_ms for about @budget_ms."""
        budget, every = nanoseconds("budget_ms", budget_ms / 1e3), nanoseconds("every_ms", every_ms / 1e3) / 1e9
        if not budget:
            raise InvalidInput("budget_ms is 0")
        with self._manager:
            scrub = Scrub(self, budget, every)
        self._scrubs = [old for old in self._scrubs if old.running] + [scrub]
        return scrub

    def metrics(self) -> dict[str, int]:
        """Counts since the guard was made, as in vres/metrics.h; names that end with _now are of this moment."""
        metrics, err = init("vres_metrics"), ffi.new("vres_error *")
        with self._manager as manager:
            check(lib.vres_manager_metrics(manager, metrics, err), err)
        return {name: getattr(metrics, name) for name, _ in ffi.typeof("vres_metrics").fields if name != "struct_size"}

    def prometheus(self) -> str:
        """These metrics and more as Prometheus text."""
        with self._manager as manager:
            return bytes_of(lib.vres_metrics_prometheus, manager).decode()

    def flush_audit(self) -> None:
        """Waits until what was recorded is on disk.  What is critical is there already when the call that caused it returns."""
        err = ffi.new("vres_error *")
        with self._manager:
            if self._audit is not None:
                check(lib.vres_audit_file_flush(self._audit, err), err)

    def close(self) -> None:
        """Ends the scrubs and gives the guard back.  Seals that exist keep working, and keep the audit log open."""
        for scrub in self._scrubs:
            scrub.stop()
        self._manager.close()
        self._audit = None  # it ends with what is left of the guard

    def __enter__(self) -> Guard:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<vres.Guard, {self.backend}{', closed' if self._manager.closed else ''}>"

    def _prepare(self, tensors: Tensors, device: Optional[int], expected: Optional[Manifest]) -> tuple[list[str], list[Memory], int, dict[str, str]]:
        try:
            pairs = list(tensors.items() if isinstance(tensors, Mapping) else tensors)
            names = [name for name, _ in pairs]
        except (TypeError, ValueError):
            raise InvalidInput("tensors is neither a mapping nor a sequence of pairs of name and tensor") from None
        for i, name in enumerate(names):
            if not isinstance(name, str) or "\0" in name:
                raise InvalidInput(f"the name of tensor {i} is not a str without NUL")
        memories = [memory_of(name, tensor) for name, tensor in pairs]
        number_of_device = self._judge(names, memories, device)
        wanted = {} if expected is None else read(expected)
        missing = sorted(wanted.keys() - set(names))
        if missing:
            raise InvalidInput(f"tensor {missing[0]!r} is expected, and missing")
        wait_for_stream(memories, may_wait=True)
        return names, memories, number_of_device, wanted

    def _judge(self, names: Sequence[str], memories: Sequence[Memory], device: Optional[int]) -> int:
        """On which device all of them are."""
        chosen = None if device is None else number("device", device, 2**32 - 2)
        for name, memory in zip(names, memories):
            if memory.where == "host" and self.mock is None:
                raise PolicyViolation(f"tensor {name!r} is in host memory")
            if memory.where not in ("host" if self.mock is not None else self.backend,):
                raise InvalidInput(f"tensor {name!r} is on a device of {memory.where}, and the guard's backend is {self.backend}")
            if memory.device is not None and memory.where != "host":
                if chosen is not None and memory.device != chosen:
                    raise InvalidInput(f"tensor {name!r} is on device {memory.device}, not on device {chosen}: seal each device apart")
                chosen = memory.device
        return self.device if chosen is None else chosen

    def _hold(self, names: Sequence[str], memories: Sequence[Memory], device: int) -> Holds:
        holds = Holds(self.mock)
        try:
            for name, memory in zip(names, memories):
                holds.hold(name, memory, device)
        except BaseException:
            holds.let_go()
            raise
        return holds


def _described(names: Sequence[str], memories: Sequence[Memory], wanted: Mapping[str, str]) -> tuple[Any, Any]:
    """The tensors as the library takes them, and what must live as long."""
    try:
        encoded = [name.encode() + b"\0" for name in names]
    except UnicodeEncodeError as why:
        raise InvalidInput(f"a tensor's name cannot be written as UTF-8: {ascii(why.object)}") from None
    numbers, at = array.array("Q"), 0
    for name, memory in zip(encoded, memories):
        numbers.extend((at, memory.address, memory.bytes))
        at += len(name)
    texts = ffi.new("char[]", b"".join(encoded))
    digests = ffi.new("char[]", b"".join(wanted.get(name, "").encode().ljust(65, b"\0") for name in names)) if wanted else ffi.NULL
    described = ffi.new("vres_tensor[]", max(len(names), 1))
    lib.vres_py_tensors(described, len(names), texts, ffi.from_buffer("uint64_t[]", numbers) if numbers else ffi.NULL, digests)
    return described, (texts, digests)


def _table(backend: str) -> Any:
    tables = {"cuda": lib.vres_backend_cuda, "hip": lib.vres_backend_hip, "mock": lib.vres_backend_mock}
    if backend not in tables:
        raise InvalidInput(f"backend {backend!r} is none of: {', '.join(tables)}")
    table = tables[backend]()
    if table == ffi.NULL:
        raise NoBackend(f"this build has no backend for {backend}")
    return table


def _key_of(token_file: Any, token: Any, key_file: Any, credential: Any, is_mock: bool) -> Any:
    given = [what for what in (token_file, token, key_file, credential) if what is not None]
    if len(given) > 1 or not given and not is_mock:
        raise InvalidInput("give one of token_file, token, key_file and credential")
    out, err = ffi.new("vres_key **"), ffi.new("vres_error *")
    if token_file is not None:
        status = lib.vres_key_from_token_file(utf8("token_file", os.fspath(token_file)), ffi.NULL, out, err)
    elif key_file is not None:
        status = lib.vres_key_from_key_file(utf8("key_file", os.fspath(key_file)), out, err)
    elif credential is not None:
        status = lib.vres_key_from_credential(utf8("credential", credential), ffi.NULL, out, err)
    else:
        secret = os.urandom(32) if token is None else token
        if not isinstance(secret, (bytes, bytearray)):
            raise InvalidInput("token is neither bytes nor a bytearray")
        status = lib.vres_key_derive(ffi.from_buffer(secret), len(secret), ffi.NULL, out, err)
    check(status, err)
    return ffi.gc(out[0], lib.vres_key_destroy)


def _audit_of(path: Any, key: Any, worker: Any, simulated: bool, required: bool) -> Any:
    options, out, err = init("vres_audit_file_options"), ffi.new("vres_audit_file **"), ffi.new("vres_error *")
    default = ffi.new("char[]", b"worker")
    options.worker_id = default if worker == ffi.NULL else worker
    options.simulated, options.required = simulated, required
    check(lib.vres_audit_file_open(utf8("audit", os.fspath(path)), key, options, out, err), err)
    return ffi.gc(out[0], lib.vres_audit_file_close)
