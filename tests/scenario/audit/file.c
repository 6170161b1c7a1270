/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The ready-made audit sink: what is recorded, how a log is continued, and that the chain holds, as
 * tests/support/sweep/chain.c reads it.
 */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/audit/temp_log.h"
#include "support/fixture/support.h"

START_TEST(a_managers_events_become_lines_of_a_chain_in_the_order_they_happened)
{
	struct setup s = setup_init();
	CLEANUP(temp_log_end) struct temp_log p = temp_log_begin(NULL);
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(temp_log_close) vres_audit_file *log = NULL;
	struct lines lines = {.n = 0};
	vres_config config;
	vres_manager *m = NULL;
	vres_shard *shard = NULL;
	vres_seal_params sp = vres_seal_params_init();
	vres_audit_file_options o;
	struct chain c;
	vres_error err;

	s.no_manager = true;
	f = begin(&s);
	o = temp_log_options(&p, _i);
	log = temp_log_open(&p, &o);
	config = config_of(f);
	config.audit = vres_audit_file_sink(log);
	ck_ok(manager_create(f, &config, &m, &err));
	sp.shard_id = "shard-1";
	ck_ok(vres_seal_memory(m, &sp, "abc", 3, &shard, &err));
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
	release_shard(&shard);
	ck_ok(vres_audit_file_flush(log, &err));
	c = temp_log_chain(&p, _i, lines_keep, &lines);
	ck_assert_str_eq(lines_types(&lines),
	                 "log_header vram_allocated vram_sealed seal_verified vram_deallocated");
	ck_assert_uint_eq(c.events, 4);
	for (size_t i = 1; i < lines.n; i++)
		ck_assert_ptr_nonnull(strstr(lines.text[i], "\"simulated\":true"));
	ck_assert_ptr_nonnull(strstr(
		lines.text[2],
		"\"digest\":\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\""));
	ck_assert_ptr_nonnull(strstr(lines.text[2], "\"shard_id\":\"shard-1\""));
	ck_assert_ptr_nonnull(strstr(lines.text[3],
	                             "{\"event_type\":\"seal_verified\",\"mode\":\"full\",\"shard_"
	                             "id\":\"shard-1\",\"simulated\":true}"));
	ck_assert_ptr_nonnull(strstr(lines.text[4], "\"worker_id\":\"" WORKER "\"}"));
	destroy_manager(&m);
	ck_assert_uint_eq(vres_audit_file_lost(log), 0);
}
END_TEST

/* No audit_id comes twice, and each session has a beginning of its own. */
static void ck_ids_differ(const struct lines *lines)
{
	char ids[64][80];
	size_t sessions = 1;

	ck_assert_uint_le(lines->n, COUNT(ids));
	for (size_t i = 0; i < lines->n; i++) {
		ck_assert(chain_string(lines->text[i], "audit_id", ids[i], sizeof(ids[i])));
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(ids[i], ids[j]);
		sessions += i > 0 && memcmp(ids[i], ids[i - 1], 38) != 0;
	}
	ck_assert_uint_eq(sessions, 3);
}

START_TEST(a_log_goes_on_where_it_ended_however_often_it_is_opened)
{
	CLEANUP(temp_log_end) struct temp_log p = temp_log_begin(NULL);
	const vres_audit_file_options o = temp_log_options(&p, _i);
	struct lines lines = {.n = 0};
	const char *want = _i ? "log_header vram_allocated log_epoch log_closed log_opened "
	                        "vram_allocated log_epoch log_closed log_opened "
	                        "vram_allocated log_epoch log_closed"
	                      : "log_header vram_allocated log_closed log_opened vram_allocated "
	                        "log_closed log_opened vram_allocated log_closed";
	struct chain c;

	for (unsigned i = 0; i < 3; i++) {
		CLEANUP(temp_log_close) vres_audit_file *log = temp_log_open(&p, &o);

		ck_assert_int_eq(temp_log_record(log, VRES_EVENT_VRAM_ALLOCATED, NULL), VRES_OK);
	}
	c = temp_log_chain(&p, _i, lines_keep, &lines);
	ck_assert_str_eq(lines_types(&lines), want);
	ck_ids_differ(&lines);
	ck_assert_uint_eq(c.epoch, _i ? 3 : 0);
	ck_assert_str_eq(c.type, "log_closed");
}
END_TEST

