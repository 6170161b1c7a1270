#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What vres seal and vres watch make of model files: names of tensors, and what is no whole model."""
import json
import os
import resource
import struct
import subprocess

from support import MOCK, equal, expect, finish, gguf, gguf_pair, main, pattern, refused, safetensors, start, test, vres, write

ENTRY = b'"t":{"dtype":"U8","shape":[5000],"data_offsets":[0,5000]}'


def damage_at_the_end(name, *arguments, **options):
    """What is said when the last byte of the file is damaged."""
    at = os.path.getsize(name) - 1
    return vres("seal", name, "--mock-flip", f"0:{at}:0@1", "--json", *arguments, *MOCK, status=1, **options).json()["shards"][0]


def named(shard):
    return [t["name"] for t in shard["damage"].get("tensors", [])]


@test("VR-004", "integrity", "model file rewritten while it is watched")
def tensors_are_named_by_the_header_that_was_sealed_and_not_by_one_written_later():
    sealed = safetensors([("good", pattern(5000)), ("also good", pattern(5000))])
    other = safetensors([("evil", pattern(5000)), ("also evil", pattern(5000))])
    write("m", sealed)
    process = start("watch", "m", "--count", "2", "--interval", "1s", "--mock-flip", f"0:{len(sealed) - 1}:0@2", *MOCK)
    expect(b"check 1: m: good" in process.stdout.readline())
    with open("m", "r+b") as f:
        f.write(other.ljust(len(sealed)))
    text = finish(process, 1).out.decode()
    expect("  tensor also good (U8)" in text and "evil" not in text, text)


@test("", "integrity")
def tensors_of_a_stream_are_named_by_the_bytes_that_came():
    content = safetensors([("first", pattern(6000)), ("second", pattern(600000))])
    shard = vres("seal", "-", "--bytes", str(len(content)), "--mock-flip", f"0:{len(content) - 1}:0@1", "--json", *MOCK, status=1,
                 input=content).json()["shards"][0]
    equal((named(shard), shard["format"], shard["remark"]), (["second"], "safetensors", None))


@test("", "integrity")
def what_the_reference_loader_takes_names_its_tensors():
    for header in (b"{" + ENTRY + b"}", b"  \n{" + ENTRY + b"}   ", b"{" + ENTRY + b"," + ENTRY + b"}",
                   b'{"__metadata__":{"a":"\\u0000","a":"x","b":"\\ud83d\\ude00"},' + ENTRY + b"}", b'{"__metadata__":null,' + ENTRY + b"}",
                   b'{"t":{"dtype":"F64","shape":[9],"data_offsets":[7,1]},' + ENTRY + b"}",
                   b'{"t":{"shape":[5000],"more":[[{}]],"data_offsets":[0,5000],"dtype":"NEW_TYPE"}}'):
        write("m", safetensors([("t", pattern(5000))], header))
        shard = damage_at_the_end("m", "--strict")
        equal((named(shard), shard["format"], shard["remark"]), (["t"], "safetensors", None), header)


@test("", "integrity", "control characters in a tensor's name")
def a_nul_in_a_tensors_name_is_shown_and_hides_nothing():
    write("m", safetensors([("t", pattern(5000))], ENTRY.replace(b'"t"', b'{"a\\u0000b"') + b"}"))
    equal(named(damage_at_the_end("m")), ["a\0b"])
    at = os.path.getsize("m") - 1
    expect(b"  tensor a\\x00b (U8)" in vres("seal", "m", "--mock-flip", f"0:{at}:0@1", *MOCK, status=1).out)


@test("", "availability", "hostile model file")
def a_header_that_cannot_be_read_is_said_with_the_byte_and_refused_with_strict():
    for header, says in ((b"{" + ENTRY, "the text ends too early, at byte 66"), (b"{,}", "a key was expected, at byte 9"),
                         (b"{}}", "something follows the value, at byte 10"), (b'{"a":"\\ud800"}', "a string has a character that it may not have, at byte 14"),
                         (b'{"a":1}', "a tensor is no object, at byte 10"), (b"{" + ENTRY.replace(b"5000]}", b"4999]}") + b"}", "a tensor's size"),
                         (b"{" + ENTRY + b',"u":{"dtype":"U8","shape":[1],"data_offsets":[4999,5000]}}', "tensors overlap, or leave a gap"),
                         (b'{"a":' * 200, "too many objects")):
        write("m", safetensors([("t", pattern(5000))], header))
        shard = damage_at_the_end("m")
        expect("header not readable: " + says in shard["remark"], shard["remark"])
        equal((shard["format"], named(shard)), ("bytes", []))
        refused("seal", "m", "--strict", *MOCK, says="m: header not readable: " + says)


