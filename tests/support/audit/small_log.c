/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A small log and its checker. */
#include "support/audit/small_log.h"

#include <stdlib.h>
#include <unistd.h>

#include "support/suite/alloc.h"
#include "support/suite/content.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"

static const uint8_t first_key[33] = "an epoch's first key of 32 bytes";

static void hmac(const uint8_t key[32], const void *bytes, size_t n, uint8_t mac[32])
{
	hmac_sha256(key, 32, bytes, n, mac);
}

struct audit_maker *small_log(bool is_forward)
{
	struct audit_maker *m = test_alloc(sizeof(*m));

	if (is_forward)
		maker_forward(m, hmac, first_key);
	else
		maker_token(m, hmac, "a token of a test");
	maker_header(m);
	maker_line(m, "{\"event_type\":\"vram_sealed\",\"shard_id\":\"a\"}");
	if (is_forward)
		maker_epoch(m);
	maker_line(m, "{\"event_type\":\"log_lost\",\"lost_events\":4}");
	maker_opened(m);
	maker_line(m, "{\"event_type\":\"seal_verified\",\"mode\":\"full\",\"simulated\":true}");
	return m;
}

vres_key *small_log_key(void)
{
	vres_key *key = NULL;
	vres_error err;

	ck_ok(vres_key_derive("a token of a test", 17, NULL, &key, &err));
	return key;
}

void small_log_key_file(char *path)
{
	struct audit_maker *m = test_alloc(sizeof(*m));
	const int fd = mkstemp(path);
	char text[128];

	ck_assert_int_ge(fd, 0);
	maker_forward(m, hmac, first_key);
	ck_assert_int_gt(write(fd, text, maker_key_file(m, text)), 0);
	ck_assert_int_eq(close(fd), 0);
	test_free(m);
}

vres_audit_checker *small_log_checker(const vres_audit_check_options *o)
{
	vres_audit_checker *c = NULL;
	vres_error err;

	ck_ok(vres_audit_checker_create(o, &c, &err));
	return c;
}

void small_log_feed(vres_audit_checker *c, const struct audit_maker *m, size_t piece)
{
	vres_error err;

	ck_ok(vres_audit_checker_file(c, &err));
	for (size_t at = 0; at < m->n; at += piece)
		if (vres_audit_checker_feed(c, m->bytes + at, m->n - at < piece ? m->n - at : piece,
		                            &err) != VRES_OK)
			ck_abort_msg("%s", err.message);
}

void small_log_tell(void *told, const vres_audit_finding *f)
{
	struct small_log_told *t = told;

	t->findings[t->count++ % COUNT(t->findings)] = *f;
}
