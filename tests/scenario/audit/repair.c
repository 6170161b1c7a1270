/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a crash leaves of an audit log, and what opening it again makes of that: half a line, half a
 * rotation, half a new key.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "support/audit/reopen.h"
#include "support/fixture/support.h"

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, what)) != NULL; at++)
		n++;
	return n;
}

/* What a crash may leave: lines behind the checkpoint. */
struct leftovers {
	char *log, *checkpoint, *key;
	size_t log_n, checkpoint_n, key_n, header_n;
};

static struct leftovers leave(struct temp_log *p, bool forward)
{
	const vres_audit_file_options o = temp_log_options(p, forward);
	CLEANUP(temp_log_close) vres_audit_file *log = temp_log_open(p, &o);
	struct leftovers left = {.log = NULL};

	left.checkpoint = temp_log_read(p->checkpoint, &left.checkpoint_n);
	left.key = temp_log_read(p->key, &left.key_n);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(temp_log_record(log, VRES_EVENT_SEAL_VERIFIED, "shard"), VRES_OK);
	left.log = temp_log_read(p->log, &left.log_n);
	/* Waits until the writer has written them, which happens before they are on disk. */
	while (count(left.log, "\n") < 4) {
		usleep(1000);
		test_free(left.log);
		left.log = temp_log_read(p->log, &left.log_n);
	}
	left.header_n = (size_t)(strchr(left.log, '\n') - left.log) + 1;
	return left;
}

START_TEST(a_torn_last_line_is_cut_off_and_recorded_wherever_it_was_torn)
{
	CLEANUP(temp_log_end)
	struct temp_log p = temp_log_begin(access("/dev/shm", W_OK) == 0 ? "/dev/shm" : NULL);
	struct leftovers left = leave(&p, _i);
	const vres_audit_file_options o = temp_log_options(&p, _i);
	struct lines *lines = test_alloc(sizeof(*lines));

	ck_assert_uint_eq(count(left.log, "\n"), 4);
	for (size_t cut = left.header_n; cut <= left.log_n;
	     cut += cut + 400 < left.log_n ? 19 : 1) {
		const size_t whole = (size_t)((char *)memrchr(left.log, '\n', cut) - left.log) + 1;
		char digest[65], want[192];
		vres_audit_file *log;

		temp_log_write(p.log, left.log, cut);
		temp_log_write(p.checkpoint, left.checkpoint, left.checkpoint_n);
		if (_i)
			temp_log_write(p.key, left.key, left.key_n);
		log = temp_log_open(&p, &o);
		temp_log_close(&log);
		lines->n = 0;
		(void)temp_log_chain(&p, _i, lines_keep, lines);
		sha256_hex(left.log + whole, cut - whole, digest);
		(void)snprintf(want, sizeof(want),
		               "{\"event_type\":\"log_repaired\",\"removed_bytes\":%zu,\"removed_"
		               "sha256\":\"%s\"}",
		               cut - whole, digest);
		ck_assert_str_eq(strstr(lines_types(lines), "log_opened"),
		                 cut == whole ? _i ? "log_opened log_epoch log_closed"
		                                   : "log_opened log_closed"
		                 : _i         ? "log_opened log_repaired log_epoch log_closed"
		                              : "log_opened log_repaired log_closed");
		ck_assert(cut == whole ||
		          strstr(lines->text[lines->n - (_i ? 3 : 2)], want) != NULL);
	}
	test_free(lines);
	test_free(left.log);
	test_free(left.checkpoint);
	test_free(left.key);
}
END_TEST

/* Also where an epoch of few lines ends at that point. */
START_TEST(a_repair_is_told_before_anything_else_is)
{
	CLEANUP(temp_log_end) struct temp_log p = temp_log_begin(NULL);
	vres_audit_file_options o = temp_log_options(&p, true);
	struct lines *lines = test_alloc(sizeof(*lines));

	lines->n = 0;
	o.epoch_lines = 2 + (uint32_t)_i;
	for (unsigned session = 0; session < 4; session++) {
		vres_audit_file *log;
		char *text, longer[8192];
		size_t n = 0;

		o.simulated = session & 1; /* another file, with a header of its own */
		log = temp_log_open(&p, &o);
		temp_log_close(&log);
		if (session == 3)
			break;
		text = temp_log_read(p.log, &n);
		ck_assert_uint_lt(n, sizeof(longer) - 32);
		memcpy(longer, text, n);
		memcpy(longer + n, "{\"audit_id\":\"audit-", 19);
		temp_log_write(p.log, longer, n + 19);
		test_free(text);
	}
	(void)temp_log_chain(&p, true, lines_keep, lines);
	ck_assert_uint_eq(count(lines_types(lines), "log_header log_repaired"), 3);
	test_free(lines);
}
END_TEST

