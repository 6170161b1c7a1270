#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Known answers, made without the library: hashlib and hmac alone, from the standards and docs/FORMAT.md.

    make.py           write the vectors beside this file
    make.py --check   make them again and compare; exits 1 where they differ
    make.py --judge   compare the fs-verity digests with what `fsverity digest` prints, the MACs of messages and receipts with `openssl dgst`,
                      manifests with what `fsverity digest` and `sha256sum` print of files with the tensors' names and bytes

A file is a list of blocks with an empty line between them; a block is lines "key = value".  Values are hex but for numbers and names, which
the reader of a key knows.  What published vectors exist for the same inputs stands here too, and is compared while the files are made.
"""
import functools
import hmac
import pathlib
import struct
import subprocess
import sys
import tempfile

from audit_log import audit_blocks
from primitives import agree, hkdf_expand, hkdf_extract, hmac_sha256, root_key, sha256, span, subkey

HERE = pathlib.Path(__file__).resolve().parent


# SHA-256: the examples of FIPS 180-2 and of NIST's page for FIPS 180-4, with the digests that are published there.
def sha256_blocks():
    long = b"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"
    published = [
        (b"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (b"", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
        (long, 1, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"),
        (b"a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ]
    for message, repeat, digest in published:
        yield {"message": message, "repeat": repeat, "digest": agree(sha256(message * repeat), digest, "SHA-256")}


# RFC 4231, section 4: keys and data as printed, and the HMAC-SHA-256 printed there; test case 5 shows 128 bits of it.
def hmac_blocks():
    published = [
        (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (b"Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        (b"\xaa" * 20, b"\xdd" * 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        (bytes(range(1, 26)), b"\xcd" * 50, "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
        (b"\x0c" * 20, b"Test With Truncation", "a3b6167473100ee06e0c796c2955552b"),
        (b"\xaa" * 131, b"Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
        (b"\xaa" * 131, b"This is a test using a larger than block-size key and a larger than block-size data. "
         b"The key needs to be hashed before being used by the HMAC algorithm.",
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
    ]
    for key, data, mac in published:
        found = hmac_sha256(key, data)
        agree(found[: len(mac) // 2], mac, "HMAC")
        yield {"key": key, "data": data, "mac": found}


# RFC 5869, appendix A.1 to A.3.
def hkdf_blocks():
    published = [
        (b"\x0b" * 22, span(0, 12), span(0xF0, 0xF9), "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
         "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"),
        (span(0, 0x4F), span(0x60, 0xAF), span(0xB0, 0xFF), "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
         "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
         "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"),
        (b"\x0b" * 22, b"", b"", "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
         "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"),
    ]
    for ikm, salt, info, prk, okm in published:
        found = agree(hkdf_extract(salt, ikm), prk, "HKDF-Extract")
        yield {"ikm": ikm, "salt": salt, "info": info, "prk": found,
               "okm": agree(hkdf_expand(found, info, len(okm) // 2), okm, "HKDF-Expand")}


# Keys (docs/FORMAT.md, "Keys"); those of test-token-42 are fixed by the format.
def keys_blocks():
    fixed = {
        b"llorch-vram-seal-v1": "14a07e02a665cb5b74d2825937e34cb1b382ba3ad02f19d7e0f65862a3b1e26c",
        b"llorch-seal-key-v1": "727ecebc4f0fd312b2bc960a8d05fad61211481f63b8bf5efeee547a8aea5b51",
    }
    for token in (b"test-token-42", b"\0", span(0, 255) * 5):
        for domain in fixed:
            root = root_key(token, domain)
            if token == b"test-token-42":
                agree(root, fixed[domain], "key")
            yield {"token": token, "domain": domain.decode(), "root": root, "seal": subkey(root, b"seal"), "id": subkey(root, b"id")}


# fs-verity (Documentation/filesystems/fsverity.rst), SHA-256, no salt.
PERIOD = 11 * 439 * 1103


@functools.cache
def one_period():
    """byte i = ((i % 11) + (i % 439) + (i % 1103)) & 255"""
    parts = [bytes(i & 255 for i in range(n)) * (PERIOD // n) for n in (11, 439, 1103)]
    return bytes((a + b + c) & 255 for a, b, c in zip(*parts))


def rule_data(size):
    return (one_period() * (size // PERIOD + 1))[:size]


def verity_root(data, block):
    if not data:
        return bytes(32)
    level = data
    while True:
        level += bytes(-len(level) % block)
        level = b"".join(sha256(level[at: at + block]) for at in range(0, len(level), block))
        if len(level) == 32:
            return level


def verity_digest(size, block, root):
    return sha256(struct.pack("<BBBBIQ64s32s144s", 1, 1, block.bit_length() - 1, 0, 0, size, root, b"", b""))


def verity_blocks():
    few = {block: [0, 1, block - 1, block, block + 1, 2 * block - 1, 2 * block, 2 * block + 1, 3 * block + 5] for block in (1024, 4096, 65536)}
    edges = {block: [128 * block, 128 * block + 1] for block in few}
    edges[1024] += [32 * 1024, 32 * 1024 + 1, 32 * 32 * 1024, 32 * 32 * 1024 + 5, 128 * 128 * 1024 + 5]
    edges[4096] += [128 * 128 * 4096, 128 * 128 * 4096 + 5]
    edges[65536] += [2048 * 65536, 2048 * 65536 + 1]  # its own fan-out; 128 * 128 blocks would be a gibibyte
    # Printed by `fsverity digest` for the same data, by its own test suite.
    published = {(1000000, 4096): "48df0c462329cd879661bd05b39aa81b05cc16afd27a7196a559da83531d39d9",
                 (100000, 4096): "f2096a36c5cdca4fa33ee8852833150bb324992e5417a9d571f1bffff73b9efc",
                 (4096, 4096): "6ac39979016e3ddf3d39fff6cb984f7c118acdf1852919f5c100c4b142c1818e",
                 (1, 4096): "b803429503d95915829b29fdbc8bbad142f3abfd11b1cadf5526582e685c0551",
                 (0, 4096): "3d248ca542a24fc62d1c43b916eae5016878e2533c88238480b26128a1f1af95",
                 (1000000, 1024): "e9df927c14fcb961d5f51c666d8ae4c14fe4ff98a374c733e898d00c9e74a8e3"}
    for block in sorted(few):
        known = [size for size, its_block in published if its_block == block]
        for size in sorted(set(few[block] + edges[block] + known)):
            data = rule_data(size)
            root = verity_root(data, block)
            digest = verity_digest(size, block, root)
            if (size, block) in published:
                agree(digest, published[size, block], "fs-verity")
            yield {"size": size, "block_size": block, "root": root, "digest": digest, "sha256": sha256(data)}


# Receipts (docs/FORMAT.md, "Seal record").
FIELDS = [("shard_id", "s"), ("model_ref", "s"), ("gpu_device", "I"), ("device_uuid", "s"), ("backend", "s"), ("flags", "I"),
          ("vram_bytes", "Q"), ("digest_alg", "I"), ("digest", "b"), ("block_size", "I"), ("verity_root", "b"), ("shard_index", "I"),
          ("total_shards", "I"), ("group_id", "s"), ("worker_id", "s"), ("sealed_at", "Q"), ("session", "b"), ("key_id", "b"),
          ("allow", "Q"), ("require", "Q"), ("lease_verify", "I"), ("lease_max_age", "Q"), ("sample_units", "I"), ("assurance", "I"),
          ("origin", "I")]
FIELDS_2 = FIELDS + [("tensors", "I"), ("epoch", "I")]


def is_version_2(record):
    return record["digest_alg"] > 1 or record["epoch"] > 0


def fields_of(record):
    return FIELDS_2 if is_version_2(record) else FIELDS


def record_bytes(record):
    out = b"vres-seal-rec-v2" if is_version_2(record) else b"vres-seal-rec-v1"
    for name, kind in fields_of(record):
        value = record[name]
        if kind in "IQ":
            out += struct.pack("<" + kind, value)
        else:
            value = value.encode() if kind == "s" else value
            out += struct.pack("<I", len(value)) + value
    return out


def receipt_records():
    content = rule_data(3 * 4096 + 5)
    root = verity_root(content, 4096)
    verity = verity_digest(len(content), 4096, root)
    plain = {"shard_id": "shard-0", "model_ref": "", "gpu_device": 0, "device_uuid": "GPU-00000000-1111-2222-3333-444444444444",
             "backend": "cuda", "flags": 0, "vram_bytes": len(content), "digest_alg": 0, "digest": sha256(content), "block_size": 4096,
             "verity_root": root, "shard_index": 0, "total_shards": 0, "group_id": "", "worker_id": "worker-7",
             "sealed_at": 1700000000123456789, "session": span(0, 15), "allow": 0, "require": 0, "lease_verify": 0, "lease_max_age": 0,
             "sample_units": 64, "assurance": 2, "origin": 0, "tensors": 0, "epoch": 0}
    yield plain
    yield plain | {"shard_id": "m_-9", "model_ref": "hf:org/mödel €😀", "gpu_device": 7, "backend": "mock", "flags": 3, "digest_alg": 1,
                   "digest": verity, "shard_index": 3, "total_shards": 4, "group_id": "group_1", "allow": 255, "require": 31,
                   "lease_verify": 2, "lease_max_age": 5000000000, "sample_units": 1048576, "assurance": 0}
    yield plain | {"shard_id": "s" * 256, "model_ref": "m" * 512, "gpu_device": 2**32 - 1, "device_uuid": "u" * 47, "backend": "b" * 15,
                   "vram_bytes": 2**64 - 1, "digest": b"\xff" * 32, "block_size": 65536, "verity_root": b"\xff" * 32,
                   "shard_index": 2**32 - 2, "total_shards": 2**32 - 1, "group_id": "g" * 64, "worker_id": "w" * 64, "sealed_at": 2**64 - 1,
                   "session": b"\xff" * 16, "allow": 2**64 - 1, "require": 2**64 - 1, "lease_verify": 3, "lease_max_age": 2**64 - 1,
                   "sample_units": 2**32 - 1}
    yield plain | {"shard_id": "a", "device_uuid": "", "backend": "c", "vram_bytes": 1, "digest": bytes(32), "block_size": 1024,
                   "verity_root": bytes(32), "worker_id": "b", "sealed_at": 0, "session": bytes(16), "sample_units": 0, "assurance": 1}


# What version 1 has no place for: shards of tensors, and shards whose bytes were replaced.
def receipt_2_records():
    plain = next(receipt_records())
    _, manifest, root, total = manifest_of(MANIFESTS[0])
    tensors = plain | {"flags": 3, "backend": "mock", "vram_bytes": total, "digest_alg": 2, "digest": sha256(manifest), "verity_root": root,
                       "assurance": 0, "origin": 1, "tensors": len(MANIFESTS[0]), "epoch": 0}
    yield tensors
    yield tensors | {"tensors": 2**20, "epoch": 2**32 - 1, "vram_bytes": 2**64 - 1, "assurance": 1, "flags": 2}
    yield tensors | {"tensors": 1, "epoch": 1}
    yield plain | {"epoch": 1, "flags": 2, "digest_alg": 1}
    yield plain | {"epoch": 2**32 - 1, "shard_id": "s" * 256, "model_ref": "m" * 512, "device_uuid": "u" * 47, "backend": "b" * 15,
                   "group_id": "g" * 64, "total_shards": 1, "worker_id": "w" * 64, "block_size": 65536}


def blocks_of_receipts(records):
    for token, domain in ((b"test-token-42", "llorch-vram-seal-v1"), (b"another", "llorch-seal-key-v1")):
        root = root_key(token, domain.encode())
        for record in records():
            record = record | {"key_id": subkey(root, b"id")[:8]}
            encoded = record_bytes(record)
            fields = {name: record[name] for name, _ in fields_of(record)}
            verity = verity_digest(record["vram_bytes"], record["block_size"], record["verity_root"]) if record["tensors"] == 0 else b""
            yield {"token": token, "domain": domain} | fields | {
                "verity_digest": verity, "record": encoded, "mac": hmac_sha256(subkey(root, b"seal"), encoded)}


def receipt_blocks():
    return blocks_of_receipts(receipt_records)


def receipt_2_blocks():
    return blocks_of_receipts(receipt_2_records)


# Manifests (docs/FORMAT.md, "Manifest"): of tensors, each a name and a size; tensor i has the rule's bytes from byte i on.
MANIFESTS = [
    [("model.embed_tokens.weight", 3 * 4096 + 5), ("model.layers.0.mlp.up_proj.weight", 4096), ("model.layers.0.input_layernorm.weight", 64),
     ("lm_head.weight", 128 * 4096 + 1), ("empty", 0)],
    [("a", 1)],
    [("b", 4095), ("B", 4096), ("a b", 4097), ("a", 1), ("a.b", 31), ("aa", 0), ("\u00fc", 128 * 4096), ("u\u0308", 2 * 128 * 4096),
     ("\U0001f600", 33), ("\\n", 2), ("-", 3), ("sha256:", 4), (" ", 5), ("z" * 255, 3 * 128 * 4096 + 77), ("\uffee", 6), ("~", 7)],
    [(f"t{i}", i) for i in range(300)],
    [("n" * 512, 129 * 128 * 4096 + 3), ("n" * 511, 2)],
]


def tensor_data(i, size):
    return rule_data(i + size)[i:]


def manifest_of(tensors):
    """The files' bytes, the manifest, the root over all tensors, and the sum of their sizes."""
    data = {name.encode(): tensor_data(i, size) for i, (name, size) in enumerate(tensors)}
    roots = {name: verity_root(content, 4096) for name, content in data.items()}
    manifest = b"".join(b"sha256:" + verity_digest(len(data[name]), 4096, roots[name]).hex().encode() + b" " + name + b"\n"
                        for name in sorted(data))
    root = sha256(b"".join(struct.pack("<Q", len(data[name])) + roots[name] for name in sorted(data)))
    return data, manifest, root, sum(len(content) for content in data.values())


