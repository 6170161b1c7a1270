/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A file of known answers against the core; each asserts every block of the file and returns how
 * many there were.
 */
#ifndef TESTS_VECTORS_KNOWN_H
#define TESTS_VECTORS_KNOWN_H

/* message, repeat, digest */
unsigned known_sha256(const char *path);

/* seed, digest: a round of NIST's Monte Carlo test, 1000 computations */
unsigned known_sha256_monte(const char *path);

/* key, data, mac (or the first bytes of it); result: "invalid" where the MAC must not fit */
unsigned known_hmac(const char *path);

/*
 * ikm, salt, info, okm; prk where it is known.  The core computes 32 bytes and knows no salt: more
 * bytes are not compared.
 */
unsigned known_hkdf(const char *path);

/*
 * size, block_size, digest; root and sha256 where they are known.  Byte i of the data is ((i % 11)
 * + (i % 439) + (i % 1103)) & 255.
 */
unsigned known_verity(const char *path);

#endif
