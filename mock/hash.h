/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The device hash. */
#ifndef VRES_MOCK_HASH_H
#define VRES_MOCK_HASH_H

#include "mock/model.h"

/* Does @job, which is valid.  @scratch has room for one block for each level. */
vres_status vres_mock_hash(vres_mock *mock, const vres_hash_job *job, uint8_t *scratch,
                           vres_error *err);

#endif
