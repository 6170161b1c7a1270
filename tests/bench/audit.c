/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The audit log: what an event costs the thread that has it, and how many a second reach the file.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vres/audit_file.h>

#include "bench.h"

enum { EVENTS = 200000, SMALL = 64 * 1024 };

struct audit {
	char folder[32], path[48];
	vres_audit_file *log;
	vres_audit_sink sink;
	vres_shard_info shard;
	vres_event event;
};

static void audit_open(struct audit *a)
{
	vres_audit_file_options o = vres_audit_file_options_init();
	vres_key *key = NULL;

	memset(a, 0, sizeof(*a));
	strcpy(a->folder, "/tmp/vres-bench-XXXXXX");
	must(mkdtemp(a->folder) != NULL && vres_key_derive("bench", 5, NULL, &key, NULL) == VRES_OK,
	     "no folder or no key");
	snprintf(a->path, sizeof(a->path), "%s/log", a->folder);
	o.worker_id = "bench";
	o.queue_events = 1 << 18; /* so that nothing is lost, which would cost less */
	o.rotate_bytes = UINT64_C(1) << 40;
	must(vres_audit_file_open(a->path, key, &o, &a->log, NULL) == VRES_OK, "no log");
	vres_key_destroy(key);
	a->sink = vres_audit_file_sink(a->log);
	a->shard = vres_shard_info_init();
	strcpy(a->shard.shard_id, "shard-0123456789abcdef0123456789abcdef");
	a->event.struct_size = sizeof(a->event);
	a->event.type = VRES_EVENT_SEAL_VERIFIED;
	a->event.shard = &a->shard;
	a->event.mode = "signature";
	a->event.time = UINT64_C(1700000000) * 1000000000;
}

static void audit_close(struct audit *a)
{
	static const char *const suffixes[] = {"", ".lock", ".checkpoint"};
	char path[64];

	must(vres_audit_file_lost(a->log) == 0, "events were lost");
	vres_audit_file_close(a->log);
	for (unsigned i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s%s", a->path, suffixes[i]);
		(void)unlink(path);
	}
	(void)rmdir(a->folder);
}

static void work_event(void *arg)
{
	const struct audit *a = arg;

	must(a->sink.record(a->sink.ctx, &a->event) == VRES_OK, "not recorded");
}

static void work_signature(void *arg)
{
	bench_verify(arg, VRES_VERIFY_SIGNATURE);
}

static double events_a_second(struct audit *a)
{
	const uint64_t start = now();

	for (unsigned i = 0; i < EVENTS; i++)
		work_event(a);
	must(vres_audit_file_flush(a->log, NULL) == VRES_OK, "not on disk");
	return EVENTS * 1e9 / (double)(now() - start);
}

/* The same bytes without queue, chain or MAC: one write() a line, and fdatasync at the end. */
static double plain_lines_a_second(const struct audit *a)
{
	char line[420], path[64];
	uint64_t start;
	int fd;

	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	snprintf(path, sizeof(path), "%s/plain", a->folder);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	must(fd >= 0, "no file");
	start = now();
	for (unsigned i = 0; i < EVENTS; i++)
		must(write(fd, line, sizeof(line)) == sizeof(line), "no space");
	must(fdatasync(fd) == 0, "not on disk");
	start = now() - start;
	close(fd);
	(void)unlink(path);
	return EVENTS * 1e9 / (double)start;
}

void bench_audit(struct figures *f)
{
	static const char *const of_event[] = {"audit_event_median", "audit_event_p99",
	                                       "audit_event_heap"};
	static const char *const of_signature[] = {"verify_signature_audited_median",
	                                           "verify_signature_audited_p99",
	                                           "verify_signature_audited_heap"};
	struct bench b = {.bytes = SMALL, .data = calloc(1, SMALL)};
	struct audit a;

	must(b.data != NULL, "no memory");
	audit_open(&a);
	bench_calls(f, of_event, work_event, &a, NULL);
	must(vres_audit_file_flush(a.log, NULL) == VRES_OK, "not on disk");
	b.audit = a.sink;
	bench_open(&b, SMALL, 0);
	bench_seal(&b, VRES_DIGEST_SHA256, NULL);
	bench_calls(f, of_signature, work_signature, &b, "verify_signature_median");
	free(b.data);
	bench_close(&b);
	figures_add(f, "plain_lines", plain_lines_a_second(&a), "1/s", NULL, NULL);
	figures_add(f, "audit_lines", events_a_second(&a), "1/s", "plain_lines", NULL);
	audit_close(&a);
}
