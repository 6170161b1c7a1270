/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a test can script: calls of the mock that fail, report success without the work, are slow,
 * or lose the device.
 */
#include <time.h>

#include "mock_fixture.h"

/* What is needed to call each operation by its number. */
struct calls {
	struct mock_fixture *r;
	vres_bmem *mem;
	vres_blane *lane;
	uint8_t digest[32];
	uint64_t echo;
	vres_hash_run run;
};

static struct calls calls_begin(struct mock_fixture *r)
{
	uint8_t *staging;
	struct calls c = {.r = r,
	                  .mem = mock_fixture_alloc(r, 4096, NULL),
	                  .lane = mock_fixture_lane(r, 4096, &staging)};

	memset(staging, 0, 4096);
	c.run = (vres_hash_run){c.mem, 0, 4096};
	return c;
}

static void calls_end(struct calls *c)
{
	c->r->ops->lane_close(c->lane);
	mock_fixture_release(c->r, c->mem);
}

static vres_status call_hash(struct calls *c, vres_error *err)
{
	const vres_hash_job job = {sizeof(job), &c->run, 1, 4096, 0, c->digest, 1, &c->echo};

	return c->r->ops->hash_blocks(c->lane, &job, err);
}

static vres_status call_handle(struct calls *c, vres_mock_op op, vres_error *err)
{
	const vres_backend *ops = c->r->ops;
	const vres_backend_open open = {.struct_size = sizeof(open), .arg = c->r->mock};
	vres_device_props props = {.struct_size = sizeof(props)};
	vres_bself *self = NULL;
	vres_bdev *dev = NULL;
	vres_bmem *mem = NULL;
	vres_blane *lane = NULL;
	void *staging = NULL;
	vres_mem_info info;
	vres_error unheard;
	vres_status status = VRES_E_INTERNAL;

	switch (op) {
	case VRES_MOCK_OP_OPEN: status = ops->open(&open, &self, err); break;
	case VRES_MOCK_OP_DEVICE_OPEN:
		status = ops->device_open(c->r->self, 0, &props, &dev, err);
		break;
	case VRES_MOCK_OP_MEM_ALLOC:
		status = ops->mem_alloc(c->r->dev[0], 1, &mem, &info, err);
		break;
	case VRES_MOCK_OP_MEM_ADOPT:
		status = ops->mem_adopt(c->r->dev[0], mock_fixture_residency(c->r, c->mem).base, 1,
		                        &mem, err);
		break;
	default: status = ops->lane_open(c->r->dev[0], 1, 0, &lane, &staging, err); break;
	}
	/* A call that fails leaves its output NULL. */
	ck_assert_int_eq(self || dev || mem || lane, status == VRES_OK);
	if (self)
		ops->close(self);
	if (dev)
		ops->device_close(dev);
	if (mem)
		(void)ops->mem_release(mem, &unheard);
	if (lane)
		ops->lane_close(lane);
	return status;
}

static vres_status call(struct calls *c, vres_mock_op op, vres_error *err)
{
	const vres_backend *ops = c->r->ops;
	vres_device_status status = {.struct_size = sizeof(status)};
	vres_residency residency = {.struct_size = sizeof(residency)};
	vres_mem_info info;
	vres_bmem *mem;
	uint32_t count;

	switch (op) {
	case VRES_MOCK_OP_DEVICE_COUNT: return ops->device_count(c->r->self, &count, err);
	case VRES_MOCK_OP_DEVICE_STATUS: return ops->device_status(c->r->dev[0], &status, err);
	case VRES_MOCK_OP_MEM_RESIDENCY: return ops->mem_residency(c->mem, &residency, err);
	case VRES_MOCK_OP_MEM_WIPE: return ops->mem_wipe(c->mem, err);
	case VRES_MOCK_OP_LANE_PUSH: return ops->lane_push(c->lane, c->mem, 0, 1, err);
	case VRES_MOCK_OP_LANE_PULL: return ops->lane_pull(c->lane, c->mem, 0, 1, err);
	case VRES_MOCK_OP_LANE_WAIT: return ops->lane_wait(c->lane, PATIENCE, err);
	case VRES_MOCK_OP_HASH_BLOCKS: return call_hash(c, err);
	case VRES_MOCK_OP_MEM_PROTECT: return ops->mem_protect(c->mem, 0, err);
	case VRES_MOCK_OP_MEM_RELEASE:
		ck_assert_int_eq(ops->mem_alloc(c->r->dev[0], 1, &mem, &info, err), VRES_OK);
		status_poison(err);
		return ops->mem_release(mem, err);
	default: return call_handle(c, op, err);
	}
}

