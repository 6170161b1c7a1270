/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What tests do to the fake HIP runtime besides what control.h has. */
#ifndef TESTS_FAKE_HIP_CONTROL_HIP_H
#define TESTS_FAKE_HIP_CONTROL_HIP_H

#include "fake/driver/control.h"

/* Makes this thread's last error one of an engine's call, which the engine has not read yet. */
void fake_hip_engine_error(int code);

/* Page-locked host memory that an engine allocates and frees. */
void *fake_hip_engine_pinned(uint64_t bytes);
void fake_hip_engine_unpin(void *block);

#endif
