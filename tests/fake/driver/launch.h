/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Launches of the hash kernel. */
#ifndef TESTS_FAKE_DRIVER_LAUNCH_H
#define TESTS_FAKE_DRIVER_LAUNCH_H

#include "fake/driver/model.h"

/* Runs the threads of the launch.  False: they use memory that the device has no access to. */
bool fake_launch_run(const struct fake_work *work, int device);

#endif