static bool makes_handle(vres_mock_op op)
{
	return op == VRES_MOCK_OP_OPEN || op == VRES_MOCK_OP_DEVICE_OPEN ||
	       op == VRES_MOCK_OP_MEM_ALLOC || op == VRES_MOCK_OP_MEM_ADOPT ||
	       op == VRES_MOCK_OP_LANE_OPEN;
}

START_TEST(any_operation_fails_as_scripted_and_then_works_again)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	struct calls c = calls_begin(&r);
	const uint64_t free_bytes = mock_fixture_free_bytes(&r, 0);
	vres_error err;

	for (unsigned op = VRES_MOCK_OP_OPEN; op < VRES_MOCK_OP_COUNT; op++) {
		const uint64_t calls = vres_mock_calls(r.mock, (vres_mock_op)op);

		ck_ok(call(&c, (vres_mock_op)op, &err));
		vres_mock_fail(r.mock, (vres_mock_op)op, 2, VRES_E_BUSY);
		ck_ok(call(&c, (vres_mock_op)op, &err));
		ck_status(call(&c, (vres_mock_op)op, &err), VRES_E_BUSY);
		ck_assert_int_ne(err.backend_code, 0);
		ck_ok(call(&c, (vres_mock_op)op, &err));
		ck_assert_uint_ge(vres_mock_calls(r.mock, (vres_mock_op)op), calls + 4);
	}
	ck_assert_uint_eq(mock_fixture_free_bytes(&r, 0), free_bytes);
	calls_end(&c);
}
END_TEST

START_TEST(failed_release_frees_all_the_same)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	vres_bmem *mem = mock_fixture_alloc(&r, 5000, NULL);
	vres_error err;

	vres_mock_fail(r.mock, VRES_MOCK_OP_MEM_RELEASE, 1, VRES_E_DEALLOCATION_FAILED);
	ck_status_reason(r.ops->mem_release(mem, &err), VRES_E_DEALLOCATION_FAILED,
	                 VRES_REASON_DEVICE);
	ck_assert_uint_eq(mock_fixture_free_bytes(&r, 0), CAPACITY);
	ck_assert_uint_eq(vres_mock_live_handles(r.mock), 3);
}
END_TEST

START_TEST(scripted_shortage_carries_its_numbers)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	vres_mem_info info;
	vres_bmem *mem = NULL;
	vres_error err;

	vres_mock_fail(r.mock, VRES_MOCK_OP_MEM_ALLOC, 1, VRES_E_INSUFFICIENT_VRAM);
	ck_status(r.ops->mem_alloc(r.dev[1], 1000, &mem, &info, &err), VRES_E_INSUFFICIENT_VRAM);
	ck_assert_uint_eq(err.needed_bytes, 1000);
	ck_assert_uint_eq(err.available_bytes, CAPACITY);
	ck_assert_uint_eq(err.gpu_device, 1);
	ck_assert_ptr_null(mem);
}
END_TEST

START_TEST(any_counts_every_operation)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	struct calls c = calls_begin(&r);
	vres_error err;

	vres_mock_fail(r.mock, VRES_MOCK_ANY, 3, VRES_E_BUSY);
	ck_ok(call(&c, VRES_MOCK_OP_DEVICE_COUNT, &err));
	ck_ok(call(&c, VRES_MOCK_OP_MEM_WIPE, &err));
	ck_status(call(&c, VRES_MOCK_OP_LANE_WAIT, &err), VRES_E_BUSY);
	ck_ok(call(&c, VRES_MOCK_OP_LANE_WAIT, &err));
	calls_end(&c);
}
END_TEST

