#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""vres manifest and vres compare: the tensors of a model, file by file and as a set."""
import hashlib
import json
import os
import shutil
import struct
import subprocess

from support import NotRun, equal, expect, gguf, gguf_pair, main, pattern, refused, safetensors, test, vres, write

MODEL = [("b", pattern(5000)), ("a.weight", pattern(300000, 2)), ("a", pattern(1, 3)), ("\u6f22", b""), ("a-", pattern(4096, 4))]


def folder(name, files, weights=None):
    os.makedirs(name, exist_ok=True)
    for file, content in files.items():
        write(os.path.join(name, file), content)
    if weights is not None:
        write(os.path.join(name, "model.safetensors.index.json"), json.dumps({"metadata": {}, "weight_map": weights}).encode())


def halves():
    """The model as one file, and in two with an index beside a file that does not belong to it."""
    write("whole.safetensors", safetensors(MODEL))
    folder("set", {"model-1.safetensors": safetensors(MODEL[:2]), "model-2.safetensors": safetensors(MODEL[2:]), "other.safetensors": b"x"},
           {name: f"model-{1 + (i > 1)}.safetensors" for i, (name, _) in enumerate(MODEL)})


@test("", "integrity")
def a_manifest_is_what_fsverity_prints_of_files_with_the_bytes_of_the_tensors_in_the_order_of_sort():
    if shutil.which("fsverity") is None:
        raise NotRun("NOT COMPARED: fsverity is not installed")
    lines = []
    os.mkdir("tensors")
    for name, content in MODEL:
        write(f"tensors/{name}", content)
        lines.append(subprocess.run(["fsverity", "digest", name], cwd="tensors", stdout=subprocess.PIPE, check=True).stdout)
    wanted = b"".join(sorted(lines, key=lambda line: line[72:]))
    write("m", safetensors(MODEL))
    equal(vres("manifest", "m").out, wanted)
    write("sorted", wanted)
    done = subprocess.run(["sort", "-k2", "sorted"], env={"LC_ALL": "C"}, stdout=subprocess.PIPE, check=True)
    equal(done.stdout, wanted)
    document = vres("manifest", "m", "--json").json()
    equal([(t["name"], t["bytes"]) for t in document["tensors"]], sorted(((n, len(c)) for n, c in MODEL), key=lambda t: t[0].encode()))


@test("", "integrity")
def a_gguf_file_a_safetensors_file_and_a_set_of_the_same_tensors_have_one_manifest():
    halves()
    wanted = vres("manifest", "whole.safetensors").out
    write("m.gguf", gguf(MODEL))
    for names in (["m.gguf"], ["set"], ["set/"], ["set/model.safetensors.index.json"], ["set/model-2.safetensors", "set/model-1.safetensors"]):
        equal(hashlib.sha256(vres("manifest", *names).out).hexdigest(), hashlib.sha256(wanted).hexdigest(), names)
    split = {}
    for i in range(2):
        pairs = gguf_pair("split.no", 2, struct.pack("<H", i)) + gguf_pair("split.count", 2, struct.pack("<H", 2))
        split[f"m-{i + 1}-of-2.gguf"] = gguf(MODEL[2 * i : 2 * i + 2 + i], pairs, 2)
    folder("split", split)
    equal(vres("manifest", "split").out, wanted)
    refused("manifest", "split/m-1-of-2.gguf", says="is part 1 of 2 of a model, and there are 1 files")
    refused("manifest", "split/m-1-of-2.gguf", "split/m-1-of-2.gguf", says="is part 1 of 2, and so is another file")
    refused("manifest", "split/m-1-of-2.gguf", "whole.safetensors", says="of 2 files only 1 are parts of a model in 2 parts")
    write("m", gguf(MODEL[:2], pairs.replace(struct.pack("<H", 1), struct.pack("<H", 7), 1), 2))
    refused("manifest", "split/m-1-of-2.gguf", "m", says="m: is part 8 of 2")


@test("", "integrity", "hostile model file")
def what_has_no_manifest_is_refused_with_the_reason():
    cut = safetensors(MODEL)[:-1]
    for content, says in ((b"x" * 100, "is no safetensors or GGUF file"), (cut, "truncated: its tensors end at byte"),
                          (safetensors([("a\nb", b"x")]), "the name of tensor 0 is not 1 to 512 bytes of UTF-8"),
                          (safetensors([("a\u202eb", b"x")]), "the name of tensor 0"), (safetensors([("", b"x")]), "the name of tensor 0"),
                          (safetensors([("\ufeffa", b"x")]), "the name of tensor 0"), (safetensors([("n" * 513, b"x")]), "the name of tensor 0"),
                          (safetensors([("n", b"")], b"{"), "header not readable: the text ends too early, at byte 9")):
        write("m", content)
        equal(refused("manifest", "m", says=says).out, b"")
    write("m", safetensors(MODEL))
    refused("manifest", "m", "m", says="two tensors have one name: a")
    refused("manifest", says="no FILE or DIR given")
    refused("manifest", "absent", says="absent: cannot be opened")
    os.mkdir("empty")
    refused("manifest", "empty", says="empty: has no safetensors or GGUF file")


