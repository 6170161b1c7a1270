/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every call of the driver fails once, at each of its occurrences, in each of three ways.  Whatever fails, the status has the right class, is
 * never called tampering, no driver object is left, the engine's context is current again, and every heap block was given back.
 */
#include <stdio.h>
#include <string.h>
#include "rig.h"

#define BYTES (GROUP + 3 * BLOCK + 77)

struct use {
	const char *name;
	struct fake_cuda_params params;
	uint64_t allow, require;
	uint32_t mode;
	bool adopts;
};

static const struct use uses[] = {
	{"seal_bytes", {.devices = 2}, 0, 0, VRES_VERIFY_FULL, false},
	{"seal_readonly_bytes", {.devices = 1}, 0, VRES_REQUIRE_READONLY | VRES_REQUIRE_VMM, VRES_VERIFY_SAMPLED, false},
	{"plain_pinned_readback",
         {.no_vmm = true, .no_fatbin = true},
         VRES_ALLOW_EXPORTABLE | VRES_ALLOW_PINNED_STAGING | VRES_ALLOW_READBACK,
         0,
         VRES_VERIFY_READBACK,
         false},
	{"adopted_bytes", {.devices = 2}, 0, 0, VRES_VERIFY_FULL, true},
};

static const int codes[] = {999, 2, 700};

static vres_status seal(struct fixture *f, uint64_t engine, vres_shard **shard, vres_error *err)
{
	CLEANUP(free_bytes) uint8_t *data = engine ? NULL : content(BYTES, 1);
	vres_seal_params p = vres_seal_params_init();

	if (!engine)
		return vres_seal_memory(f->manager, &p, data, BYTES, shard, err);
	p.digest_alg = VRES_DIGEST_VERITY;
	return vres_seal_adopt(f->manager, &p, engine, BYTES, shard, err);
}

/* A whole life; what failed first. */
static vres_status live(struct fixture *f, const struct use *use, uint64_t engine, vres_error *err)
{
	CLEANUP(release_shard) vres_shard *shard = NULL;
	CLEANUP(release_lease) vres_lease *lease = NULL;
	const vres_verify_params mode = mode_of(use->mode);
	vres_device_info info = vres_device_info_init();
	vres_status status = rig_manager(f, err);

	if (status == VRES_OK)
		status = vres_device_describe(f->manager, 0, &info, err);
	if (status == VRES_OK)
		status = seal(f, engine, &shard, err);
	if (status == VRES_OK)
		status = vres_shard_verify(shard, &mode, NULL, err);
	if (status == VRES_OK)
		status = vres_lease_acquire(shard, &lease, err);
	return status;
}

/* Failing these is nobody's failure: what is given up is given up, advice is only advice, and an offer may be declined. */
static bool may_be_ignored(const char *function)
{
	static const char *const list[] = {"cuCtxPopCurrent",
	                                   "cuDevicePrimaryCtxRelease",
	                                   "cuMemUnmap",
	                                   "cuMemRelease",
	                                   "cuMemAddressFree",
	                                   "cuMemFree",
	                                   "cuMemFreeHost",
	                                   "cuStreamDestroy",
	                                   "cuStreamSynchronize",
	                                   "cuModuleUnload",
	                                   "cuMemHostAlloc",
	                                   "cuDeviceGet",
	                                   "cuDeviceGetPCIBusId",
	                                   "cuCtxPushCurrent",
	                                   "cuCoredumpGetAttributeGlobal",
	                                   "cuGetProcAddress" /* of an optional function; unit_cuda lets each needed one be missing */};

	for (size_t i = 0; i < COUNT(list); i++)
		if (strcmp(list[i], function) == 0)
			return true;
	return false;
}

static void judge(struct fixture *f, const struct use *use, uint64_t n, int code, vres_status got, const vres_error *err, bool had_manager)
{
	const char *function = fake_cuda_failed();
	const bool told = record_count(&f->record, VRES_EVENT_VRAM_DEALLOCATION_FAILED) > 0;
	const char *flaw = status_flaw(got, err);
	const int class = vres_status_class(got);

	ck_assert_msg(flaw == NULL, "%s call %lu, %s: %s", use->name, (unsigned long)n, function, flaw);
	ck_assert_msg(got != VRES_OK || told || may_be_ignored(function), "%s call %lu: %s gives %d and nobody hears of it", use->name,
	              (unsigned long)n, function, code);
	ck_assert_msg(class == 0 || class == 3 || (class == 2 && code == 2), "%s call %lu: %s gives %d, which becomes %s: %s", use->name,
	              (unsigned long)n, function, code, vres_status_name(got), err->message);
	if (code == 700 && got != VRES_OK)
		ck_assert_msg(got == VRES_E_DEVICE_LOST || !had_manager, "%s call %lu: %s loses the device, which becomes %s", use->name,
		              (unsigned long)n, function, vres_status_name(got));
	ck_assert_msg(record_critical(&f->record) == 0 && f->record.incidents_count == 0, "%s call %lu: %s is called an incident", use->name,
	              (unsigned long)n, function);
}

/* False: there is no nth call. */
static bool fail_nth(const struct use *use, uint64_t n, int code)
{
	CLEANUP(finish) struct fixture *f = rig_begin(&use->params, use->allow, use->require, false);
	const uint64_t engine = use->adopts ? fake_cuda_engine_alloc(0, BYTES, true) : 0;
	const uint64_t before = fake_cuda_live();
	vres_status got;
	vres_error err;
	bool fired, had_manager;

	status_poison(&err);
	fake_cuda_fail(NULL, n, code);
	got = live(f, use, engine, &err);
	had_manager = f->manager != NULL;
	destroy_manager(&f->manager);
	fired = fake_cuda_failed() != NULL;
	ck_assert_msg(fired || got == VRES_OK, "%s undisturbed gives %s: %s", use->name, vres_status_name(got), err.message);
	if (fired)
		judge(f, use, n, code, got, &err, had_manager);
	ck_assert_msg(fake_cuda_live() == before, "%s call %lu: %s gives %d and leaves %ld driver objects", use->name, (unsigned long)n,
	              fired ? fake_cuda_failed() : "nothing", code, (long)(fake_cuda_live() - before));
	ck_context_restored();
	if (engine)
		fake_cuda_engine_free(engine);
	return fired;
}

START_TEST(each_driver_call_may_fail_and_is_told_and_nothing_is_left)
{
	const struct use *use = &uses[_i];
	const uint64_t stride = suite_scaled(100, 5) == 100 ? 1 : 17;
	uint64_t injections = 0;

	for (size_t c = 0; c < COUNT(codes); c++)
		for (uint64_t n = 1; fail_nth(use, n, codes[c]); n += stride)
			injections++;
	ck_assert_uint_gt(injections, 100 / stride);
	printf("%s: %lu driver calls failed, one at a time\n", use->name, (unsigned long)injections);
	suite_value(use->name, (double)injections);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(each_driver_call_may_fail_and_is_told_and_nothing_is_left, 4, "WORKER-4150 MS-004 WORKER-4032", "availability",
	                  "a driver that fails at any moment"),
	};

	suite_backend("cuda");
	return suite_run("sweep_cuda", "error_recovery", cases, COUNT(cases));
}
