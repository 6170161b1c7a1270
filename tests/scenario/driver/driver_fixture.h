/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The scenarios' fixture with a GPU backend over its fake driver in the mock's place.  The build
 * says which, and what it always needs allowed.
 */
#ifndef TESTS_SCENARIO_DRIVER_FIXTURE_H
#define TESTS_SCENARIO_DRIVER_FIXTURE_H

#include "fake/driver/control.h"
#include "support/fixture/support.h"

/*
 * The fake driver is reset to @params (NULL: an ordinary one); an engine's context is current,
 * which must stay so.
 */
struct fixture *driver_fixture_begin(const struct fake_params *params, uint64_t allow,
                                     uint64_t require, bool with_manager);

/* As finish(), and no driver object is left, nor a context on the stack. */
void driver_fixture_finish(struct fixture **f);

/* What a config needs for the fake driver. */
vres_config driver_fixture_config(struct fixture *f);
vres_status driver_fixture_manager(struct fixture *f, vres_error *err);

/* The calling thread's contexts are as driver_fixture_begin() left them. */
void ck_context_restored(void);

#endif
