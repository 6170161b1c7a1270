/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Thousands of changes to a log, drawn at random from every kind that an intruder without the key
 * could make.  None may be called good, and the first finding must be where the first changed byte
 * is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <vres/audit_check.h>

#include "base/dialect.h"
#include "support/audit/tamper.h"
#include "support/suite/alloc.h"
#include "support/suite/content.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"

#define ROUNDS 400 /* of each kind of change */

static const uint8_t first_key[33] = "an epoch's first key of 32 bytes";

struct world {
	struct audit_maker genuine, other; /* two different logs under one key */
	struct tamper_log whole;
	char checkpoint[512], key_path[64];
	size_t checkpoint_n;
	vres_key *key;
};

static void hmac(const uint8_t key[32], const void *bytes, size_t n, uint8_t mac[32])
{
	hmac_sha256(key, 32, bytes, n, mac);
}

static void make(struct audit_maker *m, bool is_forward, unsigned session)
{
	if (is_forward)
		maker_forward(m, hmac, first_key);
	else
		maker_token(m, hmac, "a token of a test");
	m->session = session;
	for (unsigned file = 0; file < 3; file++) {
		maker_header(m);
		for (unsigned i = 0; i < 6; i++) {
			maker_line(m, "{\"event_type\":\"seal_verified\",\"mode\":\"full\"}");
			if (i == 2 && is_forward)
				maker_epoch(m);
			if (i == 3)
				maker_opened(m);
		}
		if (is_forward)
			maker_epoch(m);
		maker_line(m, file < 2 ? "{\"event_type\":\"log_rotated\"}"
		                       : "{\"event_type\":\"log_closed\"}");
	}
}

static struct world *world_create(bool is_forward)
{
	struct world *w = test_alloc(sizeof(*w));
	struct audit_maker *first = test_alloc(sizeof(*first));
	char text[128];
	vres_error err;
	int fd;

	make(&w->genuine, is_forward, 1);
	make(&w->other, is_forward, 40);
	tamper_split(&w->whole, &w->genuine);
	w->checkpoint_n = maker_checkpoint(&w->genuine, w->checkpoint);
	ck_ok(vres_key_derive("a token of a test", 17, NULL, &w->key, &err));
	(void)snprintf(w->key_path, sizeof(w->key_path), "/tmp/vres-audit-XXXXXX");
	fd = mkstemp(w->key_path);
	maker_forward(first, hmac, first_key);
	ck_assert_int_gt(write(fd, text, maker_key_file(first, text)), 0);
	ck_assert_int_eq(close(fd), 0);
	test_free(first);
	return w;
}

static void world_destroy(struct world **w)
{
	vres_key_destroy((*w)->key);
	(void)unlink((*w)->key_path);
	test_free(*w);
}

struct told {
	vres_audit_finding first;
	uint64_t count;
};

static void on_finding(void *ctx, const vres_audit_finding *f)
{
	struct told *t = ctx;

	if (t->count++ == 0)
		t->first = *f;
}

static vres_status check(const struct world *w, const struct tamper_image *image, bool has_head,
                         struct told *told)
{
	vres_audit_check_options o = vres_audit_check_options_init();
	vres_audit_checker *c = NULL;
	vres_status status;
	vres_error err;

	told->count = 0;
	o.finding = on_finding;
	o.finding_ctx = told;
	if (w->genuine.is_forward)
		o.forward_key = w->key_path;
	else
		o.key = w->key;
	ck_ok(vres_audit_checker_create(&o, &c, &err));
	if (has_head)
		ck_ok(vres_audit_checker_head(c, w->genuine.seq, w->genuine.prev, &err));
	else
		ck_ok(vres_audit_checker_checkpoint(c, w->checkpoint, w->checkpoint_n, &err));
	for (size_t file = 0; file < image->files; file++) {
		ck_ok(vres_audit_checker_file(c, &err));
		ck_ok(vres_audit_checker_feed(c, image->bytes[file], image->n[file], &err));
	}
	status = vres_audit_checker_end(c, NULL, &err);
	vres_audit_checker_destroy(c);
	return status;
}

/*
 * Is the first finding where the first change is?  Where lines are gone, that is the line after
 * them.
 */
static bool is_named(const struct tamper_image *image, const vres_audit_finding *f, size_t file,
                     size_t line)
{
	size_t lines = 1;

	if (file >= image->files)
		return f->file + 1 == image->files;
	if (f->file == file && f->line == line)
		return true;
	for (size_t i = 0; i < image->n[file]; i++)
		lines += image->bytes[file][i] == '\n';
	return lines == line && f->file == file + (file + 1 < image->files) && f->line == 1;
}

START_TEST(no_change_of_a_log_is_called_good_and_the_first_finding_is_where_it_begins)
{
	CLEANUP(world_destroy) struct world *w = world_create(_i & 1);
	struct tamper_image *whole = test_alloc(sizeof(*whole)),
			    *changed = test_alloc(sizeof(*changed));
	struct tamper_log *log = test_alloc(sizeof(*log));
	uint64_t seed = 20 + (uint64_t)_i;
	struct told told;

	tamper_flatten(&w->whole, whole);
	ck_assert_int_eq(check(w, whole, false, &told), VRES_OK);
	ck_assert_int_eq(check(w, whole, true, &told), VRES_OK);
	for (enum tamper kind = TAMPER_FLIP; kind < TAMPERS; kind++) {
		unsigned made = 0;

		for (unsigned round = 0; round < ROUNDS; round++) {
			const uint64_t drawn = seed;
			size_t file, line;
			vres_status status;

			*log = w->whole;
			tamper_apply(log, kind, &w->other, &seed);
			tamper_flatten(log, changed);
			if (!tamper_differs(whole, changed, &file, &line))
				continue;
			made++;
			status = check(w, changed, round & 1, &told);
			ck_assert_msg(status == VRES_E_INTEGRITY_VIOLATION && told.count > 0,
			              "%s, seed %llu: %d", tamper_name(kind),
			              (unsigned long long)drawn, (int)status);
			/*
			 * These three are noticed later than the changed line, since that line has
			 * a right MAC: a line under the key of its own epoch, a whole log of
			 * another history, and a file that could be the first one.
			 */
			if (kind == TAMPER_OTHER_EPOCH ||
			    (kind == TAMPER_OTHER_HISTORY && line == 1) ||
			    (kind == TAMPER_SWAP_FILES && file == 0))
				continue;
			ck_assert_msg(is_named(changed, &told.first, file, line),
			              "%s, seed %llu: changed in %zu:%zu, named in %u:%u: %s",
			              tamper_name(kind), (unsigned long long)drawn, file, line,
			              told.first.file, (unsigned)told.first.line,
			              told.first.message);
		}
		ck_assert_uint_gt(made, ROUNDS / 4);
	}
	test_free(whole);
	test_free(changed);
	test_free(log);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(
			no_change_of_a_log_is_called_good_and_the_first_finding_is_where_it_begins,
			2,
			"D-56 D-57 SEC-AUDIT-015 SEC-AUDIT-020 SEC-AUDIT-021 SEC-AUDIT-022 "
			"SEC-AUDIT-023",
			"integrity", "any change of a log by somebody without its key"),
	};

	return suite_run("unit.audit_tamper", "unit", cases, COUNT(cases));
}
