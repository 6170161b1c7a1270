/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every call of a fake driver, in every use of the library, fails once in each of three ways
 * (tests/support/sweep/sweep.h); and how much memory a use takes.
 */
#include <stdio.h>
#include <vres/backend.h>
#include "support/sweep/uses.h"

/* For a variant of another device, only the uses whose driver calls differ. */
static const enum use variant_uses[] = {USE_LIFE, USE_PINNED, USE_ADOPT};

/* Without guarantees nothing can be read-only: the last use is left out. */
static int uses_count(void)
{
	return test_device_kind()->is_variant ? (int)COUNT(variant_uses)
	                                      : USES - test_device_kind()->is_plain;
}

static enum use use_at(int i)
{
	if (test_device_kind()->is_variant)
		return variant_uses[i];
	return (enum use)i;
}

START_TEST(each_driver_call_may_fail_and_is_told_and_nothing_is_left)
{
	const enum use use = use_at(_i);
	const struct scenario s = use_of(use);
	const uint64_t n = sweep_driver(&s, use_name(use));

	printf("%s %s: %lu driver calls failed, one at a time\n", test_device_kind()->name,
	       use_name(use), (unsigned long)n);
	suite_add("driver_injections", (double)n);
}
END_TEST

/* Calls that take memory of a device, or page-locked memory. */
static uint64_t takings(void)
{
	uint64_t n = 0;

	for (const char *const *taker = test_device_fake()->takers; *taker; taker++)
		n += test_device_fake()->calls(*taker);
	return n;
}

START_TEST(verifying_takes_no_memory_of_the_device_nor_page_locked_memory)
{
	const uint64_t sizes[] = {1, BLOCK, GROUP + 77, MIB(9) + 5};
	CLEANUP(finish) struct fixture *f = NULL;
	struct setup setup = setup_init();

	setup.no_manager = true;
	setup.policy.allow |= VRES_ALLOW_READBACK;
	setup.keep_leaves = _i == 1;
	f = begin(&setup);
	test_device_bare(f->test_device);
	ck_assert_int_eq(manager_create(f, NULL, &f->manager, NULL), VRES_OK);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		CLEANUP(release_shard) vres_shard *shard = sealed(f, sizes[i], i);
		const uint64_t before = takings();
		vres_error err;

		for (uint32_t mode = VRES_VERIFY_FULL; mode <= VRES_VERIFY_READBACK; mode++) {
			const vres_verify_params p = mode_of(mode);

			ck_ok(vres_shard_verify(shard, &p, NULL, &err));
			ck_ok(vres_verify_many(f->manager, &shard, 1, &p, NULL, &err));
		}
		ck_assert_uint_ne(address_of(shard), 0);
		ck_assert_uint_eq(takings(), before);
	}
}
END_TEST

START_TEST(what_is_taken_at_open_is_told_and_at_most_64_mib_on_any_device)
{
	static const uint64_t sizes[] = {16, 80, 141}; /* GiB */
	const struct fake_kind kind = {.bytes_per_device = sizes[_i] << 30,
	                               .is_plain = test_device_kind()->is_plain};
	const vres_backend *backend = test_device_kind()->backend();
	const vres_backend_open params = {.struct_size = sizeof(params),
	                                  .library_path = test_device_library()};
	vres_device_props props = {.struct_size = sizeof(props)};
	vres_device_status status = {.struct_size = sizeof(status)};
	vres_bself *self;
	vres_bdev *dev;
	vres_error err;

	test_device_fake()->reset(&kind);
	ck_ok(backend->open(&params, &self, &err));
	ck_ok(backend->device_open(self, 0, &props, &dev, &err));
	ck_ok(backend->device_status(dev, &status, &err));
	ck_assert_uint_eq(props.scratch_bytes, props.total_bytes - status.free_bytes);
	ck_assert_uint_gt(props.scratch_bytes, 0);
	ck_assert_uint_le(props.scratch_bytes, MIB(64));
	suite_value("scratch_mib", (double)props.scratch_bytes / MIB(1));
	backend->device_close(dev);
	backend->close(self);
	ck_assert_uint_eq(test_device_fake()->live(), 0);
}
END_TEST

int main(void)
{
	const int uses = uses_count();
	const struct suite_case cases[] = {
		{&each_driver_call_may_fail_and_is_told_and_nothing_is_left,
	         "WORKER-4150 MS-004 WORKER-4032", "availability",
	         "a driver that fails at any moment", uses, 120},
		CASE_LOOP(verifying_takes_no_memory_of_the_device_nor_page_locked_memory, 2,
	                  "RP-001", "availability", "a verification that runs out of VRAM"),
		CASE_LOOP(what_is_taken_at_open_is_told_and_at_most_64_mib_on_any_device, 3,
	                  "RP-001 RP-004", "availability",
	                  "a verifier that takes the model's room"),
	};

	suite_backend(test_device_name());
	return suite_run("sweep_driver", "error_recovery", cases, COUNT(cases));
}
