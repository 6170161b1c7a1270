/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tests of the test tools: outcomes are reported as they are, allocations are counted and made to
 * fail, digests are right and recorders complete.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "support/fixture/support.h"

/* What a command says, and how it ends. */
static int run(const char *command, char *says, size_t cap)
{
	FILE *from = popen(command, "r");
	size_t n;

	ck_assert_ptr_nonnull(from);
	n = fread(says, 1, cap - 1, from);
	says[n] = '\0';
	return pclose(from);
}

static void read_all(const char *path, char *text, size_t cap)
{
	FILE *from = fopen(path, "r");
	size_t n;

	ck_assert_ptr_nonnull(from);
	n = fread(text, 1, cap - 1, from);
	text[n] = '\0';
	fclose(from);
}

START_TEST(every_outcome_is_told_as_it_is)
{
	static const char *const lines[] = {
		"{\"name\":\"one_that_passes\",\"area\":\"support\",\"ids\":[\"ID-1\",\"ID-2\"],"
		"\"status\":\"pass\"",
		"{\"name\":\"one_that_fails\",\"area\":\"support\",\"ids\":[\"ID-3\"],\"status\":"
		"\"fail\"",
		"{\"name\":\"one_that_crashes\",\"area\":\"support\",\"ids\":[],\"status\":"
		"\"error\"",
		"{\"name\":\"one_that_hangs\",\"area\":\"support\",\"ids\":[],\"status\":\"error\"",
		"{\"name\":\"one_that_fails_in_its_third_round\",\"area\":\"support\",\"ids\":[],"
		"\"status\":\"fail\"",
		"{\"name\":\"one_that_leaves\",\"area\":\"support\",\"ids\":[],\"status\":"
		"\"error\"",
		"\"explanation\":\"one that "
		"passes\",\"security_property\":\"integrity\",\"threat_coverage\":[\"bit "
		"flip\",\"\\\"quoted\\\"\"],",
		"],\"values\":{\"answer\":42,\"half\":0.5}}",
		"\"values\":{\"rounds\":5}}",
		"\"seed\":77,\"backend\":\"none\",\"timestamp\":\"",
	};
	char folder[] = "/tmp/vres-selftest-XXXXXX", command[512], path[128], says[8192],
	     evidence[8192];
	const char *broken = getenv("VRES_BROKEN");
	int status;

	ck_assert_ptr_nonnull(broken);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(command, sizeof(command),
	         "unset CK_RUN_CASE; CK_FORK=yes VRES_TEST_SEED=77 VRES_RESULTS=%s %s 2>&1", folder,
	         broken);
	snprintf(path, sizeof(path), "%s/broken.ndjson", folder);
	status = run(command, says, sizeof(says));
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) != 0);
	ck_assert_ptr_nonnull(strstr(says, "50%: Checks: 10, Failures: 2, Errors: 3"));
	read_all(path, evidence, sizeof(evidence));
	for (size_t i = 0; i < COUNT(lines); i++)
		ck_assert_msg(strstr(evidence, lines[i]) != NULL, "no %s in\n%s", lines[i],
		              evidence);
	snprintf(command, sizeof(command), "CK_RUN_CASE=one_that_passes VRES_RESULTS=%s %s 2>&1",
	         folder, broken);
	status = run(command, says, sizeof(says));
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	ck_assert_ptr_nonnull(strstr(says, "100%: Checks: 1, Failures: 0, Errors: 0"));
	snprintf(command, sizeof(command), "CK_RUN_CASE=no_such_test %s 2>&1", broken);
	status = run(command, says, sizeof(says));
	ck_assert_msg(status != 0, "a suite without tests passes");
	snprintf(command, sizeof(command),
	         "CK_RUN_CASE=one_that_passes VRES_RESULTS=/nowhere %s 2>&1", broken);
	status = run(command, says, sizeof(says));
	ck_assert_msg(status != 0, "evidence that cannot be written is not missed");
	unlink(path);
	rmdir(folder);
}
END_TEST

