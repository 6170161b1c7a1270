#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Usage, help, secrets, and standard output that does not take what is printed."""
import os
import re
import resource
import subprocess

from support import MOCK, equal, expect, main, refused, test, token_file, tool, vres, write

COMMANDS = ["digest", "inspect", "manifest", "compare", "devices", "policy", "doctor", "seal", "watch", "receipt", "audit", "bench"]
PARTS = ["audit verify", "audit tail", "audit export", "audit keygen"]  # of a command that is made of several


@test()
def the_version_is_the_librarys():
    expect(re.fullmatch(rb"vres \d+\.\d+\.\d+\n", vres("--version").out))


@test()
def help_lists_every_command_and_each_has_its_own():
    text = vres("--help").out.decode()
    equal(re.findall(r"^  ([a-z]+) ", text, re.M), COMMANDS)
    equal(vres("help").out.decode(), text)
    equal(vres("-h").out.decode(), text)
    for command in COMMANDS + PARTS:
        words = command.split()
        text = vres(*words, "--help").out.decode()
        expect(text.startswith(f"Usage: vres {command} ") and "Exit status: 0 good; 1 " in text, text)
        expect("--json" in text or command in ("audit", "audit export"), text)
        equal(vres("help", *words).out.decode(), text)
        equal(vres(*words, "-h").out.decode(), text)
        expect(max(map(len, text.splitlines())) <= 80, text)


@test()
def the_manual_page_knows_every_option_and_no_other():
    folder = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(folder, "../../docs/man/vres.1"), encoding="utf-8") as f:
        page = f.read().replace("\\-", "-")
    documented = set(re.findall(r"--[a-z][a-z-]+", page)) - {"--token", "--key", "--secret", "--password"}
    known = {"--version", "--help"}
    for command in COMMANDS + PARTS:
        known |= set(re.findall(r"^  (?:-[a-z], )?(--[a-z-]+)", vres("help", *command.split()).out.decode(), re.M))
    equal(documented, known)
    for command in COMMANDS + PARTS:
        expect(f".SS vres {command}" in page, command)


@test()
def wrong_usage_is_status_2_and_one_line():
    write("f", b"x")
    refused(says="no command")
    refused("frobnicate", says="no such command")
    refused("help", "frobnicate", says="no such command")
    for command in set(COMMANDS) - {"audit"} | set(PARTS):
        words = command.split()
        refused(*words, "--frobnicate", says="option --frobnicate")
        refused(*words, "-x", says="option -x")
        if command != "audit export":
            refused(*words, "--json=yes", says="--json takes no value")
    refused("devices", "f", says="no argument")
    refused("policy", "f", says="no argument")
    refused("seal", "f", "--backend", says="--backend needs a value")
    refused("seal", "f", "--backend", "gpu", says="--backend takes one of auto, cuda, hip, mock")
    refused("seal", "f", "--device", "first", *MOCK, says="--device takes a whole number")
    refused("seal", "f", "--device", "4294967295", *MOCK, says="--device must be at most 4294967294")
    refused("seal", "f", "--headroom", "1.5GiB", *MOCK, says="--headroom takes a size")
    refused("seal", "f", "--max-seal-age", "10", *MOCK, says="--max-seal-age takes a time with its unit")
    refused("seal", "f", "--mock-vram", "4097", *MOCK, says="--mock-vram must be a multiple of 4096")
    refused("seal", "f", "--model-ref", "a\nb", *MOCK, says="model_ref")
    refused("watch", "f", "--interval", "soon", *MOCK, says="--interval takes a time")
    refused("watch", "f", "--count", "0", *MOCK, says="--count must be at least 1")
    refused("receipt", says="show or check")
    refused("receipt", "eat", "f", says="show or check")
    refused("receipt", "check", says="no FILE")


@test("SM-CONFIG-9002", "confidentiality", "secret on the command line")
def a_secret_on_the_command_line_is_refused_with_the_reason_and_not_repeated():
    write("f", b"x")
    for command in (["seal", "f"], ["watch", "f"], ["receipt", "check", "f"], ["audit", "verify", "f"], ["audit", "tail", "f"]):
        for token in (["--token", "hush-hush"], ["--token=hush-hush"], ["--tok=hush-hush"], ["--key=hush-hush"]):
            result = vres(*command, *token, status=2)
            expect("hush" not in result.err and b"hush" not in result.out, result.err)
        for name in ("token", "key", "secret", "password"):
            refused(*command, "--" + name, "hush", says="every user of this machine can read a command line")


