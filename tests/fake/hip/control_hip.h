/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What tests do to the fake HIP runtime besides what control.h has. */
#ifndef TESTS_FAKE_HIP_CONTROL_HIP_H
#define TESTS_FAKE_HIP_CONTROL_HIP_H

#include "fake/driver/control.h"

/* A call of an engine failed in this thread, and the engine has not read the error yet. */
void fake_hip_engine_error(int code);

/* Page-locked host memory of an engine: allocate, free. */
void *fake_hip_engine_pinned(uint64_t bytes);
void fake_hip_engine_unpin(void *block);

#endif
