/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plans of launches, executed with numbers instead of digests.  Addresses are never accessed. */
#include <stdlib.h>
#include <string.h>
#include "support/suite/alloc.h"
#include "gpu/hash_plan.h"
#include "gpu/objects.h"
#include "support/suite/suite.h"

#define SLOT      (UINT64_C(1) << 40)
#define RUNS_MAX  1024u
#define MIB(n)    ((uint64_t)(n) << 20)
#define H200_SLOT MIB(16)
#define H200_SMS  132u

/* A simulated device: what is in its slot of the scratch, and its launches. */
struct machine {
	struct gpu_desk desk;
	struct gpu_plan plan;
	uint64_t *places;         /* the number in each place for a digest */
	uint64_t *written, *read; /* the launch that wrote it last */
	uint64_t *masks;          /* the nonce of that launch */
	uint64_t launches, batches, threads_most, serial;
};

static void machine_begin(struct machine *m, const vres_hash_job *job, uint64_t slot_bytes,
                          uint32_t processors, bool is_low)
{
	memset(m, 0, sizeof(*m));
	ck_assert(gpu_desk_open(&m->desk, slot_bytes));
	gpu_plan_begin(&m->plan, job, &m->desk, SLOT, slot_bytes, processors, is_low);
	m->places = test_alloc(m->plan.slot.room * sizeof(*m->places));
	m->written = test_alloc(m->plan.slot.room * sizeof(*m->written));
	memset(m->written, 0, m->plan.slot.room * sizeof(*m->written));
	m->masks = test_alloc(m->plan.slot.room * sizeof(*m->masks));
	m->read = test_alloc(m->plan.slot.room * sizeof(*m->read));
	memset(m->read, 0, m->plan.slot.room * sizeof(*m->read));
}

static void machine_end(struct machine *m)
{
	test_free(m->masks);
	gpu_desk_close(&m->desk);
	test_free(m->places);
	test_free(m->written);
	test_free(m->read);
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	a = (a ^ b) * UINT64_C(0x9e3779b97f4a7c15);
	return a ^ a >> 29;
}

/* The number of a leaf is made of its address and length. */
static uint64_t leaf_number(uint64_t addr, uint64_t bytes)
{
	return mix(mix(1, addr), bytes);
}

/* The number that one thread computes from its block. */
static uint64_t thread_number(struct machine *m, uint64_t addr, uint64_t bytes, uint64_t nonce)
{
	const uint64_t digests = m->plan.slot.digests;
	uint64_t number = 2;

	if (addr < SLOT || addr >= digests + m->plan.slot.room * LEAF_HASH_BYTES)
		return leaf_number(addr, bytes);
	if (addr < digests || (addr - digests) % LEAF_HASH_BYTES + bytes % LEAF_HASH_BYTES != 0)
		ck_abort_msg("an inner node that is not made of digests");
	for (uint64_t i = (addr - digests) / LEAF_HASH_BYTES, end = i + bytes / LEAF_HASH_BYTES;
	     i < end; i++) {
		if (m->written[i] == 0 || m->written[i] >= m->serial)
			ck_abort_msg("a launch reads what it or none before it wrote");
		if (m->masks[i] != nonce - LEAF_HASH_STEP)
			ck_abort_msg("a launch reads what not the launch before it wrote");
		m->read[i] = m->serial;
		number = mix(number, m->places[i]);
	}
	return number;
}

static void run_piece(struct machine *m, const vres_leaf_hash_piece *piece, uint64_t blocks,
                      uint64_t nonce)
{
	const uint64_t size = m->plan.job->block_size;

	ck_assert_uint_eq((piece->bytes + size - 1) / size, blocks);
	ck_assert_uint_le(piece->place + blocks, m->plan.slot.room);
	for (uint64_t i = 0; i < blocks; i++) {
		const uint64_t left = piece->bytes - i * size;

		m->places[piece->place + i] =
			thread_number(m, (uint64_t)(uintptr_t)piece->data + i * size,
		                      left < size ? left : size, nonce);
		if (m->written[piece->place + i] == m->serial ||
		    m->read[piece->place + i] == m->serial)
			ck_abort_msg(
				"a thread writes where another one of its launch writes or reads");
		m->written[piece->place + i] = m->serial;
		m->masks[piece->place + i] = nonce;
	}
}

static void run_launch(struct machine *m, uint32_t number)
{
	const struct gpu_planned_launch *l = &m->desk.launches[number];
	const vres_leaf_hash_piece *pieces = m->desk.pieces + l->first_piece;
	const uint64_t nonce = gpu_plan_nonce(&m->plan, number);

	ck_assert_uint_gt(l->pieces, 0);
	ck_assert_uint_eq(pieces[0].first, 0);
	m->serial++;
	m->launches++;
	m->threads_most = l->threads > m->threads_most ? l->threads : m->threads_most;
	for (uint32_t i = 0; i < l->pieces; i++) {
		const uint32_t end = i + 1 < l->pieces ? pieces[i + 1].first : l->threads;

		ck_assert_uint_lt(pieces[i].first, end);
		ck_assert_uint_eq(pieces[i].seal, leaf_hash_seal(&pieces[i], nonce));
		run_piece(m, &pieces[i], end - pieces[i].first, nonce);
	}
}

