/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A backend that fails leaves nothing behind. */
#include "contract.h"

#include <string.h>
#include "support/suite/alloc.h"

/*
 * Does everything that the core does with a backend, up to the first failure, and releases every
 * handle.  Asserts nothing.
 */
struct course {
	const struct contract_subject *subject;
	void *arg;
	vres_bself *self;
	vres_bdev *dev;
	vres_bmem *mem, *adopted;
	vres_blane *lane;
	vres_error err;
	bool outputs_bad; /* a call that failed wrote its handle */
};

static vres_status lane_course(struct course *r)
{
	const vres_backend *ops = r->subject->backend();
	uint8_t digests[8 * 32];
	uint64_t echo;
	const vres_hash_run run = {r->mem, 0, 8000};
	const vres_hash_job job = {sizeof(job), &run, 1, 1024, 1, digests, 1, &echo};
	vres_status status = ops->lane_push(r->lane, r->mem, 0, 4096, &r->err);

	/* So many of each that queues have to grow. */
	for (unsigned i = 0; i < 10 && status == VRES_OK && ops->hash_blocks; i++)
		status = ops->hash_blocks(r->lane, &job, &r->err);
	if (status == VRES_E_UNSUPPORTED)
		status = VRES_OK;
	for (unsigned i = 0; i < 20 && status == VRES_OK; i++)
		status = ops->lane_pull(r->lane, r->mem, i, 1, &r->err);
	/* @digests ends with this function, so the work must be finished here. */
	if (ops->lane_wait(r->lane, PATIENCE, &r->err) != VRES_OK && status == VRES_OK)
		status = r->err.status;
	return status;
}

/* Notes if a call failed and wrote its handle all the same.  Returns @status. */
static vres_status step(struct course *r, vres_status status, const void *handle)
{
	if (status != VRES_OK && handle != NULL)
		r->outputs_bad = true;
	return status;
}

static vres_status course_run(struct course *r)
{
	const vres_backend *ops = r->subject->backend();
	const vres_backend_open params = {.struct_size = sizeof(params),
	                                  .arg = r->arg,
	                                  .library_path = r->subject->library_path};
	vres_device_props props = {.struct_size = sizeof(props)};
	vres_mem_info info;
	void *staging = NULL;
	vres_status status = step(r, ops->open(&params, &r->self, &r->err), r->self);

	if (status == VRES_OK)
		status = step(
			r, ops->device_open(r->self, r->subject->device, &props, &r->dev, &r->err),
			r->dev);
	if (status == VRES_OK)
		status = step(r, ops->mem_alloc(r->dev, 8192, &r->mem, &info, &r->err), r->mem);
	if (status == VRES_OK)
		status = step(r, ops->mem_adopt(r->dev, info.addr, 100, &r->adopted, &r->err),
		              r->adopted);
	if (status == VRES_OK)
		status = step(r, ops->lane_open(r->dev, 4096, 0, &r->lane, &staging, &r->err),
		              r->lane);
	if (status != VRES_OK)
		return status;
	memset(staging, 0, 4096);
	return lane_course(r);
}

static void course_undo(struct course *r)
{
	const vres_backend *ops = r->subject->backend();
	vres_error unheard;

	if (r->lane)
		ops->lane_close(r->lane);
	if (r->adopted)
		(void)ops->mem_release(r->adopted, &unheard);
	if (r->mem)
		(void)ops->mem_release(r->mem, &unheard);
	if (r->dev)
		ops->device_close(r->dev);
	if (r->self)
		ops->close(r->self);
}

