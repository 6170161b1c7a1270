/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the CUDA backend does that its contract does not ask of all backends: finding a driver, deadlines, windows of a long hash. */
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>
#include <vres/vres.h>
#include "alloc.h"
#include "content.h"
#include "cuda/driver.h"
#include "fake_cuda.h"
#include "status.h"
#include "suite.h"

static vres_status open_at(const char *path, vres_bself **self, vres_error *err)
{
	const vres_backend_open params = {.struct_size = sizeof(params), .library_path = path};

	return vres_backend_cuda()->open(&params, self, err);
}

static void ck_no_open(const char *path, vres_status want, const char *word)
{
	vres_bself *self = NULL;
	vres_error err;

	ck_status(open_at(path, &self, &err), want);
	ck_assert_ptr_null(self);
	ck_assert_msg(strstr(err.message, word) != NULL, "nothing of %s in: %s", word, err.message);
}

START_TEST(host_without_a_driver_is_told_what_to_install)
{
	void *system = dlopen("libcuda.so.1", RTLD_NOW);
	vres_bself *self = NULL;
	vres_error err;

	ck_no_open("/nonexistent/libcuda.so.1", VRES_E_NO_BACKEND, "cannot be loaded");
	if (system == NULL)
		ck_no_open(NULL, VRES_E_NO_BACKEND, "R525");
	else if (open_at(NULL, &self, &err) == VRES_OK)
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
		fake_cuda_reset(&(const struct fake_cuda_params){.missing = names[i]});
		ck_no_open(FAKE_CUDA, VRES_E_NO_BACKEND, names[i]);
	}
}
END_TEST

START_TEST(driver_older_than_needed_is_refused)
{
	fake_cuda_reset(&(const struct fake_cuda_params){.version = 11080});
	ck_no_open(FAKE_CUDA, VRES_E_NO_BACKEND, "12.0");
	fake_cuda_reset(&(const struct fake_cuda_params){.version = 11030});
	ck_no_open(FAKE_CUDA, VRES_E_NO_BACKEND, "cuDeviceGetUuid");
}
END_TEST

START_TEST(driver_without_a_gpu_says_so)
{
	fake_cuda_reset(&(const struct fake_cuda_params){.devices = -1});
	ck_no_open(FAKE_CUDA, VRES_E_NO_DEVICE, "finds no GPU");
}
END_TEST

START_TEST(every_code_of_the_driver_has_a_meaning)
{
	for (int code = -10; code < 1100; code++) {
		const vres_status status = cuda_meaning(code);

		ck_assert_int_eq(status == VRES_OK, code == 0);
		ck_assert(code == 0 || (vres_status_class(status) >= 1 && vres_status_class(status) <= 3));
	}
	ck_assert_int_eq(cuda_meaning(CUDA_ILLEGAL_ADDRESS), VRES_E_DEVICE_LOST);
	ck_assert_int_eq(cuda_meaning(214), VRES_E_DEVICE_LOST);
	ck_assert_int_eq(cuda_meaning(CUDA_OUT_OF_MEMORY), VRES_E_ALLOCATION_FAILED);
}
END_TEST

/* An opened device with memory and a lane. */
struct bench {
	const vres_backend *ops;
	vres_bself *self;
	vres_bdev *dev;
	vres_bmem *mem;
	vres_mem_info info;
	vres_blane *lane;
	uint8_t *staging;
};

static struct bench bench_begin(const struct fake_cuda_params *params, uint64_t bytes, size_t staging, uint32_t flags)
{
	struct bench b = {.ops = vres_backend_cuda()};
	vres_device_props props = {.struct_size = sizeof(props)};
	void *buffer = NULL;
	vres_error err;

	fake_cuda_reset(params);
	ck_ok(open_at(FAKE_CUDA, &b.self, &err));
	ck_ok(b.ops->device_open(b.self, 0, &props, &b.dev, &err));
	ck_ok(b.ops->mem_alloc(b.dev, bytes, &b.mem, &b.info, &err));
	ck_ok(b.ops->lane_open(b.dev, staging, flags, &b.lane, &buffer, &err));
	b.staging = buffer;
	return b;
}

static void bench_end(struct bench *b)
{
	vres_error err;

	b->ops->lane_close(b->lane);
	(void)b->ops->mem_release(b->mem, &err);
	b->ops->device_close(b->dev);
	b->ops->close(b->self);
	ck_assert_uint_eq(fake_cuda_live(), 0);
	ck_assert_uint_eq(fake_cuda_depth(), 0);
}