def manifest_blocks():
    for tensors in MANIFESTS:
        _, manifest, root, total = manifest_of(tensors)
        yield {"names": b"".join(name.encode() + b"\0" for name, _ in tensors), "sizes": b"".join(struct.pack("<Q", size) for _, size in tensors),
               "bytes": total, "root": root, "digest": sha256(manifest), "manifest": manifest}


FILES = {"audit.txt": audit_blocks, "sha256.txt": sha256_blocks, "hmac.txt": hmac_blocks, "hkdf.txt": hkdf_blocks, "keys.txt": keys_blocks,
         "verity.txt": verity_blocks, "receipt.txt": receipt_blocks, "receipt2.txt": receipt_2_blocks,
         "manifest.txt": manifest_blocks}


def line(key, value):
    return f"{key} = {value.hex() if isinstance(value, bytes) else value}".rstrip()


def text_of(blocks):
    head = "# Made by make.py; do not edit.\n\n"
    return head + "\n".join("".join(line(*item) + "\n" for item in block.items()) for block in blocks)


def receipt_mac(block):
    key = subkey(root_key(block["token"], block["domain"].encode()), b"seal")
    return {"key": key, "data": block["record"], "mac": block["mac"]}


def judge_manifest(tensors):
    """Files that are named as tensors are, as far as a file can be, in the order of `LC_ALL=C sort`."""
    data, manifest, _, _ = manifest_of(tensors)
    with tempfile.TemporaryDirectory() as folder:
        names = [name for name in sorted(data) if len(name) <= 255 and b"/" not in name]
        for name in names:
            (pathlib.Path(folder) / name.decode()).write_bytes(data[name])
        sort = subprocess.run(["sort", "-z"], input=b"".join(name + b"\0" for name in data), env={"LC_ALL": "C"}, check=True, capture_output=True)
        if sort.stdout != b"".join(name + b"\0" for name in sorted(data)):
            sys.exit("a manifest is not in the order of LC_ALL=C sort")
        printed = subprocess.run(["fsverity", "digest", "--", *names], cwd=folder, check=True, capture_output=True).stdout if names else b""
        if printed != b"".join(line for line in manifest.splitlines(keepends=True) if line[72:-1] in names):
            sys.exit("a manifest is not what fsverity digest prints")
        summed = subprocess.run(["sha256sum"], input=manifest, check=True, capture_output=True).stdout.decode().split()[0]
        agree(sha256(manifest), summed, "sha256sum of a manifest")
    return len(names)