@test("", "integrity", "half a model sealed as if it were whole")
def what_is_no_whole_model_is_said_at_seal_and_refused_with_strict():
    whole = safetensors([("t", pattern(5000))])
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 5000\n"
    index = json.dumps({"metadata": {}, "weight_map": {f"t{i}": f"model-{i // 5}.safetensors" for i in range(30)}}).encode()
    for name, content, says in (("m.safetensors", pointer, "is a git-lfs pointer"), ("m", whole[:-1], "truncated: its tensors end at byte"),
                                ("m.safetensors", whole[:20], "truncated: its header alone ends at byte"), ("m.safetensors", b"\0\0", "truncated: it has 2 bytes"),
                                ("m.safetensors", b"\xff" * 100, "header not readable: it would have"), ("m", whole + b"x", "1 bytes follow its last tensor"),
                                ("blob.incomplete", pattern(100), "a download that was not finished"),
                                ("m.bin.index.json", index, "is a list of the 6 files of a model, not their content: seal model-0.safetensors, ")):
        write(name, content)
        result = vres("seal", name, "--json", *MOCK)
        expect(says in result.json()["shards"][0]["remark"], result.out)
        expect(f"vres seal: {name}: " in result.err and says in result.err, result.err)
        expect(says in vres("watch", name, "--count", "1", "--json", *MOCK).json()["files"][0]["remark"])
        refused("seal", name, "--strict", *MOCK, says=says)
    vres("seal", "-", "--bytes", str(len(pointer)), *MOCK, input=pointer)
    refused("seal", "-", "--bytes", str(len(pointer)), "--strict", *MOCK, input=pointer, says="is a git-lfs pointer")


@test("VR-004", "integrity", "damaged GGUF model")
def a_damaged_gguf_file_names_its_tensor_however_long_its_metadata_is():
    words = gguf_pair("tokenizer.ggml.tokens", 9, struct.pack("<IQ", 8, 20000) + (struct.pack("<Q", 5) + b"token") * 20000)
    for pairs, count in ((b"", 0), (words, 1)):
        content = gguf([("blk.0.q", pattern(5000)), ("output", pattern(4000))], pairs, count)
        write("m", content)
        at = content.index(pattern(4000)[:3990], content.index(pattern(5000)) + 4990) + 3900
        shard = vres("seal", "m", "--strict", "--mock-flip", f"0:{at}:0@1", "--json", *MOCK, status=1).json()["shards"][0]
        expect(named(shard)[-1] == "output", shard["damage"])
        equal((shard["format"], shard["remark"]), ("gguf", None))
        shard = vres("seal", "-", "--bytes", str(len(content)), "--mock-flip", f"0:{at}:0@1", "--json", *MOCK, status=1, input=content).json()["shards"][0]
        equal((named(shard)[-1], shard["format"]), ("output", "gguf"))


@test("", "availability", "hostile model file")
def a_gguf_header_that_cannot_be_read_is_said_with_the_byte():
    whole = gguf([("t", pattern(5000))])
    endless = gguf_pair("a", 9, struct.pack("<IQ", 0, 1 << 63))
    for content, says in ((whole[:4] + b"\1" + whole[5:], "header not readable: its version is neither 2 nor 3, at byte 4"),
                          (whole[:4] + b"\0\0\0\3" + whole[8:], "header not readable: it is big-endian, which no reader here knows, at byte 4"),
                          (gguf([("t", b""), ("t", b"")]) + bytes(64), "header not readable: two tensors have one name, at byte"),
                          (gguf([("t", b"x")], endless, 1), "header not readable: the header ends too early, at byte 49"),
                          (gguf([("t", b"x")], gguf_pair("general.alignment", 4, struct.pack("<I", 3)), 1), "the alignment is no power of two"),
                          (whole[:40], "truncated: its header does not end within its 40 bytes"), (whole[:-100], "truncated: its tensors end at byte"),
                          (whole + bytes(64), "bytes follow its last tensor")):
        write("m", content)
        expect(says in vres("seal", "m", "--json", *MOCK).json()["shards"][0]["remark"], says)
        refused("seal", "m", "--strict", *MOCK, says=says)


