/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Digests of what is in VRAM, by the device and by readback.  The two must agree with each other
 * and with plain code.
 */
#include "device/vram_digest.h"

#include "support/suite/alloc.h"
#include "support/suite/content.h"
#include "unit/fixture/fake_backend.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"
#include "base/validate.h"

#define DEADLINE (UINT64_C(60) * 1000000000)

static void release_bytes(uint8_t **bytes)
{
	test_free(*bytes);
}

struct sample {
	struct device_fixture *fixture;
	struct vres_mem mem;
	struct tree_shape shape;
};

static struct sample begin(uint64_t bytes, uint32_t block_size)
{
	struct sample s = {.fixture = device_fixture_open()};

	s.mem = device_fixture_memory(s.fixture, bytes, 1);
	tree_shape_init(&s.shape, bytes, block_size);
	return s;
}

static void end(struct sample *s)
{
	drop_memory(&s->mem);
	device_fixture_close(&s->fixture);
}

static void open_measure(struct vram_digest *ms, const struct sample *s, bool by_readback)
{
	vres_error err;

	ck_ok(vres_vram_digest_open(ms, &s->mem, &s->shape, by_readback, 0, 2, DEADLINE, &err));
}

static void ck_root_by(const struct sample *s, bool by_readback, uint32_t threads)
{
	CLEANUP(vres_vram_digest_close) struct vram_digest ms = {0};
	uint8_t root[32], digest[32], flat[32], want_flat[32];
	char got[65], want[65];
	vres_error err;

	ck_ok(vres_vram_digest_open(&ms, &s->mem, &s->shape, by_readback, 0, threads, DEADLINE,
	                            &err));
	ck_ok(vres_vram_digest_root(&ms, root, by_readback ? flat : NULL, &err));
	ck_ok(tree_digest(s->mem.bytes, s->shape.block_size, root, digest, &err));
	vres_hex(digest, got);
	verity_hex(fake_backend_bytes(&s->mem), (size_t)s->mem.bytes, s->shape.block_size, want);
	ck_assert_msg(strcmp(got, want) == 0, "%lu bytes in blocks of %u",
	              (unsigned long)s->mem.bytes, s->shape.block_size);
	ck_assert_uint_eq(ms.bytes_hashed, s->mem.bytes);
	sha256_of(fake_backend_bytes(&s->mem), (size_t)s->mem.bytes, want_flat);
	if (by_readback)
		ck_assert_mem_eq(flat, want_flat, 32);
}

static void ck_root(const struct sample *s, bool by_readback)
{
	ck_root_by(s, by_readback, 2);
}

static const struct {
	uint64_t bytes;
	uint32_t block_size;
} samples[] = {
	{1, 4096},      {4096, 4096},   {4097, 4096},    {64 * 1024, 1024},  {65 * 1024, 1024},
	{300000, 1024}, {300000, 4096}, {300000, 65536}, {128 * 4096, 4096}, {129 * 4096 - 1, 4096},
};

START_TEST(device_and_readback_give_the_root_that_plain_code_gives)
{
	for (size_t i = 0; i < COUNT(samples); i++) {
		CLEANUP(end) struct sample s = begin(samples[i].bytes, samples[i].block_size);

		ck_root(&s, false);
		ck_root(&s, true);
	}
}
END_TEST

START_TEST(device_and_readback_agree_at_every_level)
{
	for (size_t i = 0; i < COUNT(samples); i++) {
		CLEANUP(end) struct sample s = begin(samples[i].bytes, samples[i].block_size);
		CLEANUP(vres_vram_digest_close) struct vram_digest device = {0};
		CLEANUP(vres_vram_digest_close) struct vram_digest host = {0};

		open_measure(&device, &s, false);
		open_measure(&host, &s, true);
		for (uint32_t level = 0; level <= s.shape.top; level++) {
			const size_t n = (size_t)s.shape.count[level] * 32;
			CLEANUP(release_bytes) uint8_t *a = test_alloc(n);
			CLEANUP(release_bytes) uint8_t *b = test_alloc(n);
			uint8_t root[32], top[32];
			vres_error err;

			ck_ok(vres_vram_digest_level(&device, level, a, &err));
			ck_ok(vres_vram_digest_level(&host, level, b, &err));
			ck_assert_mem_eq(a, b, n);
			ck_ok(tree_root_of(&s.shape, level, a, root, &err));
			ck_ok(vres_vram_digest_root(&device, top, NULL, &err));
			ck_assert_mem_eq(root, top, 32);
		}
	}
}
END_TEST

