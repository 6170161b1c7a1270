/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From an order to a published shard. */
#ifndef VRES_CORE_SEAL_SEAL_H
#define VRES_CORE_SEAL_SEAL_H

#include "seal/steps.h"

/* Make the shard that was ordered, and report what came of it. */
vres_status vres_seal_perform(struct seal *seal, vres_shard **out, vres_error *err);

#endif
