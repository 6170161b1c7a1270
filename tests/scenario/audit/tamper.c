/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A log that was changed while nobody had it open: it is refused, not continued, and left as it is
 * for who looks into it.
 */
#include <unistd.h>

#include "support/audit/reopen.h"
#include "support/fixture/support.h"

START_TEST(another_key_is_refused)
{
	CLEANUP(temp_log_end) struct temp_log p = log_of_three(false);
	const vres_audit_file_options o = temp_log_options(&p, false);
	char before[65], after[65];
	vres_error err;

	ck_ok(vres_audit_keygen(p.first_key, &err));
	files_digest(&p, before);
	ck_status(reopen_with(&p, "another token", &o, &err), VRES_E_AUDIT);
	files_digest(&p, after);
	ck_assert_str_eq(before, after);
	ck_reopen_refused(&p, true, VRES_E_AUDIT, "its key file is missing");
	ck_ok(reopen(&p, false, &err));
}
END_TEST

START_TEST(another_mode_is_refused)
{
	CLEANUP(temp_log_end) struct temp_log p = log_of_three(true);
	const vres_audit_file_options o = temp_log_options(&p, false);
	vres_error err;

	ck_status(reopen_with(&p, TOKEN, &o, &err), VRES_E_AUDIT);
	ck_assert_int_eq(unlink(p.checkpoint), 0);
	ck_status(reopen_with(&p, TOKEN, &o, &err), VRES_E_AUDIT);
	ck_assert_str_eq(err.message, "the log is in mode forward");
}
END_TEST

/* Where the last line of the log begins. */
static size_t last_line(const char *text, size_t n)
{
	const char *newline = memrchr(text, '\n', n - 1);

	return newline ? (size_t)(newline - text) + 1 : 0;
}

START_TEST(an_edited_last_line_is_refused_whatever_byte_was_changed)
{
	CLEANUP(temp_log_end) struct temp_log p = log_of_three(_i);
	size_t n, checkpoint_n;
	char *text = temp_log_read(p.log, &n),
	     *checkpoint = temp_log_read(p.checkpoint, &checkpoint_n);
	vres_error err;

	for (size_t at = last_line(text, n); at < n - 1; at += 7) {
		text[at] ^= 1;
		temp_log_write(p.log, text, n);
		ck_status(reopen(&p, _i, &err), VRES_E_AUDIT);
		text[at] ^= 1;
	}
	temp_log_write(p.log, text, n);
	for (size_t at = 0; at < checkpoint_n; at += 7) {
		checkpoint[at] ^= 1;
		temp_log_write(p.checkpoint, checkpoint, checkpoint_n);
		ck_reopen_refused(&p, _i, VRES_E_AUDIT, "checkpoint");
		checkpoint[at] ^= 1;
	}
	temp_log_write(p.checkpoint, checkpoint, checkpoint_n);
	ck_ok(reopen(&p, _i, &err));
	test_free(text);
	test_free(checkpoint);
}
END_TEST

START_TEST(a_log_that_ends_before_its_checkpoint_is_refused)
{
	CLEANUP(temp_log_end) struct temp_log p = log_of_three(_i);
	vres_error err;
	size_t n;
	char *text = temp_log_read(p.log, &n);

	for (size_t cut = last_line(text, n); cut > 0; cut = last_line(text, cut)) {
		temp_log_write(p.log, text, cut);
		/* In mode forward the key of an earlier epoch is gone. */
		ck_reopen_refused(&p, _i, VRES_E_AUDIT, _i ? "" : "lines were removed");
	}
	temp_log_write(p.log, text, n);
	ck_assert_int_eq(unlink(p.checkpoint), 0);
	ck_reopen_refused(&p, _i, VRES_E_AUDIT, "no checkpoint");
	ck_status(reopen(&p, _i, &err), VRES_E_AUDIT);
	test_free(text);
}
END_TEST

START_TEST(a_log_in_mode_forward_is_refused_without_its_key)
{
	CLEANUP(temp_log_end) struct temp_log p = log_of_three(true);
	size_t n;
	char *key = temp_log_read(p.key, &n);
	vres_error err;

	ck_assert_int_eq(unlink(p.key), 0);
	ck_reopen_refused(&p, true, VRES_E_AUDIT, "its key file is missing");
	temp_log_write(p.key, key, n);
	for (size_t at = 0; at < n; at++) {
		key[at] ^= 1;
		temp_log_write(p.key, key, n);
		ck_assert_int_ne(reopen(&p, true, &err), VRES_OK);
		ck_assert(err.status == VRES_E_AUDIT || err.status == VRES_E_INVALID_INPUT);
		ck_assert_ptr_null(memmem(err.message, sizeof(err.message), key + 19, 8));
		key[at] ^= 1;
	}
	temp_log_write(p.key, key, n);
	ck_ok(reopen(&p, true, &err));
	test_free(key);
	ck_assert_int_eq(unlink(p.log) | unlink(p.checkpoint), 0);
	ck_reopen_refused(&p, true, VRES_E_AUDIT, "it was removed");
}
END_TEST

START_TEST(the_key_of_an_epoch_that_ended_is_nowhere_in_the_folder)
{
	CLEANUP(temp_log_end) struct temp_log p = log_of_three(true);
	size_t n;
	char *key = temp_log_read(p.key, &n);

	/* The session's end was one of an epoch. */
	ck_assert_int_eq(strncmp(key, "vres-audit-key/1 1 ", 19), 0);
	test_free(key);
	key = temp_log_read(p.first_key, &n);
	/* The auditor's, who takes it away. */
	ck_assert_int_eq(strncmp(key, "vres-audit-key/1 0 ", 19), 0);
	test_free(key);
	ck_assert_uint_eq(temp_log_chain(&p, true, NULL, NULL).epoch, 1);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(another_key_is_refused, "SEC-AUDIT-020", "authenticity",
	             "a log continued under another key"),
		CASE(another_mode_is_refused, "", "authenticity", "a downgrade from mode forward"),
		CASE_LOOP(an_edited_last_line_is_refused_whatever_byte_was_changed, 2,
	                  "SEC-AUDIT-020", "integrity", "an edited tail"),
		CASE_LOOP(a_log_that_ends_before_its_checkpoint_is_refused, 2, "SEC-AUDIT-020",
	                  "integrity", "a tail that was cut off"),
		CASE(a_log_in_mode_forward_is_refused_without_its_key, "WORKER-4152",
	             "authenticity", "a log that is begun anew unseen"),
		CASE(the_key_of_an_epoch_that_ended_is_nowhere_in_the_folder, "", "authenticity",
	             "an intruder who rewrites the past"),
	};

	return suite_run("audit_tamper", "audit_tamper", cases, COUNT(cases));
}