START_TEST(single_nodes_are_those_of_the_level_and_count_their_own_bytes)
{
	static const uint64_t index[] = {9, 0, 3, 9};

	for (unsigned by_readback = 0; by_readback < 2; by_readback++) {
		/* Ten nodes at level 1, the last one short. */
		CLEANUP(end) struct sample s = begin(300000, 1024);
		CLEANUP(vres_vram_digest_close) struct vram_digest all = {0};
		CLEANUP(vres_vram_digest_close) struct vram_digest some = {0};
		uint8_t level[10 * 32], nodes[4 * 32];
		vres_error err;

		ck_assert_uint_eq(s.shape.count[1], 10);
		open_measure(&all, &s, by_readback);
		open_measure(&some, &s, by_readback);
		ck_ok(vres_vram_digest_level(&all, 1, level, &err));
		ck_ok(vres_vram_digest_nodes(&some, 1, index, COUNT(index), nodes, &err));
		for (size_t i = 0; i < COUNT(index); i++)
			ck_assert_mem_eq(nodes + 32 * i, level + 32 * index[i], 32);
		ck_assert_uint_eq(some.bytes_hashed, 2 * 32768 + 2 * (300000 - 9 * 32768));
	}
}
END_TEST

START_TEST(no_nodes_and_too_many_are_refused)
{
	CLEANUP(end) struct sample s = begin(300000, 1024);
	CLEANUP(vres_vram_digest_close) struct vram_digest ms = {0};
	uint64_t index[RANGES_MAX + 1] = {0};
	uint8_t digests[(RANGES_MAX + 1) * 32];
	vres_error err;

	open_measure(&ms, &s, false);
	ck_status(vres_vram_digest_nodes(&ms, 0, index, 0, digests, &err), VRES_E_INTERNAL);
	ck_status(vres_vram_digest_nodes(&ms, 0, index, RANGES_MAX + 1, digests, &err),
	          VRES_E_INTERNAL);
	ck_ok(vres_vram_digest_nodes(&ms, 0, index, RANGES_MAX, digests, &err));
}
END_TEST

/*
 * The content is much larger than a staging buffer.  Parts arrive in any order, which must not
 * matter.
 */
START_TEST(readback_of_many_parts_by_any_number_of_threads)
{
	static const uint32_t threads[] = {1, 2, 3, 8, 0};
	CLEANUP(end) struct sample s = begin((UINT64_C(9) << 20) + 7, 4096);

	for (size_t i = 0; i < COUNT(threads); i++) {
		CLEANUP(vres_vram_digest_close) struct vram_digest ms = {0};
		uint8_t *level = test_alloc((size_t)s.shape.count[1] * 32), root[32], again[32];
		vres_error err;

		ck_root_by(&s, true, threads[i]);
		ck_ok(vres_vram_digest_open(&ms, &s.mem, &s.shape, true, 0, threads[i], DEADLINE,
		                            &err));
		ck_ok(vres_vram_digest_level(&ms, 1, level, &err));
		ck_ok(tree_root_of(&s.shape, 1, level, root, &err));
		ck_ok(vres_vram_digest_root(&ms, again, NULL, &err));
		ck_assert_mem_eq(root, again, 32);
		/* The last block: 7 bytes. */
		ck_ok(vres_vram_digest_nodes(&ms, 0, &(uint64_t){s.shape.count[0] - 1}, 1, level,
		                             &err));
		ck_assert_uint_eq(ms.bytes_hashed, 2 * s.mem.bytes + 7);
		ck_assert_uint_le(ms.workers.started,
		                  threads[i] == 0 ? READBACK_LANES : threads[i] - 1);
		test_free(level);
	}
}
END_TEST

START_TEST(no_more_lanes_than_threads_and_no_more_threads_than_parts)
{
	CLEANUP(end) struct sample s = begin(UINT64_C(9) << 20, 4096);
	CLEANUP(end) struct sample small = begin(UINT64_C(512) << 10, 4096);
	CLEANUP(vres_vram_digest_close) struct vram_digest one = {0};
	CLEANUP(vres_vram_digest_close) struct vram_digest many = {0};
	const int live = atomic_load(&s.fixture->fake->live);
	uint8_t root[32];
	vres_error err;

	ck_ok(vres_vram_digest_open(&one, &s.mem, &s.shape, true, 0, 1, DEADLINE, &err));
	ck_ok(vres_vram_digest_root(&one, root, NULL, &err));
	ck_assert_int_eq(atomic_load(&s.fixture->fake->live), live + 1);
	ck_assert_uint_eq(one.workers.started, 0);
	ck_ok(vres_vram_digest_open(&many, &small.mem, &small.shape, true, 0, 8, DEADLINE, &err));
	ck_ok(vres_vram_digest_root(&many, root, NULL, &err));
	ck_assert_uint_eq(many.workers.started, 0);
}
END_TEST

/* Each thread needs a lane, and the number of lanes is limited. */
START_TEST(no_more_threads_than_lanes)
{
	CLEANUP(end) struct sample s = begin(100000, 4096);
	CLEANUP(vres_vram_digest_close) struct vram_digest ms = {0};
	vres_error err;

	ck_ok(vres_vram_digest_open(&ms, &s.mem, &s.shape, true, 0, 1024, DEADLINE, &err));
	ck_assert_uint_eq(ms.workers.threads, READBACK_LANES);
}
END_TEST

