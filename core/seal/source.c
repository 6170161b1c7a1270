/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading from memory, from a file descriptor, and through a callback. */
#include "seal/source.h"

#include <inttypes.h>

static vres_status part_of_memory(const struct source *s, uint64_t at, void *buffer, size_t n,
                                  vres_error *err)
{
	(void)err;
	memcpy(buffer, s->memory + at, n);
	return VRES_OK;
}

static vres_status part_of_fd(const struct source *s, uint64_t at, void *buffer, size_t n,
                              vres_error *err)
{
	size_t got = 0;

	TRY(vres_os_read(s->fd, s->has_parts ? (int64_t)(s->offset + at) : -1, buffer, n, &got,
	                 err));
	if (got < n)
		return vres_fail(err, VRES_E_IO, "the source ended at byte %" PRIu64, at + got);
	return VRES_OK;
}

static vres_status part_of_stream(const struct source *s, uint64_t at, void *buffer, size_t n,
                                  vres_error *err)
{
	return vres_check_source(s->read(s->ctx, buffer, n), at, err);
}

void vres_source_memory(struct source *s, const void *data)
{
	*s = (struct source){.part = part_of_memory, .has_parts = true, .memory = data};
}

void vres_source_stream(struct source *s, vres_read_fn read, void *ctx)
{
	*s = (struct source){.part = part_of_stream, .read = read, .ctx = ctx};
}

vres_status vres_source_fd(struct source *s, int fd, uint64_t offset, uint64_t bytes,
                           vres_error *err)
{
	struct source source = {.part = part_of_fd, .fd = fd, .offset = offset};
	uint64_t end;

	TRY(vres_os_stat(fd, &source.before, err));
	if (source.before.is_directory)
		return vres_fail(err, VRES_E_INVALID_INPUT, "the source is a directory");
	if (!source.before.is_readable)
		return vres_fail(err, VRES_E_INVALID_INPUT, "the source is not open for reading");
	source.has_parts = source.before.is_regular;
	if (!source.has_parts && offset != 0)
		return vres_fail(err, VRES_E_INVALID_INPUT, "an offset needs a regular file");
	if (source.has_parts && (ckd_add_u64(&end, offset, bytes) || end > source.before.bytes))
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "the file has %" PRIu64 " bytes, too few for %" PRIu64
		                 " from offset %" PRIu64,
		                 source.before.bytes, bytes, offset);
	*s = source;
	return VRES_OK;
}

vres_status vres_source_next(struct source *s, void *buffer, size_t n, vres_error *err)
{
	TRY(s->part(s, s->done, buffer, n, err));
	vres_source_skip(s, n);
	return VRES_OK;
}

vres_status vres_source_part(const struct source *s, uint64_t at, void *buffer, size_t n,
                             vres_error *err)
{
	return s->part(s, at, buffer, n, err);
}

void vres_source_skip(struct source *s, size_t n)
{
	s->done += n;
}

vres_status vres_source_finish(struct source *s, vres_error *err)
{
	struct os_file now;

	if (!s->before.is_regular)
		return VRES_OK;
	TRY(vres_os_stat(s->fd, &now, err));
	if (now.bytes != s->before.bytes ||
	    memcmp(now.modified, s->before.modified, sizeof(now.modified)) != 0 ||
	    memcmp(now.changed, s->before.changed, sizeof(now.changed)) != 0)
		return vres_fail(err, VRES_E_IO, "the file was changed while it was read");
	return VRES_OK;
}
