/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every use of the library that reaches a device, small, for the sweeps: each is run thousands of
 * times.
 */
#ifndef TESTS_SUPPORT_SWEEP_USES_H
#define TESTS_SUPPORT_SWEEP_USES_H

#include "support/sweep/sweep.h"

enum use {
	USE_LIFE,
	USE_LEAVES,
	USE_MODES,
	USE_MANY,
	USE_NO_HASH,
	USE_PINNED,
	USE_ADOPT,
	USE_SET,
	USE_RECEIPT,
	USE_DIGEST,
	USE_ENFORCE,
	USE_STREAM,
	USE_PIPE,
	USE_SCRUB,
	USE_READ_ONLY, /* the last row, since not every device has it */
	USES
};

const char *use_name(enum use use);
struct scenario use_of(enum use use);

#endif
