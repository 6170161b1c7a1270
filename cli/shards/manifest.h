/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The manifest of a model: a line "sha256:DIGITS NAME" for each tensor, in the order of the bytes
 * of the names.  The digest is the fs-verity digest with blocks of 4096 bytes, so for a tensor
 * whose name can be a file's it is the line that `fsverity digest` prints of a file with those
 * bytes.
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
	bool is_gguf; /* of a GGUF file */
};

/* Digest the tensors of model files; @names are files, folders, indexes. */
bool manifest_make(struct manifest *m, struct output *o, char **names, size_t count);

/* The same of one @name, or read it if it is a manifest. */
bool manifest_take(struct manifest *m, struct output *o, char *name);

/* For CLEANUP. */
void manifest_free(struct manifest *m);

#endif
