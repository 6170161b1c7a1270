/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the CUDA backend does that its contract does not ask of all backends: finding a driver, and
 * what its codes mean.
 */
#include <dlfcn.h>
#include <string.h>
#include "bench.h"
#include "cuda/driver.h"

START_TEST(host_without_a_driver_is_told_what_to_install)
{
	void *system = dlopen("libcuda.so.1", RTLD_NOW);
	vres_bself *self = NULL;
	vres_error err;

	ck_no_open("/nonexistent/libcuda.so.1", VRES_E_NO_BACKEND, "cannot be loaded");
	if (system == NULL)
		ck_no_open(NULL, VRES_E_NO_BACKEND, "R525");
	else if (bench_open_at(NULL, &self, &err) == VRES_OK)
		vres_backend_cuda()->close(self);
}
END_TEST

START_TEST(library_that_is_no_driver_is_refused)
{
	ck_no_open("libc.so.6", VRES_E_NO_BACKEND, "cuGetProcAddress_v2");
}
END_TEST

#ifdef STUB_CUDA
START_TEST(stub_of_the_toolkit_is_recognized)
{
	ck_no_open(STUB_CUDA, VRES_E_NO_BACKEND, "stub");
}
END_TEST
#endif

START_TEST(driver_that_lacks_a_function_is_refused_by_its_name)
{
#define NAME(name, version, parameters) #name,
	static const char *const names[] = {CUDA_FUNCTIONS(NAME)};
#undef NAME

	for (size_t i = 0; i < COUNT(names); i++) {
		fake_reset(&(const struct fake_params){.missing = names[i]});
		ck_no_open(FAKE_CUDA, VRES_E_NO_BACKEND, names[i]);
	}
}
END_TEST

START_TEST(driver_older_than_needed_is_refused)
{
	fake_reset(&(const struct fake_params){.version = 11080});
	ck_no_open(FAKE_CUDA, VRES_E_NO_BACKEND, "12.0");
	fake_reset(&(const struct fake_params){.version = 11030});
	ck_no_open(FAKE_CUDA, VRES_E_NO_BACKEND, "cuDeviceGetUuid");
}
END_TEST

START_TEST(driver_without_a_gpu_says_so)
{
	fake_reset(&(const struct fake_params){.devices = -1});
	ck_no_open(FAKE_CUDA, VRES_E_NO_DEVICE, "finds no GPU");
}
END_TEST

START_TEST(every_code_of_the_driver_has_a_meaning)
{
	for (int code = -10; code < 1100; code++) {
		const vres_status status = cuda_meaning(code);

		ck_assert_int_eq(status == VRES_OK, code == 0);
		ck_assert(code == 0 ||
		          (vres_status_class(status) >= 1 && vres_status_class(status) <= 3));
	}
	ck_assert_int_eq(cuda_meaning(CUDA_ILLEGAL_ADDRESS), VRES_E_DEVICE_LOST);
	ck_assert_int_eq(cuda_meaning(214), VRES_E_DEVICE_LOST);
	ck_assert_int_eq(cuda_meaning(CUDA_OUT_OF_MEMORY), VRES_E_ALLOCATION_FAILED);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(host_without_a_driver_is_told_what_to_install, "WORKER-4150", "", ""),
		CASE(library_that_is_no_driver_is_refused, "WORKER-4150", "", ""),
#ifdef STUB_CUDA
		CASE(stub_of_the_toolkit_is_recognized, "WORKER-4150", "", ""),
#endif
		CASE(driver_that_lacks_a_function_is_refused_by_its_name, "WORKER-4150", "",
	             "a call through a null pointer"),
		CASE(driver_older_than_needed_is_refused, "WORKER-4150", "",
	             "a call with another version's prototype"),
		CASE(driver_without_a_gpu_says_so, "WORKER-4150", "", ""),
		CASE(every_code_of_the_driver_has_a_meaning, "WORKER-4150 WORKER-4032", "",
	             "an error taken for success"),
	};

	suite_backend("cuda");
	return suite_run("unit_cuda", "backend", cases, COUNT(cases));
}