/* The number of a node, computed from the definition of the tree. */
static uint64_t node_number(const vres_hash_job *job, const vres_hash_run *run, uint32_t level,
                            uint64_t index)
{
	const uint64_t fanout = job->block_size / LEAF_HASH_BYTES;
	uint64_t number = 2, below;

	if (level == 0) {
		const uint64_t left = run->bytes - index * job->block_size;

		return leaf_number(run->mem->chunk.addr + run->offset + index * job->block_size,
		                   left < job->block_size ? left : job->block_size);
	}
	below = gpu_plan_nodes(job, run->bytes, level - 1);
	for (uint64_t i = index * fanout; i < (index + 1) * fanout && i < below; i++)
		number = mix(number, node_number(job, run, level - 1, i));
	return number;
}

struct expected {
	const vres_hash_job *job;
	uint32_t level;
	size_t run;
	uint64_t index;
};

static uint64_t expected_next(struct expected *e)
{
	while (e->index >= gpu_plan_nodes(e->job, e->job->runs[e->run].bytes, e->level)) {
		e->run++;
		e->index = 0;
		if (e->run == e->job->runs_count)
			ck_abort_msg("more results than nodes");
	}
	return node_number(e->job, &e->job->runs[e->run], e->level, e->index++);
}

static uint64_t results_of(const vres_hash_job *job, uint32_t level)
{
	uint64_t n = 0;

	for (size_t i = 0; i < job->runs_count; i++)
		n += gpu_plan_nodes(job, job->runs[i].bytes, level);
	return n;
}

/* Asserts that each launch yields as many results as the plan says, and in this order. */
static void ck_results_masks(const struct machine *m)
{
	uint64_t place = m->plan.slot.results;

	for (uint32_t i = 0; i < m->plan.launches; i++)
		for (uint32_t j = 0; j < m->desk.launches[i].results; j++)
			if (m->masks[place++] != gpu_plan_nonce(&m->plan, i))
				ck_abort_msg("result %lu has another launch's mask",
				             (unsigned long)(place - 1 - m->plan.slot.results));
	ck_assert_uint_eq(place, m->plan.slot.results + m->plan.results);
}

/*
 * Executes the whole plan.  Asserts that the results are those of the definition, all of them, in
 * order.
 */
static void ck_plan(struct machine *m)
{
	struct expected e = {m->plan.job, m->plan.levels, 0, 0};
	uint64_t results = 0;

	while (gpu_plan_next(&m->plan, mix(m->batches, 7))) {
		m->batches++;
		ck_assert_uint_gt(m->plan.launches, 0);
		ck_assert_uint_le(m->plan.launches, PLAN_LAUNCHES);
		ck_assert_uint_le(m->plan.pieces, m->desk.pieces_room);
		ck_assert_uint_le(m->plan.results, m->plan.slot.results_room);
		for (uint32_t i = 0; i < m->plan.launches; i++)
			run_launch(m, i);
		for (uint64_t i = 0; i < m->plan.results; i++)
			if (m->places[m->plan.slot.results + i] != expected_next(&e))
				ck_abort_msg("node %lu of run %zu is wrong",
				             (unsigned long)e.index - 1, e.run);
		ck_results_masks(m);
		results += m->plan.results;
	}
	ck_assert_uint_eq(results, results_of(m->plan.job, m->plan.levels));
}

static uint64_t random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* The loop index chooses many short runs, a few long ones, or a mixture. */
static uint64_t random_bytes(uint64_t *state, uint32_t block_size, unsigned kind)
{
	const uint64_t limits[] = {3, 200, 40000};
	const uint64_t blocks = random_next(state) % limits[kind] + 1;

	return random_next(state) % 3 == 0
	               ? blocks * block_size
	               : (blocks - 1) * block_size + random_next(state) % block_size + 1;
}

START_TEST(every_node_of_random_jobs_is_made_once_of_its_children_and_lands_in_order)
{
	static struct vres_bmem mem = {.chunk = {.addr = 0}};
	static vres_hash_run runs[RUNS_MAX];
	uint64_t state = suite_seed() * 2 + 1;

	for (unsigned round = 0; round < suite_scaled(150, 15); round++) {
		const uint32_t block_size = 1024u << random_next(&state) % 7;
		const unsigned kind = (unsigned)(random_next(&state) % 3);
		const vres_hash_job job = {
			.runs = runs,
			.runs_count = random_next(&state) % (kind == 2 ? 8 : RUNS_MAX) + 1,
			.block_size = block_size,
			.level = (uint32_t)(random_next(&state) % 5)};
		uint64_t offset = 0;
		struct machine m;

		for (size_t i = 0; i < job.runs_count; i++) {
			runs[i] = (vres_hash_run){&mem, offset,
			                          random_next(&state) % 50
			                                  ? random_bytes(&state, block_size, kind)
			                                  : 0};
			offset += runs[i].bytes + 5;
		}
		machine_begin(&m, &job, MIB(1) << random_next(&state) % 5,
		              (uint32_t)(random_next(&state) % 140), random_next(&state) % 2);
		ck_assert_uint_le(m.plan.levels, job.level);
		ck_plan(&m);
		machine_end(&m);
	}
}
END_TEST