#define PATIENCE (UINT64_C(60) * 1000 * 1000 * 1000)
#define SOON     (UINT64_C(2) * 1000 * 1000)

START_TEST(stalled_device_is_given_up_at_the_deadline)
{
	struct bench b = bench_begin(NULL, 8192, 4096, 0);
	uint8_t digests[64];
	uint64_t echo = 0;
	const vres_hash_run run = {b.mem, 0, 8192};
	const vres_hash_job job = {sizeof(job), &run, 1, 4096, 0, digests, 7, &echo};
	vres_error err;

	fake_cuda_stall(true);
	if (_i == 0)
		ck_ok(b.ops->lane_push(b.lane, b.mem, 0, 4096, &err));
	else
		ck_ok(b.ops->hash_blocks(b.lane, &job, &err));
	ck_status_reason(b.ops->lane_wait(b.lane, SOON, &err), VRES_E_BACKEND, VRES_REASON_DEADLINE);
	ck_assert_uint_eq(echo, 0);
	/* The lane takes nothing more; the device does. */
	ck_status(b.ops->lane_push(b.lane, b.mem, 0, 1, &err), VRES_E_BACKEND);
	ck_status(b.ops->lane_wait(b.lane, SOON, &err), VRES_E_BACKEND);
	fake_cuda_stall(false);
	ck_ok(b.ops->mem_wipe(b.mem, &err));
	bench_end(&b);
}
END_TEST

START_TEST(hashes_wait_for_scratch_no_longer_than_their_deadline)
{
	struct bench b = bench_begin(NULL, 8192, 0, 0);
	vres_blane *lanes[SCRATCH_SLOTS + 1];
	uint8_t digest[32];
	uint64_t echo = 0;
	const vres_hash_run run = {b.mem, 0, 4096};
	const vres_hash_job job = {sizeof(job), &run, 1, 4096, 0, digest, 7, &echo};
	void *staging = NULL;
	vres_error err;

	fake_cuda_stall(true);
	for (size_t i = 0; i < COUNT(lanes); i++) {
		ck_ok(b.ops->lane_open(b.dev, 0, 0, &lanes[i], &staging, &err));
		ck_ok(b.ops->hash_blocks(lanes[i], &job, &err));
		ck_status_reason(b.ops->lane_wait(lanes[i], SOON, &err), VRES_E_BACKEND, VRES_REASON_DEADLINE);
	}
	fake_cuda_stall(false);
	for (size_t i = 0; i < COUNT(lanes); i++)
		b.ops->lane_close(lanes[i]);
	ck_ok(b.ops->hash_blocks(b.lane, &job, &err));
	ck_ok(b.ops->lane_wait(b.lane, PATIENCE, &err));
	ck_assert_uint_eq(echo, 7);
	bench_end(&b);
}
END_TEST

START_TEST(refused_page_locking_leaves_a_lane_that_works)
{
	struct bench b = bench_begin(&(const struct fake_cuda_params){.no_pinned = _i}, 4096, 4096, VRES_LANE_PINNED);
	uint8_t expected[4096];
	vres_error err;

	content_fill(b.staging, 4096, 3, 0);
	ck_ok(b.ops->lane_push(b.lane, b.mem, 0, 4096, &err));
	ck_ok(b.ops->lane_wait(b.lane, PATIENCE, &err));
	memset(b.staging, 0, 4096);
	ck_ok(b.ops->lane_pull(b.lane, b.mem, 0, 4096, &err));
	ck_ok(b.ops->lane_wait(b.lane, PATIENCE, &err));
	content_fill(expected, 4096, 3, 0);
	ck_assert_mem_eq(b.staging, expected, 4096);
	bench_end(&b);
}
END_TEST

START_TEST(hash_sees_what_was_there_before_a_later_push_on_its_lane)
{
	struct bench b = bench_begin(NULL, 4096, 4096, 0);
	uint8_t first[4096], digest[32], want[32];
	uint64_t echo = 0;
	const vres_hash_run run = {b.mem, 0, 4096};
	const vres_hash_job job = {sizeof(job), &run, 1, 4096, 0, digest, 7, &echo};
	vres_error err;

	content_fill(first, 4096, 1, 0);
	memcpy(b.staging, first, 4096);
	ck_ok(b.ops->lane_push(b.lane, b.mem, 0, 4096, &err));
	ck_ok(b.ops->lane_wait(b.lane, PATIENCE, &err));
	ck_ok(b.ops->hash_blocks(b.lane, &job, &err));
	content_fill(b.staging, 4096, 2, 0);
	ck_ok(b.ops->lane_push(b.lane, b.mem, 0, 4096, &err));
	ck_ok(b.ops->lane_wait(b.lane, PATIENCE, &err));
	sha256_of(first, 4096, want);
	ck_assert_mem_eq(digest, want, 32);
	bench_end(&b);
}
END_TEST

