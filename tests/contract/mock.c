/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The contract suite on the mock: with and without hashing on the device, with the smallest and a
 * large granularity, and on the last of several devices.
 */
#include "contract.h"

#include <vres/mock.h>

static void *mock_make(uint32_t devices, bool no_hash, uint64_t granularity)
{
	vres_mock_params params = vres_mock_params_init();
	vres_mock *mock;
	vres_error err;

	params.devices = devices;
	params.no_device_hash = no_hash;
	params.granularity = granularity;
	ck_assert_msg(vres_mock_create(&params, &mock, &err) == VRES_OK, "vres_mock_create: %s",
	              err.message);
	return mock;
}

static void *plain_make(void)
{
	return mock_make(1, false, 0);
}

static void *hashless_make(void)
{
	return mock_make(1, true, 0);
}

static void *fine_make(void)
{
	return mock_make(1, false, 1);
}

static void *coarse_make(void)
{
	return mock_make(3, false, UINT64_C(2) << 20);
}

static void mock_check(void *mock)
{
	ck_assert_uint_eq(vres_mock_live_handles(mock), 0);
	vres_mock_destroy(mock);
}

static vres_status mock_flip(void *mock, uint64_t addr, unsigned bit)
{
	return vres_mock_flip(mock, addr, bit);
}

static void mock_lose(void *mock, uint32_t device)
{
	vres_mock_lose_device(mock, device);
}

#define HASHES VRES_DEVICE_CAN_HASH
#define SUBJECT(make, has, has_not, index)                                                         \
	{                                                                                          \
		.name = "contract_mock", .backend = vres_backend_mock, .arg_make = make,           \
		.arg_check = mock_check, .flip = mock_flip, .lose = mock_lose, .device = index,    \
		.must = VRES_DEVICE_CAN_PROTECT | (has), .lacks = VRES_DEVICE_VMM | (has_not),     \
		.exclusive = true,                                                                 \
	}

const struct contract_subject *contract_subject(int i)
{
	static const struct contract_subject subjects[] = {
		SUBJECT(plain_make, HASHES, 0, 0),
		SUBJECT(hashless_make, 0, HASHES, 0),
		SUBJECT(fine_make, HASHES, 0, 0),
		SUBJECT(coarse_make, HASHES, 0, 2),
	};

	return (size_t)i < COUNT(subjects) ? &subjects[i] : NULL;
}
