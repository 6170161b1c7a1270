/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the kept level of each range to digests, root and manifest. */
#include "manager/tensors.h"

#include "base/validate.h"

/* A line of the manifest without its name and the newline. */
#define PREFIX       "sha256:"
#define PREFIX_BYTES (sizeof(PREFIX) - 1 + 64 + 1)

void vres_tensors_destroy(struct tensors *t)
{
	if (t == NULL)
		return;
	vres_os_free(t->list);
	vres_os_free(t->order);
	vres_os_free(t->ranges);
	vres_os_free(t->names);
	vres_os_free(t);
}

void vres_tensors_number(struct tensors *t, bool keep_leaves)
{
	struct tree_shape shape;

	t->bytes = t->blocks = t->nodes = t->longest = 0;
	for (uint32_t i = 0; i < t->ranges_n; i++) {
		struct tensor_range *r = &t->ranges[i];

		tree_shape_init(&shape, r->bytes, t->block_size);
		r->level = keep_leaves || shape.top == 0 ? 0 : 1;
		r->first = t->nodes;
		t->nodes += shape.count[r->level];
		t->blocks += shape.count[0];
		t->bytes += r->bytes;
		t->longest = t->longest > r->bytes ? t->longest : r->bytes;
	}
}

uint32_t vres_tensors_range_of(const struct tensors *t, uint64_t node)
{
	uint32_t low = 0, high = t->ranges_n;

	while (high - low > 1) {
		const uint32_t middle = low + (high - low) / 2;

		*(t->ranges[middle].first <= node ? &low : &high) = middle;
	}
	return low;
}

void vres_tensors_node(const struct tensors *t, uint32_t range, uint64_t node, uint64_t *offset,
                       uint64_t *bytes)
{
	const struct tensor_range *r = &t->ranges[range];
	struct tree_shape shape;

	tree_shape_init(&shape, r->bytes, t->block_size);
	tree_node_range(&shape, r->level, node - r->first, offset, bytes);
}

vres_status vres_tensors_range_root(const struct tensors *t, uint32_t range, const uint8_t *kept,
                                    uint8_t root[VRES_SHA256_BYTES], vres_error *err)
{
	const struct tensor_range *r = &t->ranges[range];
	const uint8_t *digests = kept + r->first * VRES_SHA256_BYTES;
	struct tree_shape shape;

	tree_shape_init(&shape, r->bytes, t->block_size);
	if (shape.top > r->level)
		return tree_root_of(&shape, r->level, digests, root, err);
	memcpy(root, digests, VRES_SHA256_BYTES);
	return VRES_OK;
}

/* A range's size and root, as they are hashed to the root over all tensors. */
struct part {
	uint8_t bytes[8];
	uint8_t root[VRES_SHA256_BYTES];
};

static void put_size(struct part *part, uint64_t bytes)
{
	for (size_t i = 0; i < sizeof(part->bytes); i++)
		part->bytes[i] = (uint8_t)(bytes >> (8 * i));
}

static vres_status root_over(const struct tensors *t, const uint8_t *roots,
                             uint8_t root[VRES_SHA256_BYTES], vres_error *err)
{
	CLEANUP(vres_sha256_close) struct sha256 sha = {0};

	TRY(vres_sha256_open(&sha, err));
	for (uint32_t i = 0; i < t->n; i++) {
		const uint32_t range = t->list[t->order[i]].range;
		struct part part = {.bytes = {0}};

		if (range != NO_RANGE) {
			put_size(&part, t->ranges[range].bytes);
			memcpy(part.root, roots + (size_t)range * VRES_SHA256_BYTES,
			       sizeof(part.root));
		}
		TRY(vres_sha256_add(&sha, &part, sizeof(part), err));
	}
	return vres_sha256_end(&sha, root, err);
}

vres_status vres_tensors_digests(const struct tensors *t, const uint8_t *kept, uint8_t *digests,
                                 uint8_t root[VRES_SHA256_BYTES], vres_error *err)
{
	const size_t n = (size_t)t->ranges_n * VRES_SHA256_BYTES;
	CLEANUP(vres_os_freep) uint8_t *roots = vres_os_alloc(n);

	if (roots == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for the roots of tensors");
	for (uint32_t i = 0; i < t->ranges_n; i++)
		TRY(vres_tensors_range_root(t, i, kept, roots + (size_t)i * VRES_SHA256_BYTES,
		                            err));
	TRY(root_over(t, roots, root, err));
	for (uint32_t i = 0; digests && i < t->ranges_n; i++)
		TRY(tree_digest(t->ranges[i].bytes, t->block_size,
		                roots + (size_t)i * VRES_SHA256_BYTES,
		                digests + (size_t)i * VRES_SHA256_BYTES, err));
	return VRES_OK;
}

vres_status vres_tensor_digest(const struct tensors *t, uint32_t tensor, const uint8_t *digests,
                               uint8_t digest[VRES_SHA256_BYTES], vres_error *err)
{
	static const uint8_t no_root[VRES_SHA256_BYTES];
	const uint32_t range = t->list[tensor].range;

	if (range == NO_RANGE)
		return tree_digest(0, t->block_size, no_root, digest, err);
	memcpy(digest, digests + (size_t)range * VRES_SHA256_BYTES, VRES_SHA256_BYTES);
	return VRES_OK;
}

vres_status vres_tensors_line(const struct tensors *t, uint32_t tensor, const uint8_t *digests,
                              char *line, size_t *n, vres_error *err)
{
	const struct tensor *named = &t->list[tensor];
	uint8_t digest[VRES_SHA256_BYTES];

	TRY(vres_tensor_digest(t, tensor, digests, digest, err));
	memcpy(line, PREFIX, sizeof(PREFIX) - 1);
	vres_hex(digest, line + sizeof(PREFIX) - 1);
	line[PREFIX_BYTES - 1] = ' ';
	memcpy(line + PREFIX_BYTES, named->name, named->name_bytes);
	line[PREFIX_BYTES + named->name_bytes] = '\n';
	*n = PREFIX_BYTES + named->name_bytes + 1;
	return VRES_OK;
}

vres_status vres_tensors_manifest_digest(const struct tensors *t, const uint8_t *digests,
                                         uint8_t digest[VRES_SHA256_BYTES], vres_error *err)
{
	CLEANUP(vres_sha256_close) struct sha256 sha = {0};
	char line[TENSOR_LINE_MAX];
	size_t n;

	TRY(vres_sha256_open(&sha, err));
	for (uint32_t i = 0; i < t->n; i++) {
		TRY(vres_tensors_line(t, t->order[i], digests, line, &n, err));
		TRY(vres_sha256_add(&sha, line, n, err));
	}
	return vres_sha256_end(&sha, digest, err);
}
