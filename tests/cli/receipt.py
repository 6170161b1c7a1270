#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""vres receipt: what a seal leaves behind to be checked, forgeries of it, and where it may be written."""
import hashlib
import os

from support import MOCK, equal, expect, main, pattern, refused, test, token_file, vres, write


@test("VR-002 CI-005", "authenticity", "forged receipt")
def a_receipt_is_good_under_its_key_and_under_no_other():
    write("f", pattern(5000))
    ours, other = token_file("ours"), token_file("other", b"another token")
    shard = vres("seal", "f", "--token-file", ours, "--receipt", "r", "--model-ref", "model/x", "--json", *MOCK).json()["shards"][0]
    equal(os.stat("r").st_mode & 0o7777, 0o600)
    text = vres("receipt", "check", "r", "--token-file", ours).out.decode()
    expect(text.startswith("r: good: shard " + shard["shard_id"]) and "SIMULATED" in text, text)
    document = vres("receipt", "show", "r", "--token-file", ours, "--json").json()
    record = document["receipts"][0]["record"]
    for field in ("shard_id", "digest", "verity_digest", "sealed_at", "vram_bytes", "model_ref", "gpu_device"):
        equal(record[field], shard[field])
    equal((document["simulated"], record["simulated"], record["allow"]), (True, True, ["simulated", "no-ecc"]))
    expect(b"not good" in vres("receipt", "check", "r", "--token-file", other, status=1).out.lower())
    expect("signature" in vres("receipt", "check", "r", "--token-file", ours, "--domain", "elsewhere", status=1).err)


@test("VR-002 VR-004", "authenticity", "forged receipt")
def a_receipt_with_any_byte_changed_is_refused_and_nothing_of_it_is_shown():
    write("f", b"x")
    key = token_file()
    vres("seal", "f", "--token-file", key, "--receipt", "r", *MOCK)
    with open("r", "rb") as f:
        receipt = f.read()
    names = []
    for at in range(0, len(receipt), 7):
        names.append(write(f"forged{at}", receipt[:at] + bytes([receipt[at] ^ 1]) + receipt[at + 1 :]))
    names += [write("short", receipt[:-1]), write("long", receipt + b"\0"), write("stub", receipt[:10]), write("empty", b"")]
    for command in ("check", "show"):
        document = vres("receipt", command, *names, "--token-file", key, "--json", status=1).json()
        equal([r["good"] for r in document["receipts"]], [False] * len(names))
        expect(not any("record" in r for r in document["receipts"]))
        equal(len(document["errors"]), len(names))


@test("VR-002", "authenticity", "receipt without its signature")
def a_receipt_without_its_signature_is_a_verification_failure_and_a_file_of_another_kind_is_not_read():
    key = token_file()
    for size in (0, 1, 31, 32, 33, 65536):
        write("r", bytes(size))
        refused("receipt", "check", "r", "--token-file", key, status=1, says="r: the receipt")
    write("r", bytes(65537))
    refused("receipt", "check", "r", "--token-file", key, says="r: is larger than 65536 bytes")
    refused("receipt", "check", ".", "--token-file", key, says="Is a directory")
    refused("receipt", "check", "missing", "--token-file", key, says="missing: ")
    vres("seal", "r", "--receipt", "good", "--token-file", key, *MOCK)
    with open("good", "rb") as f:
        vres("receipt", "check", "-", "--token-file", key, stdin=f)


@test("", "authenticity", "unverified data shown as if it were true")
def without_a_key_nothing_of_a_receipt_is_decoded():
    write("r", b"anything")
    refused("receipt", "show", "r", says="--token-file")
    refused("receipt", "check", "r", says="--token-file")


@test()
def several_receipts_need_a_number_in_the_name():
    write("a", b"a")
    write("b", b"b")
    key = token_file()
    refused("seal", "a", "b", "--receipt", "r", *MOCK, says="%d")
    vres("seal", "a", "b", "--receipt", "r-%d", "--token-file", key, *MOCK)
    records = [r["record"] for r in vres("receipt", "show", "r-0", "r-1", "--token-file", key, "--json").json()["receipts"]]
    equal([r["digest"] for r in records], [hashlib.sha256(c).hexdigest() for c in (b"a", b"b")])


@test("", "integrity", "half a receipt after a crash")
def a_receipt_replaces_an_old_file_whole_and_leaves_nothing_beside_it():
    write("f", b"x")
    write("r", bytes(100000))
    os.mkdir("d")
    key = token_file()
    vres("seal", "f", "--receipt", "r", "--token-file", key, *MOCK)
    vres("receipt", "check", "r", "--token-file", key)
    equal(sorted(os.listdir(".")), ["d", "f", "r", "token"])
    os.symlink("r", "link")
    for name in ("d", "link", "/dev/null"):
        refused("seal", "f", "--receipt", name, *MOCK, says="not a regular file")
    refused("seal", "f", "--receipt", "nowhere/r", *MOCK, says="folder")
    equal(sorted(os.listdir(".")), ["d", "f", "link", "r", "token"])


@test("", "availability", "receipt in the place of a model")
def a_receipt_never_takes_the_place_of_a_model_or_a_token():
    key = token_file()
    contents = {name: content for name, content in (("a0", pattern(5000)), ("a1", pattern(6000)), (key, b"not a real token\n"))}
    for name in ("a0", "a1"):
        write(name, contents[name])
    os.link("a0", "another-name")
    for receipt, names, says in (("a0", ["a0"], "a0: is one of the FILEs"), ("./a0", ["a0"], "is one of the FILEs"),
                                 ("another-name", ["a0"], "is one of the FILEs"), ("a%d", ["a1", "a0"], "a0: is one of the FILEs"),
                                 (key, ["a0"], "token: is the token file")):
        refused("seal", *names, "--receipt", receipt, "--token-file", key, *MOCK, says=says)
    with open("a0", "rb") as a0:
        refused("seal", "-", "--bytes", "5000", "--receipt", "a0", *MOCK, stdin=a0, says="is one of the FILEs")
    for name, content in contents.items():
        with open(name, "rb") as f:
            equal(f.read(), content, name)


if __name__ == "__main__":
    main("receipt")
