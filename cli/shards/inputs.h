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

#include "shards/model_file.h"
#include "shards/seal_options.h"
#include "ui/failure.h"

/* Room for a digest of 64 digits, and for one that is too long, which the library refuses. */
#define EXPECT_BYTES 80

struct input {
	const char *name;
	int fd;
	bool is_stream;
	uint64_t bytes;
	struct model_file model;
	char expect[EXPECT_BYTES]; /* the digest that it has to have; "": any */
	vres_shard *shard;         /* once sealed */
	uint64_t seal_ns;          /* how long that took */
};

struct inputs {
	struct input *items;
	size_t count;
	uint64_t room; /* VRAM for all, each rounded up to a page */
};

/* Open all of @names, before anything is sealed. */
bool inputs_open(struct inputs *in, struct output *o, char **names, size_t count,
                 const struct seal_options *options);

/* Say what is remarkable about the content of @in, if anything.  With --strict: refuse it, false.
 */
bool input_remark(const struct input *in, struct output *o, const struct seal_options *options);

/* What the document says of the content of @in. */
void input_describe(const struct input *in, struct output *o, json_t *object);

/* False, and a refusal, when @path is one of them, which would be overwritten. */
bool inputs_refuse_overwrite(const struct inputs *in, struct output *o, const char *path);

/* For CLEANUP: releases shards and closes descriptors. */
void inputs_close(struct inputs *in);

#endif