@test("", "integrity")
def a_byte_or_a_block_is_found_in_its_tensors():
    for content in (safetensors([("first", pattern(5000)), ("none", b""), ("second\x1b", pattern(6000))]),
                    gguf([("first", pattern(5000)), ("none", b""), ("second\x1b", pattern(6000))])):
        write("m", content)
        whole = vres("inspect", "m", "--json").json()
        names = {t["name"]: t for t in whole["tensors"]}
        equal((len(names), names["none"]["bytes"], whole["header"]), (3, 0, True))
        first, second = names["first"], names["second\x1b"]
        equal(content[second["offset"] : second["offset"] + 6000], pattern(6000))
        for at, wanted in ((first["offset"], ["first"]), (first["offset"] + 4999, ["first"]), (second["offset"], ["second\x1b"]), (0, [])):
            found = vres("inspect", "m", "--offset", str(at), "--json").json()
            equal(([t["name"] for t in found["tensors"]], found["header"]), (wanted, at == 0))
        block = vres("inspect", "m", "--block", "1", "--json").json()
        equal([t["name"] for t in block["tensors"]], ["first", "second\x1b"])
        expect(b"second\\x1b" in vres("inspect", "m").out)
        refused("inspect", "m", "--offset", str(len(content)), says=f"m: has {len(content)} bytes and ends before")
        refused("inspect", "m", "--block", str(1 << 63), says="ends before")
        refused("inspect", "m", "--block", "1", "--offset", "1", says="not both")
    expect(b"no tensor: padding" in vres("inspect", "m", "--offset", str(first["offset"] + 5000)).out)
    write("m", b"x" * 100)
    refused("inspect", "m", says="is no safetensors or GGUF file")
    refused("inspect", "m", "m", says="one FILE is inspected, and 2 given")
    refused("inspect", "m", "--block-size", "4096", says="--block-size goes with --block")


@test("", "integrity")
def other_files_are_sealed_without_a_remark():
    for content in (b"x", pattern(5000), b"{}" * 100, struct.pack("<Q", 10) + b"0123456789", b"version https://example.org/\n"):
        write("f", content)
        shard = vres("seal", "f", "--strict", "--json", *MOCK).json()["shards"][0]
        equal((shard["format"], shard["remark"]), ("bytes", None), content[:20])


@test("", "availability", "hostile model file")
def two_hundred_thousand_tensors_are_read_in_half_a_second_and_128_mib():
    with open("m", "wb") as f:
        entries = {f"model.layers.{i}.weight": {"dtype": "F16", "shape": [2, 1], "data_offsets": [4 * i, 4 * i + 4]} for i in range(200000)}
        text = json.dumps(entries).encode()
        f.write(struct.pack("<Q", len(text)) + text + bytes(4 * len(entries)))
    is_sanitized = bool(os.environ.get("VRES_SANITIZED"))  # its own time and memory prove nothing

    def at_most_128_mib():
        if not is_sanitized:
            resource.setrlimit(resource.RLIMIT_AS, (128 << 20, 128 << 20))

    process = subprocess.Popen([os.environ["VRES_SAFETENSORS_LIST"], "m"], stdout=subprocess.PIPE, preexec_fn=at_most_128_mib)
    lines = process.stdout.read().splitlines()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    equal((status, len(lines)), (0, 200001))
    expect(is_sanitized or usage.ru_utime + usage.ru_stime < 0.5, usage)  # of the processor: a loaded machine waits longer
    shard = damage_at_the_end("m")
    equal((shard["format"], named(shard)[-1] in entries), ("safetensors", True))


if __name__ == "__main__":
    main("models")
