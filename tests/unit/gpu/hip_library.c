/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finding a HIP runtime: none, one that is none, one that is too old or lacks a function. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "gpu_fixture.h"
#include "hip/driver.h"

START_TEST(host_without_a_runtime_is_told_what_to_install)
{
	vres_bself *self = NULL;
	vres_error err;
	vres_status status;

	ck_no_open("/nonexistent/libamdhip64.so.6", VRES_E_NO_BACKEND, "cannot be loaded");
	status = driver_open(NULL, &self, &err);
	if (status == VRES_E_NO_BACKEND)
		ck_no_open(NULL, VRES_E_NO_BACKEND, "ROCm 5.1");
	else if (status == VRES_OK)
		vres_backend_hip()->close(self);
	else
		ck_no_open(NULL, VRES_E_NO_DEVICE, "/dev/kfd");
}
END_TEST

START_TEST(library_that_is_no_runtime_is_refused)
{
	ck_no_open("libc.so.6", VRES_E_NO_BACKEND, "hipInit");
}
END_TEST

/* Makes a copy of the fake in which one function has another name. */
static void write_without(const char *name, const char *path)
{
	const size_t length = strlen(name) + 2;
	/* with a NUL before and behind, as in the table of symbol names */
	char *wanted = calloc(1, length);
	FILE *in = fopen(FAKE_LIBRARY, "rb"), *out = fopen(path, "wb");
	static char image[4 << 20];
	size_t n;

	ck_assert(wanted != NULL && in != NULL && out != NULL);
	memcpy(wanted + 1, name, strlen(name));
	n = fread(image, 1, sizeof(image), in);
	ck_assert(n > 0 && n < sizeof(image));
	for (char *at = image; (at = memmem(at, n - (size_t)(at - image), wanted, length)) != NULL;
	     at++)
		at[1] = 'X';
	ck_assert_uint_eq(fwrite(image, 1, n, out), n);
	(void)fclose(in);
	ck_assert_int_eq(fclose(out), 0);
	free(wanted);
}

START_TEST(runtime_that_lacks_a_function_is_refused_by_its_name)
{
#define NAME(result, name, parameters) #name,
	static const char *const names[] = {HIP_FUNCTIONS(NAME)};
#undef NAME
	char folder[] = "/tmp/vres-hip-XXXXXX", path[64];

	ck_assert_ptr_nonnull(mkdtemp(folder));
	for (size_t i = 0; i < COUNT(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%zu.so", folder, i);
		write_without(names[i], path);
		ck_no_open(path, VRES_E_NO_BACKEND, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(folder);
}
END_TEST

/* It works as before; what it then does to a capture, tests/scenario/driver/capture.c shows. */
START_TEST(runtime_without_capture_modes_is_taken)
{
	char folder[] = "/tmp/vres-hip-XXXXXX", path[64];
	vres_bself *self = NULL;
	vres_error err;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/modes.so", folder);
	write_without("hipThreadExchangeStreamCaptureMode", path);
	ck_ok(driver_open(path, &self, &err));
	vres_backend_hip()->close(self);
	(void)unlink(path);
	(void)rmdir(folder);
}
END_TEST

START_TEST(runtime_older_than_needed_is_refused)
{
	fake_reset(&(const struct fake_params){.version = 50020000});
	ck_no_open(FAKE_LIBRARY, VRES_E_NO_BACKEND, "is 5.0, 5.1 is needed");
}
END_TEST

START_TEST(runtime_without_a_gpu_says_so)
{
	fake_reset(&(const struct fake_params){.devices = -1});
	ck_no_open(FAKE_LIBRARY, VRES_E_NO_DEVICE, "finds no GPU");
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(host_without_a_runtime_is_told_what_to_install, "WORKER-4150", "", ""),
		CASE(library_that_is_no_runtime_is_refused, "WORKER-4150", "", ""),
		CASE(runtime_that_lacks_a_function_is_refused_by_its_name, "WORKER-4150", "",
	             "a call through a null pointer"),
		CASE(runtime_without_capture_modes_is_taken, "WORKER-4150", "availability", ""),
		CASE(runtime_older_than_needed_is_refused, "WORKER-4150", "",
	             "a call with another version's prototype"),
		CASE(runtime_without_a_gpu_says_so, "WORKER-4150", "", ""),
	};

	suite_backend("hip");
	return suite_run("unit_" FAKE_NAME "_library", "backend", cases, COUNT(cases));
}