def judge():
    judged = 0
    for block in verity_blocks():
        with tempfile.NamedTemporaryFile() as file:
            file.write(rule_data(block["size"]))
            file.flush()
            command = ["fsverity", "digest", "--compact", f"--block-size={block['block_size']}", file.name]
            printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        agree(block["digest"], printed, f"fsverity at {block['size']} bytes")
        judged += 1
    for tensors in MANIFESTS:
        judged += judge_manifest(tensors)
    for block in list(hmac_blocks()) + [receipt_mac(block) for block in list(receipt_blocks()) + list(receipt_2_blocks())]:
        command = ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", f"hexkey:{block['key'].hex()}", "-r"]
        printed = subprocess.run(command, input=block["data"], check=True, capture_output=True).stdout.decode().split()[0]
        agree(block["mac"], printed, "openssl dgst -mac HMAC")
        judged += 1
    print(f"{judged} digests and MACs, as the programs fsverity and openssl print them")


def main():
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] == ["--judge"]:
        return judge()
    if sys.argv[1:] and not check:
        sys.exit(__doc__)
    stale = []
    for name, blocks in FILES.items():
        path, text = HERE / name, text_of(blocks())
        if check and (not path.exists() or path.read_text(encoding="utf-8") != text):
            stale.append(name)
        elif not check:
            path.write_text(text, encoding="utf-8")
    if stale:
        sys.exit(f"not what make.py makes: {', '.join(stale)}; run {pathlib.Path(__file__).name} and look at the difference")
    print(f"{len(FILES)} files, as made by hashlib and hmac")


if __name__ == "__main__":
    main()
