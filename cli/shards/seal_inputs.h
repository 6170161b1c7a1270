/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Turning files and streams into shards. */
#ifndef VRES_CLI_SHARDS_SEAL_INPUTS_H
#define VRES_CLI_SHARDS_SEAL_INPUTS_H

#include "shards/inputs.h"
#include "ui/signals.h"

/* Seal them in order.  A stop is reported as a cancelled operation. */
bool inputs_seal(struct inputs *in, struct output *o, vres_manager *manager, uint32_t device,
                 const struct seal_options *options, struct stop *stop);

#endif
