/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When a file of the log ends and another begins: size, day, restarts, simulated VRAM. */
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "support/audit/temp_log.h"
#include "support/fixture/support.h"

#define DAY (UINT64_C(86400) * 1000000000)

/* Restarts write lines too. */
START_TEST(a_log_that_is_opened_again_and_again_grows_into_other_files)
{
	CLEANUP(temp_log_end)
	struct temp_log p = temp_log_begin(access("/dev/shm", W_OK) == 0 ? "/dev/shm" : NULL);
	vres_audit_file_options o = temp_log_options(&p, _i);
	char full[128];
	struct chain c;
	struct stat s;

	o.worker_id = "a-worker-with-the-longest-name-that-there-may-be-0123456789abcdef";
	ck_assert_uint_eq(strlen(o.worker_id), 65);
	o.worker_id++;
	o.rotate_bytes = KIB(64);
	for (unsigned i = 0; i < 200; i++) {
		vres_audit_file *log = temp_log_open(&p, &o);

		temp_log_close(&log);
		ck_assert_int_eq(stat(p.log, &s), 0);
		ck_assert_msg(s.st_size <= (off_t)KIB(64), "LOG has %lld bytes",
		              (long long)s.st_size);
	}
	(void)snprintf(full, sizeof(full), "%s.%016x", p.log, 1u);
	ck_assert_int_eq(stat(full, &s), 0);
	ck_assert_msg(s.st_size <= (off_t)KIB(64), "the first file has %lld bytes",
	              (long long)s.st_size);
	c = temp_log_chain(&p, _i, NULL, NULL);
	ck_assert_str_eq(c.type, "log_closed");
}
END_TEST

START_TEST(a_file_that_would_become_too_large_is_followed_by_another)
{
	CLEANUP(temp_log_end) struct temp_log p = temp_log_begin(NULL);
	vres_audit_file_options o = temp_log_options(&p, _i);
	char name[128];
	struct chain c;
	struct stat s;

	o.rotate_bytes = KIB(64);
	o.queue_events = 4096;
	for (unsigned session = 0; session < 3; session++) {
		CLEANUP(temp_log_close) vres_audit_file *log = temp_log_open(&p, &o);

		for (unsigned i = 0; i < 500; i++)
			ck_assert_int_eq(temp_log_record(log, VRES_EVENT_SEAL_VERIFIED, "shard"),
			                 VRES_OK);
	}
	c = temp_log_chain(&p, _i, NULL, NULL);
	ck_assert_uint_eq(c.events, 1500);
	ck_assert_uint_eq(c.lost, 0);
	ck_assert_uint_ge(temp_log_full_files(&p), 8);
	(void)snprintf(name, sizeof(name), "%s.%016x", p.log, 1u);
	ck_assert_int_eq(stat(name, &s), 0);
	ck_assert_uint_le((uint64_t)s.st_size, KIB(64));
	ck_assert_uint_ge((uint64_t)s.st_size, KIB(50));
}
END_TEST

START_TEST(a_line_of_a_later_day_begins_another_file_and_one_of_an_earlier_day_does_not)
{
	CLEANUP(temp_log_end) struct temp_log p = temp_log_begin(NULL);
	vres_audit_file_options o = temp_log_options(&p, false);
	static const struct {
		int64_t ns; /* from the midnight after tomorrow's, in UTC */
		unsigned full_files;
	} steps[] = {{-1, 1},
	             {0, 2},
	             {1, 2},
	             {-1, 2},
	             {-(int64_t)(400 * DAY), 2},
	             {(int64_t)DAY - 1, 2},
	             {(int64_t)DAY, 3},
	             {0, 3}};
	struct timespec now;
	uint64_t midnight;
	CLEANUP(temp_log_close) vres_audit_file *log = NULL;
	vres_audit_sink sink;
	struct chain c;
	vres_error err;

	o.rotate_daily = 1;
	log = temp_log_open(&p, &o);
	sink = vres_audit_file_sink(log);
	clock_gettime(CLOCK_REALTIME, &now);
	midnight = ((uint64_t)now.tv_sec / 86400 + 2) * DAY;
	for (size_t i = 0; i < COUNT(steps); i++) {
		vres_shard_info shard;
		vres_event e = temp_log_event(VRES_EVENT_SEAL_VERIFIED, "shard", &shard);

		e.time = midnight + (uint64_t)steps[i].ns;
		ck_assert_int_eq(sink.record(sink.ctx, &e), VRES_OK);
		ck_ok(vres_audit_file_flush(log, &err));
		ck_assert_msg(temp_log_full_files(&p) == steps[i].full_files,
		              "step %zu: %u full files", i, temp_log_full_files(&p));
	}
	c = temp_log_chain(&p, false, NULL, NULL);
	ck_assert_uint_eq(c.events, COUNT(steps));
}
END_TEST

START_TEST(a_header_says_for_its_whole_file_whether_vram_is_simulated)
{
	static const unsigned simulated[] = {0, 1, 1, 0};
	CLEANUP(temp_log_end) struct temp_log p = temp_log_begin(NULL);
	vres_audit_file_options o = temp_log_options(&p, _i);
	struct lines lines = {.n = 0};
	unsigned headers = 0;

	for (size_t i = 0; i < COUNT(simulated); i++) {
		CLEANUP(temp_log_close) vres_audit_file *log = NULL;

		o.simulated = simulated[i];
		log = temp_log_open(&p, &o);
	}
	(void)temp_log_chain(&p, _i, lines_keep, &lines);
	for (size_t i = 0; i < lines.n; i++) {
		if (strstr(lines.text[i], "\"log_header\"") == NULL)
			continue;
		ck_assert_int_eq(strstr(lines.text[i], "\"simulated\":true") != NULL, headers == 1);
		headers++;
	}
	ck_assert_uint_eq(headers, 3);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(a_log_that_is_opened_again_and_again_grows_into_other_files, 2, "",
	                  "availability", "a log that fills the disk"),
		CASE_LOOP(a_file_that_would_become_too_large_is_followed_by_another, 2, "",
	                  "availability", "a disk full of one log"),
		CASE(a_line_of_a_later_day_begins_another_file_and_one_of_an_earlier_day_does_not,
	             "", "accountability", "a clock that is set back"),
		CASE_LOOP(a_header_says_for_its_whole_file_whether_vram_is_simulated, 2, "",
	                  "accountability", "simulated evidence"),
	};

	return suite_run("audit_rotation", "audit_rotation", cases, COUNT(cases));
}
