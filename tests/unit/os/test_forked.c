/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Under some emulators madvise() succeeds and does nothing.  Even there a forked child must be
 * recognised, and self_check must report what the child really saw.
 */
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vres/vres.h>

#include "os/os.h"
#include "os/secret_pages.h"
#include "sign/key.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"

static bool is_lying;

int __real_madvise(void *at, size_t n, int advice);
int __wrap_madvise(void *at, size_t n, int advice);

int __wrap_madvise(void *at, size_t n, int advice)
{
	return is_lying ? 0 : __real_madvise(at, n, advice);
}

/* Returns 0 if a child takes neither @home nor @key nor @page for its own. */
static int child_sees(const struct os_home *home, const vres_key *key, const void *page)
{
	const pid_t child = fork();
	vres_error err;
	int status = -1;

	if (child == 0)
		_exit((vres_os_home_is_here(home) ? 1 : 0) |
		      (vres_key_check(key, &err) == VRES_OK ? 2 : 0) |
		      (vres_secret_is_here(page) ? 4 : 0));
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

START_TEST(child_is_recognised_whether_or_not_the_kernel_empties_pages)
{
	struct os_home home;
	vres_key *key = NULL;
	void *page = NULL;
	vres_error err;

	is_lying = _i == 1;
	vres_os_home_open(&home);
	ck_ok(vres_key_derive("token", 5, NULL, &key, &err));
	ck_ok(vres_secret_alloc(1, &page, &err));
	ck_assert(vres_os_home_is_here(&home));
	ck_ok(vres_key_check(key, &err));
	ck_assert_int_eq(child_sees(&home, key, page), 0);
	vres_secret_free(page, 1);
	vres_key_destroy(key);
	vres_os_home_close(&home);
	is_lying = false;
}
END_TEST

START_TEST(self_check_says_what_a_child_found_and_not_what_the_system_said)
{
	vres_self_report report = vres_self_report_init();
	vres_error err;

	ck_ok(vres_self_check(&report, &err));
	ck_assert_uint_eq(report.kept_from_children, 1);
	is_lying = true;
	ck_ok(vres_self_check(&report, &err));
	ck_assert_uint_eq(report.kept_from_children, 0);
	is_lying = false;
}
END_TEST

START_TEST(self_check_leaves_no_child_behind)
{
	vres_self_report report = vres_self_report_init();
	vres_error err;

	ck_ok(vres_self_check(&report, &err));
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG | __WALL), -1);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(child_is_recognised_whether_or_not_the_kernel_empties_pages, 2,
	                  "WORKER-4150", "confidentiality", "a child that signs"),
		CASE(self_check_says_what_a_child_found_and_not_what_the_system_said, "SM-SEC-5001",
	             "confidentiality", "a key in a forked child"),
		CASE(self_check_leaves_no_child_behind, "", "availability", "a zombie"),
	};

	return suite_run("unit.forked", "unit", cases, COUNT(cases));
}
