/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The contract suite on the GPU backend that test_device.h chooses.  Over a fake driver it runs
 * four times: as usual, without the first kernel image, without any image, and on the last of
 * several devices.  For a variant of a device it runs as usual only.  Over a real driver it runs
 * once.
 */
#include "contract.h"

#include "support/fixture/test_device.h"

#define ROOM (UINT64_C(192) << 20)

static void *made(struct fake_kind kind)
{
	static char something;

	kind.bytes_per_device = ROOM;
	kind.is_plain = test_device_kind()->is_plain;
	test_device_fake()->reset(&kind);
	test_device_fake()->engine_enter();
	return &something;
}

static void *ordinary_make(void)
{
	return made((struct fake_kind){.devices = 1});
}

static void *second_image_make(void)
{
	return made((struct fake_kind){.no_best_image = true});
}

static void *hashless_make(void)
{
	return made((struct fake_kind){.no_image = true, .no_read_only = true});
}

static void *coarse_make(void)
{
	return made((struct fake_kind){.devices = 3, .granularity = UINT64_C(2) << 20});
}

static void nothing_left(void *arg)
{
	(void)arg;
	ck_assert_uint_eq(test_device_fake()->live(), 0);
	ck_assert(test_device_fake()->engine_is_current());
}

static vres_status flip(void *arg, uint64_t addr, unsigned bit)
{
	(void)arg;
	return test_device_fake()->flip(addr, bit) ? VRES_OK : VRES_E_INVALID_INPUT;
}

static void lose(void *arg, uint32_t device)
{
	(void)arg;
	test_device_fake()->lose(device);
}

static struct contract_subject usual(void)
{
	const uint32_t guarantees = VRES_DEVICE_VMM | VRES_DEVICE_CAN_PROTECT;
	const bool is_plain = test_device_kind()->is_plain;

	return (struct contract_subject){
		.name = "contract",
		.backend = test_device_kind()->backend,
		.library_path = test_device_library(),
		.must = VRES_DEVICE_CAN_HASH |
	                (is_plain || test_device_fake() == NULL ? 0 : guarantees),
		.lacks = is_plain ? guarantees : 0,
		.memory_without_vmm = VRES_MEM_EXPORTABLE,
	};
}

/* Variant 2 takes no kernel image, so it cannot hash. */
static void subjects_over_fake(struct contract_subject subjects[4])
{
	for (int i = 0; i < 4; i++) {
		subjects[i].arg_check = nothing_left;
		subjects[i].flip = flip;
		subjects[i].lose = lose;
		subjects[i].exclusive = true;
	}
	subjects[0].arg_make = ordinary_make;
	subjects[1].arg_make = second_image_make;
	subjects[2].arg_make = hashless_make;
	subjects[2].must &= ~(uint32_t)(VRES_DEVICE_CAN_HASH | VRES_DEVICE_CAN_PROTECT);
	subjects[2].lacks |= VRES_DEVICE_CAN_HASH | VRES_DEVICE_CAN_PROTECT;
	subjects[3].arg_make = coarse_make;
	subjects[3].device = 2;
}

const struct contract_subject *contract_subject(int i)
{
	static struct contract_subject subjects[4];

	if (subjects[0].name == NULL) {
		for (size_t k = 0; k < COUNT(subjects); k++)
			subjects[k] = usual();
		if (test_device_fake())
			subjects_over_fake(subjects);
	}
	return i < (test_device_fake() && !test_device_kind()->is_variant ? 4 : 1) ? &subjects[i]
	                                                                           : NULL;
}
