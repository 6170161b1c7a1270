/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the bytes of a seal come from: memory, a file descriptor or a callback.  Each is read once.
 */
#ifndef VRES_CORE_SEAL_SOURCE_H
#define VRES_CORE_SEAL_SOURCE_H

#include <vres/vres.h>

#include "os/os.h"

struct source {
	vres_status (*part)(const struct source *s, uint64_t at, void *buffer, size_t n,
	                    vres_error *err);
	uint64_t done; /* bytes read so far */
	bool has_parts;

	const uint8_t *memory;

	int fd;
	uint64_t offset;
	struct os_file before; /* the regular file when the seal began */

	vres_read_fn read;
	void *ctx;
};

void vres_source_memory(struct source *s, const void *data);
vres_status vres_source_fd(struct source *s, int fd, uint64_t offset, uint64_t bytes,
                           vres_error *err);
void vres_source_stream(struct source *s, vres_read_fn read, void *ctx);

/* Fill @buffer with the next @n bytes. */
vres_status vres_source_next(struct source *s, void *buffer, size_t n, vres_error *err);

/*
 * Fill @buffer with @n bytes from byte @at on.  Only for sources that have parts: memory and
 * regular files.  Several threads may call it at once.  Then vres_source_skip() moves on by what
 * they read.
 */
vres_status vres_source_part(const struct source *s, uint64_t at, void *buffer, size_t n,
                             vres_error *err);
void vres_source_skip(struct source *s, size_t n);

/* After the last byte: VRES_E_IO if a regular file was changed while it was read. */
vres_status vres_source_finish(struct source *s, vres_error *err);

#endif
