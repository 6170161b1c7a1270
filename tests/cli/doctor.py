#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""vres doctor and vres policy explain: findings, their fixes, and the exit status that they come to."""
import json
import os
import re
import resource
import subprocess

from support import MOCK, NotRun, equal, expect, main, refused, test, tool, vres, write

# An environment that says nothing about any engine, driver or secret.
PLAIN = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C"}
for _name, _value in os.environ.items():
    if _name.startswith(("ASAN_", "TSAN_", "UBSAN_", "LSAN_")):
        PLAIN[_name] = _value


def findings(*arguments, status=0, env=None, **options):
    """What was found, as lists of (verdict, value, fix) under their subject."""
    found = {}
    document = vres("doctor", *arguments, "--json", status=status, env=PLAIN if env is None else env, **options).json()
    for finding in document["findings"]:
        expect(finding["verdict"] in ("good", "warn", "bad"), finding)
        expect(finding["verdict"] == "good" or finding["fix"], finding)  # what is not good comes with its fix
        found.setdefault(finding["what"], []).append((finding["verdict"], finding["value"], finding["fix"]))
    for verdict in ("good", "warn", "bad"):
        equal(document[verdict], sum(f["verdict"] == verdict for f in document["findings"]))
    return found


def verdict(found, what):
    return found[what][0][0]


@test("WORKER-4171 WORKER-4172", "availability")
def a_good_machine_has_nothing_bad_and_status_0():
    found = findings(*MOCK)
    expect(all(f[0] != "bad" for fs in found.values() for f in fs), found)
    for what in ("library", "keys", "locked memory", "device", "memory", "health", "simulated", "ecc", "core files", "core pattern", "dumpable",
                 "clock", "clock synchronised", "environment"):
        expect(what in found, what)
    expect("OpenSSL 3." in found["library"][0][1], found["library"])
    equal(found["environment"], [("good", "nothing that works against the policy", None)])
    equal(verdict(found, "simulated"), "warn")
    text = vres("doctor", *MOCK, env=PLAIN).out.decode()
    expect(re.search(r"^\d+ good, \d+ warn, 0 bad$", text, re.M), text)
    expect(re.search(r"^warn simulated .*\n     fix: use a real backend", text, re.M), text)


@test("WORKER-4171 WORKER-4913", "availability")
def without_a_device_the_status_is_5_and_the_host_is_examined_all_the_same():
    found = findings("--backend", "hip", status=5)
    equal(verdict(found, "driver"), "bad")
    expect("core files" in found and "clock" in found, found)


@test("WORKER-4171 VP-005 WORKER-4163", "residency")
def what_policy_would_refuse_is_bad_and_status_4():
    found = findings("--require", "ecc", *MOCK, status=4)
    equal(verdict(found, "ecc"), "bad")
    expect("nvidia-smi" in found["ecc"][0][2], found)


@test("WORKER-4101 VP-002", "residency", "weights in memory that migrates to the host")
def switches_of_engines_that_defeat_the_policy_are_bad_and_status_4():
    for name, value in (("GGML_CUDA_ENABLE_UNIFIED_MEMORY", "1"), ("GGML_CUDA_ENABLE_UNIFIED_MEMORY", "0"), ("TF_FORCE_UNIFIED_MEMORY", "1"),
                        ("XLA_PYTHON_CLIENT_MEM_FRACTION", "4.0"), ("XLA_CLIENT_MEM_FRACTION", "1.5")):
        found = findings(*MOCK, env=dict(PLAIN, **{name: value}), status=4)
        equal([f[:2] for f in found["environment"]], [("bad", f"{name}={value}")])
    for name, value in (("TF_FORCE_UNIFIED_MEMORY", "0"), ("TF_FORCE_UNIFIED_MEMORY", "false"), ("XLA_CLIENT_MEM_FRACTION", "0.9"),
                        ("PYTORCH_CUDA_ALLOC_CONF", "max_split_size_mb:512"), ("PYTORCH_ALLOC_CONF", "expandable_segments:False"),
                        ("PYTORCH_CUDA_ALLOC_CONF", "roundup_power2_divisions:[256:1,backend:cudaMallocAsync],backend:native"),
                        ("PYTORCH_CUDA_ALLOC_CONF", "note_backend:cudaMallocAsync"), ("TF_GPU_ALLOCATOR", "cuda_malloc_async_not"),
                        ("PYTORCH_CUDA_ALLOC_CONF", "backend:cudaMallocAsyncX"), ("XLA_CLIENT_MEM_FRACTION", "1"), ("TF_GPU_ALLOCATOR", ""), ("HSA_XNACK", "0"), ("LD_LIBRARY_PATH", "")):
        equal(verdict(findings(*MOCK, env=dict(PLAIN, **{name: value})), "environment"), "good", name)


