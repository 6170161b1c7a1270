/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Content decides before the name does: a name only says what was expected. */
#include "shards/model_file.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "shards/gguf.h"
#include "shards/model_index_file.h"
#include "ui/files.h"

/* A git-lfs pointer is a text of about 130 bytes that begins so. */
#define LFS_BEGINNING "version https://git-lfs.github.com/spec/"

/* So much is read of every file, to see what it is. */
#define PROBE_BYTES 64

__attribute__((format(printf, 2, 3))) static void remark(struct model_file *m, const char *format,
                                                         ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(m->remark, sizeof(m->remark), format, args);
	va_end(args);
	m->is_suspicious = true;
}

static bool ends_with(const char *name, const char *end)
{
	const size_t n = strlen(name), tail = strlen(end);

	return n >= tail && strcmp(name + n - tail, end) == 0;
}

static bool is_half_download(const char *name)
{
	return ends_with(name, ".incomplete") || ends_with(name, ".part") ||
	       ends_with(name, ".crdownload");
}

/* Is a header of a plausible length followed by the beginning of a JSON object? */
static bool looks_like_safetensors(const struct model_file *m)
{
	uint64_t n;

	if (m->header_bytes <= SAFETENSORS_PREFIX)
		return false;
	n = safetensors_header_bytes((const unsigned char *)m->header);
	return n <= SAFETENSORS_HEADER_MAX && strchr("{ \t\r\n", m->header[8]) != NULL &&
	       m->header[SAFETENSORS_PREFIX] != '\0';
}

static bool looks_like_gguf(const struct model_file *m)
{
	return m->header_bytes >= strlen(GGUF_MAGIC) &&
	       memcmp(m->header, GGUF_MAGIC, strlen(GGUF_MAGIC)) == 0;
}

/* How many bytes of the beginning are needed to judge the file: with its header, if it has one. */
static size_t wanted_bytes(struct model_file *m)
{
	if (m->header_bytes >= PROBE_BYTES && looks_like_gguf(m)) {
		if (m->header_bytes >= m->wanted)
			m->wanted = gguf_wanted_bytes(m->header, m->header_bytes);
		return m->wanted;
	}
	if (m->header_bytes < PROBE_BYTES || !looks_like_safetensors(m))
		return PROBE_BYTES;
	return SAFETENSORS_PREFIX +
	       (size_t)safetensors_header_bytes((const unsigned char *)m->header);
}

/* Make room for @n bytes and a NUL.  Without memory no tensor is named, and that is said. */
static bool reserve(struct model_file *m, size_t n)
{
	char *more = realloc(m->header, n + 1);

	if (more == NULL) {
		remark(m, "header not readable: out of memory; no tensor will be named");
		return false;
	}
	m->header = more;
	return true;
}

static void remark_header(struct model_file *m)
{
	remark(m,
	       "header not readable: %s, at byte %" PRIu64
	       "; sealed as plain bytes, no tensor will be named",
	       m->tensors.error, m->tensors.error_at);
}

/* Parse the @n bytes of the header, which were read. */
static void parse_header(struct model_file *m, size_t n)
{
	m->header_bytes = SAFETENSORS_PREFIX + n;
	m->header[m->header_bytes] = '\0';
	m->has_tensors = safetensors_parse(&m->tensors, m->header + SAFETENSORS_PREFIX, n);
	if (!m->has_tensors)
		remark_header(m);
}

/* Do the tensors end where the file does? */
static void judge_end(struct model_file *m, uint64_t bytes)
{
	if (m->tensors.end > bytes)
		remark(m, "truncated: its tensors end at byte %" PRIu64 " of %" PRIu64,
		       m->tensors.end, bytes);
	else if (bytes - m->tensors.end > m->tensors.padding)
		remark(m, "%" PRIu64 " bytes follow its last tensor", bytes - m->tensors.end);
}

static void judge_gguf(struct model_file *m, uint64_t bytes)
{
	m->has_tensors = gguf_parse(&m->tensors, m->header, m->header_bytes);
	if (m->has_tensors)
		judge_end(m, bytes);
	else if (m->header_bytes == bytes &&
	         gguf_wanted_bytes(m->header, m->header_bytes) > m->header_bytes)
		remark(m, "truncated: its header does not end within its %" PRIu64 " bytes", bytes);
	else
		remark_header(m);
}

