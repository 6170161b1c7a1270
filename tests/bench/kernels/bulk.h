/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A third way to load, for comparison: the bulk copy engine of sm_90 and newer (PTX ISA,
 * "cp.async.bulk") fills a warp's stages while its threads hash.  Threads neither load from global
 * memory nor hold in registers what is on its way; one of them gives the orders.
 *
 * A stage has BULK_ROW bytes of each of a warp's 32 blocks, and a barrier (PTX ISA, "mbarrier")
 * that tells when they are there.  Row i of the blocks, which begins at BULK_ROW x i, goes into
 * stage i % BULK_STAGES and is what that stage takes in for the (i / BULK_STAGES)th time, counted
 * from 0.  Each time is a phase of the barrier, so its parity is the lowest bit of that number.
 *
 * The engine copies bytes as they lie: it has no crosswise places, as staged.h has, but for copies
 * by tensor maps.  Rows without a gap would have all threads' quads in the same banks.  Each is
 * therefore 16 bytes longer than what it holds, an odd number of quads: of the eight threads that a
 * load of quads serves at a time, each finds its own in another group of four banks.
 *
 * On the host, where tests play the warp, copies are done at once, and barriers count as the real
 * ones do.
 */
#ifndef TESTS_BENCH_KERNELS_BULK_H
#define TESTS_BENCH_KERNELS_BULK_H

#include "kernels/leaf_hash.h"

/*
 * An order costs the warp some nine instructions, so rows are long; two stages of them leave room
 * for 12 warps in a multiprocessor's memory.
 */
#define BULK_LANES  32u
#define BULK_ROW    256u
#define BULK_STRIDE (BULK_ROW + 16u)
#define BULK_STAGES 2u
#define BULK_TRIES  (1u << 20)

/* A warp's shared memory.  The engine reads and writes at multiples of 16. */
typedef struct __attribute__((aligned(16))) bulk_warp {
	uint8_t stages[BULK_STAGES][BULK_LANES * BULK_STRIDE];
	uint64_t barriers[BULK_STAGES];
} bulk_warp;

#if defined(LEAF_HASH_NVIDIA)

/* An address as instructions for shared memory have it. */
LEAF_HASH_FN uint32_t bulk_shared(const void *p)
{
	uint32_t address;

	__asm__("{ .reg .u64 t; cvta.to.shared.u64 t, %1; cvt.u32.u64 %0, t; }"
	        : "=r"(address)
	        : "l"(p));
	return address;
}

/* One arrival ends a phase, once there are all bytes that were announced. */
LEAF_HASH_FN void bulk_barrier_init(uint64_t *barrier)
{
	__asm__ volatile("mbarrier.init.shared::cta.b64 [%0], 1;" ::"r"(bulk_shared(barrier))
	                 : "memory");
}

/* The engine and the other threads see the barriers as they were made. */
LEAF_HASH_FN void bulk_barriers_made(void)
{
	__asm__ volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}

/*
 * What was done to shared memory so far was done before anything that the engine is told to do from
 * now on: it is another proxy (8.9.2).
 */
LEAF_HASH_FN void bulk_fence(void)
{
	__asm__ volatile("fence.proxy.async.shared::cta;" ::: "memory");
}

LEAF_HASH_FN void bulk_arrive(uint64_t *barrier, uint32_t bytes)
{
	__asm__ volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(
				 bulk_shared(barrier)),
	                 "r"(bytes)
	                 : "memory");
}

LEAF_HASH_FN void bulk_copy(uint8_t *to, const uint8_t *from, uint32_t bytes, uint64_t *barrier)
{
	__asm__ volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], "
	                 "[%1], %2, [%3];" ::"r"(bulk_shared(to)),
	                 "l"(from), "r"(bytes), "r"(bulk_shared(barrier))
	                 : "memory");
}

/*
 * Waits for it, some 1,000 ns at most.  When it is, what the engine copied can be read without a
 * fence.
 */
LEAF_HASH_FN bool bulk_phase_is_over(uint64_t *barrier, uint32_t parity)
{
	uint32_t over;

	__asm__ volatile("{ .reg .pred p; mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2, "
	                 "1000; selp.u32 %0, 1, 0, p; }"
	                 : "=r"(over)
	                 : "r"(bulk_shared(barrier)), "r"(parity)
	                 : "memory");
	return over != 0;
}