struct outcome {
	uint64_t launches, batches, threads_most;
};

/* Plans @n runs of @bytes bytes each for a device with the memory of an H200. */
static struct outcome outcome_of(size_t n, uint64_t bytes, uint32_t level, uint32_t processors,
                                 bool is_low)
{
	static struct vres_bmem mem = {.chunk = {.addr = 0}};
	static vres_hash_run runs[RUNS_MAX];
	const vres_hash_job job = {
		.runs = runs, .runs_count = n, .block_size = 4096, .level = level};
	struct machine m;

	for (size_t i = 0; i < n; i++)
		runs[i] = (vres_hash_run){&mem, i * bytes, bytes};
	machine_begin(&m, &job, H200_SLOT, processors, is_low);
	ck_plan(&m);
	machine_end(&m);
	return (struct outcome){m.launches, m.batches, m.threads_most};
}

START_TEST(thousand_runs_of_1_mib_take_as_many_launches_as_one_of_1000_mib)
{
	static const char *const names[] = {"launches_level_0", "launches_level_1",
	                                    "launches_level_2"};

	for (uint32_t level = 0; level <= 2; level++) {
		const struct outcome one = outcome_of(1, MIB(1000), level, H200_SMS, false);
		const struct outcome many = outcome_of(1000, MIB(1), level, H200_SMS, false);

		ck_assert_uint_le(many.launches, one.launches + 2);
		ck_assert_uint_le(many.launches, 6);
		suite_value(names[level], (double)many.launches);
	}
}
END_TEST

START_TEST(inner_levels_add_a_launch_each_to_a_long_run_and_none_to_every_window)
{
	const struct outcome one = outcome_of(1, MIB(8192), 1, H200_SMS, false);

	ck_assert_uint_eq(one.batches, 1);
	ck_assert_uint_le(one.launches, 12);
	ck_assert_uint_eq(one.threads_most % (H200_SMS * GPU_GROUP), 0);
	ck_assert_uint_le(outcome_of(1, MIB(8192), 2, H200_SMS, false).launches, one.launches + 2);
	suite_value("launches_8_gib_level_1", (double)one.launches);
}
END_TEST

/*
 * Holds for launches that are just large enough for one node, too: the levels above must not force
 * a wait after each.
 */
START_TEST(low_priority_launches_cover_a_quarter_of_the_device_at_most)
{
	for (uint32_t level = 0; level <= 2; level++) {
		ck_assert_uint_le(outcome_of(1, MIB(256), level, H200_SMS, true).threads_most,
		                  H200_SMS / 4 * GPU_GROUP);
		ck_assert_uint_eq(outcome_of(1, MIB(64), level, 4, true).batches, 1);
		ck_assert_uint_le(outcome_of(1, MIB(64), level, 4, true).threads_most,
		                  2 * GPU_GROUP);
	}
}
END_TEST

/*
 * With small launches, the number of launches ends a batch, including those for the levels above
 * the last leaves. ck_plan() counts them.
 */
START_TEST(job_of_more_launches_than_a_batch_has_takes_several)
{
	for (uint32_t level = 0; level <= 2; level++)
		ck_assert_uint_ge(outcome_of(1, MIB(512), level, 4, true).batches, 2);
}
END_TEST

START_TEST(handful_of_nodes_is_left_to_the_host)
{
	static struct vres_bmem mem = {.chunk = {.addr = 0}};
	const vres_hash_run run = {&mem, 0, MIB(1)};
	vres_hash_job job = {.runs = &run, .runs_count = 1, .block_size = 4096, .level = 2};
	struct machine m;

	machine_begin(&m, &job, H200_SLOT, H200_SMS, false);

	ck_assert_uint_eq(m.plan.levels, 0);
	ck_plan(&m);
	ck_assert_uint_eq(m.launches, 1);
	machine_end(&m);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_SLOW(every_node_of_random_jobs_is_made_once_of_its_children_and_lands_in_order,
	                  120, "CI-004 CI-007 MS-007", "integrity",
	                  "a launch that reads what it writes, a block left out"),
		CASE(thousand_runs_of_1_mib_take_as_many_launches_as_one_of_1000_mib, "",
	             "availability", "a launch for each shard"),
		CASE(inner_levels_add_a_launch_each_to_a_long_run_and_none_to_every_window, "",
	             "availability", "an idle device"),
		CASE(job_of_more_launches_than_a_batch_has_takes_several, "MS-007", "integrity",
	             "a launch past the last"),
		CASE(low_priority_launches_cover_a_quarter_of_the_device_at_most, "",
	             "availability", "inference that waits for checks"),
		CASE(handful_of_nodes_is_left_to_the_host, "", "availability", ""),
	};

	return suite_run("gpu_plan", "backend", cases, COUNT(cases));
}
