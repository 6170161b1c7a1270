/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pages for secrets: they are guarded, left out of core files, and not in a child. */
#include "os/os.h"
#include "os/secret_pages.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "support/suite/alloc.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"

#define PAGE ((size_t)sysconf(_SC_PAGESIZE))

static int touch_in_a_child(volatile uint8_t *at)
{
	int status;
	const pid_t child = fork();

	if (child == 0) {
		/* A sanitizer's handler would end the process otherwise. */
		(void)signal(SIGSEGV, SIG_DFL);
		_exit(*at == 0xff);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return status;
}

START_TEST(secret_pages_are_guarded_on_both_sides_and_empty_in_a_child)
{
	void *page = NULL;
	uint8_t *secret;
	vres_error err;
	int status;

	ck_ok(vres_secret_alloc(64, &page, &err));
	secret = page;
	memset(secret, 0xff, PAGE);
	status = touch_in_a_child(secret - 1);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	status = touch_in_a_child(secret + PAGE);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	status = touch_in_a_child(secret + 63); /* empty in the child, or not mapped at all */
	ck_assert(WIFEXITED(status) ? WEXITSTATUS(status) == 0 : WTERMSIG(status) == SIGSEGV);
	ck_assert_int_eq(secret[63], 0xff);
	vres_secret_free(page, 64);
	status = touch_in_a_child(secret);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	vres_secret_free(NULL, 64);
}
END_TEST

/*
 * A child may only destroy.  That must not reach the parent's secret, nor a page that the child
 * does not have.
 */
START_TEST(child_that_frees_a_secret_leaves_the_parents_alone)
{
	uint8_t *secret;
	void *page = NULL;
	vres_error err;
	pid_t child;
	int status;

	ck_ok(vres_secret_alloc(64, &page, &err));
	secret = page;
	memset(secret, 0xff, 64);
	ck_assert(vres_secret_is_here(page));
	child = fork();
	if (child == 0) {
		const bool is_here = vres_secret_is_here(page);

		(void)signal(SIGSEGV, SIG_DFL);
		vres_secret_free(page, 64);
		_exit(is_here);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(secret[0], 0xff);
	ck_assert_int_eq(secret[63], 0xff);
	vres_secret_free(page, 64);
}
END_TEST

/*
 * In a child there is a gap in place of secret memory, and the child's next mapping may come to lie
 * there.
 */
START_TEST(child_that_frees_a_secret_leaves_its_own_pages_alone)
{
	bool is_secret_memory;
	void *page = NULL;
	vres_error err;
	pid_t child;
	int status;

	ck_ok(vres_secret_alloc(64, &page, &err));
	is_secret_memory = vres_secret_facts_of(page)->is_secret_memory;
	child = fork();
	if (child == 0) {
		volatile uint8_t *own = mmap(page, PAGE, PROT_READ | PROT_WRITE,
		                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		(void)signal(SIGSEGV, SIG_DFL);
		if (own == MAP_FAILED || (own == page) != is_secret_memory)
			_exit(2);
		own[0] = 7;
		vres_secret_free(page, 64);
		_exit(own[0] != 7);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	vres_secret_free(page, 64);
}
END_TEST

/* Does the mapping that holds @at have this flag, by the kernel's list? */
static bool mapping_has(const void *at, const char *flag)
{
	FILE *smaps = fopen("/proc/self/smaps", "r");
	unsigned long start, end;
	char line[512];
	bool here = false, found = false;

	ck_assert_ptr_nonnull(smaps);
	while (fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			here = (unsigned long)(uintptr_t)at >= start &&
			       (unsigned long)(uintptr_t)at < end;
		else if (here && strncmp(line, "VmFlags:", 8) == 0)
			found = strstr(line, flag) != NULL;
	}
	ck_assert_int_eq(fclose(smaps), 0);
	return found;
}

/* Secret memory cannot be read through /proc/self/mem, which debuggers use. */
START_TEST(secret_memory_cannot_be_read_as_a_debugger_does)
{
	const int fd = open("/proc/self/mem", O_RDONLY);
	uint8_t got[16];
	void *page = NULL;
	vres_error err;

	ck_assert_int_ge(fd, 0);
	ck_ok(vres_secret_alloc(16, &page, &err));
	memset(page, 0x77, 16);
	memset(got, 0, sizeof(got));
	if (vres_secret_facts_of(page)->is_secret_memory)
		ck_assert_int_lt(pread(fd, got, 16, (off_t)(uintptr_t)page), 0);
	else
		/* A kernel without secret memory at least keeps the page out of core files. */
		ck_assert(mapping_has(page, " dd"));
	vres_secret_free(page, 16);
	ck_assert_int_eq(close(fd), 0);
}
END_TEST

START_TEST(secret_pages_are_kept_out_of_core_files)
{
	void *page = NULL;
	vres_error err;

	ck_ok(vres_secret_alloc(1, &page, &err));
	ck_assert(mapping_has(page, " dd"));
	ck_assert(vres_secret_facts_of(page)->is_undumped);
	ck_assert_int_eq(vres_secret_facts_of(page)->is_locked, mapping_has(page, " lo"));
	ck_assert(!mapping_has(&page, " dd"));
	vres_secret_free(page, 1);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(secret_pages_are_guarded_on_both_sides_and_empty_in_a_child, "CI-006",
	             "confidentiality", "a key read by an overrun, a key in a child process"),
		CASE(child_that_frees_a_secret_leaves_the_parents_alone, "CI-006 MS-005",
	             "availability", "a key wiped by a child"),
		CASE(child_that_frees_a_secret_leaves_its_own_pages_alone, "MS-005", "availability",
	             "memory of a child freed under it"),
		CASE(secret_memory_cannot_be_read_as_a_debugger_does, "CI-006", "confidentiality",
	             "a key read through /proc"),
		CASE(secret_pages_are_kept_out_of_core_files, "CI-006", "confidentiality",
	             "a key in a core file"),
	};
	return suite_run("unit.secret_pages", "unit", cases, COUNT(cases));
}