#else

/*
 * A barrier: bytes that are announced and not there, if the arrival is still to come, the current
 * phase's parity.
 */
#define BULK_PENDING (UINT64_C(1) << 32)
#define BULK_PARITY  (UINT64_C(1) << 33)

LEAF_HASH_FN void bulk_barrier_init(uint64_t *barrier)
{
	*barrier = BULK_PENDING;
}

LEAF_HASH_FN void bulk_barriers_made(void)
{
}

LEAF_HASH_FN void bulk_fence(void)
{
}

LEAF_HASH_FN void bulk_count(uint64_t *barrier)
{
	if (*barrier % BULK_PARITY == 0)
		*barrier = (*barrier ^ BULK_PARITY) | BULK_PENDING;
}

LEAF_HASH_FN void bulk_arrive(uint64_t *barrier, uint32_t bytes)
{
	*barrier += bytes - BULK_PENDING;
	bulk_count(barrier);
}

LEAF_HASH_FN void bulk_copy(uint8_t *to, const uint8_t *from, uint32_t bytes, uint64_t *barrier)
{
	for (uint32_t i = 0; i < bytes; i++)
		to[i] = from[i];
	*barrier -= bytes;
	bulk_count(barrier);
}

/* The current phase is not over; the one before it, which has the other parity, is. */
LEAF_HASH_FN bool bulk_phase_is_over(uint64_t *barrier, uint32_t parity)
{
	return ((*barrier & BULK_PARITY) != 0) != (parity != 0);
}

#endif

/* By one thread, before any other uses the warp's memory. */
LEAF_HASH_FN void bulk_begin(bulk_warp *warp)
{
	for (uint32_t i = 0; i < BULK_STAGES; i++)
		bulk_barrier_init(&warp->barriers[i]);
	bulk_barriers_made();
}

LEAF_HASH_FN uint8_t *bulk_place(bulk_warp *warp, uint32_t row, uint32_t lane)
{
	return warp->stages[row % BULK_STAGES] + lane * BULK_STRIDE;
}

/*
 * By one thread: have a row brought of the 32 blocks from @blocks on, a multiple of 16.  Every
 * thread is through with the row that was in its stage before.
 */
LEAF_HASH_FN void bulk_fetch(bulk_warp *warp, const uint8_t *blocks, uint32_t block_size,
                             uint32_t row)
{
	uint64_t *barrier = &warp->barriers[row % BULK_STAGES];
	const uint8_t *from = blocks + row * BULK_ROW;

	bulk_fence();
	bulk_arrive(barrier, BULK_LANES * BULK_ROW);
	for (uint32_t lane = 0; lane < BULK_LANES; lane++, from += block_size)
		bulk_copy(bulk_place(warp, row, lane), from, BULK_ROW, barrier);
}

/* Only asked of a row that was fetched into its stage last, or is the next one to be. */
LEAF_HASH_FN bool bulk_is_there(bulk_warp *warp, uint32_t row)
{
	return bulk_phase_is_over(&warp->barriers[row % BULK_STAGES], row / BULK_STAGES & 1);
}

/*
 * Not for ever: a kernel that is wrong about its phases is to end with wrong digests, not to take
 * the device with it.
 */
LEAF_HASH_FN bool bulk_await(bulk_warp *warp, uint32_t row)
{
	for (uint32_t tries = 0; tries < BULK_TRIES; tries++)
		if (bulk_is_there(warp, row))
			return true;
	return false;
}

/* The chunk at @at of a lane's own block. */
LEAF_HASH_FN void bulk_load(uint32_t w[16], bulk_warp *warp, uint32_t lane, uint32_t at)
{
	const uint8_t *chunk = bulk_place(warp, at / BULK_ROW, lane) + at % BULK_ROW;

	for (uint32_t i = 0; i < 4; i++) {
		const leaf_hash_quad quad = ((const leaf_hash_quad *)(const void *)chunk)[i];

		for (uint32_t j = 0; j < 4; j++)
			w[4 * i + j] = leaf_hash_swap(quad.word[j]);
	}
}

#endif