@test("SM-CONFIG-9002 CI-006", "confidentiality", "secret in the environment")
def a_secret_in_the_environment_is_refused_with_the_reason_and_not_repeated():
    write("f", b"x")
    key = token_file()
    for name in ("VRES_TOKEN", "VRES_SEAL_KEY", "LLORCH_API_TOKEN", "LLORCH_SECRET", "WORKER_API_TOKEN"):
        environment = dict(os.environ, **{name: "hush-hush"})
        for command in (["seal", "f", *MOCK], ["watch", "f", "--token-file", key, *MOCK], ["receipt", "check", "f", "--token-file", key],
                        ["audit", "verify", "f", "--token-file", key], ["audit", "tail", "f", "--token-file", key]):
            result = refused(*command, says=f"the environment has {name}: ", env=environment)
            expect("hush" not in result.err and b"hush" not in result.out, result.err)
        vres("policy", *MOCK, env=environment)  # takes no key
    several = dict(os.environ, VRES_TOKEN="hush", LLORCH_SECRET="hush", WORKER_API_KEY="hush")
    refused("seal", "f", *MOCK, says=" and 2 more: a secret there", env=several)
    for name in ("WORKER_API_TOKEN_FILE", "VRES_RESULTS", "MY_TOKEN", "TOKEN", "LLORCH_RUN_ID"):
        vres("seal", "f", *MOCK, env=dict(os.environ, **{name: "x"}))


@test("WORKER-4800", "accountability")
def verbose_prints_the_log_and_nothing_else_changes():
    write("f", b"abc")
    quiet, loud = (vres("seal", "f", *flag, "--token-file", token_file(), *MOCK) for flag in ([], ["-v"]))
    digest = re.compile(rb"[0-9a-f]{64}")
    equal(digest.findall(quiet.out), digest.findall(loud.out))
    lines = [line for line in loud.err.splitlines() if line not in quiet.err.splitlines()]
    for pattern in (
        r"info: operation action=create duration_ns=\d+ status=VRES_OK worker_id=vres token_fingerprint=[0-9a-f]{6}",
        r"debug: capacity gpu_device=0 requested_bytes=3 used_bytes=0 available_bytes=\d+",
        r"info: vram_sealed shard_id=shard-[0-9a-f]{32} gpu_device=0 bytes=3 status=VRES_OK",
        r"info: operation action=seal shard_id=shard-[0-9a-f]{32} gpu_device=0 bytes=3 duration_ns=\d+ status=VRES_OK",
        r"debug: operation action=verify shard_id=shard-[0-9a-f]{32} gpu_device=0 bytes=3 duration_ns=\d+ status=VRES_OK mode=full",
        r"info: operation action=release shard_id=shard-[0-9a-f]{32} gpu_device=0 bytes=3 duration_ns=\d+ status=VRES_OK",
        r"info: operation action=destroy status=VRES_OK",
    ):
        expect(sum(re.fullmatch("vres seal: " + pattern, line) is not None for line in lines) == 1, pattern, lines)
    expect(all(line.startswith("vres seal: ") for line in lines), lines)
    json_lines = vres("seal", "f", "--verbose", "--json", *MOCK)
    equal(json_lines.json()["status"], "ok")
    expect("info: vram_sealed" in json_lines.err, json_lines.err)
    for command in (["devices"], ["policy"], ["bench", "--bytes", "4096", "--runs", "1"]):
        expect("action=create" in vres(*command, "-v", *MOCK).err, command)


@test("CI-006", "availability", "bytes that are no text in a message")
def a_message_that_is_no_utf8_does_not_cost_the_json_document():
    write("f", b"x")
    for name in (b"VRES_\xffTOKEN", b"VRES_TOKEN" + b"\xc3\xa9" * 600, b"VRES_TOKEN1" + b"\xc3\xa9" * 600):  # the long ones are cut, one of them in a character
        document = vres("seal", "f", "--json", *MOCK, status=2, env={name: b"hush"}).json()
        equal((document["status"], len(document["errors"])), ("VRES_E_INVALID_INPUT", 1))
        expect(document["errors"][0]["message"].startswith("the environment has VRES_"), document)
    expect("VRES_\\xffTOKEN" in vres("seal", "f", "--json", *MOCK, status=2, env={b"VRES_\xffTOKEN": b"x"}).json()["errors"][0]["message"])


@test("CI-005 CI-006", "confidentiality", "token that others can read")
def a_token_file_must_be_its_owners_alone():
    write("f", b"x")
    key = token_file("key", b"  a token of a test \n")
    vres("seal", "f", "--receipt", "r", "--token-file", key, *MOCK)
    vres("receipt", "check", "r", "--token-file", token_file("same", b"a token of a test"))
    os.symlink("key", "link")
    os.symlink("/etc/passwd", "outside")
    os.mkdir("folder")
    token_file("empty", b" \n")
    os.chmod(token_file("group"), 0o640)
    os.chmod(token_file("open"), 0o644)
    if os.geteuid() == 0:  # root's link to a place in the same folder, and root's file that its group may read, as in containers
        for name in ("link", "group"):
            vres("seal", "f", "--token-file", name, *MOCK)
    for name in ("missing", "outside", "folder", "empty", "open", *(() if os.geteuid() == 0 else ("link", "group"))):
        refused("seal", "f", "--token-file", name, *MOCK, says=f"{name}: ")
        refused("receipt", "check", "r", "--token-file", name, says=f"{name}: ")
    refused("seal", "f", "--token-file", key, "--credential", "x", *MOCK, says="not both")
    refused("seal", "f", "--token-file", key, "--domain", "", *MOCK, says="domain")


