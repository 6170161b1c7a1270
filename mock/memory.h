/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The slots for memory; vres/backend.h says what each promises. */
#ifndef VRES_MOCKED_MEMORY_H
#define VRES_MOCKED_MEMORY_H

#include "mock/model.h"

vres_status vres_mocked_mem_alloc(vres_bdev *dev, uint64_t bytes, vres_bmem **out,
                                  vres_mem_info *info, vres_error *err);
vres_status vres_mocked_mem_adopt(vres_bdev *dev, uint64_t addr, uint64_t bytes, vres_bmem **out,
                                  vres_error *err);
vres_status vres_mocked_mem_residency(vres_bmem *mem, vres_residency *out, vres_error *err);
vres_status vres_mocked_mem_wipe(vres_bmem *mem, vres_error *err);
vres_status vres_mocked_mem_release(vres_bmem *mem, vres_error *err);
vres_status vres_mocked_mem_protect(vres_bmem *mem, uint32_t read_only, vres_error *err);

#endif
