/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See hash_plan.h. */
#include "gpu/hash_plan.h"

#include <stdlib.h>

#include "gpu/objects.h"

/*
 * The host is faster for a level with so few nodes: a thread of the device takes about 76 us for a
 * node, the host's portable code 12 us.
 */
#define FEW 6u

/* Parts of a slot. */
#define PIECES_PART  32u
#define RESULTS_PART 8u

/* A low-priority launch takes one group on every so many multiprocessors. */
#define LOW_PART 4u

static uint64_t div_up(uint64_t a, uint64_t b)
{
	return a / b + (a % b != 0);
}

static uint64_t lower(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t higher(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

bool gpu_desk_open(struct gpu_desk *desk, uint64_t slot_bytes)
{
	desk->pieces_room = (uint32_t)(slot_bytes / PIECES_PART / sizeof(*desk->pieces));
	desk->cuts_room = desk->pieces_room / 8;
	desk->pieces = calloc(desk->pieces_room, sizeof(*desk->pieces));
	desk->cuts = calloc((PLAN_LEVELS + 1) * (size_t)desk->cuts_room, sizeof(*desk->cuts));
	if (desk->pieces && desk->cuts)
		return true;
	gpu_desk_close(desk);
	return false;
}

void gpu_desk_close(struct gpu_desk *desk)
{
	free(desk->pieces);
	free(desk->cuts);
	desk->pieces = NULL;
	desk->cuts = NULL;
}

uint64_t gpu_plan_nodes(const vres_hash_job *job, uint64_t bytes, uint32_t level)
{
	uint64_t nodes = div_up(bytes, job->block_size);

	for (uint32_t i = 0; i < level; i++)
		nodes = div_up(nodes, job->block_size / LEAF_HASH_BYTES);
	return nodes;
}

/* Nodes of all runs together; exact only if they are few. */
static bool are_few(const vres_hash_job *job, uint32_t level)
{
	uint64_t nodes = 0;

	for (size_t i = 0; i < job->runs_count && nodes <= FEW; i++)
		nodes += lower(gpu_plan_nodes(job, job->runs[i].bytes, level), FEW + 1);
	return nodes <= FEW;
}

/*
 * Launches as large as the memory for digests allows, in steps of one group for each
 * multiprocessor, since those with fewer groups would wait for those with more; and not larger than
 * low priority allows.
 */
static uint64_t threads_of(uint64_t room, uint64_t fanout, uint32_t processors, bool is_low)
{
	const uint64_t step = (uint64_t)processors * GPU_GROUP;

	if (is_low)
		return lower(room, higher(higher(processors / LOW_PART, 1) * GPU_GROUP, fanout));
	return step > 0 && step <= room ? room / step * step : room;
}

/* As many levels as have nodes that fit a window, without those that are the host's. */
static void choose_levels(struct gpu_plan *plan)
{
	const uint64_t window = lower(plan->threads, plan->leaves_room);

	plan->node[0] = 1;
	plan->levels = 0;
	while (plan->levels < PLAN_LEVELS && plan->levels < plan->job->level &&
	       plan->node[plan->levels] * plan->fanout <= window) {
		plan->node[plan->levels + 1] = plan->node[plan->levels] * plan->fanout;
		plan->levels++;
	}
	while (plan->levels > 0 && are_few(plan->job, plan->levels))
		plan->levels--;
}

/*
 * Room for the leaves of a window, twice, and for what can come of them at the levels between them
 * and the results.
 */
static uint64_t leaves_room(uint64_t half, uint32_t cuts)
{
	/*
	 * Every level has at most 1/32 of the nodes below it, and one more for each cut: together
	 * less than 1/16.
	 */
	return (half - (PLAN_LEVELS - 1) * (uint64_t)cuts) / 16 * 15;
}

static void place_digests(struct gpu_plan *plan)
{
	struct gpu_slot *slot = &plan->slot;
	uint64_t at = 0;

	for (uint32_t level = 0; level < plan->levels; level++) {
		const uint64_t room = plan->leaves_room / plan->node[level] +
		                      (level > 0 ? plan->desk->cuts_room : 0);

		slot->tier[level][0] = at;
		slot->tier[level][1] = at + room;
		at += 2 * room;
	}
	slot->results = at;
	slot->results_room = slot->room - at;
}

void gpu_plan_begin(struct gpu_plan *plan, const vres_hash_job *job, struct gpu_desk *desk,
                    uint64_t slot, uint64_t slot_bytes, uint32_t processors, bool is_low)
{
	const uint64_t pieces = slot + PLAN_LAUNCHES * sizeof(uint64_t); /* aligned as a piece is */
	const uint64_t digests = pieces + slot_bytes / PIECES_PART;

	*plan = (struct gpu_plan){
		.job = job, .desk = desk, .fanout = job->block_size / LEAF_HASH_BYTES};
	plan->slot = (struct gpu_slot){.echoes = slot,
	                               .pieces = pieces,
	                               .digests = digests,
	                               .room = (slot + slot_bytes - digests) / LEAF_HASH_BYTES};
	plan->leaves_room = leaves_room((plan->slot.room - plan->slot.room / RESULTS_PART) / 2,
	                                desk->cuts_room);
	plan->threads = threads_of(plan->leaves_room, plan->fanout, processors, is_low);
	choose_levels(plan);
	place_digests(plan);
	for (uint32_t i = 0; i <= PLAN_LEVELS; i++)
		plan->windows[i].cuts = desk->cuts + (size_t)i * desk->cuts_room;
}

/* The window that is @age launches old. */
static struct gpu_window *window_at(struct gpu_plan *plan, uint32_t age)
{
	return &plan->windows[(plan->serial - age) % (PLAN_LEVELS + 1)];
}

static struct gpu_window *window_new(struct gpu_plan *plan)
{
	struct gpu_cut *cuts;
	struct gpu_window *w;

	plan->serial++;
	w = window_at(plan, 0);
	cuts = w->cuts;
	*w = (struct gpu_window){.cuts = cuts,
	                         .half = plan->serial & 1,
	                         .results = plan->slot.results + plan->results};
	return w;
}

static void window_cut(struct gpu_plan *plan, struct gpu_window *w, uint64_t leaves)
{
	const vres_hash_run *run = &plan->job->runs[plan->run];
	const uint64_t offset = plan->run_leaf * plan->job->block_size;

	w->cuts[w->cuts_count++] = (struct gpu_cut){
		.addr = run->mem->chunk.addr + run->offset + offset,
		.bytes = lower(run->bytes - offset, leaves * plan->job->block_size),
		.leaves = leaves};
	for (uint32_t level = 0; level <= plan->levels; level++)
		w->nodes[level] += div_up(leaves, plan->node[level]);
	plan->promised += plan->levels + 1;
	plan->run_leaf += leaves;
}

/*
 * Leaves that a window may have in this launch.  Inner nodes of earlier windows get their threads
 * first, but never all threads.
 */
static uint64_t window_budget(struct gpu_plan *plan)
{
	uint64_t budget = plan->threads;

	for (uint32_t level = 1; level <= plan->levels; level++) {
		const uint64_t inner = window_at(plan, level)->nodes[level];

		budget = budget > inner ? budget - inner : 0;
	}
	return lower(higher(budget, plan->node[plan->levels]), plan->leaves_room);
}

static uint64_t leaves_left(struct gpu_plan *plan)
{
	while (plan->run < plan->job->runs_count) {
		const uint64_t leaves =
			div_up(plan->job->runs[plan->run].bytes, plan->job->block_size);

		if (plan->run_leaf < leaves)
			return leaves - plan->run_leaf;
		plan->run++;
		plan->run_leaf = 0;
	}
	return 0;
}

/* The next leaves, as long as there is room for all nodes above them. */
static void window_fill(struct gpu_plan *plan, struct gpu_window *w)
{
	const uint64_t node = plan->node[plan->levels];
	const uint64_t budget = window_budget(plan);
	uint64_t left;

	while ((left = leaves_left(plan)) > 0 && w->cuts_count < plan->desk->cuts_room &&
	       plan->promised + plan->levels + 1 <= plan->desk->pieces_room) {
		const uint64_t nodes_room =
			plan->slot.results_room - plan->results - w->nodes[plan->levels];
		const uint64_t room = lower(budget - w->nodes[0], nodes_room * node);
		const uint64_t take = left <= room ? left : room / node * node;

		if (take == 0)
			break;
		window_cut(plan, w, take);
	}
	plan->results += w->nodes[plan->levels];
}

uint64_t gpu_plan_nonce(const struct gpu_plan *plan, uint32_t i)
{
	return plan->nonce + i * LEAF_HASH_STEP;
}

static void add_piece(struct gpu_plan *plan, struct gpu_planned_launch *l, uint64_t data,
                      uint64_t bytes, uint64_t place, uint64_t blocks)
{
	plan->desk->pieces[plan->pieces++] =
		leaf_hash_sealed((const uint8_t *)(uintptr_t)data, bytes, l->threads,
	                         (uint32_t)place, gpu_plan_nonce(plan, plan->launches));
	l->pieces++;
	l->threads += (uint32_t)blocks;
}

/* The nodes at @level of one window. */
static void add_level(struct gpu_plan *plan, struct gpu_planned_launch *l,
                      const struct gpu_window *w, uint32_t level)
{
	uint64_t place = level == plan->levels ? w->results : plan->slot.tier[level][w->half];
	uint64_t below = level == 0 ? 0 : plan->slot.tier[level - 1][w->half];

	for (uint32_t i = 0; i < w->cuts_count; i++) {
		const struct gpu_cut *cut = &w->cuts[i];
		const uint64_t blocks = div_up(cut->leaves, plan->node[level]);

		if (level == 0) {
			add_piece(plan, l, cut->addr, cut->bytes, place, blocks);
		} else {
			const uint64_t children = div_up(cut->leaves, plan->node[level - 1]);

			add_piece(plan, l, plan->slot.digests + below * LEAF_HASH_BYTES,
			          children * LEAF_HASH_BYTES, place, blocks);
			below += children;
		}
		place += blocks;
		if (level == plan->levels)
			l->results += (uint32_t)blocks;
	}
}

/*
 * Inner nodes first: a device begins with the first threads, and a launch is over when the last
 * ones are.
 */
static void add_launch(struct gpu_plan *plan)
{
	struct gpu_planned_launch *l = &plan->desk->launches[plan->launches];

	*l = (struct gpu_planned_launch){.first_piece = plan->pieces};
	for (uint32_t age = plan->levels + 1; age-- > 0;)
		add_level(plan, l, window_at(plan, age), age);
	if (l->threads > 0)
		plan->launches++;
}

bool gpu_plan_next(struct gpu_plan *plan, uint64_t nonce)
{
	bool any = false;

	plan->nonce = nonce;
	plan->launches = plan->pieces = plan->promised = 0;
	plan->results = 0;
	for (uint32_t age = 0; age <= PLAN_LEVELS; age++)
		(void)window_new(plan);
	for (;;) {
		struct gpu_window *w = window_new(plan);

		if (plan->launches + 1 + plan->levels <= PLAN_LAUNCHES)
			window_fill(plan, w);
		if (w->cuts_count == 0)
			break;
		any = true;
		add_launch(plan);
	}
	/*
	 * What is left is inner nodes; the window that stayed empty has the place of leaves in the
	 * first of these launches.
	 */
	for (uint32_t age = 0; any && age < plan->levels; age++) {
		add_launch(plan);
		(void)window_new(plan);
	}
	return any;
}
