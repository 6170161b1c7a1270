/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What only the CUDA backend does: find a driver, interpret its codes, choose a kernel image, ask
 * about pools.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "gpu_fixture.h"
#include "cuda/driver.h"

START_TEST(host_without_a_driver_is_told_what_to_install)
{
	void *system = dlopen("libcuda.so.1", RTLD_NOW);
	vres_bself *self = NULL;
	vres_error err;

	ck_no_open("/nonexistent/libcuda.so.1", VRES_E_NO_BACKEND, "cannot be loaded");
	if (system == NULL && getenv("VRES_TEST_BROKEN_LIBCUDA"))
		/* The suite runs a second time with a libcuda.so.1 that is not a library. */
		ck_no_open(NULL, VRES_E_NO_BACKEND, "is there, and cannot be loaded");
	else if (system == NULL)
		ck_no_open(NULL, VRES_E_NO_BACKEND, "R525");
	else if (driver_open(NULL, &self, &err) == VRES_OK)
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

/* Opens device 0. *kernel is the note that names the kernel image in use. */
static vres_status device_open(const struct fake_params *params, char kernel[64], vres_error *why)
{
	vres_device_props props = {.struct_size = sizeof(props)};
	vres_bself *self;
	vres_bdev *dev;
	vres_status status;
	vres_error err;

	fake_reset(params);
	ck_ok(driver_open(FAKE_CUDA, &self, &err));
	status = vres_backend_cuda()->device_open(self, 0, &props, &dev, why);
	for (uint32_t i = 0; status == VRES_OK && i < props.notes_count; i++)
		if (strcmp(props.notes[i].name, "kernel") == 0)
			(void)snprintf(kernel, 64, "%s", props.notes[i].value);
	if (status == VRES_OK)
		vres_backend_cuda()->device_close(dev);
	vres_backend_cuda()->close(self);
	ck_assert_uint_eq(fake_live(), 0);
	return status;
}

/* Images of this build, as backends/cuda/images.S embeds them; one that was not built is empty. */
extern const unsigned char vres_cuda_fatbin[], vres_cuda_fatbin_end[];
extern const unsigned char vres_cuda_ptx[], vres_cuda_ptx_end[];

/* The tests of the choice between two images need both nvcc and clang at build time. */
static bool has_both_images(void)
{
	const bool has_both = &vres_cuda_fatbin[0] != &vres_cuda_fatbin_end[0] &&
	                      &vres_cuda_ptx[0] != &vres_cuda_ptx_end[0];

	if (!has_both)
		printf("NOT CHECKED: this build has not both kernel images\n");
	return has_both;
}

/* 300: invalid source; 401: illegal state; 999: unknown error. */
START_TEST(next_image_is_tried_whatever_the_driver_calls_the_failure)
{
	static const int codes[] = {CUDA_INVALID_VALUE, CUDA_OUT_OF_MEMORY,     300, 401,
	                            CUDA_NOT_SUPPORTED, CUDA_NO_BINARY_FOR_GPU, 999};
	char kernel[64] = "";
	vres_error err;

	for (size_t i = 0; has_both_images() && i < COUNT(codes); i++)
		for (int lazy = 0; lazy < 2; lazy++) {
			const struct fake_params params = {.fatbin_code = codes[i], .lazy = lazy};

			ck_ok(device_open(&params, kernel, &err));
			ck_assert_str_eq(kernel, "PTX, by clang");
		}
}
END_TEST

START_TEST(granularity_of_zero_is_trouble_with_the_driver)
{
	const struct fake_params params = {.no_granularity = true};
	char kernel[64];
	vres_error err;

	ck_status(device_open(&params, kernel, &err), VRES_E_BACKEND);
}
END_TEST

START_TEST(image_that_breaks_the_context_loses_the_device)
{
	char kernel[64];
	vres_error err;

	for (int lazy = 0; has_both_images() && lazy < 2; lazy++) {
		const struct fake_params params = {
			.fatbin_code = 999, .image_breaks = 719, .lazy = lazy};

		ck_status(device_open(&params, kernel, &err), VRES_E_DEVICE_LOST);
		ck_assert_int_eq(err.backend_code, 719);
	}
}
END_TEST

START_TEST(driver_that_does_not_start_is_told_why_and_what_to_do)
{
	static const struct {
		int code;
		const char *word;
	} troubles[] = {{CUDA_SYSTEM_NOT_READY, "start nvidia-fabricmanager"},
	                {CUDA_DRIVER_MISMATCH, "reboot"},
	                {CUDA_COMPAT_NOT_SUPPORTED, "cuda-compat"},
	                {CUDA_MPS_CONNECTION_FAILED, "nvidia-cuda-mps-control"},
	                {CUDA_STUB_LIBRARY, "stub"},
	                {CUDA_UNKNOWN, "does not start: CUDA_ERROR_UNKNOWN (999)"}};

	for (size_t i = 0; i < COUNT(troubles); i++) {
		fake_reset(&(const struct fake_params){.start_code = troubles[i].code});
		ck_no_open(FAKE_CUDA, VRES_E_NO_BACKEND, troubles[i].word);
	}
}
END_TEST

/* A driver that lacks cuMemPoolGetAccess can still say that there is a pool. */
START_TEST(memory_of_a_pool_is_called_so_and_its_peers_are_asked_of_the_pool)
{
	for (int is_missing = 0; is_missing < 2; is_missing++) {
		const struct fake_params params = {
			.devices = 2, .missing = is_missing ? "cuMemPoolGetAccess" : NULL};
		struct gpu_fixture b = gpu_fixture_open(&params, 4096, 0, 0);
		vres_residency residency = {.struct_size = sizeof(residency)};
		vres_error err;

		ck_ok(b.ops->mem_residency(b.mem, &residency, &err));
		ck_assert_uint_eq(residency.facts, VRES_MEM_DEVICE);
		ck_assert(fake_lie_at(b.info.addr, FAKE_POOL));
		ck_ok(b.ops->mem_residency(b.mem, &residency, &err));
		/* A pool's memory was not made by cuMemCreate. */
		ck_assert_uint_eq(residency.facts,
		                  VRES_MEM_DEVICE | VRES_MEM_POOL | VRES_MEM_EXPORTABLE);
		ck_assert(fake_lie_at(b.info.addr, FAKE_POOL_PEER));
		ck_ok(b.ops->mem_residency(b.mem, &residency, &err));
		ck_assert_uint_eq(residency.facts, VRES_MEM_DEVICE | VRES_MEM_POOL |
		                                           VRES_MEM_EXPORTABLE |
		                                           (is_missing ? 0 : VRES_MEM_PEER_ACCESS));
		gpu_fixture_close(&b);
	}
}
END_TEST

static vres_residency residency_of(const struct gpu_fixture *b)
{
	vres_residency residency = {.struct_size = sizeof(residency)};
	vres_error err;

	ck_ok(b->ops->mem_residency(b->mem, &residency, &err));
	return residency;
}

START_TEST(attributes_of_an_address_are_read_with_one_call)
{
	struct gpu_fixture b = gpu_fixture_open(NULL, 4096, 0, 0);
	const uint64_t several = fake_calls("cuPointerGetAttributes"),
		       single = fake_calls("cuPointerGetAttribute");

	ck_assert_uint_eq(residency_of(&b).facts, VRES_MEM_DEVICE);
	ck_assert_uint_eq(fake_calls("cuPointerGetAttributes"), several + 1);
	ck_assert_uint_eq(fake_calls("cuPointerGetAttribute"), single);
	gpu_fixture_close(&b);
}
END_TEST

/* cuda.h names fewer attributes for the call for several than for the call for one. */
START_TEST(driver_that_takes_fewer_attributes_at_once_is_asked_for_each)
{
	const struct fake_params kinds[] = {{.attributes = FAKE_ATTRIBUTES_REFUSED},
	                                    {.attributes = FAKE_ATTRIBUTES_ZERO},
	                                    {.no_buffer_id = true}};
	struct gpu_fixture b = gpu_fixture_open(&kinds[_i], 4096, 0, 0);
	const vres_residency before = residency_of(&b);

	ck_assert_uint_eq(before.facts, VRES_MEM_DEVICE);
	ck_assert_uint_eq(before.base, b.info.addr);
	ck_assert_uint_eq(before.bytes, b.info.capacity);
	ck_assert_int_eq(before.identity[0] == 0, kinds[_i].no_buffer_id);
	ck_assert_uint_ne(before.identity[1], 0);
	ck_assert(fake_lie_at(b.info.addr, FAKE_MOVED));
	ck_assert_uint_ne(residency_of(&b).identity[1], before.identity[1]);
	gpu_fixture_close(&b);
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
		CASE(driver_that_does_not_start_is_told_why_and_what_to_do, "WORKER-4150", "",
	             "a machine that nobody can mend"),
		CASE(next_image_is_tried_whatever_the_driver_calls_the_failure, "WORKER-4150", "",
	             "a GPU that could hash, and does not"),
		CASE(granularity_of_zero_is_trouble_with_the_driver, "WORKER-4150", "availability",
	             "a division by zero"),
		CASE(image_that_breaks_the_context_loses_the_device, "WORKER-4032", "",
	             "a context used after its end"),
		CASE(memory_of_a_pool_is_called_so_and_its_peers_are_asked_of_the_pool, "VP-005",
	             "residency", "weights that another GPU can read"),
		CASE(attributes_of_an_address_are_read_with_one_call, "VP-005", "", ""),
		CASE_LOOP(driver_that_takes_fewer_attributes_at_once_is_asked_for_each, 3,
	                  "VP-005 VP-006", "residency", "memory replaced behind one address"),
		CASE(every_code_of_the_driver_has_a_meaning, "WORKER-4150 WORKER-4032", "",
	             "an error taken for success"),
	};

	suite_backend("cuda");
	return suite_run("unit_cuda", "backend", cases, COUNT(cases));
}
