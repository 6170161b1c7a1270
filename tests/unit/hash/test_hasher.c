/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The hasher's threads must give the digests that plain code gives, whatever pieces the bytes come
 * in.
 */
#include "hash/hasher.h"
#include <stdatomic.h>
#include "support/suite/alloc.h"
#include "support/suite/content.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"
#include "base/validate.h"

/* More than four threads get at once, and more than two parts of a source. */
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

struct cut {
	size_t pieces[7]; /* lengths, repeated from the first; 0 ends the list */
};

static void ck_pieces(const uint8_t *bytes, size_t n, uint32_t block_size, const struct cut *cut,
                      const char *want)
{
	for (uint32_t threads = 1; threads <= 3; threads += 2) {
		CLEANUP(end) struct fixture fixture = {0};
		uint8_t digest[32], flat[32];
		vres_error err;

		begin(&fixture, block_size, threads, true);
		for (size_t at = 0, i = 0, piece; at < n; at += piece, i++) {
			if (i == COUNT(cut->pieces) || cut->pieces[i] == 0)
				i = 0;
			piece = cut->pieces[i] < n - at ? cut->pieces[i] : n - at;
			ck_ok(hasher_begin(&fixture.hasher, bytes + at, piece, &err));
			ck_ok(hasher_end(&fixture.hasher, &err));
		}
		ck_tree(&fixture, n, want);
		ck_ok(vres_sha256_end(&fixture.flat, digest, &err));
		sha256_of(bytes, n, flat);
		ck_assert_mem_eq(digest, flat, 32);
	}
}

START_TEST(pieces_of_any_length_by_any_number_of_threads)
{
	static const struct cut cuts[] = {
		{{1 << 20}}, {{MOST}}, {{1, 1 << 20, 5000, 4096, 700001, 4095, 600000}}};
	static const struct {
		uint32_t block_size;
		size_t bytes;
	} trees[] = {{1024, MOST}, {4096, MOST}, {65536, MOST}};
	CLEANUP(release_bytes) uint8_t *bytes = content(MOST, 1);

	for (size_t t = 0; t < COUNT(trees); t++) {
		char want[65];

		verity_hex(bytes, trees[t].bytes, trees[t].block_size, want);
		for (size_t c = 0; c < COUNT(cuts); c++)
			ck_pieces(bytes, trees[t].bytes, trees[t].block_size, &cuts[c], want);
	}
}
END_TEST

START_TEST(tree_alone_and_flat_digest_alone)
{
	CLEANUP(release_bytes) uint8_t *bytes = content(MOST, 2);
	CLEANUP(end) struct fixture tree = {0};
	CLEANUP(end) struct fixture flat = {0};
	uint8_t digest[32], want[32];
	vres_error err;

	begin(&tree, 4096, 2, false);
	ck_ok(hasher_begin(&tree.hasher, bytes, MOST, &err));
	ck_ok(hasher_end(&tree.hasher, &err));
	ck_digests(&tree, bytes, MOST);
	begin(&flat, 4096, 2, true);
	flat.hasher.tree = NULL;
	ck_ok(hasher_begin(&flat.hasher, bytes, MOST, &err));
	ck_ok(hasher_end(&flat.hasher, &err));
	ck_ok(vres_sha256_end(&flat.flat, digest, &err));
	sha256_of(bytes, MOST, want);
	ck_assert_mem_eq(digest, want, 32);
	ck_assert_uint_eq(flat.tree.bytes, 0);
}
END_TEST

START_TEST(small_pieces_start_no_thread)
{
	CLEANUP(release_bytes) uint8_t *bytes = content(MOST, 3);
	CLEANUP(end) struct fixture fixture = {0};
	const size_t piece = ((size_t)1 << 20) - 1; /* too little to share with a thread */
	vres_error err;

	begin(&fixture, 4096, 4, true);
	for (size_t at = 0; at + piece <= MOST; at += piece) {
		ck_ok(hasher_begin(&fixture.hasher, bytes + at, piece, &err));
		ck_ok(hasher_end(&fixture.hasher, &err));
	}
	ck_assert_uint_eq(fixture.workers.started, 0);
	ck_digests(&fixture, bytes, MOST / piece * piece);
}
END_TEST

/*
 * Processors without SHA instructions hash through OpenSSL, which must work on several threads too.
 */
START_TEST(every_way_to_hash_blocks_works_on_several_threads)
{
	CLEANUP(release_bytes) uint8_t *bytes = content(MOST, 4);
	const struct blocks_way *way;
	bool is_there = false;

	for (size_t index = 0; (way = blocks_way_at(index, &is_there)) != NULL; index++) {
		CLEANUP(end) struct fixture fixture = {0};
		vres_error err;

		if (!is_there)
			continue;
		begin(&fixture, 4096, 3, false);
		blocks_close(&fixture.tree.blocks);
		ck_ok(blocks_open(&fixture.tree.blocks, way, 4096, &err));
		ck_ok(hasher_begin(&fixture.hasher, bytes, MOST, &err));
		ck_ok(hasher_end(&fixture.hasher, &err));
		ck_digests(&fixture, bytes, MOST);
		suite_add("ways", 1);
	}
}
END_TEST

START_TEST(what_is_under_way_is_given_up_when_the_pass_closes)
{
	CLEANUP(release_bytes) uint8_t *bytes = content(MOST, 5);
	vres_error err;

	for (uint32_t threads = 1; threads <= 3; threads++) {
		CLEANUP(end) struct fixture fixture = {0};

		begin(&fixture, 4096, threads, true);
		ck_ok(hasher_begin(&fixture.hasher, bytes, MOST, &err));
		hasher_close(&fixture.hasher);
		/* No thread may still read @bytes.  The thread sanitizer would report it. */
		memset(bytes, 0, MOST);
	}
}
END_TEST

START_TEST(no_memory_is_a_status_and_leaves_nothing)
{
	CLEANUP(release_bytes) uint8_t *bytes = content(MOST, 9);
	struct fixture first_use = {0}; /* makes what OpenSSL keeps for good */
	bool failed = true;
	uint64_t before;

	begin(&first_use, 4096, 2, true);
	end(&first_use);
	before = alloc_live();
	for (uint64_t nth = 1; failed; nth++) {
		struct fixture fixture = {0};
		vres_status status;

		begin(&fixture, 4096, 2, true);
		alloc_fail(nth, false);
		status = hasher_begin(&fixture.hasher, bytes, MOST, NULL);
		if (status == VRES_OK)
			status = hasher_end(&fixture.hasher, NULL);
		failed = alloc_disarm();
		ck_assert_int_eq(status, failed ? VRES_E_NO_MEMORY : VRES_OK);
		end(&fixture);
		ck_assert_uint_eq(alloc_live(), before);
	}
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(pieces_of_any_length_by_any_number_of_threads, "CI-004 WORKER-4400",
	             "integrity", "parts in the wrong order"),
		CASE(tree_alone_and_flat_digest_alone, "CI-004", "integrity", ""),
		CASE(small_pieces_start_no_thread, "MS-004", "availability", ""),
		CASE(every_way_to_hash_blocks_works_on_several_threads, "CI-004", "integrity",
	             "a wrong root"),
		CASE(what_is_under_way_is_given_up_when_the_pass_closes, "WORKER-4150",
	             "confidentiality", "a read of freed memory"),
		CASE(no_memory_is_a_status_and_leaves_nothing, "WORKER-4150 WORKER-4952",
	             "availability", ""),
	};

	return suite_run("unit.hasher", "unit", cases, COUNT(cases));
}