START_TEST(faults_are_counted_down_each_on_its_own_and_forgotten_by_operation)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	struct calls c = calls_begin(&r);
	vres_error err;

	vres_mock_fail(r.mock, VRES_MOCK_OP_MEM_WIPE, 1, VRES_E_BUSY);
	vres_mock_fail(r.mock, VRES_MOCK_OP_MEM_WIPE, 2, VRES_E_BACKEND);
	vres_mock_fail(r.mock, VRES_MOCK_OP_LANE_WAIT, 1, VRES_E_CANCELLED);
	vres_mock_fail(r.mock, VRES_MOCK_OP_MEM_RESIDENCY, 1, VRES_E_BUSY);
	vres_mock_fail(r.mock, VRES_MOCK_OP_MEM_RESIDENCY, 0, VRES_OK);
	ck_ok(call(&c, VRES_MOCK_OP_MEM_RESIDENCY, &err));
	ck_status(call(&c, VRES_MOCK_OP_MEM_WIPE, &err), VRES_E_BUSY);
	ck_status_reason(call(&c, VRES_MOCK_OP_MEM_WIPE, &err), VRES_E_BACKEND, VRES_REASON_DEVICE);
	ck_ok(call(&c, VRES_MOCK_OP_MEM_WIPE, &err));
	ck_status_reason(call(&c, VRES_MOCK_OP_LANE_WAIT, &err), VRES_E_CANCELLED,
	                 VRES_REASON_NONE);
	calls_end(&c);
}
END_TEST

START_TEST(eight_faults_wait_at_once_and_a_ninth_is_ignored)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	struct calls c = calls_begin(&r);
	vres_error err;

	for (uint64_t nth = 1; nth <= 9; nth++)
		vres_mock_fail(r.mock, VRES_MOCK_OP_MEM_WIPE, nth, VRES_E_BUSY);
	vres_mock_fail(r.mock, (vres_mock_op)VRES_MOCK_OP_COUNT, 1, VRES_E_BUSY);
	vres_mock_delay(r.mock, (vres_mock_op)VRES_MOCK_OP_COUNT, UINT64_MAX);
	ck_assert_uint_eq(vres_mock_calls(r.mock, (vres_mock_op)VRES_MOCK_OP_COUNT), 0);
	for (int i = 0; i < 8; i++)
		ck_status(call(&c, VRES_MOCK_OP_MEM_WIPE, &err), VRES_E_BUSY);
	ck_ok(call(&c, VRES_MOCK_OP_MEM_WIPE, &err));
	calls_end(&c);
}
END_TEST

START_TEST(calls_are_counted_with_their_failures)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	struct calls c = calls_begin(&r);
	const uint64_t any = vres_mock_calls(r.mock, VRES_MOCK_ANY);
	vres_error err;

	vres_mock_fail(r.mock, VRES_MOCK_OP_MEM_WIPE, 1, VRES_E_BUSY);
	ck_status(call(&c, VRES_MOCK_OP_MEM_WIPE, &err), VRES_E_BUSY);
	ck_ok(call(&c, VRES_MOCK_OP_MEM_WIPE, &err));
	ck_assert_uint_eq(vres_mock_calls(r.mock, VRES_MOCK_OP_MEM_WIPE), 2);
	ck_assert_uint_eq(vres_mock_calls(r.mock, VRES_MOCK_ANY), any + 2);
	calls_end(&c);
}
END_TEST

