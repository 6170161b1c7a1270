/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hashing bytes that the threads read from a source themselves, each thread its own parts. */
#include "hash/hasher.h"
#include <stdatomic.h>
#include "support/suite/alloc.h"
#include "support/suite/content.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"
#include "base/validate.h"

#define MOST ((size_t)(4 << 20) + 4321)

static void release_bytes(uint8_t **bytes)
{
	test_free(*bytes);
}

/* A hasher with all that it needs. */
struct fixture {
	struct workers workers;
	struct tree_builder tree;
	struct sha256 flat;
	struct hasher hasher;
};

static void begin(struct fixture *fixture, uint32_t block_size, uint32_t threads, bool wants_flat)
{
	vres_error err;

	ck_ok(workers_open(&fixture->workers, threads, &err));
	ck_ok(tree_open(&fixture->tree, block_size, &err));
	ck_ok(vres_sha256_open(&fixture->flat, &err));
	hasher_open(&fixture->hasher, &fixture->workers, &fixture->tree,
	            wants_flat ? &fixture->flat : NULL);
}

static void end(struct fixture *fixture)
{
	hasher_close(&fixture->hasher);
	workers_close(&fixture->workers);
	tree_close(&fixture->tree);
	vres_sha256_close(&fixture->flat);
}

static void ck_tree(struct fixture *fixture, size_t n, const char *want)
{
	uint8_t root[32], digest[32];
	char got[65];
	vres_error err;

	ck_ok(tree_finish(&fixture->tree, 0, root, &err));
	ck_ok(tree_digest(n, fixture->tree.block_size, root, digest, &err));
	vres_hex(digest, got);
	ck_assert_msg(strcmp(got, want) == 0, "%zu bytes in blocks of %u", n,
	              fixture->tree.block_size);
	ck_assert_uint_eq(fixture->tree.bytes, n);
}

static void ck_digests(struct fixture *fixture, const uint8_t *bytes, size_t n)
{
	uint8_t digest[32], want[32];
	char verity[65];
	vres_error err;

	verity_hex(bytes, n, fixture->tree.block_size, verity);
	ck_tree(fixture, n, verity);
	if (fixture->hasher.flat == NULL)
		return;
	ck_ok(vres_sha256_end(&fixture->flat, digest, &err));
	sha256_of(bytes, n, want);
	ck_assert_mem_eq(digest, want, 32);
}

/* A source: @n bytes, the first of which has offset @offset. */
struct taken {
	const uint8_t *bytes;
	uint64_t offset;
	size_t n;
	size_t most; /* the largest part that was asked for; under the lock */
	pthread_mutex_t lock;
	atomic_bool asked_outside;
	uint64_t fails_at; /* the offset whose bytes cannot be read; UINT64_MAX: none */
};

static vres_status get(void *ctx, uint32_t worker, uint64_t offset, size_t n, const uint8_t **bytes,
                       vres_error *err)
{
	struct taken *taken = ctx;

	(void)worker;
	(void)pthread_mutex_lock(&taken->lock);
	taken->most = n > taken->most ? n : taken->most;
	(void)pthread_mutex_unlock(&taken->lock);
	if (n == 0 || offset < taken->offset || offset + n > taken->offset + taken->n)
		atomic_store(&taken->asked_outside, true);
	if (taken->fails_at >= offset && taken->fails_at < offset + n)
		return vres_fail(err, VRES_E_IO, "no more");
	*bytes = taken->bytes + (offset - taken->offset);
	return VRES_OK;
}

static struct taken taken_from(const uint8_t *bytes, uint64_t offset, size_t n)
{
	return (struct taken){.bytes = bytes,
	                      .offset = offset,
	                      .n = n,
	                      .lock = PTHREAD_MUTEX_INITIALIZER,
	                      .fails_at = UINT64_MAX};
}

START_TEST(bytes_may_be_taken_from_a_source_by_each_thread)
{
	static const struct {
		uint32_t block_size;
		size_t bytes;
	} trees[] = {
		{4096, 0},    {4096, 1},    {1024, 1023}, {65536, 65536}, {4096, (2 << 20) + 1},
		{1024, MOST}, {4096, MOST}, {65536, MOST}};
	CLEANUP(release_bytes) uint8_t *bytes = content(MOST, 6);

	for (size_t t = 0; t < COUNT(trees); t++) {
		char want[65];

		verity_hex(bytes, trees[t].bytes, trees[t].block_size, want);
		for (uint32_t threads = 1; threads <= 4; threads += 3) {
			CLEANUP(end) struct fixture fixture = {0};
			struct taken taken = taken_from(bytes, 77, trees[t].bytes);
			const struct hasher_source source = {.get = get, .ctx = &taken};
			vres_error err;

			begin(&fixture, trees[t].block_size, threads, false);
			ck_ok(hasher_take(&fixture.hasher, &source, 77, trees[t].bytes, &err));
			ck_tree(&fixture, trees[t].bytes, want);
			ck_assert(!atomic_load(&taken.asked_outside));
			ck_assert_uint_le(taken.most, hasher_part_bytes(trees[t].block_size));
		}
	}
}
END_TEST

START_TEST(taking_and_adding_may_alternate)
{
	CLEANUP(release_bytes) uint8_t *bytes = content(MOST, 7);
	CLEANUP(end) struct fixture fixture = {0};
	struct taken taken = taken_from(bytes, 0, MOST);
	const struct hasher_source source = {.get = get, .ctx = &taken};
	vres_error err;

	begin(&fixture, 4096, 3, false);
	ck_ok(hasher_begin(&fixture.hasher, bytes, 100, &err));
	ck_ok(hasher_end(&fixture.hasher, &err));
	ck_ok(hasher_take(&fixture.hasher, &source, 100, 50, &err));
	ck_ok(hasher_take(&fixture.hasher, &source, 150, 600000, &err));
	ck_ok(hasher_begin(&fixture.hasher, bytes + 600150, 700000, &err));
	ck_ok(hasher_end(&fixture.hasher, &err));
	ck_ok(hasher_take(&fixture.hasher, &source, 1300150, MOST - 1300150, &err));
	ck_digests(&fixture, bytes, MOST);
}
END_TEST

START_TEST(failure_of_the_source_is_a_status)
{
	CLEANUP(release_bytes) uint8_t *bytes = content(MOST, 8);
	const uint64_t at[] = {0, 2 << 20, MOST - 1};

	for (size_t i = 0; i < COUNT(at); i++) {
		CLEANUP(end) struct fixture fixture = {0};
		struct taken taken = taken_from(bytes, 0, MOST);
		const struct hasher_source source = {.get = get, .ctx = &taken};
		vres_error err;

		begin(&fixture, 4096, 3, false);
		taken.fails_at = at[i];
		ck_status(hasher_take(&fixture.hasher, &source, 0, MOST, &err), VRES_E_IO);
		ck_assert_str_eq(err.message, "no more");
	}
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(bytes_may_be_taken_from_a_source_by_each_thread, "CI-007 WORKER-4400",
	             "integrity", "parts in the wrong order"),
		CASE(taking_and_adding_may_alternate, "CI-004", "integrity", ""),
		CASE(failure_of_the_source_is_a_status, "WORKER-4150", "integrity",
	             "a root of bytes that never came"),
	};
	return suite_run("unit.hasher_source", "unit", cases, COUNT(cases));
}
