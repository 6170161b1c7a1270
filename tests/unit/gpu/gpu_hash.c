/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Hashing over any vendor's fake driver: more than the scratch memory holds, every block size up to
 * the highest level, and several threads at once.
 */
#include <pthread.h>
#include <string.h>
#include "support/suite/alloc.h"
#include "gpu_fixture.h"
#include "support/suite/content.h"

#define THREADS 6

struct hasher {
	struct gpu_fixture *b;
	uint64_t offset;
	uint8_t want[32];
	const char *trouble; /* NULL: none */
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

		if (ops->hash_blocks(lane, &job, &err) != VRES_OK ||
		    ops->lane_wait(lane, PATIENCE, &err) != VRES_OK)
			h->trouble = "a call";
		else if (echo != i + 1 || memcmp(got, h->want, 32) != 0)
			h->trouble = "a digest that is another thread's";
	}
	ops->lane_close(lane);
	return NULL;
}

START_TEST(threads_hash_at_once_and_none_gets_another_ones_digests)
{
	struct gpu_fixture b = gpu_fixture_open(NULL, THREADS * 4096, THREADS * 4096, 0);
	struct hasher hashers[THREADS];
	pthread_t ids[THREADS];
	vres_error err;

	content_fill(b.staging, THREADS * 4096, 8, 0);
	ck_ok(b.ops->lane_push(b.lane, b.mem, 0, THREADS * 4096, &err));
	ck_ok(b.ops->lane_wait(b.lane, PATIENCE, &err));
	for (size_t i = 0; i < THREADS; i++) {
		hashers[i] = (struct hasher){.b = &b, .offset = i * 4096};
		sha256_of(b.staging + i * 4096, 4096, hashers[i].want);
		ck_assert_int_eq(pthread_create(&ids[i], NULL, hash_again_and_again, &hashers[i]),
		                 0);
	}
	for (size_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(ids[i], NULL), 0);
	for (size_t i = 0; i < THREADS; i++)
		ck_assert_msg(hashers[i].trouble == NULL, "thread %zu has %s", i,
		              hashers[i].trouble);
	gpu_fixture_close(&b);
}
END_TEST

/* More lanes are open than the scratch memory has slots, so each job must give its slot back. */
START_TEST(lanes_that_have_hashed_keep_no_scratch)
{
	struct gpu_fixture b = gpu_fixture_open(NULL, 4096, 0, 0);
	const vres_hash_run run = {b.mem, 0, 4096};
	vres_blane *lanes[THREADS];
	uint8_t digest[32];
	void *staging = NULL;
	vres_error err;

	for (size_t i = 0; i < THREADS; i++) {
		uint64_t echo = 0;

		ck_ok(b.ops->lane_open(b.dev, 0, 0, &lanes[i], &staging, &err));
		ck_ok(b.ops->hash_blocks(lanes[i],
		                         &(const vres_hash_job){sizeof(vres_hash_job), &run, 1,
		                                                4096, 0, digest, i + 1, &echo},
		                         &err));
		ck_ok(b.ops->lane_wait(lanes[i], PATIENCE / 6, &err));
		ck_assert_uint_eq(echo, i + 1);
	}
	for (size_t i = 0; i < THREADS; i++)
		b.ops->lane_close(lanes[i]);
	gpu_fixture_close(&b);
}
END_TEST

/* The content has more leaves than a slot of the scratch memory holds, and ends inside a block. */
#define LONG_BYTES (UINT64_C(37) * 1024 * 1024 + 777)
#define SMALL      1024u

static void fill_long(struct gpu_fixture *b)
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

/* Returns the digests of the level above the @n bytes at @data.  Frees @data. */
static uint8_t *level_above(uint8_t *data, uint64_t *n, uint32_t size)
{
	const uint64_t blocks = (*n + size - 1) / size;
	uint8_t *digests = test_alloc(blocks * 32), *block = test_alloc(size);

	for (uint64_t i = 0; i < blocks; i++) {
		const uint64_t left = *n - i * size;

		memset(block, 0, size);
		memcpy(block, data + i * size, left < size ? (size_t)left : size);
		sha256_of(block, size, digests + i * 32);
	}
	test_free(block);
	test_free(data);
	*n = blocks * 32;
	return digests;
}

START_TEST(hash_of_more_than_the_scratch_holds_equals_openssl_at_every_level)
{
	struct gpu_fixture b = gpu_fixture_open(NULL, LONG_BYTES, 1 << 20, 0);
	uint64_t n = LONG_BYTES;
	uint8_t *want = content(LONG_BYTES, 5);
	vres_error err;

	fill_long(&b);
	for (uint32_t level = 0; level <= 4; level++) {
		const vres_hash_run run = {b.mem, 0, LONG_BYTES};
		uint64_t echo = 0;
		uint8_t *got;

		want = level_above(want, &n, SMALL);
		got = test_alloc(n);
		ck_ok(b.ops->hash_blocks(b.lane,
		                         &(const vres_hash_job){sizeof(vres_hash_job), &run, 1,
		                                                SMALL, level, got, level + 1,
		                                                &echo},
		                         &err));
		ck_ok(b.ops->lane_wait(b.lane, PATIENCE, &err));
		ck_assert_uint_eq(echo, level + 1);
		ck_assert_msg(memcmp(got, want, n) == 0, "level %u is wrong", level);
		test_free(got);
	}
	test_free(want);
	gpu_fixture_close(&b);
}
END_TEST

START_TEST(highest_level_of_the_largest_blocks_fits_the_scratch)
{
	const size_t bytes = 200000;
	struct gpu_fixture b = gpu_fixture_open(NULL, bytes, bytes, 0);
	const vres_hash_run run = {b.mem, 0, bytes};
	uint8_t digest[32];
	uint64_t echo = 0;
	vres_error err;

	content_fill(b.staging, bytes, 6, 0);
	ck_ok(b.ops->lane_push(b.lane, b.mem, 0, bytes, &err));
	ck_ok(b.ops->lane_wait(b.lane, PATIENCE, &err));
	for (uint32_t size = 1024; size <= 65536; size *= 2) {
		uint8_t *want = content(bytes, 6);
		uint64_t n = bytes;

		for (uint32_t level = 0; level <= 11; level++)
			want = level_above(want, &n, size);
		ck_assert_uint_eq(n, sizeof(digest));
		ck_ok(b.ops->hash_blocks(b.lane,
		                         &(const vres_hash_job){sizeof(vres_hash_job), &run, 1,
		                                                size, 11, digest, size, &echo},
		                         &err));
		ck_ok(b.ops->lane_wait(b.lane, PATIENCE, &err));
		ck_assert_uint_eq(echo, size);
		ck_assert_mem_eq(digest, want, sizeof(digest));
		test_free(want);
	}
	gpu_fixture_close(&b);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(threads_hash_at_once_and_none_gets_another_ones_digests, "VR-008", "integrity",
	             "two hashes in one scratch"),
		CASE(lanes_that_have_hashed_keep_no_scratch, "VR-008", "availability",
	             "a hash that waits for one that is done"),
		CASE_SLOW(hash_of_more_than_the_scratch_holds_equals_openssl_at_every_level, 120,
	                  "CI-004 CI-007 WORKER-4113", "integrity",
	                  "a wrong digest past the first window"),
		CASE(highest_level_of_the_largest_blocks_fits_the_scratch, "CI-007 MS-007",
	             "integrity", "a write past the scratch memory"),
	};

	suite_backend(FAKE_BACKEND()->name);
	return suite_run("unit_" FAKE_NAME "_hash", "backend", cases, COUNT(cases));
}