START_TEST(a_critical_event_is_on_disk_when_its_recording_returns)
{
	CLEANUP(temp_log_end) struct temp_log p = temp_log_begin(NULL);
	const vres_audit_file_options o = temp_log_options(&p, _i);
	CLEANUP(temp_log_close) vres_audit_file *log = temp_log_open(&p, &o);
	uint64_t seq = 0;
	char hash[65] = "";
	struct chain c;
	vres_error err;

	for (unsigned i = 1; i <= 20; i++) {
		ck_assert_int_eq(temp_log_record(log, VRES_EVENT_SEAL_VERIFIED, "before"), VRES_OK);
		ck_assert_int_eq(temp_log_record(log, VRES_EVENT_SEAL_VERIFICATION_FAILED, "now"),
		                 VRES_OK);
		c = temp_log_chain(&p, _i, NULL, NULL);
		ck_assert_uint_eq(c.events, 2 * i);
		ck_assert_str_eq(c.type, "seal_verification_failed");
		ck_ok(vres_audit_file_head(log, &seq, hash, &err));
		ck_assert_uint_eq(seq, c.seq);
		ck_assert_str_eq(hash, c.hash);
	}
}
END_TEST

START_TEST(flush_brings_routine_events_to_disk_and_the_checkpoint_after_them)
{
	CLEANUP(temp_log_end) struct temp_log p = temp_log_begin(NULL);
	const vres_audit_file_options o = temp_log_options(&p, _i);
	CLEANUP(temp_log_close) vres_audit_file *log = temp_log_open(&p, &o);
	char *checkpoint, hash[65];
	struct chain c;
	vres_error err;
	size_t n;

	for (unsigned i = 0; i < 100; i++)
		ck_assert_int_eq(temp_log_record(log, VRES_EVENT_SEAL_VERIFIED, "shard"), VRES_OK);
	ck_ok(vres_audit_file_flush(log, &err));
	c = temp_log_chain(&p, _i, NULL, NULL);
	ck_assert_uint_eq(c.events, 100);
	checkpoint = temp_log_read(p.checkpoint, &n);
	ck_assert_uint_eq(chain_number(checkpoint, "seq"), c.seq);
	ck_assert(chain_string(checkpoint, "hash", hash, sizeof(hash)));
	ck_assert_str_eq(hash, c.hash);
	test_free(checkpoint);
}
END_TEST

START_TEST(the_log_and_what_lies_beside_it_are_its_owners_alone)
{
	CLEANUP(temp_log_end) struct temp_log p = temp_log_begin(NULL);
	const vres_audit_file_options o = temp_log_options(&p, true);
	const mode_t before = umask(0);
	CLEANUP(temp_log_close) vres_audit_file *log = temp_log_open(&p, &o);
	const char *files[] = {p.log, p.checkpoint, p.key, p.lock, p.first_key};
	struct stat s;

	(void)umask(before);
	for (size_t i = 0; i < COUNT(files); i++) {
		ck_assert_int_eq(lstat(files[i], &s), 0);
		ck_assert(S_ISREG(s.st_mode));
		ck_assert_uint_eq(s.st_mode & 07777, 0600);
		ck_assert_uint_eq(s.st_uid, geteuid());
	}
}
END_TEST

START_TEST(what_is_no_clean_text_is_recorded_as_its_digest)
{
	CLEANUP(temp_log_end) struct temp_log p = temp_log_begin(NULL);
	const vres_audit_file_options o = temp_log_options(&p, false);
	CLEANUP(temp_log_close) vres_audit_file *log = temp_log_open(&p, &o);
	const vres_audit_sink sink = vres_audit_file_sink(log);
	vres_event e = temp_log_event(VRES_EVENT_POLICY_VIOLATION, NULL, NULL);
	struct lines lines = {.n = 0};
	char digest[65], want[128];

	e.detail = "a\nline{\"hash\":\"";
	e.violation = "managed_memory";
	ck_assert_int_eq(sink.record(sink.ctx, &e), VRES_OK);
	(void)temp_log_chain(&p, false, lines_keep, &lines);
	sha256_hex(e.detail, strlen(e.detail), digest);
	(void)snprintf(want, sizeof(want), "\"details\":\"sha256:%s\"", digest);
	ck_assert_ptr_nonnull(strstr(lines.text[1], want));
}
END_TEST

