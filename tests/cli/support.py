# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the tool share: running it, temporary folders, outcomes as JSON lines.

A test is a function whose name is a sentence; it passes when it returns.  usage: SUITE.py PATH-OF-VRES
"""
import contextlib
import datetime
import fcntl
import inspect
import json
import os
import struct
import subprocess
import sys
import tempfile
import time
import traceback

MOCK = ["--backend", "mock"]
TESTS = []


class Failed(Exception):
    """An expectation that was not met."""


class NotRun(Exception):
    """What this machine does not allow to be tried."""


class Result:
    """What a run of the tool left behind."""

    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def json(self):
        return json.loads(self.out)


def test(ids="", security_property="", threat=""):
    def add(function):
        TESTS.append((function, ids.split(), security_property, [t.strip() for t in threat.split(",") if t.strip()]))
        return function

    return add


def expect(condition, *about):
    if not condition:
        line = inspect.stack()[1].code_context[0].strip()
        raise Failed(": ".join([line] + [repr(a)[:2000] for a in about]))


def equal(got, wanted, *about):
    if got != wanted:
        raise Failed(f"got {got!r}, wanted {wanted!r} " + " ".join(repr(a)[:2000] for a in about))


def tool():
    return sys.argv[1]


def vres(*arguments, status=0, **options):
    """Run the tool; its exit status must be @status."""
    options.setdefault("stdin", None if "input" in options else subprocess.DEVNULL)
    done = subprocess.run([tool(), *arguments], stdout=options.pop("stdout", subprocess.PIPE), stderr=subprocess.PIPE, timeout=120, **options)
    result = Result(done.returncode, done.stdout, done.stderr.decode("utf-8", "backslashreplace"))
    equal(result.status, status, arguments, result.out, result.err)
    return result


def refused(*arguments, status=2, says, **options):
    """A run that must fail with @status and one clear line; nobody's sanitizer may be what speaks."""
    result = vres(*arguments, status=status, **options)
    lines = [line for line in result.err.splitlines() if "SIMULATED" not in line and "ephemeral key" not in line]
    equal(len(lines), 1, result.err)
    commands = [" ".join(arguments[:n]) for n in (1, 2)]  # vres audit verify: ...
    expect(lines[0].startswith("vres: ") or any(lines[0].startswith(f"vres {c}: ") for c in commands), lines)
    expect(says in lines[0], says, lines)
    return result


def start(*arguments, **options):
    """Start the tool and leave it running."""
    return subprocess.Popen([tool(), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


@contextlib.contextmanager
def unread(*arguments):
    """The tool with a pipe behind standard output that holds one page and is not read."""
    out, pipe = os.pipe()
    fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 4096)
    process = subprocess.Popen([tool(), *arguments], stdin=subprocess.DEVNULL, stdout=pipe, stderr=subprocess.PIPE)
    os.close(pipe)
    try:
        yield process, out
    finally:
        process.kill()
        process.wait()
        os.close(out)


def finish(process, status):
    out, err = process.communicate(timeout=60)
    result = Result(process.returncode, out, err.decode("utf-8", "backslashreplace"))
    equal(result.status, status, result.out, result.err)
    return result


def write(name, content):
    with open(name, "wb") as f:
        f.write(content)
    return name


def pattern(size, seed=1):
    """Bytes that repeat only every 251 blocks of 4 KiB and one."""
    return (bytes((i * 7 + seed) % 251 for i in range(251)) * (size // 251 + 1))[:size]


def token_file(name="token", text=b"not a real token\n"):
    write(name, text)
    os.chmod(name, 0o600)
    return name


def safetensors(tensors, header=None):
    """A model: @tensors are (name, bytes); @header replaces the text of the header."""
    entries, at = {"__metadata__": {"format": "pt"}}, 0
    for name, content in tensors:
        entries[name] = {"dtype": "U8", "shape": [len(content)], "data_offsets": [at, at + len(content)]}
        at += len(content)
    text = json.dumps(entries).encode() if header is None else header
    return struct.pack("<Q", len(text)) + text + b"".join(content for _, content in tensors)


def gguf(tensors, pairs=b"", count=0, alignment=32):
    """A model in GGUF: @tensors are (name, bytes), of type I8; @pairs are @count metadata pairs."""
    infos, data = b"", b""
    for name, content in tensors:
        raw = name.encode()
        infos += struct.pack("<Q", len(raw)) + raw + struct.pack("<IQIQ", 1, len(content), 24, len(data))
        data += content + bytes(-len(content) % alignment)
    header = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), count) + pairs + infos
    return header + bytes(-len(header) % alignment) + data


def gguf_pair(key, kind, value):
    return struct.pack("<Q", len(key)) + key.encode() + struct.pack("<I", kind) + value


def _record(suite, function, ids, security_property, threat, status, seconds):
    folder = os.environ.get("VRES_RESULTS")
    if not folder:
        return
    now = datetime.datetime.now(datetime.timezone.utc)
    line = {
        "name": function.__name__,
        "area": "cli",
        "ids": ids,
        "status": status,
        "duration_ms": round(seconds * 1000, 3),
        "seed": 1,
        "backend": "mock",
        "timestamp": now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03d}Z",
        "explanation": function.__name__.replace("_", " "),
        "security_property": security_property,
        "threat_coverage": threat,
        "values": {},
    }
    with open(os.path.join(folder, suite + ".ndjson"), "a", encoding="utf-8") as f:
        f.write(json.dumps(line, separators=(",", ":")) + "\n")


def _run(function):
    home = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            function()
            return "pass"
        except NotRun as why:
            print("not run:", why)
            return "skip"
        except Exception:  # whatever it is, the test failed and the others go on
            traceback.print_exc()
            return "fail"
        finally:
            os.chdir(home)


def main(suite):
    if len(sys.argv) != 2:
        sys.exit(f"usage: {suite}.py PATH-OF-VRES")
    sys.argv[1] = os.path.abspath(sys.argv[1])
    if os.environ.get("VRES_RESULTS"):
        os.environ["VRES_RESULTS"] = os.path.abspath(os.environ["VRES_RESULTS"])
    count = {"pass": 0, "fail": 0, "skip": 0}
    for function, ids, security_property, threat in TESTS:
        began = time.monotonic()
        status = _run(function)
        count[status] += 1
        print({"pass": "ok     ", "fail": "FAILED ", "skip": "not run"}[status], function.__name__, flush=True)
        _record("cli." + suite, function, ids, security_property, threat, status, time.monotonic() - began)
    print(f"{count['pass']} passed, {count['fail']} failed" + (f", {count['skip']} not run" if count["skip"] else ""))
    sys.exit(count["fail"] != 0)
