/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The runner: one Check test case per test, so that each outcome can be told by its name, and an
 * unchecked fixture around each, which runs outside the forked child and so also times tests that
 * crash or hang.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif
#ifndef RUNNING_ON_VALGRIND
#define RUNNING_ON_VALGRIND 0
#endif
#include "support/suite/evidence.h"

/*
 * Check's fixtures and tests take no argument, so the evidence they write to has to be reached from
 * here.
 */
static struct evidence *evidence;
static char backend[16] = "mock";

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static void test_begins(void)
{
	struct evidence_test *t = &evidence->tests[evidence->current];

	clock_gettime(CLOCK_REALTIME, &t->began);
	t->duration = clock_ns(CLOCK_MONOTONIC);
}

static void test_ends(void)
{
	struct evidence_test *t = &evidence->tests[evidence->current];

	t->duration = clock_ns(CLOCK_MONOTONIC) - t->duration;
	evidence->current++;
}

uint32_t suite_seed(void)
{
	const char *text = getenv("VRES_TEST_SEED");

	return text != NULL ? (uint32_t)strtoul(text, NULL, 0) : 1;
}

unsigned suite_scaled(unsigned full, unsigned least)
{
	const char *text = getenv("VRES_TEST_SCALE");
	unsigned long percent = RUNNING_ON_VALGRIND ? 5 : 100;
	unsigned long rounds;

	if (text != NULL)
		percent = strtoul(text, NULL, 10);
	rounds = full * percent / 100;
	return rounds < least ? least : (unsigned)rounds;
}

void suite_backend(const char *name)
{
	char *to = evidence != NULL ? evidence->backend : backend;

	snprintf(to, sizeof(backend), "%s", name);
}

/* The value of @key of the test that is running, 0 if it is new. */
static double *value_of(const char *key)
{
	struct evidence_test *t = &evidence->tests[evidence->current];
	unsigned i = 0;

	while (i < t->values_count && strcmp(t->values[i].key, key) != 0)
		i++;
	ck_assert_msg(i < EVIDENCE_VALUES, "more than %d values", EVIDENCE_VALUES);
	if (i == t->values_count) {
		ck_assert_msg(strlen(key) < sizeof(t->values[i].key), "the key %s is too long",
		              key);
		snprintf(t->values[i].key, sizeof(t->values[i].key), "%s", key);
		t->values_count++;
	}
	return &t->values[i].value;
}

void suite_value(const char *key, double value)
{
	*value_of(key) = value;
}

void suite_add(const char *key, double value)
{
	*value_of(key) += value;
}

static void add_case(Suite *suite, const struct suite_case *c)
{
	TCase *tcase = tcase_create((*c->test)->name);
	/* A test that exceeds its time hangs; the limit is long enough for a busy machine. */
	const double patience = RUNNING_ON_VALGRIND ? 20 : 5;

	tcase_set_timeout(tcase, (c->timeout > 0 ? c->timeout : 60) * patience);
	tcase_add_unchecked_fixture(tcase, test_begins, test_ends);
	if (c->loop > 0)
		tcase_add_loop_test(tcase, *c->test, 0, c->loop);
	else
		tcase_add_test(tcase, *c->test);
	suite_add_tcase(suite, tcase);
}

/* Which test a result belongs to: its case has the test's name. */
static void count_result(TestResult *result, const struct suite_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp((*cases[i].test)->name, tr_tcname(result)) != 0)
			continue;
		switch (tr_rtype(result)) {
		case CK_PASS: evidence->tests[i].passed++; break;
		case CK_FAILURE: evidence->tests[i].failed++; break;
		default: evidence->tests[i].errors++; break;
		}
		return;
	}
}

static void count_results(SRunner *runner, const struct suite_case *cases, size_t n)
{
	TestResult **results = srunner_results(runner);

	for (int i = 0; i < srunner_ntests_run(runner); i++)
		count_result(results[i], cases, n);
	free(results);
}

/* What stands here where no test_device is linked. */
__attribute__((weak)) const char *suite_unsupported(const char *test)
{
	(void)test;
	return NULL;
}

/*
 * $CK_RUN_CASE names the one test to run; the others are then left out.  So are those that this
 * device cannot run.
 */
static size_t choose(const struct suite_case *cases, size_t n, struct suite_case *chosen,
                     unsigned *left_out)
{
	const char *only = getenv("CK_RUN_CASE");
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		const char *name = (*cases[i].test)->name;
		const char *why = suite_unsupported(name);

		if (only != NULL && strcmp(name, only) != 0)
			continue;
		if (why == NULL) {
			chosen[kept++] = cases[i];
			continue;
		}
		printf("not run here: %s: %s\n", name, why);
		*left_out += 1;
	}
	return kept;
}

/* One line that ci/gpu-bundle's run.sh reads: tests, not rounds. */
static void print_counts(const char *name, size_t n, unsigned left_out)
{
	size_t passed = 0;

	for (size_t i = 0; i < n; i++)
		passed += evidence->tests[i].passed > 0 &&
		          evidence->tests[i].failed + evidence->tests[i].errors == 0;
	printf("suite %s backend %s run %zu passed %zu failed %zu skipped %u\n", name,
	       evidence->backend, n, passed, n - passed, left_out);
}

static bool run_chosen(const char *name, const char *area, const struct suite_case *cases, size_t n)
{
	const char *folder = getenv("VRES_RESULTS");
	Suite *suite = suite_create(name);
	SRunner *runner = srunner_create(suite);
	bool good;

	for (size_t i = 0; i < n; i++)
		add_case(suite, &cases[i]);
	srunner_run_all(runner, CK_ENV);
	count_results(runner, cases, n);
	good = n != 0 && srunner_ntests_failed(runner) == 0 && srunner_ntests_run(runner) >= (int)n;
	if (folder != NULL && *folder != '\0')
		good = evidence_write(evidence, folder, name, area, cases, n) && good;
	srunner_free(runner);
	return good;
}

int suite_run(const char *name, const char *area, const struct suite_case *cases, size_t n)
{
	const size_t bytes = sizeof(*evidence) + n * sizeof(evidence->tests[0]);
	struct suite_case *chosen = calloc(n + 1, sizeof(*chosen));
	const char *device = getenv("VRES_TEST_DEVICE");
	char full_name[128];
	unsigned left_out = 0;
	size_t kept;
	bool good;

	evidence = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (chosen == NULL || evidence == MAP_FAILED) {
		perror(name);
		free(chosen);
		return EXIT_FAILURE;
	}
	memcpy(evidence->backend, backend, sizeof(backend));
	evidence->seed = suite_seed();
	snprintf(full_name, sizeof(full_name), "%s%s%s", name, device ? "." : "",
	         device ? device : "");
	kept = choose(cases, n, chosen, &left_out);
	good = run_chosen(full_name, area, chosen, kept);
	print_counts(full_name, kept, left_out);
	munmap(evidence, bytes);
	free(chosen);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
