/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Three readers behind one. */
#include "source.h"

#include <inttypes.h>

static vres_status next_memory(struct source *s, void *buffer, size_t n, vres_error *err)
{
	(void)err;
	memcpy(buffer, s->memory + s->done, n);
	return VRES_OK;
}

static vres_status next_fd(struct source *s, void *buffer, size_t n, vres_error *err)
{
	size_t got = 0;

	TRY(vres_host_read(s->fd, s->is_regular ? (int64_t)(s->offset + s->done) : -1, buffer, n, &got, err));
	if (got < n)
		return vres_fail(err, VRES_E_IO, "the source ended at byte %" PRIu64, s->done + got);
	return VRES_OK;
}

static vres_status next_stream(struct source *s, void *buffer, size_t n, vres_error *err)
{
	const vres_status status = s->read(s->ctx, buffer, n);

	if (status == VRES_E_CANCELLED)
		return vres_fail(err, VRES_E_CANCELLED, "the source cancelled at byte %" PRIu64, s->done);
	if (status != VRES_OK)
		return vres_fail(err, VRES_E_IO, "the source failed at byte %" PRIu64 " with status %d", s->done, (int)status);
	return VRES_OK;
}

void vres_source_memory(struct source *s, const void *data)
{
	*s = (struct source){.next = next_memory, .memory = data};
}

void vres_source_stream(struct source *s, vres_read_fn read, void *ctx)
{
	*s = (struct source){.next = next_stream, .read = read, .ctx = ctx};
}

vres_status vres_source_fd(struct source *s, int fd, uint64_t offset, uint64_t bytes, vres_error *err)
{
	struct source source = {.next = next_fd, .fd = fd, .offset = offset};
	uint64_t end;

	TRY(vres_host_stat(fd, &source.before, err));
	if (source.before.is_directory)
		return vres_fail(err, VRES_E_INVALID_INPUT, "the source is a directory");
	if (!source.before.is_readable)
		return vres_fail(err, VRES_E_INVALID_INPUT, "the source is not open for reading");
	source.is_regular = source.before.is_regular;
	if (!source.is_regular && offset != 0)
		return vres_fail(err, VRES_E_INVALID_INPUT, "an offset needs a regular file");
	if (source.is_regular && (ckd_add_u64(&end, offset, bytes) || end > source.before.bytes))
		return vres_fail(err, VRES_E_INVALID_INPUT, "the file has %" PRIu64 " bytes, too few for %" PRIu64 " from offset %" PRIu64,
		                 source.before.bytes, bytes, offset);
	*s = source;
	return VRES_OK;
}

vres_status vres_source_next(struct source *s, void *buffer, size_t n, vres_error *err)
{
	TRY(s->next(s, buffer, n, err));
	s->done += n;
	return VRES_OK;
}

vres_status vres_source_finish(struct source *s, vres_error *err)
{
	struct host_file now;

	if (!s->is_regular)
		return VRES_OK;
	TRY(vres_host_stat(s->fd, &now, err));
	if (now.bytes != s->before.bytes || memcmp(now.modified, s->before.modified, sizeof(now.modified)) != 0)
		return vres_fail(err, VRES_E_IO, "the file was changed while it was read");
	return VRES_OK;
}
