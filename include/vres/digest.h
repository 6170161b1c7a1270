/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Digests without a device.
 */
#ifndef VRES_DIGEST_H
#define VRES_DIGEST_H

#include <vres/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VRES_DIGEST_SHA256 0u /* flat SHA-256 of the bytes: what sha256sum prints */
/* fs-verity digest, SHA-256, no salt: what `fsverity digest` prints */
#define VRES_DIGEST_VERITY 1u

/**
 * Computes a content digest piece by piece, in memory that does not grow with the data.  Not for
 * use from two threads at once.
 *
 * VRES_DIGEST_VERITY is computed on every core that the thread calling vres_digester_create() may
 * run on, up to 128: a call with more than 1 MiB starts the threads, which take no signals and wait
 * between calls until vres_digester_destroy().  VRES_DIGEST_SHA256 is one chain, and computed on
 * the caller's thread.
 */
typedef struct vres_digester vres_digester;

/**
 * vres_digester_create() - start a digest
 * @alg:        VRES_DIGEST_SHA256 or VRES_DIGEST_VERITY
 * @block_size: of the tree; 0: 4096; power of two, 1024 to 65536; ignored for SHA256
 * @out:        the digester, to be given to vres_digester_destroy()
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT.
 */
VRES_API VRES_MUST_CHECK vres_status vres_digester_create(uint32_t alg, uint32_t block_size,
                                                          vres_digester **out, vres_error *err);

/**
 * vres_digester_update() - add bytes
 * @d:    the digester
 * @data: the bytes, or NULL when @n is 0
 * @n:    how many
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT, and nothing has changed; VRES_E_NO_MEMORY, after which
 *         there is no digest: all but
 * vres_digester_destroy() answers VRES_E_STATE; VRES_E_STATE after that or after
 * vres_digester_final().
 */
VRES_API VRES_MUST_CHECK vres_status vres_digester_update(vres_digester *d, const void *data,
                                                          size_t n, vres_error *err);

/**
 * vres_digester_update_fd() - add bytes of a file
 * @d:      the digester
 * @fd:     open for reading, and of a kind that can be read at any position: a regular file or a
 *          block device; its position is left alone
 * @offset: where they begin
 * @bytes:  how many
 *
 * Faster than reading the file and adding what was read: each thread reads what it hashes.
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT (@offset + @bytes is above 2^63 - 1), and nothing has
 *         changed; VRES_E_IO when reading fails or the file
 * ends before, or VRES_E_NO_MEMORY, after which there is no digest, see vres_digester_update();
 * VRES_E_STATE after that or after vres_digester_final().
 */
VRES_API VRES_MUST_CHECK vres_status vres_digester_update_fd(vres_digester *d, int fd,
                                                             uint64_t offset, uint64_t bytes,
                                                             vres_error *err);

/**
 * vres_digester_final() - the digest of all that was added
 * @d:   the digester; may not be used again
 * @hex: 64 lower-case hex digits and a NUL
 *
 * Return: VRES_OK; VRES_E_STATE when called twice, or after adding bytes has failed;
 *         VRES_E_NO_MEMORY.
 */
VRES_API VRES_MUST_CHECK vres_status vres_digester_final(vres_digester *d, char hex[65],
                                                         vres_error *err);

/**
 * vres_digester_destroy() - free a digester
 * @d: NULL is allowed
 */
VRES_API void vres_digester_destroy(vres_digester *d);

#ifdef __cplusplus
}
#endif

#endif
