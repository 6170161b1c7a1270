/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Under test: vres_audit_file_open() over whatever LOG, LOG.checkpoint and LOG.key hold.
 *
 * The first byte: its lowest bit chooses the key mode, the next whether the files are those of a
 * genuine log, of which the input edits one, or all taken from the input.  Whatever comes: opening
 * succeeds, and then closing leaves a log that opens again; or it refuses and LOG is as it was.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vres/audit_file.h>

#define FILES 3
#define MOST  40000

struct bytes {
	uint8_t *at;
	size_t n;
};

struct temp_log {
	char path[FILES][96], first_key[96];
	struct bytes genuine[2][FILES]; /* by mode; LOG, checkpoint, key */
};

static struct bytes get(const char *path)
{
	struct bytes b = {fuzz_alloc(MOST + 20000), 0};
	const int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		const ssize_t n = read(fd, b.at, MOST + 20000);

		CLAIM(n >= 0);
		b.n = (size_t)n;
		close(fd);
	}
	return b;
}

static void put(const char *path, struct bytes b)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CLAIM(fd >= 0 && write(fd, b.at, b.n) == (ssize_t)b.n);
	close(fd);
}

static vres_status open_log(const struct temp_log *p, bool forward, vres_audit_file **out,
                            vres_error *err)
{
	vres_audit_file_options o = vres_audit_file_options_init();

	o.worker_id = "worker";
	o.mode = forward;
	o.forward_key = p->first_key;
	o.queue_events = 4;
	o.epoch_lines = 4;
	return vres_audit_file_open(p->path[0], world()->key, &o, out, err);
}

static void remove_all(const struct temp_log *p)
{
	for (unsigned i = 0; i < FILES; i++)
		(void)unlink(p->path[i]);
}

static void make_genuine(struct temp_log *p, bool forward)
{
	vres_event e;
	vres_audit_file *log = NULL;
	vres_audit_sink sink;

	memset(&e, 0, sizeof(e));
	e.struct_size = sizeof(e);
	e.type = VRES_EVENT_POLICY_VIOLATION;
	e.detail = "a \"detail\"";
	CLAIM(open_log(p, forward, &log, NULL) == VRES_OK);
	sink = vres_audit_file_sink(log);
	for (unsigned i = 0; i < 5; i++)
		CLAIM(sink.record(sink.ctx, &e) == VRES_OK);
	vres_audit_file_close(log);
	for (unsigned i = 0; i < FILES; i++)
		p->genuine[forward][i] = get(p->path[i]);
	remove_all(p);
}

static struct temp_log *made;

/* A fuzzer that is killed leaves its folder behind. */
static void remove_place(void)
{
	char *name = strrchr(made->first_key, '/'), lock[112];

	remove_all(made);
	snprintf(lock, sizeof(lock), "%s.lock", made->path[0]);
	(void)unlink(lock);
	(void)unlink(made->first_key);
	*name = '\0';
	(void)rmdir(made->first_key);
}

/* Made once. */
static const struct temp_log *place(void)
{
	char folder[] = "/dev/shm/vres-fuzz-XXXXXX", elsewhere[] = "/tmp/vres-fuzz-XXXXXX";

	if (made == NULL) {
		const char *where = mkdtemp(folder) ? folder : mkdtemp(elsewhere);

		made = calloc(1, sizeof(*made));
		CLAIM(made != NULL && where != NULL);
		for (unsigned i = 0; i < FILES; i++)
			snprintf(made->path[i], sizeof(made->path[i]), "%s/log%s", where,
			         (const char *[]){"", ".checkpoint", ".key"}[i]);
		snprintf(made->first_key, sizeof(made->first_key), "%s/first-key", where);
		CLAIM(vres_audit_keygen(made->first_key, NULL) == VRES_OK);
		make_genuine(made, false);
		make_genuine(made, true);
		(void)atexit(remove_place);
	}
	return made;
}

static void from_input(const struct temp_log *p, struct input *in)
{
	const size_t most[FILES] = {(size_t)input_number(in, 2), (size_t)input_number(in, 1), 256};

	for (unsigned i = 0; i < FILES; i++) {
		struct bytes b = {NULL, 0};

		b.at = input_block(in, most[i], &b.n);
		if (b.n > 0 || (most[i] & 1)) /* empty, or not there */
			put(p->path[i], b);
		free(b.at);
	}
}

static void edited(const struct temp_log *p, bool forward, struct input *in)
{
	const uint32_t which = input_below(in, FILES + 1), missing = input_below(in, 2 * FILES);

	for (unsigned i = 0; i < FILES; i++) {
		struct bytes b = p->genuine[forward][i];

		if (i == missing || b.n == 0)
			continue;
		if (i == which)
			b.at = input_edits(in, b.at, &b.n);
		put(p->path[i], b);
		if (i == which)
			free(b.at);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct temp_log *p = place();
	struct input in = {data, size};
	const uint32_t mode = input_below(&in, 4);
	vres_audit_file *log = NULL;
	struct bytes before, after;
	vres_error err = untouched();
	vres_status status;

	if (mode & 2)
		edited(p, mode & 1, &in);
	else
		from_input(p, &in);
	before = get(p->path[0]);
	status = open_log(p, mode & 1, &log, &err);
	claim_outcome(status, &err);
	CLAIM(status == VRES_OK || status == VRES_E_AUDIT || status == VRES_E_INVALID_INPUT);
	after = get(p->path[0]);
	CLAIM(status == VRES_OK ||
	      (before.n == after.n && memcmp(before.at, after.at, after.n) == 0));
	vres_audit_file_close(log);
	log = NULL;
	if (status == VRES_OK)
		CLAIM(open_log(p, mode & 1, &log, NULL) == VRES_OK);
	vres_audit_file_close(log);
	remove_all(p);
	free(before.at);
	free(after.at);
	return 0;
}
