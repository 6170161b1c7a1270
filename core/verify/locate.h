/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Naming damage.  The signed root says that something is wrong.  The kept level of the tree, if it
 * hashes to that root, says under which of its nodes.  The caller's source, if it hashes to the
 * kept digest of that node, says which block.  Whatever cannot be told is left out; that the shard
 * is damaged is certain already.
 */
#ifndef VRES_CORE_VERIFY_LOCATE_H
#define VRES_CORE_VERIFY_LOCATE_H

#include "device/vram_digest.h"
#include "verify/check.h"

/* VRES_E_SEAL_VERIFICATION_FAILED unless the kept level hashes to the signed root. */
vres_status vres_verify_kept(const struct vres_contents *c, vres_error *err);

/* The same of the contents of a verification, which remembers that it failed. */
vres_status vres_verify_kept_of(struct verification *v, vres_error *err);

/*
 * Report a damaged range, of tensor @tensor or, with UINT32_MAX, of the shard.  Ranges come in
 * ascending order; a neighbour of the last one extends it.
 */
void vres_verify_note(struct verification *v, uint32_t tensor, uint64_t offset, uint64_t bytes);

/*
 * The shard is damaged: report the damaged nodes or blocks of all of it.  @found: the kept level as
 * it is now, of which the wrong root comes; NULL: nobody knows it.
 */
void vres_verify_locate(struct verification *v, struct vram_digest *vram, const uint8_t *found);

/*
 * Compare @digests of @count nodes of the kept level, from node @first on, with the kept ones, and
 * report those that differ.
 */
void vres_verify_compare(struct verification *v, struct vram_digest *vram, uint64_t first,
                         uint64_t count, const uint8_t *digests);

#endif
