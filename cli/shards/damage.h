/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Naming what a failed verification found: the damaged bytes of a file, and their tensors. */
#ifndef VRES_CLI_SHARDS_DAMAGE_H
#define VRES_CLI_SHARDS_DAMAGE_H

#include "shards/inputs.h"

/*
 * Text for people, and "damage" in @object: {"offset", "bytes", "bad_blocks_at_least", and of a
 * safetensors file "header", "tensors"}; nothing when no range is known.
 */
void damage_report(struct output *o, json_t *object, const struct input *in,
                   const vres_verify_report *report);

#endif
