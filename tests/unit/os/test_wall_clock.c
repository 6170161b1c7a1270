/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A wall clock that is set to any value. */
#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include "os/os.h"
#include "support/suite/suite.h"

/* What the wall clock says if is_wall_clock_set. */
static struct timespec wall_clock;

static bool is_wall_clock_set;

int __real_clock_gettime(clockid_t clock, struct timespec *out);

int __wrap_clock_gettime(clockid_t clock, struct timespec *out);

int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
	if (clock != CLOCK_REALTIME || !is_wall_clock_set)
		return __real_clock_gettime(clock, out);
	*out = wall_clock;
	return 0;
}

START_TEST(wall_clock_that_does_not_fit_is_the_nearest_that_does_and_says_so)
{
	/* 18446744073 s after 1970 are in 2554. */
	static const struct {
		int64_t seconds, nanoseconds;
		uint64_t want;
		const char *fault;
	} cases[] = {
		{INT64_MIN, 0, 1, "the wall clock is before 1970"},
		{-1, 999999999, 1, "the wall clock is before 1970"},
		{0, 0, 1, "the wall clock is before 1970"},
		{0, 2, 2, NULL},
		{INT64_C(1700000000), 42, UINT64_C(1700000000000000042), NULL},
		{INT64_C(18446744073), 709551614, UINT64_MAX - 1, NULL},
		{INT64_C(18446744073), 709551616, UINT64_MAX, "the wall clock is after 2554"},
		{INT64_C(18446744074), 0, UINT64_MAX, "the wall clock is after 2554"},
		{INT64_MAX, 0, UINT64_MAX, "the wall clock is after 2554"},
	};

	is_wall_clock_set = true;
	for (size_t i = 0; i < COUNT(cases); i++) {
		wall_clock = (struct timespec){.tv_sec = cases[i].seconds,
		                               .tv_nsec = cases[i].nanoseconds};
		ck_assert_uint_eq(vres_os_wall(), cases[i].want);
		ck_assert_pstr_eq(vres_os_wall_fault(vres_os_wall()), cases[i].fault);
	}
	is_wall_clock_set = false;
	ck_assert_pstr_eq(vres_os_wall_fault(vres_os_wall()), NULL);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(wall_clock_that_does_not_fit_is_the_nearest_that_does_and_says_so,
	             "WORKER-4110", "", ""),
	};

	return suite_run("unit.wall_clock", "unit", cases, COUNT(cases));
}