START_TEST(hash_that_fails_before_a_push_fails_the_wait)
{
	struct bench b = bench_begin(NULL, 4096, 4096, 0);
	uint8_t digest[32];
	uint64_t echo = 0;
	const vres_hash_run run = {b.mem, 0, 4096};
	const vres_hash_job job = {sizeof(job), &run, 1, 4096, 0, digest, 7, &echo};
	vres_error err;

	ck_ok(b.ops->hash_blocks(b.lane, &job, &err));
	fake_cuda_fail("cuLaunchKernel", 1, 999);
	ck_ok(b.ops->lane_push(b.lane, b.mem, 0, 4096, &err));
	ck_status(b.ops->lane_wait(b.lane, PATIENCE, &err), VRES_E_BACKEND);
	ck_ok(b.ops->lane_wait(b.lane, PATIENCE, &err));
	ck_assert_uint_eq(echo, 0);
	bench_end(&b);
}
END_TEST

START_TEST(one_fault_that_ends_the_context_is_remembered)
{
	struct bench b = bench_begin(NULL, 4096, 4096, 0);
	vres_device_status status = {.struct_size = sizeof(status)};
	vres_residency residency = {.struct_size = sizeof(residency)};
	vres_error err;

	ck_ok(b.ops->lane_push(b.lane, b.mem, 0, 4096, &err));
	fake_cuda_fail("cuStreamQuery", 1, 719);
	ck_status(b.ops->lane_wait(b.lane, PATIENCE, &err), VRES_E_DEVICE_LOST);
	ck_assert_int_eq(err.backend_code, 719);
	/* Though the driver would answer again. */
	ck_status(b.ops->device_status(b.dev, &status, &err), VRES_E_DEVICE_LOST);
	ck_status(b.ops->mem_residency(b.mem, &residency, &err), VRES_E_DEVICE_LOST);
	bench_end(&b);
}
END_TEST

START_TEST(padding_of_an_allocation_is_zero_though_new_memory_is_not)
{
	struct bench b = bench_begin(NULL, 100, 4096, 0);
	vres_bmem *all = NULL;
	vres_error err;

	ck_ok(b.ops->mem_adopt(b.dev, b.info.addr, b.info.capacity, &all, &err));
	for (uint64_t at = 100; at < b.info.capacity; at += 4096) {
		const size_t n = b.info.capacity - at < 4096 ? (size_t)(b.info.capacity - at) : 4096;

		memset(b.staging, 1, 4096);
		ck_ok(b.ops->lane_pull(b.lane, all, at, n, &err));
		ck_ok(b.ops->lane_wait(b.lane, PATIENCE, &err));
		for (size_t i = 0; i < n; i++)
			ck_assert_uint_eq(b.staging[i], 0);
	}
	ck_ok(b.ops->mem_release(all, &err));
	bench_end(&b);
}
END_TEST

START_TEST(range_of_which_a_part_is_gone_is_not_device_memory)
{
	struct bench b = bench_begin(NULL, 4096, 0, 0);
	const uint64_t engine = fake_cuda_engine_alloc(0, 4 * 65536, true);
	vres_residency residency = {.struct_size = sizeof(residency)};
	vres_bmem *adopted = NULL;
	vres_error err;

	ck_ok(b.ops->mem_adopt(b.dev, engine, 4 * 65536, &adopted, &err));
	ck_ok(b.ops->mem_residency(adopted, &residency, &err));
	ck_assert_uint_eq(residency.facts, VRES_MEM_DEVICE);
	ck_assert(fake_cuda_lie_at(engine + 2 * 65536, FAKE_GONE));
	ck_ok(b.ops->mem_residency(adopted, &residency, &err));
	ck_assert_uint_eq(residency.facts & VRES_MEM_DEVICE, 0);
	ck_ok(b.ops->mem_release(adopted, &err));
	fake_cuda_engine_free(engine);
	bench_end(&b);
}
END_TEST

