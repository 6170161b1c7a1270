/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * While a checker or a log is open, its line key is in secret memory only.  No copy is in the heap,
 * where contexts of libcrypto would have one, nor in a forked child.
 */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/check/state.h"
#include "support/audit/small_log.h"
#include "support/audit/temp_log.h"
#include "support/fixture/support.h"
#include "support/suite/alloc.h"
#include "support/suite/content.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"

#define MASK 0xa5

static uint8_t masked[32]; /* the line key, masked so that the test itself has no copy of it */

static void hmac(const uint8_t key[32], const void *bytes, size_t n, uint8_t mac[32])
{
	hmac_sha256(key, 32, bytes, n, mac);
}

static void mask_line_key(const char *token)
{
	static struct audit_maker m;

	maker_token(&m, hmac, token);
	for (size_t i = 0; i < 32; i++)
		masked[i] = m.key[i] ^ MASK;
	memset(&m, 0, sizeof(m));
}

static bool is_key(const uint8_t *at)
{
	size_t i = 0;

	while (i < 32 && (at[i] ^ MASK) == masked[i])
		i++;
	return i == 32;
}

/*
 * Counts copies of the line key in the readable parts of the heap.  *has_heap: whether @object is
 * in the heap that was searched.  Under a sanitizer or Valgrind it is not, since these have a heap
 * of their own.
 */
static unsigned search_heap(const void *object, bool *has_heap)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512], rights[8];
	unsigned long begin, end;
	unsigned copies = 0;

	*has_heap = false;
	ck_assert_ptr_nonnull(maps);
	while (fgets(line, sizeof(line), maps) != NULL) {
		if (strstr(line, "[heap]") == NULL ||
		    sscanf(line, "%lx-%lx %7s", &begin, &end, rights) != 3 || rights[0] != 'r')
			continue;
		*has_heap |= (uintptr_t)object >= begin && (uintptr_t)object < end;
		for (const uint8_t *at = (const uint8_t *)begin; at + 32 <= (const uint8_t *)end;
		     at++)
			copies += is_key(at);
	}
	(void)fclose(maps);
	return copies;
}

static unsigned copies_in_heap(void)
{
	bool has_heap;

	return search_heap(NULL, &has_heap);
}

static void ck_hidden(const char *when)
{
	const pid_t child = fork();
	int status;

	if (child == 0)
		_exit((int)copies_in_heap());
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(copies_in_heap() == 0, "a copy of the key in the heap %s", when);
	ck_assert_msg(status == 0, "a copy of the key in a forked child %s", when);
}

START_TEST(a_checker_that_is_open_has_its_key_in_secret_memory_alone)
{
	static uint8_t copy[32];
	struct audit_maker *m = small_log(false);
	vres_audit_check_options o = vres_audit_check_options_init();
	vres_key *key = small_log_key();
	vres_audit_checker *c;
	char checkpoint[512];
	bool has_heap = false;
	unsigned found;
	vres_error err;

	mask_line_key("a token of a test");
	memcpy(copy, m->key, sizeof(copy));
	ck_assert(is_key(copy));
	memset(copy, 0, sizeof(copy));
	/* The maker's own copy shows that the search finds what is there. */
	found = search_heap(m, &has_heap);
	ck_assert_uint_eq(found, has_heap);
	memset(m->key, 0, sizeof(m->key));
	o.key = key;
	c = small_log_checker(&o);
	ck_hidden("after creating the checker");
	ck_ok(vres_audit_checker_checkpoint(c, checkpoint, maker_checkpoint(m, checkpoint), &err));
	ck_hidden("after the checkpoint");
	ck_ok(vres_audit_checker_file(c, &err));
	for (size_t at = 0; at < m->n; at += 100) {
		ck_ok(vres_audit_checker_feed(c, m->bytes + at, m->n - at < 100 ? m->n - at : 100,
		                              &err));
		ck_assert_ptr_null(c->hmac.context);
	}
	ck_hidden("after feeding");
	ck_assert_int_ne(vres_audit_checker_end(c, NULL, &err), VRES_E_STATE);
	ck_hidden("after the end");
	vres_audit_checker_destroy(c);
	vres_key_destroy(key);
	ck_hidden("after destroying the checker");
	test_free(m);
}
END_TEST

START_TEST(a_log_that_is_open_has_its_key_in_secret_memory_alone)
{
	CLEANUP(temp_log_end) struct temp_log p = temp_log_begin(NULL);
	const vres_audit_file_options o = temp_log_options(&p, false);
	CLEANUP(temp_log_close) vres_audit_file *log = temp_log_open(&p, &o);
	vres_error err;

	mask_line_key(TOKEN);
	ck_hidden("after opening");
	for (unsigned i = 0; i < 5; i++)
		ck_assert_int_eq(temp_log_record(log, VRES_EVENT_SEAL_VERIFIED, "shard"), VRES_OK);
	ck_ok(vres_audit_file_flush(log, &err));
	ck_hidden("after recording");
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(a_checker_that_is_open_has_its_key_in_secret_memory_alone, "CI-006",
	             "confidentiality", "a key in a core file or a forked child"),
		CASE(a_log_that_is_open_has_its_key_in_secret_memory_alone, "CI-006",
	             "confidentiality", "a key in a core file or a forked child"),
	};

	return suite_run("unit.audit_secrets", "unit", cases, COUNT(cases));
}
