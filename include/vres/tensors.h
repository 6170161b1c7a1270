/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tensors: sealing what an engine has loaded, by name, in memory that stays the engine's.
 *
 * A shard of tensors is one shard: one id, one state, one lease, one signed record and one receipt,
 * over named ranges of one device.  All that other headers say of a shard is true of it, except
 * where they name tensors.  Its digest is the SHA-256 of its manifest (docs/FORMAT.md): one line a
 * tensor, what `fsverity digest` prints of files with the same names and bytes.  So a folder of
 * files, a replica and a process that was started again compare by one number, and a line that
 * differs is a tensor that differs.
 *
 * What is digested is memory as it lies.  Type, shape and stride are not part of it.
 */
#ifndef VRES_TENSORS_H
#define VRES_TENSORS_H

#include <vres/seal.h>
#include <vres/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct vres_tensor - a named range of device memory
 * @name:            1 to 512 bytes of UTF-8 without control characters, bidirectional overrides and
 *                   byte order mark; taken as it is; not twice in a call
 * @device_ptr:      where it begins, at any alignment; ignored when @bytes is 0
 * @bytes:           its size; 0: it has the digest of the empty file
 * @expected_digest: its fs-verity digest with blocks of 4096, 64 hex digits in upper or lower case;
 *                   NULL: it is sealed as it is found
 *
 * Elements of an array are as far apart as the struct_size of the first says, and all have that
 * one.  An index in a message or in another call is the position in this array.
 *
 * Several tensors may have the same @device_ptr and @bytes (tied weights): the range is hashed
 * once.  Ranges that overlap otherwise are each hashed.
 */
typedef struct vres_tensor {
	size_t struct_size;
	const char *name;
	uint64_t device_ptr, bytes;
	const char *expected_digest;
} vres_tensor;

VRES_DEFINE_INIT(vres_tensor)

/**
 * struct vres_tensor_info - a tensor as it was sealed
 * @bytes:  its size
 * @name:   NUL-terminated
 * @digest: its fs-verity digest, 64 lower-case hex digits
 */
typedef struct vres_tensor_info {
	size_t struct_size;
	uint64_t bytes;
	char name[513], digest[65];
} vres_tensor_info;

VRES_DEFINE_INIT(vres_tensor_info)

/**
 * vres_seal_tensors() - seal tensors that are in VRAM already, in memory that the caller owns
 * @m:       the manager; its block_size is 4096
 * @p:       what is sealed: digest_alg must be VRES_DIGEST_TENSORS.  expected_digest is that of the
 *           manifest.  progress is not called
 * @tensors: the tensors, of device gpu_device; not needed after the call
 * @n:       1 to 2^20; at least one has bytes
 * @out:     a reference to the shard, to be given to vres_shard_release()
 *
 * As for vres_seal_adopt(): all writes to the memory have completed, the caller keeps it allocated
 * and does not write to it until the last reference and the last lease have been given back, and
 * the library never frees or wipes it.  Bytes between tensors are never read and may change.
 *
 * vram_bytes is the sum over the distinct ranges, which max_model_bytes of the policy bounds.  A
 * lease has no address: vres_lease_device_ptr() is 0, and vres_lease_bytes() is vram_bytes.
 *
 * The first use of a device takes up to 64 MiB of it for good: seal before the engine measures how
 * much is free for its cache.
 *
 * Return: as vres_seal_adopt(), and every refusal of a tensor names its index.
 *         VRES_E_INVALID_INPUT also for a name that is not one or comes twice, for @n, for a range
 *         the driver does not know all of, for one range with two expected digests, and when all
 *         tensors are empty; VRES_E_ABI for an element with another struct_size;
 *         VRES_E_INTEGRITY_VIOLATION when a tensor or the manifest is not as expected (the message
 *         names the first tensor and counts the others; @p lists all of them);
 *         VRES_E_POLICY_VIOLATION for memory that policy refuses; VRES_E_UNSUPPORTED also when the
 *         manager has another block_size; VRES_E_NO_MEMORY.
 */
VRES_API VRES_MUST_CHECK vres_status vres_seal_tensors(vres_manager *m, const vres_seal_params *p,
                                                       const vres_tensor *tensors, size_t n,
                                                       vres_shard **out, vres_error *err);

/**
 * vres_tensors_digest() - digest tensors without sealing them
 * @m:          the manager; its block_size is 4096
 * @gpu_device: the device that they are on
 * @tensors:    as for vres_seal_tensors(); expected_digest must be NULL
 * @n:          1 to 2^20; at least one has bytes
 * @digests:    room for @n fs-verity digests, by index; unchanged on failure
 *
 * Device and memory are judged as for a seal, and a violation of policy is an event.  There is no
 * other event; the log has a line with action digest.
 *
 * The digest of a few bytes gives them away: do not let others choose addresses.
 *
 * Return: as vres_seal_tensors(); never VRES_E_INTEGRITY_VIOLATION.
 */
VRES_API VRES_MUST_CHECK vres_status vres_tensors_digest(vres_manager *m, uint32_t gpu_device,
                                                         const vres_tensor *tensors, size_t n,
                                                         uint8_t (*digests)[32], vres_error *err);

/**
 * vres_shard_tensor() - one tensor of a shard, as it was sealed
 * @s:     the shard, which may be QUARANTINED, and its manager STOPPED
 * @index: below vres_shard_info.tensors
 * @out:   from vres_tensor_info_init()
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT (there is no such tensor); VRES_E_UNSUPPORTED (the shard
 *         has no tensors).
 */
VRES_API VRES_MUST_CHECK vres_status vres_shard_tensor(const vres_shard *s, size_t index,
                                                       vres_tensor_info *out, vres_error *err);

/**
 * vres_shard_manifest() - the manifest of a shard, as it was sealed
 * @s:   the shard, which may be QUARANTINED, and its manager STOPPED
 * @buf: receives the text; NULL, with @cap 0, to ask for the size
 * @cap: bytes at @buf, including the NUL
 * @len: bytes of text, not including the NUL that follows it; also set with VRES_E_BUFFER
 *
 * It says what was sealed, not what is in the memory now.  Names have no newline, so each line is a
 * tensor.  It is made of what the host keeps and compared with the signed digest; a difference,
 * which is damage in host memory, quarantines the shard for good.
 *
 * Return: VRES_OK; VRES_E_BUFFER when @cap is not above *len; VRES_E_UNSUPPORTED (the shard has no
 *         tensors); VRES_E_SEAL_VERIFICATION_FAILED with reason SIGNATURE (it is not the signed
 *         one); VRES_E_NO_MEMORY.
 */
VRES_API VRES_MUST_CHECK vres_status vres_shard_manifest(const vres_shard *s, char *buf, size_t cap,
                                                         size_t *len, vres_error *err);

#ifdef __cplusplus
}
#endif

#endif