static void judge_header(struct model_file *m, uint64_t bytes)
{
	const uint64_t n = safetensors_header_bytes((const unsigned char *)m->header);

	if (n > SAFETENSORS_HEADER_MAX)
		remark(m,
		       "header not readable: it would have %" PRIu64 " bytes, more than %" PRIu64
		       ", at byte 0; sealed as plain bytes, no tensor will be named",
		       n, SAFETENSORS_HEADER_MAX);
	else if (n > bytes - SAFETENSORS_PREFIX)
		remark(m, "truncated: its header alone ends at byte %" PRIu64 " of %" PRIu64,
		       n + SAFETENSORS_PREFIX, bytes);
	else
		parse_header(m, (size_t)n);
	if (m->has_tensors)
		judge_end(m, bytes);
}

static void judge(struct model_file *m, const char *name, uint64_t bytes)
{
	if (m->header == NULL)
		return;
	m->header[m->header_bytes] = '\0';
	if (strncmp(m->header, LFS_BEGINNING, strlen(LFS_BEGINNING)) == 0)
		remark(m, "is a git-lfs pointer, not the file it stands for: run `git lfs pull`");
	else if (looks_like_gguf(m))
		judge_gguf(m, bytes);
	else if (m->header_bytes >= SAFETENSORS_PREFIX &&
	         (looks_like_safetensors(m) || ends_with(name, ".safetensors")))
		judge_header(m, bytes);
	else if (ends_with(name, ".safetensors"))
		remark(m, "truncated: it has %" PRIu64 " bytes", bytes);
	if (m->remark[0] == '\0' && is_half_download(name))
		remark(m, "has the name of a download that was not finished");
}

/* An index beside the files of a model says which they are. */
static void judge_index(struct model_file *m, const char *name, int fd)
{
	char files[200];
	size_t count;

	if (!ends_with(name, ".index.json"))
		return;
	count = model_index_files(fd, files, sizeof(files));
	if (count != 0)
		remark(m, "is a list of the %zu files of a model, not their content: seal %s",
		       count, files);
}

void model_file_open(struct model_file *m, const char *name, int fd, uint64_t bytes)
{
	*m = (struct model_file){.header = NULL};
	if (fstat(fd, &m->before) != 0)
		return;
	for (size_t wanted; (wanted = wanted_bytes(m)) > m->header_bytes;) {
		wanted = wanted < bytes ? wanted : (size_t)bytes;
		if (wanted == m->header_bytes)
			break;
		/* That the file cannot be read, the seal will say. */
		if (!reserve(m, wanted) ||
		    !file_read_at(fd, m->header_bytes, m->header + m->header_bytes,
		                  wanted - m->header_bytes))
			return;
		m->header_bytes = wanted;
	}
	judge(m, name, bytes);
	judge_index(m, name, fd);
}

/* Does the file still begin with the bytes that were examined? */
static bool has_same_header(const struct model_file *m, int fd)
{
	char piece[4096];

	for (size_t at = 0, n; at < m->header_bytes; at += n) {
		n = m->header_bytes - at < sizeof(piece) ? m->header_bytes - at : sizeof(piece);
		if (!file_read_at(fd, at, piece, n) || memcmp(piece, m->header + at, n) != 0)
			return false;
	}
	return true;
}

/*
 * The file was sealed between two looks at it.  The times of change are the same at both, and so
 * are the bytes, so the bytes in between, which were sealed, are those that were parsed.
 */
void model_file_confirm(struct model_file *m, int fd)
{
	struct stat now;

	if (m->has_tensors && (fstat(fd, &now) != 0 || now.st_size != m->before.st_size ||
	                       memcmp(&now.st_mtim, &m->before.st_mtim, sizeof(now.st_mtim)) != 0 ||
	                       memcmp(&now.st_ctim, &m->before.st_ctim, sizeof(now.st_ctim)) != 0 ||
	                       !has_same_header(m, fd))) {
		remark(m, "was changed while it was sealed; no tensor will be named");
		m->has_tensors = false;
	}
	free(m->header);
	m->header = NULL;
}

void model_file_add(struct model_file *m, const char *bytes, size_t n)
{
	for (size_t wanted, take; n > 0 && !m->is_lost; bytes += take, n -= take) {
		wanted = wanted_bytes(m);
		if (wanted <= m->header_bytes)
			return;
		take = wanted - m->header_bytes < n ? wanted - m->header_bytes : n;
		m->is_lost = !reserve(m, m->header_bytes + take);
		if (m->is_lost)
			return;
		memcpy(m->header + m->header_bytes, bytes, take);
		m->header_bytes += take;
	}
}

void model_file_end(struct model_file *m, const char *name, uint64_t bytes)
{
	if (!m->is_lost)
		judge(m, name, bytes);
	free(m->header);
	m->header = NULL;
}

void model_file_close(struct model_file *m)
{
	tensor_map_free(&m->tensors);
	free(m->header);
	*m = (struct model_file){.header = NULL};
}
