/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Digests: the two kinds of content digest, and computing them without a device.
 */
#ifndef VRES_DIGEST_H
#define VRES_DIGEST_H

#include <vres/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VRES_DIGEST_SHA256 0u /* SHA-256 (FIPS 180-4) of the bytes, as sha256sum prints it */
/* fs-verity digest with SHA-256 and no salt, as `fsverity digest` prints it for blocks of 4096 */
#define VRES_DIGEST_VERITY 1u
/*
 * SHA-256 of the manifest of a shard of tensors, as sha256sum prints it; for vres_seal_tensors()
 * alone, whose tensors have fs-verity digests
 */
#define VRES_DIGEST_TENSORS 2u

/**
 * Computes a digest piece by piece, in memory that does not grow with the data.  Two threads must
 * not use a digester at the same time.
 *
 * VRES_DIGEST_VERITY is computed on every CPU, up to 128, on which the thread that called
 * vres_digester_create() may run.  A call with more than 1 MiB starts the threads; they take no
 * signals and wait for the next call until vres_digester_destroy().  VRES_DIGEST_SHA256 cannot be
 * split and is computed on the calling thread.
 */
typedef struct vres_digester vres_digester;

/**
 * vres_digester_create() - start a digest
 * @alg:        VRES_DIGEST_SHA256 or VRES_DIGEST_VERITY
 * @block_size: bytes in a block of the tree: a power of two, 1024 to 65536; 0: 4096; ignored for
 *              VRES_DIGEST_SHA256
 * @out:        the digester, to be given to vres_digester_destroy()
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT.
 */
VRES_API VRES_MUST_CHECK vres_status vres_digester_create(uint32_t alg, uint32_t block_size,
                                                          vres_digester **out, vres_error *err);

/**
 * vres_digester_update() - add bytes
 * @d:    the digester
 * @data: the bytes; may be NULL when @n is 0
 * @n:    how many
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT, which changes nothing; VRES_E_NO_MEMORY, after which the
 *         digest is lost and every call but vres_digester_destroy() returns VRES_E_STATE;
 *         VRES_E_STATE after that or after vres_digester_final().
 */
VRES_API VRES_MUST_CHECK vres_status vres_digester_update(vres_digester *d, const void *data,
                                                          size_t n, vres_error *err);

/**
 * vres_digester_update_fd() - add bytes of a file
 * @d:      the digester
 * @fd:     open for reading, and readable at any position: a regular file or a block device.  Its
 *          file position is not used or changed
 * @offset: where the bytes begin
 * @bytes:  how many
 *
 * Faster than reading the file and adding what was read, because each thread reads what it hashes.
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT (@offset + @bytes is above 2^63 - 1), which changes
 *         nothing; VRES_E_IO when reading fails or the file is too short, or VRES_E_NO_MEMORY,
 *         after which the digest is lost as with vres_digester_update(); VRES_E_STATE after that or
 *         after vres_digester_final().
 */
VRES_API VRES_MUST_CHECK vres_status vres_digester_update_fd(vres_digester *d, int fd,
                                                             uint64_t offset, uint64_t bytes,
                                                             vres_error *err);

/**
 * vres_digester_final() - the digest of all bytes that were added
 * @d:   the digester; afterwards it can only be destroyed
 * @hex: receives 64 lower-case hex digits and a NUL
 *
 * Return: VRES_OK; VRES_E_STATE when called twice, or after adding bytes has failed;
 *         VRES_E_NO_MEMORY.
 */
VRES_API VRES_MUST_CHECK vres_status vres_digester_final(vres_digester *d, char hex[65],
                                                         vres_error *err);

/**
 * vres_digester_destroy() - free a digester
 * @d: NULL does nothing
 */
VRES_API void vres_digester_destroy(vres_digester *d);

#ifdef __cplusplus
}
#endif

#endif
