/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What tests do to the fake HIP runtime beyond what they do to any fake driver. */
#ifndef TESTS_FAKE_HIP_CONTROL_HIP_H
#define TESTS_FAKE_HIP_CONTROL_HIP_H

#include "fake/driver/control.h"

/* An engine's call failed in this thread, and the engine has not yet asked. */
void fake_hip_engine_error(int code);

/* Page-locked host memory of an engine; and its end. */
void *fake_hip_engine_pinned(uint64_t bytes);
void fake_hip_engine_unpin(void *block);

#endif
