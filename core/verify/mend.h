/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The blocks that a repair is to write, and what each of them must be.
 *
 * The list is made while damage is located.  Its digests come from the kept level: either they are
 * that level, or they hash to a node of it.  So nothing is written that was not sealed, whatever
 * the source delivers, and whenever it changes.
 */
#ifndef VRES_CORE_VERIFY_MEND_H
#define VRES_CORE_VERIFY_MEND_H

#include "verify/check.h"

struct mend_block {
	uint64_t index, bytes;
	uint8_t digest[VRES_SHA256_BYTES];
};

struct mend {
	struct mend_block *blocks; /* ascending */
	size_t n, room;
	uint64_t without; /* damaged bytes for which the source is wrong */
	uint64_t bytes;   /* all damaged bytes, including those */
	vres_error error; /* why the list is not complete; status VRES_OK: it is */
	/* The result of vres_mend_write(). */
	uint64_t written, ranges;
};

void vres_mend_close(struct mend *m);

/* To all of these NULL means that nothing is to be repaired. */

/* Block @index, of @bytes bytes, must have @digest again. */
void vres_mend_add(struct mend *m, uint64_t index, uint64_t bytes,
                   const uint8_t digest[VRES_SHA256_BYTES]);

/* For these damaged bytes the source has other ones than were sealed. */
void vres_mend_without(struct mend *m, uint64_t bytes);

/* The list cannot be completed, so nothing may be written. */
void vres_mend_fail(struct mend *m, const vres_error *why);
bool vres_mend_is_over(const struct mend *m);

/*
 * Read each run of blocks from the source of @v into a staging buffer, compare it there, and copy
 * it from that buffer to memory.  VRES_E_INTEGRITY_VIOLATION: some bytes of the source were wrong,
 * and only these were not written.  Any other failure stops it at once.
 */
vres_status vres_mend_write(const struct verification *v, vres_error *err);

#endif
