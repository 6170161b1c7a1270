/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The scenarios' fixture with a GPU backend over its fake driver in the mock's place.  The build
 * says which, and what it always needs allowed.
 */
#ifndef TESTS_SCENARIO_DRIVER_RIG_H
#define TESTS_SCENARIO_DRIVER_RIG_H

#include "fake/driver/control.h"
#include "support/fixture/support.h"

/*
 * The fake driver is reset to @params (NULL: an ordinary one); an engine's context is current,
 * which must stay so.
 */
struct fixture *rig_begin(const struct fake_params *params, uint64_t allow, uint64_t require,
                          bool with_manager);

/* As finish(), and no driver object is left, nor a context on the stack. */
void rig_finish(struct fixture **f);

/* What a config needs for the fake driver. */
vres_config rig_config(struct fixture *f);
vres_status rig_manager(struct fixture *f, vres_error *err);

/* The calling thread's contexts are as rig_begin() left them. */
void ck_context_restored(void);

#endif