@test("WORKER-4101 CI-006", "residency", "weights or a driver swapped by the environment")
def variables_worth_knowing_are_told():
    for name, value, wanted in (("HSA_XNACK", "1", "warn"), ("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True", "warn"),
                                ("PYTORCH_CUDA_ALLOC_CONF", "backend:cudaMallocAsync", "warn"), ("PYTORCH_ALLOC_CONF", "expandable_segments:true", "warn"),
                                ("PYTORCH_ALLOC_CONF", "max_split_size_mb:512, backend : cudaMallocAsync", "warn"), ("TF_GPU_ALLOCATOR", "cuda_malloc_async", "warn"),
                                ("PYTORCH_HIP_ALLOC_CONF", "a:[1:2,3:4],expandable_segments:True", "warn"), ("CUDA_ENABLE_COREDUMP_ON_EXCEPTION", "1", "warn"),
                                ("LD_LIBRARY_PATH", "/nowhere", "warn"), ("CUDA_VISIBLE_DEVICES", "1", "good")):
        found = findings(*MOCK, env=dict(PLAIN, **{name: value}))
        equal(found["environment"][0][:2], (wanted, f"{name}={value}"))


@test("CI-006", "confidentiality", "secret in the environment")
def a_secret_in_the_environment_is_named_and_not_shown():
    result = vres("doctor", *MOCK, status=5, env=dict(PLAIN, LLORCH_API_TOKEN="hush-hush"))
    expect(b"LLORCH_API_TOKEN is set" in result.out and b"hush" not in result.out and "hush" not in result.err, result.out)
    names = ["LLORCH_API_TOKEN", "VRES_KEY", "WORKER_API_SECRET"]
    found = findings(*MOCK, status=5, env=dict(PLAIN, VRES_TOKEN_FILE="f", **dict.fromkeys(names, "hush")))
    equal(sorted(f[1] for f in found["environment"] if f[0] == "bad"), [name + " is set" for name in names])


@test("CI-006", "availability")
def names_that_kubernetes_injects_paths_and_empty_values_are_no_secrets():
    injected = {"LLORCH_KEY_SERVICE_HOST": "10.0.0.1", "LLORCH_KEY_SERVICE_PORT": "80", "LLORCH_KEY_SERVICE_PORT_HTTP": "80",
                "LLORCH_TOKEN_PORT": "tcp://10.0.0.1:80", "LLORCH_TOKEN_PORT_80_TCP": "tcp://10.0.0.1:80", "LLORCH_TOKEN_PORT_80_TCP_ADDR": "10.0.0.1",
                "VRES_TOKEN_PATH": "/run/token", "VRES_TOKEN_FILE": "/run/token", "VRES_KEY": ""}
    equal(findings(*MOCK, env=dict(PLAIN, **injected))["environment"], [("good", "nothing that works against the policy", None)])
    write("f", b"x")
    vres("seal", "f", *MOCK, env=dict(PLAIN, **injected))
    for name in ("VRES_PORT_TOKEN", "LLORCH_KEY_PORTS", "LLORCH_KEY"):
        refused("seal", "f", *MOCK, env=dict(PLAIN, **{name: "x"}), says=f"the environment has {name}")


@test("WORKER-4171", "accountability", "what cannot be looked at called good")
def what_cannot_be_read_is_never_good():
    hide = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /proc/sys && exec "$0" "$@"', tool()]
    probe = subprocess.run(hide[:-1] + ["true"], capture_output=True, check=False)
    if probe.returncode != 0:
        raise NotRun("this user may not hide /proc/sys from a process")
    done = subprocess.run([*hide, "doctor", *MOCK, "--json"], env=PLAIN, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    found = {f["what"]: (f["verdict"], f["value"]) for f in json.loads(done.stdout)["findings"]}
    equal(found["core pattern"], ("warn", "cannot be read"))


@test("WORKER-4171", "availability")
def what_the_build_can_do_on_a_device_is_said():
    found = findings(*MOCK)["device code"]
    equal(len(found), 2)
    for backend, (verdict_, value, _) in zip(("CUDA", "HIP"), found):
        expect(value in ((f"{backend}: this build can hash on a device",) if verdict_ == "good" else (f"{backend}: this build CANNOT hash on a device",)), found)


@test("CI-006", "confidentiality", "keys on a swap device, weights in a core file")
def limits_are_looked_at():
    def lower():
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (4096, 4096))
        resource.setrlimit(resource.RLIMIT_CORE, (4096, resource.getrlimit(resource.RLIMIT_CORE)[1]))

    def none():
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def core_may_be_raised():
        return resource.getrlimit(resource.RLIMIT_CORE)[1] in (resource.RLIM_INFINITY,) or resource.getrlimit(resource.RLIMIT_CORE)[1] >= 4096

    equal(verdict(findings(*MOCK, preexec_fn=none), "core files"), "good")
    if core_may_be_raised():
        environment = dict(PLAIN, ASAN_OPTIONS="disable_coredump=0")  # a sanitizer would set that limit itself
        found = findings(*MOCK, preexec_fn=lower, env=environment)
        equal((verdict(found, "locked memory"), verdict(found, "core files")), ("warn", "warn"))
    else:  # a hard limit of 0 is the good case, which was shown
        equal(verdict(findings(*MOCK), "core files"), "good")


