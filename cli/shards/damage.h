/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Saying what a failed verification found: which bytes of which file, and which tensors they belong
 * to.
 */
#ifndef VRES_CLI_SHARDS_DAMAGE_H
#define VRES_CLI_SHARDS_DAMAGE_H

#include "shards/inputs.h"

/*
 * Text for people, and "damage" in @object: {"offset", "bytes", "bad_blocks_at_least", and of a
 * safetensors file "header", "tensors"}; nothing when no range is known.
 */
void damage_report(struct output *o, json_t *object, const struct input *in,
                   const vres_verify_report *report);

/* What a verification did, as a JSON object for both seal and watch. */
json_t *verify_to_json(struct output *o, const vres_verify_report *report);

const char *verify_mode_name(uint32_t mode);

extern const struct option_word verify_mode_words[];

#endif
