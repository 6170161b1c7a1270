/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Content digests without a device, piece by piece: for `vres digest` and for checking files. */
#include <vres/vres.h>

#include <inttypes.h>

#include "hash/hasher.h"
#include "base/validate.h"

struct vres_digester {
	uint32_t alg;
	bool is_finished, has_failed;
	struct sha256 flat;
	struct tree_builder tree;
	struct workers workers;
	struct hasher pass; /* of the tree */
	uint8_t *buffers;   /* for bytes of files: one a thread; made when a file comes */
};

/* Memory is shared among the threads in pieces of this size; their digests take at most 1/32 of it.
 */
#define PIECE_BYTES ((size_t)64 << 20)

static void destroy(vres_digester **slot)
{
	vres_digester_destroy(*slot);
}

vres_status vres_digester_create(uint32_t alg, uint32_t block_size, vres_digester **out,
                                 vres_error *err)
{
	PUBLIC_CALL;
	CLEANUP(destroy) vres_digester *d = NULL;

	TRY(vres_check_given(out, "out", err));
	if (alg > VRES_DIGEST_VERITY)
		return vres_fail(err, VRES_E_INVALID_INPUT, "digest algorithm %u is not known",
		                 alg);
	if (block_size == 0 || alg == VRES_DIGEST_SHA256)
		block_size = TREE_BLOCK_DEFAULT;
	if (!tree_block_size_is_valid(block_size))
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "block size %u is not a power of two from 1024 to 65536",
		                 block_size);
	d = vres_os_alloc(sizeof(*d));
	if (d == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for a digester");
	d->alg = alg;
	TRY(workers_open(&d->workers, 0, err));
	TRY(alg == VRES_DIGEST_VERITY ? tree_open(&d->tree, block_size, err)
	                              : vres_sha256_open(&d->flat, err));
	hasher_open(&d->pass, &d->workers, &d->tree, NULL);
	*out = TAKE(d);
	return VRES_OK;
}

static vres_status usable(const vres_digester *d, vres_error *err)
{
	TRY(vres_check_given(d, "digester", err));
	if (d->has_failed)
		return vres_fail(err, VRES_E_STATE,
		                 "bytes are missing from the digest: adding them failed");
	return d->is_finished ? vres_fail(err, VRES_E_STATE, "the digest is finished") : VRES_OK;
}

/* After a failure it is unknown how many bytes were added, so there will be no digest. */
static vres_status added(vres_digester *d, vres_status status)
{
	d->has_failed = status != VRES_OK;
	return status;
}

static size_t part_bytes(const vres_digester *d)
{
	return hasher_part_bytes(d->alg == VRES_DIGEST_VERITY ? d->tree.block_size
	                                                      : TREE_BLOCK_DEFAULT);
}

static vres_status add(vres_digester *d, const uint8_t *data, size_t n, vres_error *err)
{
	for (size_t step; n > 0; data += step, n -= step) {
		step = n < PIECE_BYTES ? n : PIECE_BYTES;
		TRY(hasher_begin(&d->pass, data, step, err));
		TRY(hasher_end(&d->pass, err));
	}
	return VRES_OK;
}

vres_status vres_digester_update(vres_digester *d, const void *data, size_t n, vres_error *err)
{
	PUBLIC_CALL;

	TRY(usable(d, err));
	if (n == 0)
		return VRES_OK;
	TRY(vres_check_given(data, "data", err));
	return added(d, d->alg == VRES_DIGEST_VERITY ? add(d, data, n, err)
	                                             : vres_sha256_add(&d->flat, data, n, err));
}

struct file {
	const vres_digester *d;
	int fd;
};

/* Read a part of a file into the buffer of the thread that asks. */
static vres_status get(void *ctx, uint32_t worker, uint64_t offset, size_t n, const uint8_t **bytes,
                       vres_error *err)
{
	const struct file *file = ctx;
	uint8_t *buffer = file->d->buffers + worker * part_bytes(file->d);
	size_t got = 0;

	TRY(vres_os_read(file->fd, (int64_t)offset, buffer, n, &got, err));
	if (got < n)
		return vres_fail(err, VRES_E_IO, "the file ended at byte %" PRIu64, offset + got);
	*bytes = buffer;
	return VRES_OK;
}

static vres_status add_flat(vres_digester *d, struct file *file, uint64_t offset, uint64_t n,
                            vres_error *err)
{
	const uint8_t *bytes = NULL;

	for (size_t step; n > 0; offset += step, n -= step) {
		step = (size_t)min_u64(n, part_bytes(d));
		TRY(get(file, 0, offset, step, &bytes, err));
		TRY(vres_sha256_add(&d->flat, bytes, step, err));
	}
	return VRES_OK;
}

vres_status vres_digester_update_fd(vres_digester *d, int fd, uint64_t offset, uint64_t n,
                                    vres_error *err)
{
	PUBLIC_CALL;
	struct file file = {.d = d, .fd = fd};
	const struct hasher_source source = {.get = get, .ctx = &file};
	uint64_t end;

	TRY(usable(d, err));
	if (ckd_add_u64(&end, offset, n) || end > INT64_MAX)
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "no file has %" PRIu64 " bytes from offset %" PRIu64, n, offset);
	if (d->buffers == NULL &&
	    (d->buffers = vres_os_alloc_buffer(d->workers.threads * part_bytes(d))) == NULL)
		return added(d, vres_fail(err, VRES_E_NO_MEMORY, "no memory to read a file"));
	return added(d, d->alg == VRES_DIGEST_VERITY
	                        ? hasher_take(&d->pass, &source, offset, n, err)
	                        : add_flat(d, &file, offset, n, err));
}

vres_status vres_digester_final(vres_digester *d, char hex[65], vres_error *err)
{
	PUBLIC_CALL;
	uint8_t root[VRES_SHA256_BYTES], digest[VRES_SHA256_BYTES];

	TRY(usable(d, err));
	TRY(vres_check_given(hex, "hex", err));
	d->is_finished = true;
	if (d->alg == VRES_DIGEST_VERITY) {
		TRY(tree_finish(&d->tree, 0, root, err));
		TRY(tree_digest(d->tree.bytes, d->tree.block_size, root, digest, err));
	} else {
		TRY(vres_sha256_end(&d->flat, digest, err));
	}
	vres_hex(digest, hex);
	return VRES_OK;
}

void vres_digester_destroy(vres_digester *d)
{
	PUBLIC_RELEASE;

	if (d == NULL)
		return;
	if (d->buffers)
		/* Buffers of threads that never started hold nothing. */
		vres_crypto_wipe(d->buffers, (d->workers.started + 1) * part_bytes(d));
	vres_os_free(d->buffers);
	hasher_close(&d->pass);
	workers_close(&d->workers);
	tree_close(&d->tree);
	vres_sha256_close(&d->flat);
	vres_os_free(d);
}
