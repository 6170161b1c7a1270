/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What goes wrong, as a test asked for it. */
#ifndef VRES_MOCK_SCRIPT_H
#define VRES_MOCK_SCRIPT_H

#include "mock/model.h"

/*
 * Every operation calls this first.  It counts the call and delays it.  True: the script answers
 * the call, with *status and *err, and the operation does nothing.  @deadline: how long the
 * operation may take, in ns.
 */
bool vres_mock_script_answers(vres_mock *mock, vres_mock_op op, uint32_t device, uint64_t deadline,
                              vres_status *status, vres_error *err);

/* Was the device lost?  False for an index that is not a device's. */
bool vres_mock_device_lost(vres_mock *mock, uint32_t device);

#endif
