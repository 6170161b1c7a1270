/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The manifest of a model has a line "sha256:DIGITS NAME" for each tensor, ordered by the bytes of
 * the names.  The digest is the fs-verity digest with blocks of 4096 bytes.  So if a file of that
 * name held the bytes of the tensor, `fsverity digest` would print this line of it.
 */
#ifndef VRES_CLI_SHARDS_MANIFEST_H
#define VRES_CLI_SHARDS_MANIFEST_H

#include "ui/failure.h"

struct manifest_line {
	char *name;
	char digest[65];
	uint64_t bytes;
};

struct manifest {
	struct manifest_line *lines;
	size_t count, room;
	bool is_gguf; /* it was made of a GGUF file */
};

/* Make the manifest of model files.  @names are files, folders or indexes. */
bool manifest_make(struct manifest *m, struct output *o, char **names, size_t count);

/* Read the manifest @name, or make it if @name is a model file, folder or index. */
bool manifest_take(struct manifest *m, struct output *o, char *name);

/* For CLEANUP. */
void manifest_free(struct manifest *m);

#endif
