/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Jobs over many memories, over a part of one, and in slices.  Their digests must be those of
 * vres_vram_digest_level() and vres_vram_digest_root().
 */
#include "device/vram_digest_many.h"

#include "support/suite/alloc.h"
#include "unit/fixture/fake_backend.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"

#define DEADLINE (UINT64_C(60) * 1000000000)

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

	ck_ok(vres_vram_digest_open(ms, &s->mem, &s->shape, by_readback, 0, 1, DEADLINE, &err));
}

START_TEST(a_part_has_the_digests_that_its_level_has_there)
{
	for (unsigned by_readback = 0; by_readback < 2; by_readback++) {
		/* 92 nodes at level 1, the last one short. */
		CLEANUP(end) struct sample s = begin(3000000, 1024);
		CLEANUP(vres_vram_digest_close) struct vram_digest ms = {0};
		uint8_t level[92 * 32], part[92 * 32];
		vres_error err;

		ck_assert_uint_eq(s.shape.count[1], 92);
		open_measure(&ms, &s, by_readback);
		ck_ok(vres_vram_digest_level(&ms, 1, level, &err));
		for (uint64_t first = 0; first < 92; first += 7)
			for (uint64_t n = 1; first + n <= 92; n += n < 60 ? 13 : 31) {
				ms.bytes_hashed = 0;
				ck_ok(vres_vram_digest_part(&ms, 1, first, n, part, &err));
				ck_assert_mem_eq(part, level + first * 32, (size_t)n * 32);
				ck_assert_uint_eq(ms.bytes_hashed, first + n == 92
				                                           ? 3000000 - first * 32768
				                                           : n * 32768);
			}
	}
}
END_TEST

START_TEST(slices_give_the_root_and_none_is_too_long)
{
	static const struct {
		uint64_t bytes;
		uint32_t block_size;
		size_t slices;
	} samples[] = {{1, 4096, 1},
	               {300000, 1024, 1},
	               {SLICE_BYTES, 4096, 1},
	               {SLICE_BYTES + 1, 4096, 2},
	               {2 * SLICE_BYTES + 4097, 1024, 3},
	               {SLICE_BYTES + 70000, 65536, 2}};

	for (size_t i = 0; i < COUNT(samples); i++) {
		CLEANUP(end) struct sample s = begin(samples[i].bytes, samples[i].block_size);
		CLEANUP(vres_vram_digest_close) struct vram_digest ms = {0};
		uint8_t whole[32], sliced[32];
		uint64_t bytes = 0;
		vres_error err;

		open_measure(&ms, &s, false);
		ck_ok(vres_vram_digest_root(&ms, whole, NULL, &err));
		s.fixture->fake->hashed_count = 0;
		ms.bytes_hashed = 0;
		ck_ok(vres_vram_digest_root_in_slices(&ms, sliced, &err));
		ck_assert_mem_eq(whole, sliced, 32);
		ck_assert_uint_eq(ms.bytes_hashed, samples[i].bytes);
		ck_assert_uint_eq(s.fixture->fake->hashed_count, samples[i].slices);
		for (size_t slice = 0; slice < samples[i].slices; slice++) {
			ck_assert_uint_eq(s.fixture->fake->hashed[slice].offset, bytes);
			ck_assert_uint_le(s.fixture->fake->hashed[slice].bytes, SLICE_BYTES);
			bytes += s.fixture->fake->hashed[slice].bytes;
		}
		ck_assert_uint_eq(bytes, samples[i].bytes);
	}
}
END_TEST

/* Some of these memories have equally many nodes.  All are hashed in one job. */
START_TEST(a_job_has_the_digests_of_each_of_its_memories)
{
	static const uint64_t sizes[] = {2000, 32768, 32769, 40000, 999999};
	struct vres_mem mem[COUNT(sizes)];
	struct tree_shape shape[COUNT(sizes)];
	struct device_fixture *fixture = device_fixture_open();
	struct vram_digest_job job;
	const uint8_t *digests;
	vres_error err;

	ck_ok(vres_vram_digest_job_open(
		&job, (mem[0] = device_fixture_memory(fixture, sizes[0], 0)).device,
		VRES_LANE_LOW_PRIORITY, 1024, 1, COUNT(sizes), &err));
	ck_assert_uint_eq(fixture->fake->lane_flags, VRES_LANE_LOW_PRIORITY);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		if (i > 0)
			mem[i] = device_fixture_memory(fixture, sizes[i], i);
		tree_shape_init(&shape[i], sizes[i], 1024);
		vres_vram_digest_job_add(&job, &mem[i], &shape[i]);
	}
	ck_ok(vres_vram_digest_job_run(&job, DEADLINE, &err));
	ck_assert_uint_eq(job.bytes, 2000 + 32768 + 32769 + 40000 + 999999);
	ck_assert_uint_eq(atomic_load(&fixture->fake->calls[FAKE_HASH]), 1);
	digests = job.digests;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct sample s = {fixture, mem[i], shape[i]};
		struct vram_digest ms = {0};
		uint8_t want[64 * 32];

		open_measure(&ms, &s, false);
		ck_ok(vres_vram_digest_level(&ms, 1, want, &err));
		ck_assert_mem_eq(digests, want, (size_t)shape[i].count[1] * 32);
		digests += shape[i].count[1] * 32;
		vres_vram_digest_close(&ms);
		drop_memory(&mem[i]);
	}
	vres_vram_digest_job_close(&job);
	device_fixture_close(&fixture);
}
END_TEST

START_TEST(levels_leave_the_host_little_of_a_few_and_nothing_of_many)
{
	static const uint64_t sizes[] = {
		1, 4096, 4097, 64 * 4096, 65 * 4096, UINT64_C(1) << 30, UINT64_C(100) << 30};
	struct tree_shape shape;

	for (size_t i = 0; i < COUNT(sizes); i++) {
		tree_shape_init(&shape, sizes[i], 4096);
		ck_assert_uint_le(shape.count[vres_vram_digest_job_level(&shape, 1)], HOST_NODES);
		ck_assert_uint_eq(vres_vram_digest_job_level(&shape, 1),
		                  tree_level_within(&shape, HOST_NODES));
		ck_assert_uint_eq(vres_vram_digest_job_level(&shape, RUNS_MAX), shape.top);
	}
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(a_part_has_the_digests_that_its_level_has_there, "CI-007", "integrity",
	             "a part taken for another"),
		CASE(slices_give_the_root_and_none_is_too_long, "CI-007", "availability",
	             "a check that stands in the way of inference"),
		CASE(a_job_has_the_digests_of_each_of_its_memories, "CI-007 VR-008", "integrity",
	             "a shard taken for another"),
		CASE(levels_leave_the_host_little_of_a_few_and_nothing_of_many, "CI-007", "", ""),
	};

	return suite_run("unit.vram_digest_many", "unit", cases, COUNT(cases));
}
