/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * For tests of the mock itself: a mock with two opened devices of 1 MiB, and calls that must
 * succeed.
 */
#ifndef TESTS_UNIT_MOCK_MOCK_FIXTURE_H
#define TESTS_UNIT_MOCK_MOCK_FIXTURE_H

#include <string.h>
#include <vres/backend.h>
#include <vres/mock.h>
#include "support/suite/alloc.h"
#include "support/suite/content.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"

#define CLEANUP(function) __attribute__((cleanup(function)))

#define CAPACITY (UINT64_C(1) << 20)
#define PATIENCE (UINT64_C(60) * 1000 * 1000 * 1000)

struct mock_fixture {
	const vres_backend *ops;
	vres_mock *mock;
	vres_bself *self;
	vres_bdev *dev[2];
	vres_error err;
};

static inline struct mock_fixture mock_fixture_begin(void)
{
	struct mock_fixture r = {.ops = vres_backend_mock()};
	vres_mock_params params = vres_mock_params_init();
	vres_backend_open open = {.struct_size = sizeof(open)};
	vres_device_props props = {.struct_size = sizeof(props)};

	params.devices = 2;
	params.bytes_per_device = CAPACITY;
	ck_assert_int_eq(vres_mock_create(&params, &r.mock, &r.err), VRES_OK);
	open.arg = r.mock;
	ck_assert_int_eq(r.ops->open(&open, &r.self, &r.err), VRES_OK);
	for (uint32_t i = 0; i < 2; i++)
		ck_assert_int_eq(r.ops->device_open(r.self, i, &props, &r.dev[i], &r.err), VRES_OK);
	return r;
}

/* Closes everything and asserts that no handle is left. */
static inline void mock_fixture_end(struct mock_fixture *r)
{
	r->ops->device_close(r->dev[0]);
	r->ops->device_close(r->dev[1]);
	r->ops->close(r->self);
	ck_assert_uint_eq(vres_mock_live_handles(r->mock), 0);
	vres_mock_destroy(r->mock);
}

static inline vres_bmem *mock_fixture_alloc(struct mock_fixture *r, uint64_t bytes, uint64_t *addr)
{
	vres_mem_info info;
	vres_bmem *mem = NULL;

	ck_assert_msg(r->ops->mem_alloc(r->dev[0], bytes, &mem, &info, &r->err) == VRES_OK,
	              "mem_alloc: %s", r->err.message);
	if (addr)
		*addr = info.addr;
	return mem;
}

static inline void mock_fixture_release(struct mock_fixture *r, vres_bmem *mem)
{
	ck_assert_msg(r->ops->mem_release(mem, &r->err) == VRES_OK, "mem_release: %s",
	              r->err.message);
}

static inline uint64_t mock_fixture_free_bytes(struct mock_fixture *r, unsigned device)
{
	vres_device_status status = {.struct_size = sizeof(status)};

	ck_assert_msg(r->ops->device_status(r->dev[device], &status, &r->err) == VRES_OK,
	              "device_status: %s", r->err.message);
	return status.free_bytes;
}

static inline vres_blane *mock_fixture_lane(struct mock_fixture *r, size_t bytes, uint8_t **staging)
{
	vres_blane *lane = NULL;
	void *buffer = NULL;

	ck_assert_msg(r->ops->lane_open(r->dev[0], bytes, 0, &lane, &buffer, &r->err) == VRES_OK,
	              "lane_open: %s", r->err.message);
	if (staging)
		*staging = buffer;
	return lane;
}

static inline void mock_fixture_wait(struct mock_fixture *r, vres_blane *lane)
{
	ck_assert_msg(r->ops->lane_wait(lane, PATIENCE, &r->err) == VRES_OK, "lane_wait: %s",
	              r->err.message);
}

/* Fills the memory with the content of @seed. */
static inline void mock_fixture_write(struct mock_fixture *r, vres_bmem *mem, size_t n,
                                      uint64_t seed)
{
	uint8_t *staging;
	vres_blane *lane = mock_fixture_lane(r, n, &staging);

	content_fill(staging, n, seed, 0);
	ck_assert_int_eq(r->ops->lane_push(lane, mem, 0, n, &r->err), VRES_OK);
	mock_fixture_wait(r, lane);
	r->ops->lane_close(lane);
}

static inline void mock_fixture_fill(struct mock_fixture *r, vres_bmem *mem, size_t n, uint8_t byte)
{
	uint8_t *staging;
	vres_blane *lane = mock_fixture_lane(r, n, &staging);

	memset(staging, byte, n);
	ck_assert_int_eq(r->ops->lane_push(lane, mem, 0, n, &r->err), VRES_OK);
	mock_fixture_wait(r, lane);
	r->ops->lane_close(lane);
}

/* Returns the bytes.  The caller frees them with test_free(). */
static inline uint8_t *mock_fixture_read(struct mock_fixture *r, vres_bmem *mem, size_t n)
{
	uint8_t *staging;
	uint8_t *bytes = test_alloc(n);
	vres_blane *lane = mock_fixture_lane(r, n, &staging);

	ck_assert_int_eq(r->ops->lane_pull(lane, mem, 0, n, &r->err), VRES_OK);
	mock_fixture_wait(r, lane);
	memcpy(bytes, staging, n);
	r->ops->lane_close(lane);
	return bytes;
}

static inline void mock_fixture_holds(struct mock_fixture *r, vres_bmem *mem, size_t n,
                                      uint64_t seed)
{
	uint8_t *got = mock_fixture_read(r, mem, n);
	uint8_t *want = content(n, seed);

	ck_assert_mem_eq(got, want, n);
	test_free(got);
	test_free(want);
}

static inline vres_residency mock_fixture_residency(struct mock_fixture *r, vres_bmem *mem)
{
	vres_residency answer = {.struct_size = sizeof(answer)};

	ck_assert_msg(r->ops->mem_residency(mem, &answer, &r->err) == VRES_OK, "mem_residency: %s",
	              r->err.message);
	return answer;
}

#endif
