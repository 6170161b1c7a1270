/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The scenarios' fixture with a GPU backend over its fake driver instead of the mock.  The build
 * says which backend, and what policy must always allow for it.
 */
#ifndef TESTS_SCENARIO_DRIVER_FIXTURE_H
#define TESTS_SCENARIO_DRIVER_FIXTURE_H

#include "fake/driver/control.h"
#include "support/fixture/support.h"

/*
 * Resets the fake driver to @params (NULL: an ordinary one).  An engine's context is current and
 * must stay current.
 */
struct fixture *driver_fixture_begin(const struct fake_params *params, uint64_t allow,
                                     uint64_t require, bool with_manager);

/*
 * Like finish(); also asserts that the driver has no object left and the thread no context of ours.
 */
void driver_fixture_finish(struct fixture **f);

/* The config for a manager over the fake driver. */
vres_config driver_fixture_config(struct fixture *f);
vres_status driver_fixture_manager(struct fixture *f, vres_error *err);

/* Asserts that the calling thread's contexts are as driver_fixture_begin() left them. */
void ck_context_restored(void);

#endif