START_TEST(every_host_allocation_may_fail_and_nothing_is_left_behind)
{
	const struct contract_subject *subject = contract_subject(_i);
	bool failed = true;

	for (uint64_t nth = 1; failed; nth++) {
		struct course r = {.subject = subject};
		uint64_t live;
		vres_status status;

		r.arg = subject->arg_make ? subject->arg_make() : NULL;
		live = alloc_live();
		status_poison(&r.err);
		alloc_fail(nth, false);
		status = course_run(&r);
		course_undo(&r);
		failed = alloc_disarm();
		ck_assert_msg(failed == (status != VRES_OK), "allocation %u failed, and yet: %s",
		              (unsigned)nth, vres_status_name(status));
		ck_assert(!r.outputs_bad);
		if (failed)
			ck_assert_ptr_null(status_flaw(status, &r.err));
		ck_assert_uint_eq(alloc_live(), live);
		if (subject->arg_check)
			subject->arg_check(r.arg);
		ck_assert_uint_lt(nth, 1000);
	}
}
END_TEST

START_TEST(lost_device_answers_lost_to_everything_and_can_be_cleaned_up)
{
	CLEANUP(contract_end) struct contract c = contract_begin(_i);
	vres_bmem *mem = contract_alloc(&c, 8192, NULL);
	vres_blane *lane = contract_lane(&c, 4096, NULL);
	vres_bmem *mem_out = NULL;
	vres_blane *lane_out = NULL;
	vres_mem_info info = {1, 2}, info_before = info;
	vres_residency residency, residency_before;
	vres_device_status status, status_before;
	uint8_t digest[32];
	uint64_t echo = 5;
	const vres_hash_run run = {mem, 0, 4096};
	const vres_hash_job job = {sizeof(job), &run, 1, 4096, 0, digest, 6, &echo};
	void *staging = NULL;
	vres_error err;

	if (c.subject->lose) {
		memset(&residency, 0, sizeof(residency));
		residency.struct_size = sizeof(residency);
		residency_before = residency;
		memset(&status, 0, sizeof(status));
		status.struct_size = sizeof(status);
		status_before = status;
		ck_ok(c.ops->lane_push(lane, mem, 0, 4096, &err));
		c.subject->lose(c.arg, c.subject->device);
		ck_status(c.ops->lane_wait(lane, PATIENCE, &err), VRES_E_DEVICE_LOST);
		for (int again = 0; again < 2; again++) {
			ck_status(c.ops->device_status(c.dev, &status, &err), VRES_E_DEVICE_LOST);
			ck_status(c.ops->mem_alloc(c.dev, 1, &mem_out, &info, &err),
			          VRES_E_DEVICE_LOST);
			ck_status(c.ops->mem_residency(mem, &residency, &err), VRES_E_DEVICE_LOST);
			ck_status(c.ops->mem_wipe(mem, &err), VRES_E_DEVICE_LOST);
			ck_status(c.ops->lane_open(c.dev, 4096, 0, &lane_out, &staging, &err),
			          VRES_E_DEVICE_LOST);
			if (contract_can(&c, VRES_DEVICE_CAN_HASH) &&
			    c.ops->hash_blocks(lane, &job, &err) == VRES_OK)
				ck_status(c.ops->lane_wait(lane, PATIENCE, &err),
				          VRES_E_DEVICE_LOST);
			if (c.ops->lane_pull(lane, mem, 0, 1, &err) == VRES_OK)
				ck_status(c.ops->lane_wait(lane, PATIENCE, &err),
				          VRES_E_DEVICE_LOST);
		}
		ck_assert(mem_out == NULL && lane_out == NULL && staging == NULL && echo == 5);
		ck_assert_mem_eq(&info, &info_before, sizeof(info));
		ck_assert_mem_eq(&residency, &residency_before, sizeof(residency));
		ck_assert_mem_eq(&status, &status_before, sizeof(status));
	}
	c.ops->lane_close(lane);
	(void)c.ops->mem_release(mem, &err);
}
END_TEST

struct contract_part contract_failure_part(void)
{
	static const struct suite_case cases[] = {
		CASE(every_host_allocation_may_fail_and_nothing_is_left_behind,
	             "MS-004 WORKER-4150", "availability", "host memory running out"),
		CASE(lost_device_answers_lost_to_everything_and_can_be_cleaned_up,
	             "WORKER-4032 MS-004", "availability", "a device that is gone"),
	};

	return (struct contract_part){cases, COUNT(cases)};
}
