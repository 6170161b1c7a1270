/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One pass by several threads gives the digests that plain code gives, however the bytes come in pieces. */
#include "pass.h"

#include <stdatomic.h>

#include "alloc.h"
#include "content.h"
#include "status.h"
#include "suite.h"
#include "validate.h"

#define MOST ((size_t)(5 << 20) + 4321)

static void release_bytes(uint8_t **bytes)
{
	test_free(*bytes);
}

/* A pass with all it needs. */
struct rig {
	struct crew crew;
	struct tree_builder tree;
	struct sha256 flat;
	struct pass pass;
};

static void begin(struct rig *rig, uint32_t block_size, uint32_t threads, bool wants_flat)
{
	vres_error err;

	ck_ok(crew_open(&rig->crew, threads, &err));
	ck_ok(tree_open(&rig->tree, block_size, &err));
	ck_ok(vres_sha256_open(&rig->flat, &err));
	pass_open(&rig->pass, &rig->crew, &rig->tree, wants_flat ? &rig->flat : NULL);
}

static void end(struct rig *rig)
{
	pass_close(&rig->pass);
	crew_close(&rig->crew);
	tree_close(&rig->tree);
	vres_sha256_close(&rig->flat);
}

static void ck_digests(struct rig *rig, const uint8_t *bytes, size_t n)
{
	uint8_t root[32], digest[32];
	char got[65], want[65];
	vres_error err;

	ck_ok(tree_finish(&rig->tree, 0, root, &err));
	ck_ok(tree_digest(n, rig->tree.block_size, root, digest, &err));
	vres_hex(digest, got);
	verity_hex(bytes, n, rig->tree.block_size, want);
	ck_assert_msg(strcmp(got, want) == 0, "%zu bytes in blocks of %u", n, rig->tree.block_size);
	ck_assert_uint_eq(rig->tree.bytes, n);
	if (rig->pass.flat == NULL)
		return;
	ck_ok(vres_sha256_end(&rig->flat, digest, &err));
	sha256_of(bytes, n, root);
	ck_assert_mem_eq(digest, root, 32);
}

static void ck_pieces(const uint8_t *bytes, size_t n, uint32_t block_size, uint32_t threads, const size_t *pieces, size_t kinds)
{
	CLEANUP(end) struct rig rig = {0};
	vres_error err;

	begin(&rig, block_size, threads, true);
	for (size_t at = 0, i = 0, piece; at < n; at += piece, i++) {
		piece = pieces[i % kinds] < n - at ? pieces[i % kinds] : n - at;
		ck_ok(pass_begin(&rig.pass, bytes + at, piece, &err));
		ck_ok(pass_end(&rig.pass, &err));
	}
	ck_digests(&rig, bytes, n);
}

START_TEST(pieces_of_any_length_by_any_number_of_threads)
{
	static const size_t even[] = {1 << 20}, whole[] = {MOST}, odd[] = {1, 3 << 20, 5000, 4096, 700001, 4095, 1 << 20};
	static const uint32_t block_sizes[] = {1024, 4096, 65536}, threads[] = {1, 2, 5};
	CLEANUP(release_bytes) uint8_t *bytes = content(MOST, 1);

	for (size_t b = 0; b < COUNT(block_sizes); b++)
		for (size_t t = 0; t < COUNT(threads); t++) {
			ck_pieces(bytes, MOST, block_sizes[b], threads[t], even, COUNT(even));
			ck_pieces(bytes, MOST, block_sizes[b], threads[t], whole, COUNT(whole));
			ck_pieces(bytes, MOST, block_sizes[b], threads[t], odd, COUNT(odd));
		}
}
END_TEST

START_TEST(tree_alone_and_flat_digest_alone)
{
	CLEANUP(release_bytes) uint8_t *bytes = content(MOST, 2);
	CLEANUP(end) struct rig tree = {0};
	CLEANUP(end) struct rig flat = {0};
	uint8_t digest[32], want[32];
	vres_error err;

	begin(&tree, 4096, 2, false);
	ck_ok(pass_begin(&tree.pass, bytes, MOST, &err));
	ck_ok(pass_end(&tree.pass, &err));
	ck_digests(&tree, bytes, MOST);
	begin(&flat, 4096, 2, true);
	flat.pass.tree = NULL;
	ck_ok(pass_begin(&flat.pass, bytes, MOST, &err));
	ck_ok(pass_end(&flat.pass, &err));
	ck_ok(vres_sha256_end(&flat.flat, digest, &err));
	sha256_of(bytes, MOST, want);
	ck_assert_mem_eq(digest, want, 32);
	ck_assert_uint_eq(flat.tree.bytes, 0);
}
END_TEST

