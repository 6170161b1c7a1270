/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a file that is sealed seems to be: a safetensors or GGUF file, whose header names its
 * tensors, or
 * something that was sealed by mistake, such as half a download.
 *
 * The header is taken from the bytes that are sealed: read once when the file is sealed, and kept.
 * A file that is rewritten later cannot change what damage is called.
 */
#ifndef VRES_CLI_SHARDS_MODEL_FILE_H
#define VRES_CLI_SHARDS_MODEL_FILE_H

#include <sys/stat.h>
#include "shards/safetensors.h"

struct model_file {
	struct tensor_map tensors;
	bool has_tensors;   /* the header was read */
	bool is_suspicious; /* --strict refuses it */
	char remark[320];   /* the warning about this file; "": none */
	char *header;       /* the bytes of the prefix and the header as read, so far */
	size_t header_bytes;
	size_t wanted;      /* so much of the beginning is needed, as far as is known */
	bool is_lost;       /* memory ran out while it was kept */
	struct stat before; /* of a file, when the header was read */
};

/* Examine a regular file of @bytes bytes before it is sealed. */
void model_file_open(struct model_file *m, const char *name, int fd, uint64_t bytes);

/* After it was sealed: are the bytes that were sealed those that were examined? */
void model_file_confirm(struct model_file *m, int fd);

/* The same for a stream: what was read of it is given piece by piece, then examined. */
void model_file_add(struct model_file *m, const char *bytes, size_t n);
void model_file_end(struct model_file *m, const char *name, uint64_t bytes);

void model_file_close(struct model_file *m);

#endif
