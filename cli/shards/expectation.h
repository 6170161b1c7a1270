/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which digest each file is expected to have: that of --expect, the line of the file in a list of
 * digests, or the one that a cache of downloads has named the file by.
 */
#ifndef VRES_CLI_SHARDS_EXPECTATION_H
#define VRES_CLI_SHARDS_EXPECTATION_H

#include "shards/inputs.h"

/* Fill the expected digest of each input. */
bool expectations_find(struct inputs *in, struct output *o, const struct seal_options *options);

#endif