START_TEST(small_pieces_start_no_thread)
{
	CLEANUP(release_bytes) uint8_t *bytes = content(MOST, 3);
	CLEANUP(end) struct rig rig = {0};
	const size_t piece = pass_part_bytes(4096) - 1;
	vres_error err;

	begin(&rig, 4096, 4, true);
	for (size_t at = 0; at + piece <= MOST; at += piece) {
		ck_ok(pass_begin(&rig.pass, bytes + at, piece, &err));
		ck_ok(pass_end(&rig.pass, &err));
	}
	ck_assert_uint_eq(rig.crew.started, 0);
	ck_digests(&rig, bytes, MOST / piece * piece);
}
END_TEST

/* Processors without SHA instructions hash through OpenSSL, also on several threads. */
START_TEST(every_way_to_hash_blocks_works_on_several_threads)
{
	CLEANUP(release_bytes) uint8_t *bytes = content(MOST, 4);
	const struct blocks_way *way;
	bool is_there = false;

	for (size_t index = 0; (way = blocks_way_at(index, &is_there)) != NULL; index++) {
		CLEANUP(end) struct rig rig = {0};
		vres_error err;

		if (!is_there)
			continue;
		begin(&rig, 4096, 3, false);
		blocks_close(&rig.tree.blocks);
		ck_ok(blocks_open(&rig.tree.blocks, way, 4096, &err));
		ck_ok(pass_begin(&rig.pass, bytes, MOST, &err));
		ck_ok(pass_end(&rig.pass, &err));
		ck_digests(&rig, bytes, MOST);
		suite_add("ways", 1);
	}
}
END_TEST

START_TEST(what_is_under_way_is_given_up_when_the_pass_closes)
{
	CLEANUP(release_bytes) uint8_t *bytes = content(MOST, 5);
	vres_error err;

	for (uint32_t threads = 1; threads <= 3; threads++) {
		CLEANUP(end) struct rig rig = {0};

		begin(&rig, 4096, threads, true);
		ck_ok(pass_begin(&rig.pass, bytes, MOST, &err));
		pass_close(&rig.pass);
		memset(bytes, 0, MOST); /* nobody reads them any more: the thread sanitizer would tell */
	}
}
END_TEST

/* Bytes that each thread gets for itself. */
struct taken {
	const uint8_t *bytes;
	uint64_t offset;
	size_t n, most; /* how many there are from offset on; the most that was asked for at once, under the lock */
	pthread_mutex_t lock;
	atomic_bool asked_outside;
	uint64_t fails_at; /* the offset where it does */
};

static vres_status get(void *ctx, uint32_t worker, uint64_t offset, size_t n, const uint8_t **bytes, vres_error *err)
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
	return (struct taken){.bytes = bytes, .offset = offset, .n = n, .lock = PTHREAD_MUTEX_INITIALIZER, .fails_at = UINT64_MAX};
}

START_TEST(bytes_may_be_taken_from_a_source_by_each_thread)
{
	static const uint32_t block_sizes[] = {1024, 4096, 65536};
	static const size_t sizes[] = {0, 1, 1023, 65536, (1 << 20) + 1, MOST};
	CLEANUP(release_bytes) uint8_t *bytes = content(MOST, 6);

	for (size_t b = 0; b < COUNT(block_sizes); b++)
		for (size_t i = 0; i < COUNT(sizes); i++)
			for (uint32_t threads = 1; threads <= 4; threads += 3) {
				CLEANUP(end) struct rig rig = {0};
				struct taken taken = taken_from(bytes, 77, sizes[i]);
				const struct pass_source source = {.get = get, .ctx = &taken};
				vres_error err;

				begin(&rig, block_sizes[b], threads, false);
				ck_ok(pass_take(&rig.pass, &source, 77, sizes[i], &err));
				ck_digests(&rig, bytes, sizes[i]);
				ck_assert(!atomic_load(&taken.asked_outside));
				ck_assert_uint_le(taken.most, pass_part_bytes(block_sizes[b]));
			}
}
END_TEST

