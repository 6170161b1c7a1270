/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Listing the blocks that are to be written, and writing them. */
#include "verify/mend.h"

#include <inttypes.h>

#include "device/lane.h"
#include "device/policy.h"
#include "hash/tree.h"
#include "verify/source.h"

#define FIRST_ROOM ((size_t)64)

void vres_mend_close(struct mend *m)
{
	vres_os_free(m->blocks);
}

bool vres_mend_is_over(const struct mend *m)
{
	return m && m->error.status != VRES_OK;
}

void vres_mend_fail(struct mend *m, const vres_error *why)
{
	if (m && m->error.status == VRES_OK)
		m->error = *why;
}

void vres_mend_without(struct mend *m, uint64_t bytes)
{
	if (m == NULL)
		return;
	m->without += bytes;
	m->bytes += bytes;
}

static bool grow(struct mend *m)
{
	const size_t room = m->room ? 2 * m->room : FIRST_ROOM;
	struct mend_block *blocks = vres_os_alloc(room * sizeof(*blocks));

	if (blocks == NULL)
		return false;
	if (m->n > 0)
		memcpy(blocks, m->blocks, m->n * sizeof(*blocks));
	vres_os_free(m->blocks);
	m->blocks = blocks;
	m->room = room;
	return true;
}

void vres_mend_add(struct mend *m, uint64_t index, uint64_t bytes,
                   const uint8_t digest[VRES_SHA256_BYTES])
{
	vres_error detail = {0};

	if (m == NULL)
		return;
	m->bytes += bytes;
	if (m->n == m->room && !grow(m)) {
		(void)vres_fail(&detail, VRES_E_NO_MEMORY, "no memory to list %zu damaged blocks",
		                m->n + 1);
		vres_mend_fail(m, &detail);
		return;
	}
	m->blocks[m->n] = (struct mend_block){.index = index, .bytes = bytes};
	memcpy(m->blocks[m->n++].digest, digest, VRES_SHA256_BYTES);
}

/* Adjacent blocks, as many as a staging buffer holds. */
struct piece {
	const struct mend_block *blocks;
	size_t n, bytes;
	uint64_t offset;
};

struct writing {
	const struct verification *v;
	struct vres_lane lane;
	uint8_t *digests;
	size_t most;      /* the most blocks at once */
	uint64_t refused; /* bytes that the source delivered right at first and wrong now */
};

static void writing_close(struct writing *w)
{
	vres_lane_close(&w->lane);
	vres_os_free(w->digests);
}

static bool continues(const struct mend *m, size_t i)
{
	return i > 0 && i < m->n && m->blocks[i].index == m->blocks[i - 1].index + 1;
}

/* The number of blocks in the longest run. */
static size_t longest(const struct mend *m)
{
	size_t most = 0, run = 0;

	for (size_t i = 0; i < m->n; i++) {
		run = continues(m, i) ? run + 1 : 1;
		most = run > most ? run : most;
	}
	return most;
}

static vres_status writing_open(struct writing *w, vres_error *err)
{
	const struct vres_contents *c = w->v->contents;
	const vres_policy *policy = &c->manager->policy;
	const size_t block_size = c->shape->block_size, fit = LANE_BYTES / block_size,
		     run = longest(w->v->mend);

	w->most = run < fit ? run : fit;
	w->digests = vres_os_alloc(w->most * VRES_SHA256_BYTES);
	if (w->digests == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for %zu digests", w->most);
	return vres_lane_open(w->v->shard->device, w->most * block_size,
	                      vres_policy_lane_flags(policy), &w->lane, err);
}

static struct piece piece_at(const struct writing *w, size_t first)
{
	const struct mend *m = w->v->mend;
	struct piece p = {.blocks = &m->blocks[first],
	                  .offset = m->blocks[first].index * w->v->contents->shape->block_size};

	do
		p.bytes += (size_t)m->blocks[first + p.n++].bytes;
	while (p.n < w->most && continues(m, first + p.n));
	return p;
}

/* *is_right: does the staging buffer hold what was sealed? */
static vres_status compare(const struct writing *w, const struct piece *p, bool *is_right,
                           vres_error *err)
{
	CLEANUP(tree_close) struct tree_builder tree = {0};
	uint8_t top[VRES_SHA256_BYTES];

	TRY(tree_open(&tree, w->v->contents->shape->block_size, err));
	tree_capture(&tree, 0, w->digests, p->n);
	TRY(tree_add(&tree, w->lane.staging, p->bytes, err));
	TRY(tree_finish(&tree, 0, top, err));
	*is_right = true;
	for (size_t i = 0; i < p->n; i++)
		*is_right &= vres_crypto_equal(w->digests + i * VRES_SHA256_BYTES,
		                               p->blocks[i].digest, VRES_SHA256_BYTES);
	return VRES_OK;
}

static vres_status write_piece(struct writing *w, const struct piece *p, vres_error *err)
{
	const struct vres_contents *c = w->v->contents;
	bool is_right = false;

	TRY(vres_verify_read_source(w->v, p->offset, w->lane.staging, p->bytes, err));
	TRY(compare(w, p, &is_right, err));
	if (!is_right) {
		w->refused += p->bytes;
		return VRES_OK;
	}
	TRY(vres_lane_push(&w->lane, &c->memory.mem, p->offset, p->bytes, err));
	TRY(vres_lane_wait(&w->lane, c->manager->policy.deadline, err));
	w->v->mend->written += p->bytes;
	return VRES_OK;
}

vres_status vres_mend_write(const struct verification *v, vres_error *err)
{
	CLEANUP(writing_close) struct writing w = {.v = v};
	struct mend *m = v->mend;

	if (m->n > 0)
		TRY(writing_open(&w, err));
	for (size_t i = 0; i < m->n;) {
		const struct piece p = piece_at(&w, i);

		TRY(write_piece(&w, &p, err));
		m->ranges += !continues(m, i);
		i += p.n;
	}
	if (m->without + w.refused == 0)
		return VRES_OK;
	return vres_fail_at(err, VRES_E_INTEGRITY_VIOLATION, VRES_REASON_DIGEST,
	                    vres_shard_device(v->shard),
	                    "of %" PRIu64 " damaged bytes %" PRIu64
	                    " lie where the source does not deliver what was sealed",
	                    m->bytes, m->without + w.refused);
}
