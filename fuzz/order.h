/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One seal call of fuzz_ops.c: what is asked for, and what the source does. */
#ifndef FUZZ_ORDER_H
#define FUZZ_ORDER_H

#include "ops.h"

/* TENSORS has an operation of its own. */
enum source { MEMORY, STREAM, FILE_AT_OFFSET, PIPE, ADOPT, SOURCES, TENSORS };

struct order {
	vres_seal_params p;
	enum source source;
	uint8_t *content;
	uint64_t bytes, padded, offset;
	char expected[65], sha256[65], verity[65];
	char manifest[65]; /* the digest of the manifest, of tensors */
	vres_tensor tensors[PIECES + 2];
	uint64_t pieces[PIECES +
	                2]; /* as sizes; the last but one is empty, the last is tied to the first */
	uint32_t tensors_n;
	vres_status read_status; /* of the stream */
	bool is_short, cancels;
	uint32_t owner_device, pretend; /* of adopted memory */
	uint64_t owner, owned;
	int fd;
};

/* Choose by the input; false if the source cannot be opened. */
bool order_make(struct order *o, struct run *r);
bool order_make_tensors(struct order *o, struct run *r);
void order_free(struct order *o);

/* The source, as a vres_read_fn. */
vres_status order_read(void *ctx, void *buf, size_t n);

#endif