START_TEST(taking_and_adding_may_alternate)
{
	CLEANUP(release_bytes) uint8_t *bytes = content(MOST, 7);
	CLEANUP(end) struct rig rig = {0};
	struct taken taken = taken_from(bytes, 0, MOST);
	const struct pass_source source = {.get = get, .ctx = &taken};
	vres_error err;

	begin(&rig, 4096, 3, false);
	ck_ok(pass_begin(&rig.pass, bytes, 100, &err));
	ck_ok(pass_end(&rig.pass, &err));
	ck_ok(pass_take(&rig.pass, &source, 100, 50, &err));
	ck_ok(pass_take(&rig.pass, &source, 150, 2 << 20, &err));
	ck_ok(pass_begin(&rig.pass, bytes + 150 + (2 << 20), 1 << 20, &err));
	ck_ok(pass_end(&rig.pass, &err));
	ck_ok(pass_take(&rig.pass, &source, 150 + (3 << 20), MOST - 150 - (3 << 20), &err));
	ck_digests(&rig, bytes, MOST);
}
END_TEST

START_TEST(failure_of_the_source_is_a_status)
{
	CLEANUP(release_bytes) uint8_t *bytes = content(MOST, 8);
	const uint64_t at[] = {0, 1 << 20, MOST - 1};

	for (size_t i = 0; i < COUNT(at); i++) {
		CLEANUP(end) struct rig rig = {0};
		struct taken taken = taken_from(bytes, 0, MOST);
		const struct pass_source source = {.get = get, .ctx = &taken};
		vres_error err;

		begin(&rig, 4096, 3, false);
		taken.fails_at = at[i];
		ck_status(pass_take(&rig.pass, &source, 0, MOST, &err), VRES_E_IO);
		ck_assert_str_eq(err.message, "no more");
	}
}
END_TEST

START_TEST(no_memory_is_a_status_and_leaves_nothing)
{
	CLEANUP(release_bytes) uint8_t *bytes = content(MOST, 9);
	struct rig first_use = {0}; /* which gets OpenSSL ready for good */
	bool failed = true;
	uint64_t before;

	begin(&first_use, 4096, 2, true);
	end(&first_use);
	before = alloc_live();
	for (uint64_t nth = 1; failed; nth++) {
		struct rig rig = {0};
		vres_status status;

		begin(&rig, 4096, 2, true);
		alloc_fail(nth, false);
		status = pass_begin(&rig.pass, bytes, MOST, NULL);
		if (status == VRES_OK)
			status = pass_end(&rig.pass, NULL);
		failed = alloc_disarm();
		ck_assert_int_eq(status, failed ? VRES_E_NO_MEMORY : VRES_OK);
		end(&rig);
		ck_assert_uint_eq(alloc_live(), before);
	}
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(pieces_of_any_length_by_any_number_of_threads, "CI-004 WORKER-4400", "integrity", "parts in the wrong order"),
		CASE(tree_alone_and_flat_digest_alone, "CI-004", "integrity", ""),
		CASE(small_pieces_start_no_thread, "MS-004", "availability", ""),
		CASE(every_way_to_hash_blocks_works_on_several_threads, "CI-004", "integrity", "a wrong root"),
		CASE(what_is_under_way_is_given_up_when_the_pass_closes, "WORKER-4150", "confidentiality", "a read of freed memory"),
		CASE(bytes_may_be_taken_from_a_source_by_each_thread, "CI-007 WORKER-4400", "integrity", "parts in the wrong order"),
		CASE(taking_and_adding_may_alternate, "CI-004", "integrity", ""),
		CASE(failure_of_the_source_is_a_status, "WORKER-4150", "integrity", "a root of bytes that never came"),
		CASE(no_memory_is_a_status_and_leaves_nothing, "WORKER-4150 WORKER-4952", "availability", ""),
	};

	return suite_run("unit.pass", "unit", cases, COUNT(cases));
}
