#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Published vectors in the form that vector.c reads.  Usage: published.py FOLDER OUT

FOLDER has NIST's CAVP files for SHA-256, Wycheproof's for HMAC and HKDF, and the fs-verity digests of fsverity-utils' own test.  Left out is what
the core cannot be asked: HMAC keys of 33 to 64 bytes, HKDF salts of those lengths, and lengths of output that RFC 5869 does not allow.
"""
import json
import pathlib
import re
import sys

sys.dont_write_bytecode = True  # no folder of it beside the sources
from make import line  # noqa: E402


def representable(hex_key):
    return len(hex_key) // 2 <= 32 or len(hex_key) // 2 > 64


def cavp(path):
    for length, message, digest in re.findall(r"Len = (\d+)\s+Msg = ([0-9a-f]+)\s+MD = ([0-9a-f]+)", path.read_text()):
        yield {"message": message[: int(length) // 4], "repeat": 1, "digest": digest}


def monte(path):
    text = path.read_text()
    seed = re.search(r"Seed = ([0-9a-f]+)", text)[1]
    for digest in re.findall(r"MD = ([0-9a-f]+)", text):
        yield {"seed": seed, "digest": digest}
        seed = digest


def tests_of(path):
    for group in json.loads(path.read_text())["testGroups"]:
        yield from group["tests"]


def hmac(path):
    for test in tests_of(path):
        if representable(test["key"]):
            yield {"key": test["key"], "data": test["msg"], "mac": test["tag"], "result": test["result"]}


def hkdf(path):
    for test in tests_of(path):
        if test["result"] == "valid" and representable(test["salt"]):
            yield {name: test[name] for name in ("ikm", "salt", "info", "okm")}


def verity(path):
    for case in json.loads(path.read_text())["cases"]:
        if not case["salt"] and case["block_size"] >= 1024:
            yield {"size": case["file_size"], "block_size": case["block_size"], "digest": case["digest"]}


FILES = {"short.txt": (cavp, "cavp-sha256/SHA256ShortMsg.rsp"), "long.txt": (cavp, "cavp-sha256/SHA256LongMsg.rsp"),
         "monte.txt": (monte, "cavp-sha256/SHA256Monte.rsp"), "hmac.txt": (hmac, "wycheproof/hmac_sha256_test.json"),
         "hkdf.txt": (hkdf, "wycheproof/hkdf_sha256_test.json"), "verity.txt": (verity, "fsverity/known_digests_sha256.json")}


def main(folder, out):
    out.mkdir(parents=True, exist_ok=True)
    for name, (blocks, source) in FILES.items():
        made = list(blocks(folder / source))
        (out / name).write_text("\n".join("".join(line(*item) + "\n" for item in block.items()) for block in made))
        print(f"{name}: {len(made)} blocks")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
