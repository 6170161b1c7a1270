# SPDX-License-Identifier: GPL-3.0-or-later
"""SHA-256, HMAC, HKDF and the keys of docs/FORMAT.md, from hashlib and hmac alone."""
import hashlib
import hmac
import sys


def sha256(data):
    return hashlib.sha256(data).digest()


def hmac_sha256(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def agree(found, published, what):
    if found.hex() != published:
        sys.exit(f"{what}: {found.hex()} instead of the published {published}")
    return found


def hkdf_extract(salt, ikm):
    return hmac_sha256(salt, ikm)


def hkdf_expand(prk, info, length):
    out, block, counter = b"", b"", 1
    while len(out) < length:
        block = hmac_sha256(prk, block + info + bytes([counter]))
        out, counter = out + block, counter + 1
    return out[:length]


def span(first, last):
    return bytes(range(first, last + 1))


# Keys (docs/FORMAT.md, "Keys").
def root_key(token, domain):
    return hkdf_expand(hkdf_extract(b"", token), domain, 32)


def subkey(root, label):
    return hkdf_expand(root, b"vres/" + label + b"/v1", 32)
