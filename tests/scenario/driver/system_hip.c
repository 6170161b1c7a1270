/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * AMD's own runtime of the system (Debian: libamdhip64-5), with or without a GPU.  Never skipped:
 * the test fails where the runtime is missing.
 */
#include <dlfcn.h>
#include <string.h>
#include <unistd.h>
#include "support/fixture/support.h"

static struct fixture *begin_hip(void)
{
	struct setup s = setup_init();
	struct fixture *f;

	s.backend = vres_backend_hip();
	s.no_manager = true;
	s.policy.allow = 0; /* this is not simulated */
	f = begin(&s);
	suite_backend("hip"); /* begin() set the mock's values */
	return f;
}

static bool is_installed(void)
{
	return dlopen("libamdhip64.so.7", RTLD_LAZY) || dlopen("libamdhip64.so.6", RTLD_LAZY) ||
	       dlopen("libamdhip64.so.5", RTLD_LAZY);
}

/* The device node that the kernel driver creates when it finds a GPU. */
static bool gpu_is_there(void)
{
	return access("/dev/kfd", R_OK | W_OK) == 0;
}

START_TEST(real_runtime_without_a_gpu_is_no_device_and_leaves_nothing)
{
	CLEANUP(finish) struct fixture *f = begin_hip();
	const vres_config config = config_of(f);
	vres_error err;

	ck_assert_msg(is_installed(), "no HIP runtime on this machine: install libamdhip64-5");
	for (int times = 0; times < 2; times++) {
		ck_status(manager_create(f, &config, &f->manager, &err),
		          gpu_is_there() ? VRES_OK : VRES_E_NO_DEVICE);
		if (f->manager)
			return;
		ck_assert(err.backend_code == 100 || err.backend_code == 101);
		ck_assert_msg(strstr(err.message, "/dev/kfd") != NULL, "says not what to do: %s",
		              err.message);
		ck_assert_ptr_null(f->manager);
	}
}
END_TEST

START_TEST(real_runtime_is_not_loaded_before_a_manager_asks_for_it)
{
	ck_assert_ptr_nonnull(vres_backend_hip());
	ck_assert_ptr_null(dlopen("libamdhip64.so.5", RTLD_LAZY | RTLD_NOLOAD));
	ck_assert_ptr_null(dlopen("libcuda.so.1", RTLD_LAZY | RTLD_NOLOAD));
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(real_runtime_is_not_loaded_before_a_manager_asks_for_it, "WORKER-4150", "",
	             ""),
		CASE(real_runtime_without_a_gpu_is_no_device_and_leaves_nothing,
	             "WORKER-4150 WORKER-4032", "availability",
	             "a machine without a GPU taken for one"),
	};

	suite_backend("hip");
	return suite_run("system_hip", "backend", cases, COUNT(cases));
}
