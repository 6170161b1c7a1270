/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A fake driver for tests that do not know its vendor; see fake.h. */
#include <vres/mock.h>
#include "fake/driver/fake.h"
#include "fake/driver/model.h"

static void reset(const struct fake_kind *kind)
{
	const struct fake_params params = {
		.devices = (int)kind->devices,
		.bytes_per_device = kind->bytes_per_device,
		.granularity = kind->granularity,
		.no_vmm = kind->is_plain,
		.no_image = kind->no_image,
		.no_fatbin = kind->no_best_image,
		.no_read_only = kind->no_read_only,
	};

	fake_reset(&params);
}

static bool pretend(uint64_t addr, uint32_t lies)
{
	bool good = fake_lie_at(addr, FAKE_TRUTH);

	_Static_assert(VRES_MOCK_MANAGED == 1 && VRES_MOCK_HOST_MAPPED == 2 &&
	                       VRES_MOCK_EXPORTABLE == 4 && VRES_MOCK_MOVED == 8,
	               "fake_lie_of_bit");
	for (unsigned bit = 0; bit < 4; bit++)
		if (lies & (1u << bit))
			good = fake_lie_at(addr, fake_lie_of_bit[bit]) && good;
	return good;
}

static void lose(uint32_t device)
{
	fake_lose((int)device, CUDA_ILLEGAL_ADDRESS);
}

static bool engine_is_current(void)
{
	const bool is_current = fake_depth() == 1 && fake_current() != NULL;
	const int mode = fake_engine_capture_mode(CUDA_CAPTURE_GLOBAL);

	return is_current && mode == CUDA_CAPTURE_GLOBAL;
}

static uint64_t engine_alloc(uint32_t device, uint64_t bytes)
{
	return fake_engine_alloc((int)device, bytes, true);
}

static void fail_nth(uint64_t nth, int code)
{
	fake_fail(NULL, nth, code);
}

static const struct fake_driver driver = {
	.struct_size = sizeof(driver),
	.reset = reset,
	.live = fake_live,
	.flip = fake_flip,
	.is_zero = fake_is_zero,
	.pretend = pretend,
	.lose = lose,
	.engine_enter = fake_engine_enter,
	.engine_is_current = engine_is_current,
	.engine_alloc = engine_alloc,
	.engine_free = fake_engine_free,
	.fail_nth = fail_nth,
	.failed = fake_failed,
	.calls = fake_calls,
	.leave_out = fake_leave_out,
	.left_out = fake_left_out,
	.unwiped = fake_unwiped,
	.code_unknown = CUDA_UNKNOWN,
	.code_memory = CUDA_OUT_OF_MEMORY,
	.code_lost = CUDA_ILLEGAL_ADDRESS,
	.harmless = fake_harmless,
	.takers = fake_takers,
};

const struct fake_driver *vres_fake_driver(void)
{
	return &driver;
}
