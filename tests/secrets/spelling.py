#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is looked for in memory: the token, the root key and each subkey, worked out with hashlib and hmac alone."""
import hashlib
import hmac

TOKEN = hashlib.sha256(b"the token of the dump test").hexdigest().encode()


def mac(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def secrets():
    extracted = mac(bytes(32), TOKEN)
    root = mac(extracted, b"llorch-vram-seal-v1\x01")
    found = {"token": TOKEN, "extracted": extracted, "root": root}
    for purpose in (b"seal", b"audit", b"attest"):
        found[purpose.decode()] = mac(root, b"vres/" + purpose + b"/v1\x01")
    found["id beyond its public half"] = mac(root, b"vres/id/v1\x01")[8:]
    return found


def spellings(secret):
    """What gives the secret away, though it is not the secret."""
    padded = [secret, bytes(b ^ 0x36 for b in secret), bytes(b ^ 0x5C for b in secret)]
    swapped = [b"".join(s[i : i + 4][::-1] for i in range(0, len(s) // 4 * 4, 4)) for s in padded]
    return padded + swapped + [secret.hex().encode(), secret.hex().upper().encode()]