START_TEST(allocations_are_counted_and_the_nth_fails)
{
	const uint64_t live = alloc_live(), calls = alloc_calls();
	void *volatile a = malloc(10);
	void *volatile b = calloc(3, 10);
	void *volatile c = aligned_alloc(64, 128);
	void *d = NULL, *volatile e, *volatile g, *volatile h;
	const int aligned = posix_memalign(&d, 64, 100);
	uint64_t more_live, more_calls;
	bool failed;

	a = realloc(a, 100000);
	more_live = alloc_live() - live;
	more_calls = alloc_calls() - calls; /* before an assertion of Check's adds to them */
	ck_assert_int_eq(aligned, 0);
	ck_assert_uint_eq(more_live, 4);
	ck_assert_uint_eq(more_calls, 5);
	free(a), free(b), free(c), free(d);
	ck_assert_uint_eq(alloc_live(), live);
	alloc_fail(2, false);
	e = malloc(1), g = malloc(1), h = malloc(1);
	failed = alloc_disarm();
	ck_assert(failed && e != NULL && g == NULL && h != NULL);
	free(e), free(h);
	alloc_fail(2, true);
	e = malloc(1), g = realloc(e, 5), h = calloc(1, 1);
	failed = alloc_disarm();
	ck_assert(failed && e != NULL && g == NULL && h == NULL);
	free(e);
	alloc_fail(5, false);
	ck_assert(!alloc_disarm());
	ck_assert_uint_eq(alloc_live(), live);
}
END_TEST

/* Written so that the compiler does not remove it. */
static void write_for_good(volatile char *to, const char *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = from[i];
}

START_TEST(blocks_that_still_hold_what_is_watched_for_are_counted)
{
	static const char needle[] = "watched", other[sizeof(needle)] = "";
	char *a = malloc(100), *b = calloc(1, 10), *c = malloc(50);
	uint64_t watched;

	write_for_good(a + 60, needle, sizeof(needle));
	write_for_good(b, needle, sizeof(needle));
	alloc_watch(needle, sizeof(needle));
	write_for_good(b, other, sizeof(other));
	free(a), free(b), free(c);
	watched = alloc_watched();
	ck_assert_uint_eq(watched, 1);
	a = malloc(20);
	write_for_good(a, needle, sizeof(needle));
	free(a);
	ck_assert_uint_eq(alloc_watched(), 1); /* nothing is watched any more */
}
END_TEST

START_TEST(memory_that_libc_made_is_not_mistaken_for_ours)
{
	const uint64_t live = alloc_live();
	char *text = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&text, &n);

	ck_assert_ptr_nonnull(to);
	fputs("text", to);
	fclose(to);
	ck_assert_uint_eq(alloc_live(), live);
	free(text);
	ck_assert_uint_eq(alloc_live(), live);
}
END_TEST

START_TEST(thousands_of_live_blocks_are_kept_apart)
{
	const uint64_t live = alloc_live();
	void *blocks[5000];

	for (size_t i = 0; i < COUNT(blocks); i++)
		blocks[i] = malloc(i % 300 + 1);
	ck_assert_uint_eq(alloc_live(), live + COUNT(blocks));
	for (size_t i = 0; i < COUNT(blocks); i++)
		free(blocks[i * 7 % COUNT(blocks)]);
	ck_assert_uint_eq(alloc_live(), live);
}
END_TEST

START_TEST(fsverity_of_the_tests_gives_what_the_fsverity_tool_gives)
{
	/*
	 * printf 'hello\n' | fsverity digest, and 128 * 4096 + 1 zeros, at blocks of 4096 and 1024
	 */
	static const struct {
		const char *text;
		size_t zeros;
		uint32_t block_size;
		const char *digest;
	} known[] = {
		{"hello\n", 0, 4096,
	         "9c76eecc7b76fcb46199cb27b90cf59a660e10575bb0412128905129d5b1c2aa"},
		{"hello\n", 0, 1024,
	         "ac222c4148153662c412613db5a9d88d7d4fdd3f171d11b3047ff31666dd1719"},
		{NULL, 128 * 4096 + 1, 4096,
	         "e4143a5705610b7ad2eb85482cfc033c7062a89b9faf9118603f592d53fd10e0"},
		{NULL, 128 * 4096 + 1, 1024,
	         "a9b5bd42a8a4a6468643633773c2858e25b776ba3076d346162ec752482f077b"},
	};
	char hex[65];

	for (size_t i = 0; i < COUNT(known); i++) {
		const size_t n = known[i].text != NULL ? strlen(known[i].text) : known[i].zeros;
		CLEANUP(free_bytes) uint8_t *data = test_alloc(n);

		if (known[i].text != NULL)
			memcpy(data, known[i].text, n);
		verity_hex(data, n, known[i].block_size, hex);
		ck_assert_str_eq(hex, known[i].digest);
	}
}
END_TEST

