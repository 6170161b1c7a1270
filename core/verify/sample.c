/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "verify/sample.h"

#include "os/os.h"

/* A number below @n from the CSPRNG, each equally likely. */
static vres_status random_below(uint64_t n, uint64_t *out, vres_error *err)
{
	const uint64_t unfair = UINT64_MAX - UINT64_MAX % n;

	do {
		TRY(vres_os_random(out, sizeof(*out), err));
	} while (*out >= unfair);
	*out %= n;
	return VRES_OK;
}

vres_status vres_verify_sample(uint64_t n, uint64_t k, uint64_t i, uint64_t *unit, vres_error *err)
{
	const uint64_t whole = n / k, rest = n % k;
	uint64_t within;

	TRY(random_below(whole + (i < rest), &within, err));
	*unit = i * whole + min_u64(i, rest) + within;
	return VRES_OK;
}