@test("CI-006", "availability", "no memory may be locked")
def a_limit_on_locked_memory_costs_protection_and_not_the_run():
    def no_locks():
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))

    def run(*arguments, status):
        # The limit binds nobody who has CAP_IPC_LOCK, which root has.
        done = subprocess.run([*(["setpriv", "--bounding-set", "-ipc_lock"] if os.geteuid() == 0 else []), tool(), *arguments, *MOCK, "--json"],
                              env=PLAIN, stdin=subprocess.DEVNULL, capture_output=True, preexec_fn=no_locks, timeout=60, check=False)
        equal(done.returncode, status, done.stderr)
        return json.loads(done.stdout)

    write("f", b"x")
    equal(run("seal", "f", status=0)["status"], "ok")
    found = {f["what"]: (f["verdict"], f["value"]) for f in run("doctor", status=0)["findings"]}
    equal(found["locked memory"][0], "warn")
    expect(found["keys"][1].startswith("in an ordinary mapping"), found["keys"])  # that it is not locked is not seen under AddressSanitizer


@test("WORKER-4171", "accountability", "audit log that others can replace")
def the_place_of_an_audit_log_is_looked_at():
    os.mkdir("private", 0o700)
    found = findings("--audit", "private/log", *MOCK)
    equal([verdict(found, what) for what in ("audit folder", "audit writable", "audit locking", "audit folder sync", "audit log")], ["good"] * 5)
    equal(os.listdir("private"), [])
    equal(found["audit log"][0][1], "will be made")
    with open("private/log", "w", encoding="utf-8"):
        os.chmod("private/log", 0o600)
    equal(verdict(findings("--audit", "private/log", *MOCK), "audit log"), "good")
    os.chmod("private/log", 0o644)
    equal(verdict(findings("--audit", "private/log", *MOCK, status=5), "audit log"), "bad")
    os.symlink("log", "private/link")
    equal(verdict(findings("--audit", "private/link", *MOCK, status=5), "audit log"), "bad")
    os.mkdir("open")
    os.chmod("open", 0o777)
    equal(verdict(findings("--audit", "open/log", *MOCK, status=5), "audit folder"), "bad")
    nowhere = findings("--audit", "nowhere/log", *MOCK, status=5)
    equal([verdict(nowhere, what) for what in ("audit folder", "audit room", "audit locking", "audit folder sync")], ["bad", "warn", "bad", "bad"])
    equal(verdict(findings("--audit", "", *MOCK, status=5), "audit log"), "bad")
    refused("doctor", "f", *MOCK, says="no argument")


@test("WORKER-4172 VP-006", "accountability")
def explain_knows_every_bit_that_can_be_named_and_every_fact_of_a_device():
    terms = vres("policy", "explain", "--json", *MOCK).json()["terms"]
    named = {kind: [t["name"] for t in terms if t["term"] == kind] for kind in ("allow", "require", "fact")}
    page = " ".join(vres("help", "policy").out.decode().split())
    equal(named["allow"], re.search(r"tolerate, comma-separated: ([a-z, -]*?) --", page).group(1).split(", "))
    equal(named["require"], re.search(r"demand, comma-separated: ([a-z, -]*?) --", page).group(1).split(", "))
    facts = {f["name"]: f["verdict"] for f in vres("policy", "--json", *MOCK).json()["facts"]}
    for t in terms:
        expect(t["meaning"] and t["advice"], t)
        if t["term"] == "fact":
            equal(t["verdict"], facts.get(t["name"], "nothing sealed"), t)
    expect({"simulated", "integrated", "ecc", "vmm", "device_hash", "resident_shards"} <= set(named["fact"]), named)


@test("WORKER-4172", "accountability")
def explain_says_what_the_options_come_to_and_needs_no_device():
    one = vres("policy", "explain", "readback", "--allow", "readback", "--json").json()["terms"]
    equal([(t["term"], t["verdict"]) for t in one], [("allow", "allowed")])
    both = vres("policy", "explain", "ecc", "--require", "ecc", *MOCK, "--json").json()["terms"]
    equal([(t["term"], t["verdict"]) for t in both], [("require", "required"), ("fact", "violation")])
    expect(b"fact ecc: " in vres("policy", "explain", "ecc").out)
    refused("policy", "explain", "nothing", *MOCK, says="no bit and no fact")
    refused("policy", "explain", "ecc", "vmm", *MOCK, says="takes no argument but")
    refused("policy", "enforce", *MOCK, says="takes no argument but")


if __name__ == "__main__":
    main("doctor")
