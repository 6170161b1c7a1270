/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The files of a command, and the shards they become.
 *
 * Regular files are sealed from their descriptor and stay open, so that a later check can read its
 * source again.  Standard input ("-"), pipes and devices are streams: read once, as many bytes as
 * --bytes says.
 */
#ifndef VRES_CLI_SHARDS_INPUTS_H
#define VRES_CLI_SHARDS_INPUTS_H

#include "ui/options.h"
#include "ui/output.h"
#include "ui/signals.h"

struct input {
	const char *name;
	int fd;
	bool is_stream;
	uint64_t bytes;
	vres_shard *shard; /* once sealed */
	uint64_t seal_ns;  /* how long that took */
};

struct inputs {
	struct input *items;
	size_t count;
	uint64_t room; /* VRAM for all, each rounded up to a page */
};

struct seal_options {
	uint64_t alg, bytes;
	const char *expect, *model_ref;
	bool is_set;
};

extern const struct option_set seal_option_set;

/* Open all of @names, before anything is sealed. */
bool inputs_open(struct inputs *in, struct output *o, char **names, size_t count,
                 const struct seal_options *options);

/* Seal them in order.  A stop is reported as a cancelled operation. */
bool inputs_seal(struct inputs *in, struct output *o, vres_manager *manager, uint32_t device,
                 const struct seal_options *options, struct stop *stop);

/* False, and a refusal, when what is to be written to @path would take the place of one of them. */
bool inputs_spare(const struct inputs *in, struct output *o, const char *path);

/* For CLEANUP: gives shards and descriptors back. */
void inputs_close(struct inputs *in);

/* vres_verify_params.source of an input that is no stream; the context is the struct input. */
vres_status input_read_at(void *ctx, uint64_t offset, void *buf, size_t n);

#endif