START_TEST(a_log_whose_first_line_was_torn_begins_again)
{
	CLEANUP(temp_log_end)
	struct temp_log p = temp_log_begin(access("/dev/shm", W_OK) == 0 ? "/dev/shm" : NULL);
	struct leftovers left = leave(&p, _i);
	const vres_audit_file_options o = temp_log_options(&p, _i);

	for (size_t cut = 0; cut < left.header_n; cut += 11) {
		vres_audit_file *log;

		temp_log_write(p.log, left.log, cut);
		(void)unlink(p.checkpoint);
		if (_i)
			temp_log_write(p.key, left.key, left.key_n);
		log = temp_log_open(&p, &o);
		temp_log_close(&log);
		ck_assert_uint_eq(temp_log_chain(&p, _i, NULL, NULL).lines,
		                  2u + (cut > 0) + (unsigned)_i);
	}
	test_free(left.log);
	test_free(left.checkpoint);
	test_free(left.key);
}
END_TEST

START_TEST(a_log_goes_on_from_its_checkpoint_when_a_crash_came_before_the_next_file)
{
	CLEANUP(temp_log_end) struct temp_log p = log_of_three(_i & 1);
	const bool forward = _i & 1, has_empty_file = _i & 2;
	char full[128];
	struct lines lines = {.n = 0};
	struct chain c;
	vres_error err;

	(void)snprintf(full, sizeof(full), "%s.%016x", p.log, 1u);
	ck_assert_int_eq(rename(p.log, full), 0);
	if (has_empty_file)
		temp_log_write(p.log, "", 0);
	ck_ok(reopen(&p, forward, &err));
	c = temp_log_chain(&p, forward, lines_keep, &lines);
	ck_assert_ptr_nonnull(strstr(lines.text[forward ? 6 : 5], "\"log_header\""));
	ck_assert_str_eq(c.type, "log_closed");
}
END_TEST

START_TEST(a_key_that_a_crash_left_behind_is_overwritten_and_another_file_is_not)
{
	CLEANUP(temp_log_end) struct temp_log p = temp_log_begin(NULL);
	const vres_audit_file_options o = temp_log_options(&p, true);
	const bool is_link = _i;
	char temporary[128], another[96], now[64];
	CLEANUP(temp_log_close) vres_audit_file *log = NULL;
	char *key;
	size_t n;
	int fd;

	(void)snprintf(temporary, sizeof(temporary), "%s.tmp", p.key);
	(void)snprintf(another, sizeof(another), "%s/another", p.folder);
	key = temp_log_read(p.first_key, &n);
	temp_log_write(is_link ? another : temporary, key, n);
	if (is_link)
		ck_assert_int_eq(link(another, temporary), 0);
	fd = open(temporary, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	log = temp_log_open(&p, &o);
	ck_assert_int_eq(access(temporary, F_OK), -1);
	ck_assert_int_eq(pread(fd, now, sizeof(now), 0), (ssize_t)sizeof(now));
	ck_assert_int_eq(memcmp(now, is_link ? key : (char[64]){0}, sizeof(now)), 0);
	ck_assert_int_eq(close(fd), 0);
	test_free(key);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(a_torn_last_line_is_cut_off_and_recorded_wherever_it_was_torn, 2, "D-58",
	                  "integrity", "half a line after a crash"),
		CASE_LOOP(a_repair_is_told_before_anything_else_is, 3, "", "integrity",
	                  "a repair that a checker takes for a fault"),
		CASE_LOOP(a_log_whose_first_line_was_torn_begins_again, 2, "", "availability",
	                  "a crash at the very beginning"),
		CASE_LOOP(a_log_goes_on_from_its_checkpoint_when_a_crash_came_before_the_next_file,
	                  4, "", "accountability", "a crash in a rotation"),
		CASE_LOOP(a_key_that_a_crash_left_behind_is_overwritten_and_another_file_is_not, 2,
	                  "", "integrity", "a hard link that makes the library destroy a file"),
	};

	return suite_run("audit_repair", "audit_repair", cases, COUNT(cases));
}
