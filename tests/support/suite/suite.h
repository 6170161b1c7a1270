/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A suite: a table of tests, each with the requirement ids it stands for, run by Check.  Each test
 * leaves one JSON line of evidence, made from its outcome (docs/TESTING.md).
 *
 * 	START_TEST(flipped_bit_fails_full_verify)
 * 	{
 * 		...
 * 	}
 * 	END_TEST
 *
 * 	int main(void)
 * 	{
 * 		static const struct suite_case cases[] = {
 * 			CASE(flipped_bit_fails, "CI-007", "integrity", "bit flip in VRAM"),
 * 		};
 * 		return suite_run("tamper", "verify", cases, COUNT(cases));
 * 	}
 */
#ifndef TESTS_SUPPORT_SUITE_SUITE_H
#define TESTS_SUPPORT_SUITE_SUITE_H

#include <check.h>
#include <stddef.h>
#include <stdint.h>

struct suite_case {
	/* Its name, underscores read as blanks, is the explanation. */
	const TTest *const *test;
	const char *ids; /* requirement ids, separated by blanks */
	/*
	 * Integrity, authenticity, residency, confidentiality, availability, accountability; or "".
	 */
	const char *security_property;
	const char *threat_coverage; /* what it would catch; or "" */
	int loop;                    /* run it so many times with _i = 0, 1, ...; 0: once */
	double timeout;              /* seconds; 0: 60 */
};

#define CASE(fn, ids, property, threat)                                                            \
	{                                                                                          \
		&fn, ids, property, threat, 0, 0                                                   \
	}
#define CASE_LOOP(fn, n, ids, property, threat)                                                    \
	{                                                                                          \
		&fn, ids, property, threat, n, 0                                                   \
	}
#define CASE_SLOW(fn, seconds, ids, property, threat)                                              \
	{                                                                                          \
		&fn, ids, property, threat, 0, seconds                                             \
	}
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/*
 * Run the cases; prints Check's lines, which cases are not run on this device and why, and a line
 * of counts; appends evidence to $VRES_RESULTS/<name>.ndjson when that is set, with the device in
 * the name unless it is the mock.  The process's exit status.
 */
int suite_run(const char *name, const char *area, const struct suite_case *cases, size_t n);

/*
 * Why a test is not run on the device that was chosen, NULL when it is: of test_device.h, or, in
 * suites without a device, always NULL.
 */
const char *suite_unsupported(const char *test);

/* Put a number into the evidence line of the test that is running; the last one of a key stays. */
void suite_value(const char *key, double value);

/* Add to a number in it, over all rounds of a looped test. */
void suite_add(const char *key, double value);

/*
 * Which backend the tests drive, for the evidence: "mock" unless said otherwise, before suite_run()
 * or in a test.
 */
void suite_backend(const char *name);

/* What deterministic test data starts from: $VRES_TEST_SEED, or 1. */
uint32_t suite_seed(void);

/*
 * How many rounds of a loop to run that has @full at full size: $VRES_TEST_SCALE percent, but at
 * least @least.  Without the variable: all, or a twentieth under Valgrind.
 */
unsigned suite_scaled(unsigned full, unsigned least);

#endif
