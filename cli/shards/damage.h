/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Naming what a failed verification found: the damaged bytes of a file, and their tensors. */
#ifndef VRES_CLI_SHARDS_DAMAGE_H
#define VRES_CLI_SHARDS_DAMAGE_H

#include "shards/verification.h"

/*
 * All damaged ranges, and all tensors that they touch: text for people, and "damage" in @object:
 * {"offset", "bytes" (of the first range), "bad_blocks_at_least", "ranges_count", "ranges", and of
 * a safetensors file "header", "tensors_count", "tensors"}.  Nothing when no range is known.
 */
void damage_report(struct output *o, json_t *object, const struct input *in,
                   const struct verification *v);

#endif