#define THREADS 6

struct hasher {
	struct bench *b;
	uint64_t offset;
	uint8_t want[32];
	const char *trouble; /* or NULL */
};

static void *hash_again_and_again(void *arg)
{
	struct hasher *h = arg;
	const vres_backend *ops = h->b->ops;
	const vres_hash_run run = {h->b->mem, h->offset, 4096};
	vres_blane *lane;
	void *staging = NULL;
	vres_error err;

	if (ops->lane_open(h->b->dev, 0, 0, &lane, &staging, &err) != VRES_OK) {
		h->trouble = "lane_open";
		return NULL;
	}
	for (unsigned i = 0; i < suite_scaled(200, 10) && h->trouble == NULL; i++) {
		uint64_t echo = 0;
		uint8_t got[32] = {0};
		const vres_hash_job job = {sizeof(job), &run, 1, 4096, 0, got, i + 1, &echo};

		if (ops->hash_blocks(lane, &job, &err) != VRES_OK || ops->lane_wait(lane, PATIENCE, &err) != VRES_OK)
			h->trouble = "a call";
		else if (echo != i + 1 || memcmp(got, h->want, 32) != 0)
			h->trouble = "a digest that is another thread's";
	}
	ops->lane_close(lane);
	return NULL;
}

START_TEST(threads_hash_at_once_and_none_gets_another_ones_digests)
{
	struct bench b = bench_begin(NULL, THREADS * 4096, THREADS * 4096, 0);
	struct hasher hashers[THREADS];
	pthread_t ids[THREADS];
	vres_error err;

	content_fill(b.staging, THREADS * 4096, 8, 0);
	ck_ok(b.ops->lane_push(b.lane, b.mem, 0, THREADS * 4096, &err));
	ck_ok(b.ops->lane_wait(b.lane, PATIENCE, &err));
	for (size_t i = 0; i < THREADS; i++) {
		hashers[i] = (struct hasher){.b = &b, .offset = i * 4096};
		sha256_of(b.staging + i * 4096, 4096, hashers[i].want);
		ck_assert_int_eq(pthread_create(&ids[i], NULL, hash_again_and_again, &hashers[i]), 0);
	}
	for (size_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(ids[i], NULL), 0);
	for (size_t i = 0; i < THREADS; i++)
		ck_assert_msg(hashers[i].trouble == NULL, "thread %zu has %s", i, hashers[i].trouble);
	bench_end(&b);
}
END_TEST

START_TEST(closing_tries_again_when_the_context_cannot_be_entered)
{
	struct bench b = bench_begin(NULL, 4096, 4096, 0);
	vres_error err;

	fake_cuda_fail("cuCtxPushCurrent", 1, 999);
	b.ops->lane_close(b.lane);
	fake_cuda_fail("cuCtxPushCurrent", 1, 999);
	ck_ok(b.ops->mem_release(b.mem, &err));
	fake_cuda_fail("cuCtxPushCurrent", 1, 999);
	b.ops->device_close(b.dev);
	b.ops->close(b.self);
	ck_assert_uint_eq(fake_cuda_live(), 0);
	ck_assert_uint_eq(fake_cuda_depth(), 0);
}
END_TEST

/* More leaves than a slot of the scratch has room for at any level, and a last window that ends in the middle of a block. */
#define LONG_BYTES (UINT64_C(37) * 1024 * 1024 + 777)
#define SMALL      1024u

static void fill_long(struct bench *b)
{
	const size_t piece = 1 << 20;
	vres_error err;

	for (uint64_t at = 0; at < LONG_BYTES; at += piece) {
		const size_t n = LONG_BYTES - at < piece ? (size_t)(LONG_BYTES - at) : piece;

		content_fill(b->staging, n, 5, at);
		ck_ok(b->ops->lane_push(b->lane, b->mem, at, n, &err));
		ck_ok(b->ops->lane_wait(b->lane, PATIENCE, &err));
	}
}

/* The level of digests above @n bytes at @data; gives @data up. */
static uint8_t *level_above(uint8_t *data, uint64_t *n)
{
	const uint64_t blocks = (*n + SMALL - 1) / SMALL;
	uint8_t *digests = test_alloc(blocks * 32);
	uint8_t block[SMALL];

	for (uint64_t i = 0; i < blocks; i++) {
		const uint64_t left = *n - i * SMALL;

		memset(block, 0, SMALL);
		memcpy(block, data + i * SMALL, left < SMALL ? (size_t)left : SMALL);
		sha256_of(block, SMALL, digests + i * 32);
	}
	test_free(data);
	*n = blocks * 32;
	return digests;
}

