/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ready-made audit sink: what is recorded, how the log goes on, and that the chain holds, judged by tests/support/chain.c. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "place.h"
#include "support.h"

static vres_audit_file *open_log(struct fixture *f, struct place *p, bool forward)
{
	const vres_audit_file_options o = place_options(p, forward);
	vres_audit_file *log = NULL;
	vres_error err;

	ck_ok(vres_audit_file_open(p->log, f->key, &o, &log, &err));
	return log;
}

static void close_log(vres_audit_file **log)
{
	vres_audit_file_close(*log);
	*log = NULL;
}

static vres_event event_of(vres_event_type type)
{
	vres_event e = {.struct_size = sizeof(e), .type = type, .gpu_device = 0, .time = UINT64_C(1700000000) * 1000000000};

	e.critical = type == VRES_EVENT_SEAL_VERIFICATION_FAILED || type == VRES_EVENT_POLICY_VIOLATION;
	return e;
}

static vres_status record(vres_audit_file *log, vres_event_type type)
{
	const vres_event e = event_of(type);
	const vres_audit_sink sink = vres_audit_file_sink(log);

	return sink.record(sink.ctx, &e);
}

/* Lines of a log, kept. */
struct lines {
	size_t n;
	char text[256][1024];
};

static void keep(void *ctx, const char *line)
{
	struct lines *lines = ctx;

	ck_assert_uint_lt(lines->n, COUNT(lines->text));
	(void)snprintf(lines->text[lines->n++], sizeof(lines->text[0]), "%s", line);
}

static const char *types_of(const struct lines *lines)
{
	static char all[8192];
	size_t n = 0;

	for (size_t i = 0; i < lines->n; i++) {
		char type[32];

		ck_assert(chain_string(lines->text[i], "event_type", type, sizeof(type)));
		n += (size_t)snprintf(all + n, sizeof(all) - n, "%s%s", i ? " " : "", type);
	}
	return all;
}

START_TEST(a_managers_events_become_lines_of_a_chain_in_the_order_they_happened)
{
	struct setup s = setup_init();
	CLEANUP(place_end) struct place p = place_begin(NULL);
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(close_log) vres_audit_file *log = NULL;
	struct lines lines = {.n = 0};
	vres_config config;
	vres_manager *m = NULL;
	vres_shard *shard = NULL;
	vres_seal_params sp = vres_seal_params_init();
	struct chain c;
	vres_error err;

	s.no_manager = true;
	f = begin(&s);
	log = open_log(f, &p, _i);
	config = config_of(f);
	config.audit = vres_audit_file_sink(log);
	ck_ok(manager_create(f, &config, &m, &err));
	sp.shard_id = "shard-1";
	ck_ok(vres_seal_memory(m, &sp, "abc", 3, &shard, &err));
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
	release_shard(&shard);
	ck_ok(vres_audit_file_flush(log, &err));
	c = place_chain(&p, _i, keep, &lines);
	ck_assert_str_eq(types_of(&lines), "log_header vram_allocated vram_sealed seal_verified vram_deallocated");
	ck_assert_uint_eq(c.events, 4);
	for (size_t i = 1; i < lines.n; i++)
		ck_assert_ptr_nonnull(strstr(lines.text[i], "\"simulated\":true"));
	ck_assert_ptr_nonnull(strstr(lines.text[2], "\"digest\":\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\""));
	ck_assert_ptr_nonnull(strstr(lines.text[2], "\"shard_id\":\"shard-1\""));
	ck_assert_ptr_nonnull(
		strstr(lines.text[3], "{\"event_type\":\"seal_verified\",\"mode\":\"full\",\"shard_id\":\"shard-1\",\"simulated\":true}"));
	ck_assert_ptr_nonnull(strstr(lines.text[4], "\"worker_id\":\"" WORKER "\"}"));
	destroy_manager(&m);
	ck_assert_uint_eq(vres_audit_file_lost(log), 0);
}
END_TEST

START_TEST(a_log_goes_on_where_it_ended_however_often_it_is_opened)
{
	CLEANUP(place_end) struct place p = place_begin(NULL);
	CLEANUP(finish) struct fixture *f = begin(NULL);
	struct lines lines = {.n = 0};
	const char *want = _i ? "log_header vram_allocated log_epoch log_closed log_opened vram_allocated log_epoch log_closed log_opened "
	                        "vram_allocated log_epoch log_closed"
	                      : "log_header vram_allocated log_closed log_opened vram_allocated log_closed log_opened vram_allocated log_closed";
	struct chain c;

	for (unsigned i = 0; i < 3; i++) {
		CLEANUP(close_log) vres_audit_file *log = open_log(f, &p, _i);

		ck_assert_int_eq(record(log, VRES_EVENT_VRAM_ALLOCATED), VRES_OK);
	}
	c = place_chain(&p, _i, keep, &lines);
	ck_assert_str_eq(types_of(&lines), want);
	ck_assert_uint_eq(c.epoch, _i ? 3 : 0);
	ck_assert_str_eq(c.type, "log_closed");
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(a_managers_events_become_lines_of_a_chain_in_the_order_they_happened, 2, "WORKER-4160 WORKER-4162 SEC-AUDIT-020",
	                  "accountability", "an event that is not recorded"),
		CASE_LOOP(a_log_goes_on_where_it_ended_however_often_it_is_opened, 2, "SEC-AUDIT-023", "accountability",
	                  "a chain that begins anew at each restart"),
	};
	return suite_run("audit_file", "audit_file", cases, COUNT(cases));
}