START_TEST(a_flipped_bit_anywhere_changes_the_root)
{
	CLEANUP(end) struct sample s = begin(70000, 1024);
	CLEANUP(vres_vram_digest_close) struct vram_digest ms = {0};
	uint8_t good[32], bad[32];
	vres_error err;

	open_measure(&ms, &s, false);
	ck_ok(vres_vram_digest_root(&ms, good, NULL, &err));
	for (size_t at = 0; at < 70000; at += at < 69000 ? 997 : 111) {
		fake_backend_bytes(&s.mem)[at] ^= 0x10;
		ck_ok(vres_vram_digest_root(&ms, bad, NULL, &err));
		ck_assert_mem_ne(bad, good, 32);
		fake_backend_bytes(&s.mem)[at] ^= 0x10;
	}
	fake_backend_bytes(&s.mem)[70001] ^= 1; /* in the padding behind the last byte */
	ck_ok(vres_vram_digest_root(&ms, bad, NULL, &err));
	ck_assert_mem_eq(bad, good, 32);
}
END_TEST

START_TEST(measuring_takes_no_device_memory_and_leaves_no_lane)
{
	CLEANUP(end) struct sample s = begin(70000, 1024);
	const uint64_t allocations = atomic_load(&s.fixture->fake->calls[FAKE_MEM_ALLOC]);
	const int live = atomic_load(&s.fixture->fake->live);

	ck_root(&s, false);
	ck_root(&s, true);
	ck_assert_uint_eq(atomic_load(&s.fixture->fake->calls[FAKE_MEM_ALLOC]), allocations);
	ck_assert_int_eq(atomic_load(&s.fixture->fake->live), live);
}
END_TEST

START_TEST(every_failure_of_the_backend_is_a_status_and_never_a_root)
{
	static const enum fake_backend_op ops[] = {FAKE_LANE_OPEN, FAKE_LANE_PULL, FAKE_HASH,
	                                           FAKE_LANE_WAIT};

	for (unsigned by_readback = 0; by_readback < 2; by_readback++)
		for (size_t i = 0; i < COUNT(ops); i++) {
			CLEANUP(end) struct sample s = begin(70000, 1024);
			CLEANUP(vres_vram_digest_close) struct vram_digest ms = {0};
			const bool is_used = ops[i] != (by_readback ? FAKE_HASH : FAKE_LANE_PULL);
			uint8_t root[32], before[32];
			vres_status status;

			memset(root, 0xa5, sizeof(root));
			memcpy(before, root, sizeof(before));
			s.fixture->fake->answer[ops[i]] = VRES_E_INTEGRITY_VIOLATION;
			status = vres_vram_digest_open(&ms, &s.mem, &s.shape, by_readback, 0, 2,
			                               DEADLINE, NULL);
			if (status == VRES_OK)
				status = vres_vram_digest_root(&ms, root, NULL, NULL);
			ck_assert_int_eq(status, is_used ? VRES_E_BACKEND : VRES_OK);
			if (is_used)
				ck_assert_mem_eq(root, before, 32);
			s.fixture->fake->answer[ops[i]] = VRES_OK;
		}
}
END_TEST

START_TEST(stale_staging_is_never_measured)
{
	CLEANUP(end) struct sample s = begin(70000, 1024);
	CLEANUP(vres_vram_digest_close) struct vram_digest ms = {0};
	uint8_t root[32];
	vres_error err;

	open_measure(&ms, &s, true);
	ck_ok(vres_vram_digest_root(&ms, root, NULL, &err));
	s.fixture->fake->pulls_nothing = true;
	ck_status(vres_vram_digest_root(&ms, root, NULL, &err), VRES_E_BACKEND);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(device_and_readback_give_the_root_that_plain_code_gives,
	             "CI-004 CI-007 WORKER-4113", "integrity", ""),
		CASE(device_and_readback_agree_at_every_level, "CI-007", "integrity", ""),
		CASE(single_nodes_are_those_of_the_level_and_count_their_own_bytes, "CI-007",
	             "integrity", ""),
		CASE(no_nodes_and_too_many_are_refused, "VR-006", "integrity",
	             "a write past a buffer"),
		CASE(readback_of_many_parts_by_any_number_of_threads, "CI-007 WORKER-4102",
	             "integrity", "pieces in the wrong order"),
		CASE(no_more_lanes_than_threads_and_no_more_threads_than_parts, "MS-004 RP-001",
	             "availability", ""),
		CASE(no_more_threads_than_lanes, "MS-007", "integrity", "a lane past the last"),
		CASE(a_flipped_bit_anywhere_changes_the_root, "CI-007 VR-004", "integrity",
	             "bit flip in VRAM"),
		CASE(measuring_takes_no_device_memory_and_leaves_no_lane, "RP-001 MS-004",
	             "availability", ""),
		CASE(every_failure_of_the_backend_is_a_status_and_never_a_root,
	             "WORKER-4032 WORKER-4150", "integrity", "driver trouble taken for tampering"),
		CASE(stale_staging_is_never_measured, "CI-007", "integrity",
	             "stale staging taken for a good answer"),
	};

	return suite_run("unit.vram_digest", "unit", cases, COUNT(cases));
}