@test("", "integrity", "an index that names files elsewhere")
def an_index_names_files_of_its_folder_or_is_refused_with_the_byte():
    for text, says in ((b'{"weight_map":{"a":"../m"}}', "index not readable: a name is none of a file in its folder, at byte 20"),
                       (b'{"weight_map":{"a":"\\u0000"}}', "a name is none of a file in its folder"), (b'{"weight_map":{"a":".."}}', "a name is none"),
                       (b'{"weight_map":{"a":"/etc/passwd"}}', "a name is none"), (b'{"weight_map":{"a":1}}', "it has no weight_map of files"),
                       (b"{}", "it has no weight_map of files"), (b'{"weight_map":{"a":"b"}', "the text ends too early, at byte 23"),
                       (json.dumps({"weight_map": {str(i): str(i) for i in range(2049)}}).encode(), "it lists too many files")):
        write("x.safetensors.index.json", text)
        refused("manifest", "x.safetensors.index.json", says=says)
    folder("same", {"m": safetensors(MODEL)})
    write("same/x.safetensors.index.json", b'{"weight_map":{"a":"m","b":"\\u006d"}}')
    equal(vres("manifest", "same").out, vres("manifest", "same/m").out)
    folder("many", {}, {str(i): f"m{i % 2000:04}" for i in reversed(range(100000))})
    refused("manifest", "many", says="many/m0000: cannot be opened")
    folder("set", {}, {"a": "absent.safetensors"})
    refused("manifest", "set", says="set/absent.safetensors: cannot be opened")


@test("", "availability", "a pipe that nobody writes into, in the place of a model")
def what_is_no_regular_file_is_refused_at_once():
    write("m", safetensors(MODEL))
    os.symlink("loop", "loop")
    os.makedirs("piped")
    for pipe in ("pipe", "piped/x.safetensors.index.json", "x.safetensors.index.json"):
        os.mkfifo(pipe)
    for command in (["manifest"], ["inspect"], ["compare", "m"]):
        for name, says in (("pipe", "pipe: is no regular file"), ("/dev/null", "is no regular file"), ("loop", "loop: cannot be opened"), ("-", "-: is no regular file")):
            refused(*command, name, says=says)
    for command in (["manifest"], ["compare", "m"], ["seal", "--backend", "mock"]):
        for name in ("piped", "x.safetensors.index.json"):
            expect("x.safetensors.index.json: is no regular file" in vres(*command, name, status=2).err)


@test("VR-004", "integrity", "one changed tensor among many")
def two_models_are_compared_tensor_by_tensor():
    halves()
    changed = [("b", pattern(5000, 9))] + MODEL[2:] + [("new", b"x")]
    write("other", safetensors(changed))
    write("manifest", vres("manifest", "whole.safetensors").out)
    for one in ("whole.safetensors", "set", "manifest"):
        equal(vres("compare", one, "whole.safetensors").out, b"5 same, 0 differ, 0 missing, 0 added\n")
        result = vres("compare", one, "other", status=1)
        equal(result.out, b"missing  a.weight\ndiffers  b\nadded    new\n3 same, 1 differ, 1 missing, 1 added\n")
    document = vres("compare", "manifest", "other", "--json", status=1).json()
    equal((document["same"], document["differs"], document["missing"], document["added"]), (3, ["b"], ["a.weight"], ["new"]))
    write("m.gguf", gguf(MODEL))
    expect("engines pad and repack rows of GGUF tensors" in vres("compare", "m.gguf", "set").err)


@test("", "integrity")
def a_manifest_that_is_none_is_refused_with_its_line():
    good = b"sha256:" + b"0" * 64 + b" a\n"
    for content, says in ((good + good, "two tensors have one name"), (good[:-1], "line 1 has no end"), (good + b"sha256:" + b"A" * 64 + b" b\n", "line 2 is not"),
                          (good.replace(b" a", b""), "line 1 is not"), (good + b"\n", "line 2 is not"), (good.replace(b" a", b" \x1b"), "the name of tensor 1")):
        write("m", content)
        refused("compare", "m", "m", says=says)
    refused("compare", "m", says="two are compared, and 1 given")


if __name__ == "__main__":
    main("manifest")
