/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which blocks go into which launch of the kernel: arithmetic alone, no driver.
 *
 * A job's leaves are taken window by window, a window being one launch's worth of parts ("cuts") of
 * as many runs as there are.  The nodes above a window's leaves go into the launches that follow,
 * beside the leaves of later windows: the few threads of an inner level would leave the device idle
 * if they had a launch of their own.  So launch n has the leaves of window n, the first level above
 * those of window n - 1, and so on.  Digests on their way up have two places for each level, since
 * one launch reads what the one before it wrote.
 *
 * A cut that does not end its run consists of whole nodes of the highest planned level, so no node
 * needs two cuts.  The host computes the levels above, and levels with a handful of nodes
 * (hash_top.c).
 */
#ifndef VRES_BACKENDS_GPU_HASH_PLAN_H
#define VRES_BACKENDS_GPU_HASH_PLAN_H

#include <stdbool.h>
#include <vres/backend.h>
#include "kernels/leaf_hash.h"

/* Levels above the leaves, at most: no window has room for the leaves of a higher node. */
#define PLAN_LEVELS   3u
#define PLAN_LAUNCHES 512u /* in a batch, between two waits */

/* Blocks that follow each other in one run. */
struct gpu_cut {
	uint64_t addr, bytes;
	uint64_t leaves;
};

struct gpu_window {
	struct gpu_cut *cuts;
	uint32_t cuts_count;
	uint32_t half;                   /* which of the two places of each level */
	uint64_t nodes[PLAN_LEVELS + 1]; /* at each level, in all cuts */
	uint64_t results;                /* where those of the highest planned level go */
};

struct gpu_planned_launch {
	uint32_t first_piece, pieces;
	uint32_t threads;
	uint32_t results; /* that it yields: they follow those of the launch before */
};

/*
 * Host memory in which plans are made.  The device may read pieces until the stream is idle, so a
 * lane keeps it as long as it lives.
 */
struct gpu_desk {
	uint32_t pieces_room, cuts_room;
	vres_leaf_hash_piece *pieces;
	struct gpu_cut *cuts; /* cuts_room for each window that is under way */
	struct gpu_planned_launch launches[PLAN_LAUNCHES];
};

/* The slot of the scratch, divided: echoes, pieces, then digests, whose places are numbered. */
struct gpu_slot {
	uint64_t echoes, pieces, digests; /* addresses */
	uint64_t room;                    /* of digests */
	uint64_t tier[PLAN_LEVELS][2];
	uint64_t results, results_room;
};

struct gpu_plan {
	const vres_hash_job *job;
	struct gpu_desk *desk;
	struct gpu_slot slot;
	uint64_t fanout;
	uint32_t levels;                /* that the device does above the leaves */
	uint64_t node[PLAN_LEVELS + 1]; /* leaves of a node of each level */
	uint64_t threads;               /* in a launch */
	uint64_t leaves_room;           /* for those of a window */
	size_t run;                     /* where the next cut begins */
	uint64_t run_leaf;
	uint32_t serial; /* of the newest window */
	struct gpu_window windows[PLAN_LEVELS + 1];
	/* The batch that was planned last.  promised: pieces that its cuts need at all levels. */
	uint32_t launches, pieces, promised;
	uint64_t results;
	uint64_t nonce; /* of its first launch */
};

/* A desk for slots of @slot_bytes.  False: no memory. */
bool gpu_desk_open(struct gpu_desk *desk, uint64_t slot_bytes);
void gpu_desk_close(struct gpu_desk *desk);

/*
 * @processors: the device's multiprocessors, 0 when not known.  @is_low: take a small part of them.
 */
void gpu_plan_begin(struct gpu_plan *plan, const vres_hash_job *job, struct gpu_desk *desk,
                    uint64_t slot, uint64_t slot_bytes, uint32_t processors, bool is_low);

/*
 * The next launches, and how many results they yield, for which there is room.  The first launch
 * has this @nonce, the others those that follow it.  False: all was planned.
 */
bool gpu_plan_next(struct gpu_plan *plan, uint64_t nonce);

/* The nonce of launch number @i of the batch. */
uint64_t gpu_plan_nonce(const struct gpu_plan *plan, uint32_t i);

/* Nodes of @bytes bytes at @level. */
uint64_t gpu_plan_nodes(const vres_hash_job *job, uint64_t bytes, uint32_t level);

#endif
