/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Each implementation of hashing blocks, chosen by force, compared with OpenSSL.  Those that this
 * processor cannot run are named in the output, and the evidence says how many were tried.
 */
#include "hash/blocks.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/suite/alloc.h"
#include "support/suite/content.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"
#include "hash/tree.h"
#include "base/validate.h"

#define MOST ((size_t)(70 * 4096 + 64))

static void release_bytes(uint8_t **bytes)
{
	test_free(*bytes);
}

/* The next implementation, from *index on, that this processor can run; NULL if there is none. */
static const struct blocks_way *next_way(size_t *index)
{
	const struct blocks_way *way;
	bool is_there = false;

	while ((way = blocks_way_at((*index)++, &is_there)) != NULL && !is_there)
		printf("not tried, since this processor lacks it: %s\n", way->name);
	if (way)
		suite_add("ways", 1);
	return way;
}

static void ck_blocks(const struct blocks_way *way, const uint8_t *data, size_t n,
                      size_t block_size)
{
	CLEANUP(blocks_close) struct blocks b = {0};
	CLEANUP(release_bytes) uint8_t *digests = test_alloc((n + 1) * 32);
	uint8_t want[32];
	vres_error err;

	memset(digests, 0xa5, (n + 1) * 32);
	ck_ok(blocks_open(&b, way, block_size, &err));
	ck_ok(blocks_hash(&b, data, n, digests, &err));
	for (size_t i = 0; i < n; i++) {
		sha256_of(data + i * block_size, block_size, want);
		if (memcmp(digests + i * 32, want, 32) != 0)
			ck_abort_msg("%s: block %zu of %zu, of %zu bytes", way->name, i, n,
			             block_size);
	}
	for (size_t i = n * 32; i < (n + 1) * 32; i++)
		ck_assert_uint_eq(digests[i], 0xa5);
}

START_TEST(every_way_gives_the_digests_of_openssl_for_any_number_of_blocks)
{
	CLEANUP(release_bytes) uint8_t *data = content(MOST, 1);
	const struct blocks_way *way;
	size_t index = 0;

	while ((way = next_way(&index)) != NULL)
		for (size_t n = 0; n <= 70; n += suite_scaled(7, 1) == 7 ? 1 : 9)
			ck_blocks(way, data, n, n % 2 ? 1024 : 4096);
}
END_TEST

START_TEST(every_way_gives_the_digests_of_openssl_for_any_block_size)
{
	CLEANUP(release_bytes) uint8_t *data = content((size_t)37 * 65536, 2);
	const struct blocks_way *way;
	size_t index = 0;

	while ((way = next_way(&index)) != NULL) {
		for (size_t size = 64; size <= 1024; size += 64)
			ck_blocks(way, data, 37, size);
		for (size_t size = 1024; size <= 65536; size *= 2)
			ck_blocks(way, data, size < 16384 ? 67 : 37, size);
	}
}
END_TEST

/* Block sizes, numbers of blocks and addresses follow from the suite's seed. */
START_TEST(every_way_gives_the_digests_of_openssl_wherever_the_bytes_lie)
{
	CLEANUP(release_bytes) uint8_t *data = content(MOST, suite_seed());
	const struct blocks_way *way;
	size_t index = 0;

	while ((way = next_way(&index)) != NULL) {
		const unsigned rounds = suite_scaled(200, 10);

		for (unsigned i = 0; i < rounds; i++) {
			const uint32_t dice = ((uint32_t)data[i] << 16 |
			                       (uint32_t)data[i + 1000] << 8 | data[i + 2000]) +
			                      suite_seed();
			const size_t size = (size_t)1024 << dice % 3, n = 1 + dice / 3 % 69;

			ck_blocks(way, data + dice / 256 % 64, n, size);
		}
	}
}
END_TEST

/* The blocks end at a page without access. */
START_TEST(no_way_reads_past_the_last_block)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = 64 * page;
	uint8_t *map = mmap(NULL, bytes + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	                    -1, 0);
	const struct blocks_way *way;
	size_t index = 0;

	ck_assert_ptr_ne(map, MAP_FAILED);
	content_fill(map, bytes, 3, 0);
	ck_assert_int_eq(mprotect(map + bytes, page, PROT_NONE), 0);
	while ((way = next_way(&index)) != NULL)
		for (size_t n = 1; n <= 64; n += 7)
			ck_blocks(way, map + bytes - n * 1024, n, 1024);
	ck_assert_int_eq(munmap(map, bytes + page), 0);
}
END_TEST

START_TEST(trees_are_the_same_whichever_way_their_blocks_are_hashed)
{
	static const size_t sizes[] = {1, 1023, 1024, 33 * 1024, 65 * 1024 + 1, 70 * 4096};
	CLEANUP(release_bytes) uint8_t *data = content(MOST, 4);
	const struct blocks_way *way;
	size_t index = 0;

	while ((way = next_way(&index)) != NULL)
		for (size_t i = 0; i < COUNT(sizes); i++) {
			CLEANUP(tree_close) struct tree_builder t = {0};
			uint8_t root[32], digest[32];
			char got[65], want[65];
			vres_error err;

			ck_ok(tree_open(&t, 1024, &err));
			blocks_close(&t.blocks);
			ck_ok(blocks_open(&t.blocks, way, 1024, &err));
			ck_ok(tree_add(&t, data, sizes[i], &err));
			ck_ok(tree_finish(&t, 0, root, &err));
			ck_ok(tree_digest(sizes[i], 1024, root, digest, &err));
			vres_hex(digest, got);
			verity_hex(data, sizes[i], 1024, want);
			ck_assert_msg(strcmp(got, want) == 0, "%s: %zu bytes", way->name, sizes[i]);
		}
}
END_TEST

