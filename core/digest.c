/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Content digests piece by piece, without a device: what `vres digest` and any verifier of files needs. */
#include <vres/vres.h>

#include "host.h"
#include "tree.h"
#include "validate.h"

struct vres_digester {
	uint32_t alg;
	bool is_finished;
	struct sha256 flat;
	struct tree_builder tree;
};

static void destroy(vres_digester **slot)
{
	vres_digester_destroy(*slot);
}

vres_status vres_digester_create(uint32_t alg, uint32_t block_size, vres_digester **out, vres_error *err)
{
	CLEANUP(destroy) vres_digester *d = NULL;

	if (out == NULL)
		return vres_fail(err, VRES_E_INVALID_INPUT, "out is NULL");
	if (alg > VRES_DIGEST_VERITY)
		return vres_fail(err, VRES_E_INVALID_INPUT, "digest algorithm %u is not known", alg);
	if (block_size == 0 || alg == VRES_DIGEST_SHA256)
		block_size = TREE_BLOCK_DEFAULT;
	if (!tree_block_size_is_valid(block_size))
		return vres_fail(err, VRES_E_INVALID_INPUT, "block size %u is not a power of two from 1024 to 65536", block_size);
	d = vres_host_alloc(sizeof(*d));
	if (d == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for a digester");
	d->alg = alg;
	TRY(alg == VRES_DIGEST_VERITY ? tree_open(&d->tree, block_size, err) : vres_sha256_open(&d->flat, err));
	*out = TAKE(d);
	return VRES_OK;
}

static vres_status usable(const vres_digester *d, vres_error *err)
{
	if (d == NULL)
		return vres_fail(err, VRES_E_INVALID_INPUT, "digester is NULL");
	return d->is_finished ? vres_fail(err, VRES_E_STATE, "the digest is finished") : VRES_OK;
}

vres_status vres_digester_update(vres_digester *d, const void *data, size_t n, vres_error *err)
{
	TRY(usable(d, err));
	if (n == 0)
		return VRES_OK;
	if (data == NULL)
		return vres_fail(err, VRES_E_INVALID_INPUT, "data is NULL");
	return d->alg == VRES_DIGEST_VERITY ? tree_add(&d->tree, data, n, err) : vres_sha256_add(&d->flat, data, n, err);
}

vres_status vres_digester_final(vres_digester *d, char hex[65], vres_error *err)
{
	uint8_t root[VRES_SHA256_BYTES], digest[VRES_SHA256_BYTES];

	TRY(usable(d, err));
	if (hex == NULL)
		return vres_fail(err, VRES_E_INVALID_INPUT, "hex is NULL");
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
	if (d == NULL)
		return;
	tree_close(&d->tree);
	vres_sha256_close(&d->flat);
	vres_host_free(d);
}