START_TEST(content_is_the_same_however_it_is_cut)
{
	CLEANUP(free_bytes) uint8_t *whole = content(1000, 5);
	CLEANUP(free_bytes) uint8_t *other = content(1000, 6);
	uint8_t part[100];

	for (size_t at = 0; at + sizeof(part) <= 1000; at += 37) {
		content_fill(part, sizeof(part), 5, at);
		ck_assert_mem_eq(part, whole + at, sizeof(part));
	}
	ck_assert_mem_ne(whole, other, 1000);
}
END_TEST

START_TEST(a_flaw_in_an_error_detail_is_seen)
{
	vres_error good = {.status = VRES_E_BACKEND,
	                   .gpu_device = VRES_NO_DEVICE,
	                   .message = "one line"},
		   err;

	ck_assert_ptr_null(status_flaw(VRES_E_BACKEND, &good));
	ck_assert_ptr_nonnull(status_flaw(VRES_OK, &good));
	ck_assert_ptr_nonnull(status_flaw(VRES_E_IO, &good));
	status_poison(&err);
	ck_assert_ptr_null(status_flaw(VRES_OK, &err));
	ck_assert_ptr_nonnull(status_flaw(VRES_E_BACKEND, &err));
	err = good;
	err.message[0] = '\0';
	ck_assert_ptr_nonnull(status_flaw(VRES_E_BACKEND, &err));
	err = good;
	memset(err.message, 'x', sizeof(err.message));
	ck_assert_ptr_nonnull(status_flaw(VRES_E_BACKEND, &err));
	err = good;
	memcpy(err.message, "at 0x7fff", 10);
	ck_assert_ptr_nonnull(status_flaw(VRES_E_BACKEND, &err));
	err = good;
	memcpy(err.message, "two\nlines", 10);
	ck_assert_ptr_nonnull(status_flaw(VRES_E_BACKEND, &err));
	err = good;
	err.needed_bytes = 1;
	ck_assert_ptr_nonnull(status_flaw(VRES_E_BACKEND, &err));
	err = good;
	err.status = VRES_E_INSUFFICIENT_VRAM;
	ck_assert_ptr_nonnull(status_flaw(VRES_E_INSUFFICIENT_VRAM, &err));
}
END_TEST

START_TEST(a_recorder_keeps_copies_and_finds_words_in_them)
{
	struct record r;
	vres_shard_info shard = vres_shard_info_init();
	char worker[] = WORKER, detail[] = "some Needle here";
	vres_event e = {.struct_size = sizeof(e),
	                .type = VRES_EVENT_POLICY_VIOLATION,
	                .name = "policy_violation",
	                .critical = 1};

	e.time = e.simulated = 1;
	e.worker_id = worker;
	e.detail = detail;
	e.shard = &shard;
	record_init(&r);
	ck_assert_int_eq(record_event(&r, &e), VRES_OK);
	memset(detail, 'x', sizeof(detail) - 1);
	memset(worker, 'x', sizeof(worker) - 1);
	ck_assert(record_mentions(&r, "needle"));
	ck_assert(!record_mentions(&r, "haystack"));
	ck_assert_str_eq(record_last(&r, 0)->worker_id, WORKER);
	ck_assert_uint_eq(record_critical(&r), 1);
	ck_assert_ptr_null(r.flaw);
	ck_assert_int_eq(record_event(&r, &e), VRES_OK); /* its worker is now another */
	ck_assert_ptr_nonnull(r.flaw);
	r.refuse = UINT64_C(1) << VRES_EVENT_POLICY_VIOLATION;
	ck_assert_int_ne(record_event(&r, &e), VRES_OK);
	ck_assert_uint_eq(r.refused, 1);
	ck_assert_uint_eq(record_count(&r, 0), 2);
	record_finish(&r);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(every_outcome_is_told_as_it_is, "WORKER-4996 PB-002", "accountability",
	             "failed test shown as passed"),
		CASE(allocations_are_counted_and_the_nth_fails, "", "", ""),
		CASE(blocks_that_still_hold_what_is_watched_for_are_counted, "", "", ""),
		CASE(memory_that_libc_made_is_not_mistaken_for_ours, "", "", ""),
		CASE(thousands_of_live_blocks_are_kept_apart, "", "", ""),
		CASE(fsverity_of_the_tests_gives_what_the_fsverity_tool_gives, "CI-004", "", ""),
		CASE(content_is_the_same_however_it_is_cut, "", "", ""),
		CASE(a_flaw_in_an_error_detail_is_seen, "WORKER-4152", "", ""),
		CASE(a_recorder_keeps_copies_and_finds_words_in_them, "WORKER-4996", "", ""),
	};

	suite_backend("none");
	return suite_run("selftest", "support", cases, COUNT(cases));
}
