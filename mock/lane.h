/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The slots for lanes; vres/backend.h says what each promises. */
#ifndef VRES_MOCK_LANE_H
#define VRES_MOCK_LANE_H

#include "mock/model.h"

vres_status vres_mocked_lane_open(vres_bdev *dev, size_t bytes, uint32_t flags, vres_blane **out,
                                  void **staging, vres_error *err);
vres_status vres_mocked_lane_push(vres_blane *lane, vres_bmem *dst, uint64_t offset, size_t n,
                                  vres_error *err);
vres_status vres_mocked_lane_pull(vres_blane *lane, vres_bmem *src, uint64_t offset, size_t n,
                                  vres_error *err);
vres_status vres_mocked_lane_wait(vres_blane *lane, uint64_t deadline, vres_error *err);
void vres_mocked_lane_close(vres_blane *lane);
vres_status vres_mocked_hash_blocks(vres_blane *lane, const vres_hash_job *job, vres_error *err);

#endif
