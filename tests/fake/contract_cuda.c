/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The contract suite on the CUDA backend, over the fake driver: as it comes, without nvcc's image, without any, and on the last of several devices. */
#include "contract.h"

#include <vres/vres.h>
#include "fake_cuda.h"

#define ROOM (UINT64_C(192) << 20)

static void *made(const struct fake_cuda_params *params)
{
	static char something;

	fake_cuda_reset(params);
	return &something;
}

static void *plain_make(void)
{
	return made(&(const struct fake_cuda_params){.bytes_per_device = ROOM});
}

static void *ptx_make(void)
{
	return made(&(const struct fake_cuda_params){.bytes_per_device = ROOM, .no_fatbin = true});
}

static void *hashless_make(void)
{
	return made(&(const struct fake_cuda_params){.bytes_per_device = ROOM, .no_image = true, .no_read_only = true});
}

static void *coarse_make(void)
{
	return made(&(const struct fake_cuda_params){.devices = 3, .bytes_per_device = ROOM, .granularity = UINT64_C(2) << 20});
}

static void nothing_left(void *arg)
{
	(void)arg;
	ck_assert_uint_eq(fake_cuda_live(), 0);
	ck_assert_uint_eq(fake_cuda_depth(), 0);
}

static vres_status flip(void *arg, uint64_t addr, unsigned bit)
{
	(void)arg;
	return fake_cuda_flip(addr, bit) ? VRES_OK : VRES_E_INVALID_INPUT;
}

static void lose(void *arg, uint32_t device)
{
	(void)arg;
	fake_cuda_lose((int)device, 700);
}

const struct contract_subject *contract_subject(int i)
{
	static const struct contract_subject subjects[] = {
		{"contract_cuda", vres_backend_cuda, FAKE_CUDA, plain_make, nothing_left, flip, lose, 0, true},
		{"contract_cuda", vres_backend_cuda, FAKE_CUDA, ptx_make, nothing_left, flip, lose, 0, true},
		{"contract_cuda", vres_backend_cuda, FAKE_CUDA, hashless_make, nothing_left, flip, lose, 0, true},
		{"contract_cuda", vres_backend_cuda, FAKE_CUDA, coarse_make, nothing_left, flip, lose, 2, true},
	};

	return (size_t)i < COUNT(subjects) ? &subjects[i] : NULL;
}