START_TEST(the_best_way_is_one_that_this_machine_has)
{
	const struct blocks_way *best = blocks_way_best(), *way;
	CLEANUP(blocks_close) struct blocks b = {0};
	bool is_there = false;
	size_t index = 0;
	vres_error err;

	while ((way = blocks_way_at(index++, &is_there)) != NULL && way != best)
		;
	ck_assert_ptr_nonnull(way);
	ck_assert(is_there);
	ck_ok(blocks_open(&b, NULL, 4096, &err));
	ck_assert_ptr_eq(b.way, best);
	printf("the best way here: %s\n", best->name);
}
END_TEST

#ifdef __x86_64__
/* Signatures as AMD's and Intel's revision guides print them: EAX of CPUID leaf 1. */
START_TEST(zen_3_and_4_are_known_by_maker_and_family_and_no_other_is_taken_for_them)
{
	enum { AMD = 0x68747541, INTEL = 0x756e6547 };
	static const struct {
		const char *name;
		uint32_t vendor, signature;
		bool is_it;
	} rows[] = {
		{"Genoa", AMD, 0x00a10f11, true},
		{"Bergamo", AMD, 0x00aa0f02, true},
		{"Raphael", AMD, 0x00a60f12, true},
		{"Phoenix", AMD, 0x00a70f41, true},
		{"Milan", AMD, 0x00a00f11, true}, /* Zen 3 has the same family, but no AVX-512 */
		{"Rome", AMD, 0x00830f10, false},
		{"Turin", AMD, 0x00b00f21, false},
		{"Bulldozer", AMD, 0x00600f12, false},
		{"K8", AMD, 0x00000f48, false},
		{"Ice Lake", INTEL, 0x000606a6, false},
		{"Sapphire Rapids", INTEL, 0x000806f8, false},
		{"Netburst", INTEL, 0x00000f29, false},
		{"of that family, by somebody else", INTEL, 0x00a10f11, false},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		ck_assert_msg(blocks_cpu_is_family_19h(rows[i].vendor, rows[i].signature) ==
		                      rows[i].is_it,
		              "%s is taken for what it is not", rows[i].name);
}
END_TEST
#endif

/* So that no block is left over, whatever their number. */
START_TEST(every_way_ends_in_one_that_takes_single_blocks)
{
	const struct blocks_way *way;
	bool is_there;

	for (size_t index = 0; (way = blocks_way_at(index, &is_there)) != NULL; index++) {
		for (; way->rest; way = way->rest)
			ck_assert_uint_lt(way->rest->group, way->group);
		ck_assert_uint_eq(way->group, 1);
	}
}
END_TEST

START_TEST(closing_is_harmless_when_done_twice)
{
	bool is_there;
	struct blocks b = {0};
	vres_error err;

	/* The first one is OpenSSL, which every processor can run. */
	ck_assert_ptr_null(blocks_way_at(0, &is_there)->hash);
	ck_assert(is_there);
	ck_ok(blocks_open(&b, blocks_way_at(0, &is_there), 4096, &err));
	ck_assert_ptr_nonnull(b.hash.context);
	blocks_close(&b);
	blocks_close(&b);
	ck_assert_ptr_null(b.hash.context);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(every_way_gives_the_digests_of_openssl_for_any_number_of_blocks,
	             "CI-004 WORKER-4400", "integrity", "a wrong digest"),
		CASE(every_way_gives_the_digests_of_openssl_for_any_block_size,
	             "CI-004 WORKER-4400", "integrity", "a wrong digest"),
		CASE(every_way_gives_the_digests_of_openssl_wherever_the_bytes_lie,
	             "CI-004 WORKER-4400", "integrity", "a wrong digest"),
		CASE(no_way_reads_past_the_last_block, "VR-006", "confidentiality",
	             "a read past a buffer"),
		CASE(trees_are_the_same_whichever_way_their_blocks_are_hashed, "CI-004 CI-007",
	             "integrity", "a wrong root"),
		CASE(the_best_way_is_one_that_this_machine_has, "WORKER-4150", "availability",
	             "an instruction the processor lacks"),
#ifdef __x86_64__
		CASE(zen_3_and_4_are_known_by_maker_and_family_and_no_other_is_taken_for_them, "",
	             "availability", "the slower way"),
#endif
		CASE(every_way_ends_in_one_that_takes_single_blocks, "VR-006", "integrity",
	             "blocks that nobody hashes"),
		CASE(closing_is_harmless_when_done_twice, "MS-005", "", ""),
	};

	return suite_run("unit.blocks", "unit", cases, COUNT(cases));
}
