/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Launches of the hash kernel. */
#ifndef TESTS_FAKE_DRIVER_LAUNCH_H
#define TESTS_FAKE_DRIVER_LAUNCH_H

#include "fake/driver/model.h"

/* Run the threads of the launch.  False: the device has no access to what they touch. */
bool fake_launch_run(const struct fake_work *work, int device);

#endif