/* An id without its NUL runs on into what follows it, up to the longest text that a line takes. */
START_TEST(an_event_whose_texts_run_on_is_refused_before_they_outgrow_their_place)
{
	CLEANUP(temp_log_end) struct temp_log p = temp_log_begin(NULL);
	const vres_audit_file_options o = temp_log_options(&p, false);
	CLEANUP(temp_log_close) vres_audit_file *log = temp_log_open(&p, &o);
	const vres_audit_sink sink = vres_audit_file_sink(log);
	vres_shard_info shard;
	vres_event e = temp_log_event(VRES_EVENT_SEAL_VERIFICATION_FAILED, "shard", &shard);
	char digest[513];

	memset(digest, 'd', sizeof(digest) - 1);
	digest[sizeof(digest) - 1] = '\0';
	memset((char *)&shard + offsetof(vres_shard_info, shard_id), 'x', 512);
	e.actual_digest = e.expected_digest = digest;
	e.reason = VRES_REASON_SIGNATURE;
	ck_assert_int_eq(sink.record(sink.ctx, &e), VRES_E_INVALID_INPUT);
	e.expected_digest = NULL;
	ck_assert_int_eq(sink.record(sink.ctx, &e), VRES_OK);
	ck_assert_uint_eq(temp_log_chain(&p, false, NULL, NULL).events, 1);
}
END_TEST

START_TEST(what_is_no_event_is_refused_and_leaves_nothing)
{
	CLEANUP(temp_log_end) struct temp_log p = temp_log_begin(NULL);
	const vres_audit_file_options o = temp_log_options(&p, false);
	CLEANUP(temp_log_close) vres_audit_file *log = temp_log_open(&p, &o);
	const vres_audit_sink sink = vres_audit_file_sink(log);
	vres_event e = temp_log_event(VRES_EVENT_SEAL_VERIFIED, NULL, NULL);
	vres_error err;

	ck_assert_int_eq(sink.record(sink.ctx, NULL), VRES_E_INVALID_INPUT);
	ck_assert_int_eq(sink.record(NULL, &e), VRES_E_INVALID_INPUT);
	for (size_t i = 0; i < 3; i++) {
		e.type = (uint32_t[]){0, VRES_EVENT_VRAM_RELEASED + 1, 100}[i];
		ck_assert_int_eq(sink.record(sink.ctx, &e), VRES_E_INVALID_INPUT);
	}
	e.type = VRES_EVENT_SEAL_VERIFIED;
	e.struct_size--;
	ck_assert_int_eq(sink.record(sink.ctx, &e), VRES_E_ABI);
	ck_ok(vres_audit_file_flush(log, &err));
	ck_assert_uint_eq(temp_log_chain(&p, false, NULL, NULL).lines, 1);
	ck_assert_uint_eq(vres_audit_file_lost(log), 0);
	ck_assert(vres_audit_file_sink(NULL).record == NULL);
	ck_status(vres_audit_file_flush(NULL, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_audit_file_head(log, NULL, (char[65]){0}, &err), VRES_E_INVALID_INPUT);
	ck_assert_uint_eq(vres_audit_file_lost(NULL), 0);
	vres_audit_file_close(NULL);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(a_managers_events_become_lines_of_a_chain_in_the_order_they_happened, 2,
	                  "WORKER-4160 WORKER-4162 SEC-AUDIT-020", "accountability",
	                  "an event that is not recorded"),
		CASE_LOOP(a_log_goes_on_where_it_ended_however_often_it_is_opened, 2,
	                  "SEC-AUDIT-023 D-54 D-55", "accountability",
	                  "a chain that begins anew at each restart, one audit_id for two lines"),
		CASE_LOOP(a_critical_event_is_on_disk_when_its_recording_returns, 2, "WORKER-4161",
	                  "accountability", "an incident that a crash erases"),
		CASE_LOOP(flush_brings_routine_events_to_disk_and_the_checkpoint_after_them, 2, "",
	                  "accountability", ""),
		CASE(the_log_and_what_lies_beside_it_are_its_owners_alone, "SEC-AUDIT-042",
	             "confidentiality", "a log that others can read or change"),
		CASE(what_is_no_clean_text_is_recorded_as_its_digest, "SEC-AUDIT-010",
	             "accountability", "a forged line within a line"),
		CASE(an_event_whose_texts_run_on_is_refused_before_they_outgrow_their_place, "",
	             "integrity", "a write past the end of a slot"),
		CASE(what_is_no_event_is_refused_and_leaves_nothing, "", "accountability", ""),
	};
	return suite_run("audit_file", "audit_file", cases, COUNT(cases));
}