@test("CI-005", "confidentiality")
def a_credential_is_found_by_its_name():
    os.mkdir("credentials")
    token_file("credentials/weights", b"a token of a test")
    write("f", b"x")
    there = {**os.environ, "CREDENTIALS_DIRECTORY": os.path.abspath("credentials")}
    document = vres("seal", "f", "--receipt", "r", "--credential", "weights", "--json", *MOCK, env=there).json()
    equal(document["key"], "credential")
    vres("receipt", "check", "r", "--token-file", token_file("same", b"a token of a test"))
    refused("seal", "f", "--credential", "other", *MOCK, says="other: ", env=there)
    refused("seal", "f", "--credential", "../f", *MOCK, says="credential", env=there)
    refused("seal", "f", "--credential", "weights", *MOCK, says="CREDENTIALS_DIRECTORY",
            env={k: v for k, v in os.environ.items() if k != "CREDENTIALS_DIRECTORY"})


@test("", "availability", "full disk")
def a_full_disk_behind_standard_output_is_an_error():
    write("f", b"x")
    key = token_file()
    vres("seal", "f", "--receipt", "r", "--token-file", key, *MOCK)
    commands = (["digest", "f"], ["digest", "f", "--json"], ["seal", "f", *MOCK], ["seal", "f", "--json", *MOCK], ["devices", *MOCK],
                ["watch", "f", "--interval", "1ms", *MOCK], ["watch", "f", "--count", "1", "--json", *MOCK], ["policy", *MOCK],
                ["receipt", "check", "r", "--token-file", key], ["bench", "--bytes", "4096", "--runs", "1", *MOCK], ["--help"], ["--version"],
                ["help", "seal"])
    for command in commands:
        with open("/dev/full", "wb") as full:
            result = refused_by_stdout(command, stdout=full)
            expect("standard output" in result.err, command, result.err)
        closed = subprocess.run(["sh", "-c", '"$@" >&-', "sh", tool(), *command], stderr=subprocess.PIPE, timeout=60, check=False)
        equal(closed.returncode, 5, command, closed.stderr)


def refused_by_stdout(command, stdout):
    done = subprocess.run([tool(), *command], stdout=stdout, stderr=subprocess.PIPE, timeout=60, check=False)
    equal(done.returncode, 5, command, done.stderr)
    return type("Result", (), {"err": done.stderr.decode()})


@test("", "availability", "limit on the size of files")
def a_limit_on_the_size_of_files_is_an_error_and_not_the_end():
    write("f", b"x" * 100)
    key = token_file()

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))

    refused("seal", "f", "--receipt", "r", "--token-file", key, *MOCK, status=5, says="r: cannot be written: File too large", preexec_fn=limit)
    result = vres("watch", "f", "--count", "2", "--interval", "1ms", "--token-file", key, "--audit", "log", "--metrics-file", "m", *MOCK, status=5,
                  preexec_fn=limit)
    expect("log: " in result.err, result.err)
    equal([name for name in os.listdir(".") if name.startswith((".vres", "r", "m"))], [])


@test()
def damage_outranks_a_full_disk():
    write("f", b"x")
    with open("/dev/full", "wb") as full:
        done = subprocess.run([tool(), "seal", "f", "--mock-flip", "0:0:0@1", *MOCK], stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
    equal(done.returncode, 1, done.stderr)


@test("", "integrity", "file opened over standard error")
def closed_standard_descriptors_are_not_taken_by_files():
    write("f", b"content")
    done = subprocess.run(["sh", "-c", '"$0" digest f <&- 2>&-', tool()], stdout=subprocess.PIPE, timeout=60, check=False)
    equal((done.returncode, done.stdout[:8]), (0, b"ed7002b4"))
    done = subprocess.run(["sh", "-c", '"$0" digest f - <&-', tool()], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
    equal((done.returncode, done.stdout.count(b"\n")), (5, 1), done.stdout)
    done = subprocess.run(["sh", "-c", '"$0" seal f missing --backend mock 0<&- 1>&- 2>&-', tool()], timeout=60, check=False)
    equal(done.returncode, 2)
    with open("f", "rb") as f:
        equal(f.read(), b"content")


@test("", "integrity", "escape sequences in a file's name")
def messages_never_carry_control_characters_of_a_file_name():
    name = "evil\x1b[2J\x07\n\u202ename"
    write(name, b"")
    for command in (["digest", name + "x"], ["seal", name, *MOCK], ["receipt", "show", name, "--token-file", token_file()]):
        result = vres(*command, status=1 if command[0] == "receipt" else 2)
        expect("\x1b" not in result.err and "\x07" not in result.err and "\u202e" not in result.err, result.err)
        expect("evil\\x1b[2J\\x07\\x0a\\u202ename" in result.err, result.err)


if __name__ == "__main__":
    main("errors")
