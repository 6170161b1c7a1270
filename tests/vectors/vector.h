/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reading files of vectors: blocks of lines "key = value", with an empty line between them; '#'
 * begins a comment.  A value is text, a number or hex, as its reader says; a key that is missing or
 * a value that is not what it should be ends the test.
 */
#ifndef TESTS_VECTORS_VECTOR_H
#define TESTS_VECTORS_VECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vectors;

struct vectors *vectors_open(const char *path);

/* On to the next block; false after the last. */
bool vectors_next(struct vectors *v);

bool vectors_have(const struct vectors *v, const char *key);
const char *vectors_text(const struct vectors *v, const char *key);
uint64_t vectors_number(const struct vectors *v, const char *key);

/* The bytes behind the hex, to be given to test_free(). */
uint8_t *vectors_bytes(const struct vectors *v, const char *key, size_t *n);

/* Hex of exactly @n bytes. */
void vectors_exactly(const struct vectors *v, const char *key, uint8_t *bytes, size_t n);

/* Asserts that there was a block, and that all were read. */
void vectors_close(struct vectors **v);

#endif