START_TEST(scripted_success_is_a_claim_without_the_work)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	struct calls c = calls_begin(&r);
	vres_error err;

	mock_fixture_write(&r, c.mem, 4096, 1);
	vres_mock_fail(r.mock, VRES_MOCK_OP_MEM_WIPE, 1, VRES_OK);
	ck_ok(call(&c, VRES_MOCK_OP_MEM_WIPE, &err));
	mock_fixture_holds(&r, c.mem, 4096, 1);

	memset(c.digest, 0xa5, sizeof(c.digest));
	vres_mock_fail(r.mock, VRES_MOCK_OP_LANE_WAIT, 1, VRES_OK);
	ck_ok(call(&c, VRES_MOCK_OP_HASH_BLOCKS, &err));
	ck_ok(call(&c, VRES_MOCK_OP_LANE_WAIT, &err));
	ck_ok(call(&c, VRES_MOCK_OP_LANE_WAIT, &err));
	ck_assert_uint_eq(c.echo, 0);
	ck_assert_uint_eq(c.digest[0], 0xa5);

	for (unsigned op = VRES_MOCK_OP_OPEN; op < VRES_MOCK_OP_COUNT; op++) {
		vres_mock_fail(r.mock, (vres_mock_op)op, 1, VRES_OK);
		/* What makes a handle is carried out all the same. */
		if (makes_handle((vres_mock_op)op))
			ck_ok(call(&c, (vres_mock_op)op, &err));
		vres_mock_fail(r.mock, (vres_mock_op)op, 0, VRES_OK);
	}
	calls_end(&c);
}
END_TEST

static uint64_t monotonic(void)
{
	struct timespec now;

	ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &now), 0);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

START_TEST(slow_operation_takes_its_time_and_succeeds)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	struct calls c = calls_begin(&r);
	vres_error err;

	vres_mock_delay(r.mock, VRES_MOCK_ANY, 1000000);
	for (unsigned op = VRES_MOCK_OP_OPEN; op < VRES_MOCK_OP_COUNT; op++) {
		const uint64_t before = monotonic();

		ck_ok(call(&c, (vres_mock_op)op, &err));
		ck_assert_uint_ge(monotonic() - before, 1000000);
	}
	vres_mock_delay(r.mock, VRES_MOCK_ANY, 0);
	calls_end(&c);
}
END_TEST

START_TEST(failed_wait_does_none_of_the_work_and_the_lane_goes_on)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	struct calls c = calls_begin(&r);
	vres_error err;

	mock_fixture_write(&r, c.mem, 4096, 1);
	ck_ok(call(&c, VRES_MOCK_OP_HASH_BLOCKS, &err));
	vres_mock_fail(r.mock, VRES_MOCK_OP_LANE_WAIT, 1, VRES_E_BACKEND);
	ck_status_reason(call(&c, VRES_MOCK_OP_LANE_WAIT, &err), VRES_E_BACKEND,
	                 VRES_REASON_DEVICE);
	ck_ok(call(&c, VRES_MOCK_OP_LANE_WAIT, &err));
	ck_assert_uint_eq(c.echo, 0);
	ck_ok(call(&c, VRES_MOCK_OP_HASH_BLOCKS, &err));
	ck_ok(call(&c, VRES_MOCK_OP_LANE_WAIT, &err));
	ck_assert_uint_eq(c.echo, 1);
	calls_end(&c);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(any_operation_fails_as_scripted_and_then_works_again, "WORKER-4150",
	             "availability", "driver errors"),
		CASE(failed_release_frees_all_the_same, "MS-004 MS-005", "availability",
	             "a release that fails"),
		CASE(scripted_shortage_carries_its_numbers, "WORKER-4153 RP-004", "availability",
	             ""),
		CASE(any_counts_every_operation, "WORKER-4150", "", ""),
		CASE(faults_are_counted_down_each_on_its_own_and_forgotten_by_operation,
	             "WORKER-4150", "", ""),
		CASE(eight_faults_wait_at_once_and_a_ninth_is_ignored, "WORKER-4150", "", ""),
		CASE(calls_are_counted_with_their_failures, "WORKER-4150", "", ""),
		CASE(scripted_success_is_a_claim_without_the_work, "CI-007", "integrity",
	             "a backend that claims work it has not done"),
		CASE(slow_operation_takes_its_time_and_succeeds, "WORKER-4150", "availability", ""),
		CASE(failed_wait_does_none_of_the_work_and_the_lane_goes_on, "WORKER-4150",
	             "integrity", "digests of work that failed"),
	};

	return suite_run("mock_script", "mock", cases, COUNT(cases));
}
