/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the calls of cancel_calls.c use, made before a call and given back after it. */
#include "cancel_calls.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A log with a line on disk, and two checkers for it: one that has read nothing, one that has. */
static void begin_log(struct stage *s)
{
	const vres_audit_file_options options = temp_log_options(&s->place, false);
	vres_audit_check_options check = vres_audit_check_options_init();
	char *log_text;
	size_t log_bytes;
	vres_error err;

	s->log = temp_log_open(&s->place, &options);
	ck_assert_int_eq(temp_log_record(s->log, VRES_EVENT_SEAL_VERIFIED, "one"), VRES_OK);
	ck_assert_int_eq(vres_audit_file_flush(s->log, NULL), VRES_OK);
	s->checkpoint = temp_log_read(s->place.checkpoint, &s->checkpoint_bytes);
	log_text = temp_log_read(s->place.log, &log_bytes);
	ck_assert_ptr_nonnull(s->checkpoint);
	ck_assert_ptr_nonnull(log_text);
	check.key = s->key;
	ck_ok(vres_audit_checker_create(&check, &s->checker, &err));
	ck_ok(vres_audit_checker_create(&check, &s->fed_checker, &err));
	ck_ok(vres_audit_checker_file(s->fed_checker, &err));
	ck_ok(vres_audit_checker_feed(s->fed_checker, log_text, log_bytes, &err));
	test_free(log_text);
}

struct stage *stage_begin(bool with_log)
{
	vres_seal_params member = vres_seal_params_init(), of_tensors = vres_seal_params_init();
	struct stage *s = test_alloc(sizeof(*s));
	vres_error err;

	memset(s, 0, sizeof(*s));
	s->f = begin(NULL);
	s->place = temp_log_begin(NULL);
	(void)snprintf(s->token, sizeof(s->token), "%s/token", s->place.folder);
	(void)snprintf(s->second_log, sizeof(s->second_log), "%s/second", s->place.folder);
	temp_log_write(s->token, HEX_KEY, strlen(HEX_KEY));
	ck_assert_int_eq(chmod(s->token, 0600), 0);
	ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", s->place.folder, 1), 0);
	s->fd = open(s->token, O_RDONLY);
	ck_assert_int_ge(s->fd, 0);
	member.shard_id = "one";
	member.total_shards = 1;
	s->shard = sealed_with(s->f, &member, SHARD_BYTES, 1);
	ck_ok(vres_lease_acquire(s->shard, &s->lease, &err));
	ck_ok(vres_key_derive(TOKEN, strlen(TOKEN), NULL, &s->key, &err));
	ck_ok(vres_digester_create(VRES_DIGEST_VERITY, 0, &s->digester, &err));
	s->info = info_of(s->shard);
	s->receipt = receipt_of(s->shard, &s->receipt_bytes);
	if (with_log)
		begin_log(s);
	ck_assert_int_eq(vres_mock_alloc(s->f->mock, 0, BLOCK, NULL, &s->adopted), VRES_OK);
	s->tensor = vres_tensor_init();
	s->tensor.name = "t";
	s->tensor.device_ptr = s->adopted;
	s->tensor.bytes = BLOCK;
	of_tensors.digest_alg = VRES_DIGEST_TENSORS;
	ck_ok(vres_seal_tensors(s->f->manager, &of_tensors, &s->tensor, 1, &s->tensors, &err));
	return s;
}

void stage_end(struct stage *s)
{
	vres_audit_checker_destroy(s->checker);
	vres_audit_checker_destroy(s->fed_checker);
	vres_audit_checker_destroy(s->made_checker);
	vres_audit_file_close(s->log);
	vres_audit_file_close(s->made_log);
	vres_digester_destroy(s->digester);
	vres_digester_destroy(s->made_digester);
	vres_key_destroy(s->key);
	vres_key_destroy(s->made_key);
	vres_lease_release(s->lease);
	vres_lease_release(s->made_lease);
	vres_shard_release(s->shard);
	vres_shard_release(s->made_shard);
	vres_shard_release(s->tensors);
	vres_manager_destroy(s->made_manager);
	vres_mock_free(s->f->mock, s->adopted);
	test_free(s->receipt);
	test_free(s->checkpoint);
	ck_assert_int_eq(close(s->fd), 0);
	temp_log_end(&s->place);
	finish(&s->f);
	test_free(s);
}
