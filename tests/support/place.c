/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See place.h. */
#include "place.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "support.h"

#define FILES_MAX 65536

struct place place_begin(const char *under)
{
	struct place p;

	memset(&p, 0, sizeof(p));
	(void)snprintf(p.folder, sizeof(p.folder), "%s/vres-audit-XXXXXX", under ? under : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(p.folder));
	(void)snprintf(p.log, sizeof(p.log), "%s/log", p.folder);
	(void)snprintf(p.checkpoint, sizeof(p.checkpoint), "%s.checkpoint", p.log);
	(void)snprintf(p.key, sizeof(p.key), "%s.key", p.log);
	(void)snprintf(p.lock, sizeof(p.lock), "%s.lock", p.log);
	(void)snprintf(p.first_key, sizeof(p.first_key), "%s/first-key", p.folder);
	return p;
}

void place_end(struct place *p)
{
	DIR *folder = opendir(p->folder);
	const struct dirent *entry;

	ck_assert_ptr_nonnull(folder);
	while ((entry = readdir(folder)) != NULL)
		(void)unlinkat(dirfd(folder), entry->d_name, 0);
	closedir(folder);
	ck_assert_int_eq(rmdir(p->folder), 0);
}

static unsigned hex_digit(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static void make_first_key(struct place *p)
{
	char *text;
	size_t n;

	ck_assert_int_eq(vres_audit_keygen(p->first_key, NULL), VRES_OK);
	text = place_read(p->first_key, &n);
	ck_assert_uint_eq(n, 84);
	ck_assert_mem_eq(text, "vres-audit-key/1 0 ", 19);
	for (size_t i = 0; i < 32; i++)
		p->key0[i] = (uint8_t)(hex_digit(text[19 + 2 * i]) << 4 | hex_digit(text[20 + 2 * i]));
	test_free(text);
}

vres_audit_file_options place_options(struct place *p, bool forward)
{
	vres_audit_file_options o = vres_audit_file_options_init();

	o.worker_id = WORKER;
	o.mode = forward ? VRES_AUDIT_FORWARD : VRES_AUDIT_TOKEN;
	o.forward_key = forward ? p->first_key : NULL;
	if (forward && access(p->first_key, F_OK) != 0)
		make_first_key(p);
	return o;
}

vres_audit_file *place_open(struct place *p, const vres_audit_file_options *o)
{
	vres_audit_file *log = NULL;
	vres_key *key = NULL;
	vres_error err;

	ck_ok(vres_key_derive(TOKEN, strlen(TOKEN), NULL, &key, &err));
	ck_ok(vres_audit_file_open(p->log, key, o, &log, &err));
	vres_key_destroy(key);
	return log;
}

void place_close(vres_audit_file **log)
{
	vres_audit_file_close(*log);
	*log = NULL;
}

vres_event place_event(vres_event_type type, const char *id, vres_shard_info *shard)
{
	vres_event e = {.struct_size = sizeof(e), .type = type, .gpu_device = 0, .time = UINT64_C(1700000000) * 1000000000};

	e.critical = type == VRES_EVENT_SEAL_VERIFICATION_FAILED || type == VRES_EVENT_POLICY_VIOLATION;
	if (id == NULL)
		return e;
	*shard = vres_shard_info_init();
	(void)snprintf(shard->shard_id, sizeof(shard->shard_id), "%s", id);
	e.shard = shard;
	return e;
}

vres_status place_record(vres_audit_file *log, vres_event_type type, const char *id)
{
	vres_shard_info shard;
	const vres_event e = place_event(type, id, &shard);
	const vres_audit_sink sink = vres_audit_file_sink(log);

	return sink.record(sink.ctx, &e);
}

void lines_keep(void *ctx, const char *line)
{
	struct lines *lines = ctx;

	ck_assert_uint_lt(lines->n, COUNT(lines->text));
	(void)snprintf(lines->text[lines->n++], sizeof(lines->text[0]), "%s", line);
}

const char *lines_types(const struct lines *lines)
{
	static char all[16384];
	size_t n = 0;

	for (size_t i = 0; i < lines->n; i++) {
		char type[32];

		ck_assert(chain_string(lines->text[i], "event_type", type, sizeof(type)));
		n += (size_t)snprintf(all + n, sizeof(all) - n, "%s%s", i ? " " : "", type);
	}
	return all;
}

char *place_read(const char *path, size_t *n)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat s;
	char *text;

	*n = 0;
	if (fd < 0)
		return NULL;
	ck_assert_int_eq(fstat(fd, &s), 0);
	text = test_alloc((size_t)s.st_size + 1);
	*n = (size_t)read(fd, text, (size_t)s.st_size);
	close(fd);
	return text;
}

void place_write(const char *path, const void *bytes, size_t n)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, n), (ssize_t)n);
	close(fd);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Names LOG.SEQ, in order. */
static size_t full_files(const struct place *p, char (*names)[32])
{
	DIR *folder = opendir(p->folder);
	const struct dirent *entry;
	size_t n = 0;

	while (folder && (entry = readdir(folder)) != NULL)
		if (strncmp(entry->d_name, "log.", 4) == 0 && strlen(entry->d_name) == 20 && n < FILES_MAX)
			(void)snprintf(names[n++], 32, "%.31s", entry->d_name);
	if (folder)
		closedir(folder);
	qsort(names, n, sizeof(*names), by_name);
	return n;
}

unsigned place_full_files(const struct place *p)
{
	char(*names)[32] = test_alloc(FILES_MAX * sizeof(*names));
	const size_t n = full_files(p, names);

	test_free(names);
	return (unsigned)n;
}

const char *place_check(const struct place *p, struct chain *full, size_t *files, struct chain *all)
{
	char(*names)[32] = test_alloc(FILES_MAX * sizeof(*names)), path[128];
	const size_t n = full_files(p, names);
	const char *wrong = NULL;

	for (; *files < n && wrong == NULL; (*files)++) {
		(void)snprintf(path, sizeof(path), "%s/%s", p->folder, names[*files]);
		wrong = chain_file(full, path);
	}
	test_free(names);
	if (wrong != NULL)
		return wrong;
	*all = *full;
	if (access(p->log, F_OK) == 0)
		wrong = chain_file(all, p->log);
	return wrong ? wrong : chain_checkpoint(all, p->checkpoint);
}

struct chain place_chain(const struct place *p, bool forward, void (*line)(void *ctx, const char *line), void *ctx)
{
	struct chain full = forward ? chain_forward(p->key0) : chain_token(TOKEN), all;
	const char *wrong;
	size_t files = 0;

	full.line = line;
	full.ctx = ctx;
	wrong = place_check(p, &full, &files, &all);
	ck_assert_msg(wrong == NULL, "%s", wrong);
	return all;
}
