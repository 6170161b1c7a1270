/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A suite with one test of each outcome.  It is no test of its own: selftest.c runs it and reads
 * what it says.
 */
#include <signal.h>
#include <unistd.h>
#include "support/suite/suite.h"

START_TEST(one_that_passes)
{
	suite_value("answer", 41);
	suite_value("answer", 42);
	suite_value("half", 0.5);
}
END_TEST

START_TEST(one_that_fails)
{
	ck_assert_int_eq(1, 2);
}
END_TEST

START_TEST(one_that_crashes)
{
	raise(SIGKILL);
}
END_TEST

START_TEST(one_that_hangs)
{
	pause();
}
END_TEST

START_TEST(one_that_fails_in_its_third_round)
{
	suite_add("rounds", 1);
	ck_assert_int_ne(_i, 2);
}
END_TEST

START_TEST(one_that_leaves)
{
	_exit(3);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(one_that_passes, "ID-1 ID-2", "integrity", "bit flip, \"quoted\""),
		CASE(one_that_fails, "ID-3", "", ""),
		CASE(one_that_crashes, "", "", ""),
		{&one_that_hangs, "", "", "", 0, 0.2},
		CASE_LOOP(one_that_fails_in_its_third_round, 5, "", "", ""),
		CASE(one_that_leaves, "", "", ""),
	};

	suite_backend("none");
	return suite_run("broken", "support", cases, COUNT(cases));
}
