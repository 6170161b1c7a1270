/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The stand-in engine's memory is a fake driver's.  Even kinds over CUDA are expandable segments,
 * which cuMemMap maps; odd ones are segments of cuMemAlloc.  HIP has segments of hipMalloc alone.
 * The upper half of the kinds is the same with a graph being captured in global mode.
 */
#include "cuda/cuda_abi.h"
#include "driver_fixture.h"
#include "support/fixture/stand_in.h"

#ifdef FAKE_HIP
#define KINDS 2u
#else
#define KINDS 4u
#endif

static bool is_plain(unsigned kind)
{
	return KINDS == 2 || kind % 2 == 1;
}

static struct fixture *driver_begin(unsigned kind)
{
	const struct fake_params params = {.bytes_per_device = MIB(512), .granularity = MIB(2)};

	return driver_fixture_begin(&params, is_plain(kind) ? VRES_ALLOW_EXPORTABLE : 0, 0, true);
}

static void map(struct fixture *f, unsigned kind, struct stand_in_parts *parts)
{
	(void)f;
	parts->addr = is_plain(kind) ? fake_engine_alloc(0, parts->bytes[0], false)
	                             : fake_engine_reserve(0, parts->bytes[0], parts->room);
	ck_assert_uint_ne(parts->addr, 0);
}

static bool grow(struct fixture *f, unsigned kind, struct stand_in_parts *parts)
{
	uint64_t mapped = 0;

	(void)f;
	for (unsigned i = 0; i < parts->n; i++)
		mapped += parts->bytes[i];
	if (is_plain(kind))
		return false;
	ck_assert(fake_engine_grow(0, parts->addr + mapped, parts->bytes[parts->n]));
	parts->n++;
	return true;
}

static void unmap(struct fixture *f, unsigned kind, struct stand_in_parts *parts)
{
	(void)f;
	(void)kind;
	fake_engine_free(parts->addr);
}

static void write_to(struct fixture *f, uint64_t addr, const void *from, size_t n)
{
	(void)f;
	ck_assert(fake_engine_write(addr, from, n));
}

static void *capture(unsigned kind)
{
	return kind < KINDS / 2 ? NULL : fake_engine_capture(CUDA_CAPTURE_GLOBAL);
}

static void captured(void *stream)
{
	if (stream)
		ck_assert_int_eq(fake_engine_captured(stream), 0);
}

const struct stand_in_world stand_in_world = {
	.kinds = KINDS,
	.begin = driver_begin,
	.end = driver_fixture_finish,
	.map = map,
	.grow = grow,
	.unmap = unmap,
	.write = write_to,
	.capture = capture,
	.captured = captured,
};