START_TEST(hash_of_more_than_the_scratch_holds_equals_openssl_at_every_level)
{
	struct bench b = bench_begin(NULL, LONG_BYTES, 1 << 20, 0);
	uint64_t n = LONG_BYTES;
	uint8_t *want = content(LONG_BYTES, 5);
	vres_error err;

	fill_long(&b);
	for (uint32_t level = 0; level <= 4; level++) {
		const vres_hash_run run = {b.mem, 0, LONG_BYTES};
		uint64_t echo = 0;
		uint8_t *got;

		want = level_above(want, &n);
		got = test_alloc(n);
		ck_ok(b.ops->hash_blocks(b.lane, &(const vres_hash_job){sizeof(vres_hash_job), &run, 1, SMALL, level, got, level + 1, &echo},
		                         &err));
		ck_ok(b.ops->lane_wait(b.lane, PATIENCE, &err));
		ck_assert_uint_eq(echo, level + 1);
		ck_assert_msg(memcmp(got, want, n) == 0, "level %u is wrong", level);
		test_free(got);
	}
	test_free(want);
	bench_end(&b);
}
END_TEST

START_TEST(highest_level_of_the_largest_blocks_fits_the_scratch)
{
	struct bench b = bench_begin(NULL, 200000, 0, 0);
	const vres_hash_run run = {b.mem, 0, 200000};
	uint8_t digest[32];
	uint64_t echo = 0;
	vres_error err;

	for (uint32_t size = 1024; size <= 65536; size *= 2) {
		ck_ok(b.ops->hash_blocks(b.lane, &(const vres_hash_job){sizeof(vres_hash_job), &run, 1, size, 11, digest, size, &echo}, &err));
		ck_ok(b.ops->lane_wait(b.lane, PATIENCE, &err));
		ck_assert_uint_eq(echo, size);
	}
	bench_end(&b);
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
		CASE(driver_that_lacks_a_function_is_refused_by_its_name, "WORKER-4150", "", "a call through a null pointer"),
		CASE(driver_older_than_needed_is_refused, "WORKER-4150", "", "a call with another version's prototype"),
		CASE(driver_without_a_gpu_says_so, "WORKER-4150", "", ""),
		CASE(every_code_of_the_driver_has_a_meaning, "WORKER-4150 WORKER-4032", "", "an error taken for success"),
		CASE_LOOP(stalled_device_is_given_up_at_the_deadline, 2, "WORKER-4032", "availability", "a device that hangs"),
		CASE(hashes_wait_for_scratch_no_longer_than_their_deadline, "WORKER-4032", "availability", "a hash that holds up all others"),
		CASE_LOOP(refused_page_locking_leaves_a_lane_that_works, 2, "VP-003", "availability", ""),
		CASE(hash_sees_what_was_there_before_a_later_push_on_its_lane, "CI-007", "integrity", "work out of order"),
		CASE(hash_that_fails_before_a_push_fails_the_wait, "WORKER-4150", "integrity", "a failure that nobody hears of"),
		CASE(one_fault_that_ends_the_context_is_remembered, "WORKER-4032", "availability", "a device that is gone"),
		CASE(closing_tries_again_when_the_context_cannot_be_entered, "MS-004", "availability", "driver objects left behind"),
		CASE(padding_of_an_allocation_is_zero_though_new_memory_is_not, "VR-007 MS-005", "confidentiality", "what others left in VRAM"),
		CASE(range_of_which_a_part_is_gone_is_not_device_memory, "VP-005 VP-006", "residency", "use after free on the device"),
		CASE(threads_hash_at_once_and_none_gets_another_ones_digests, "VR-008", "integrity", "two hashes in one scratch"),
		CASE_SLOW(hash_of_more_than_the_scratch_holds_equals_openssl_at_every_level, 120, "CI-004 CI-007 WORKER-4113", "integrity",
	                  "a wrong digest past the first window"),
		CASE(highest_level_of_the_largest_blocks_fits_the_scratch, "CI-007 MS-007", "integrity", "a write past the scratch memory"),
	};

	suite_backend("cuda");
	return suite_run("unit_cuda", "backend", cases, COUNT(cases));
}
