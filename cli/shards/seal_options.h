/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options of `vres seal` and `vres watch` that concern sealing. */
#ifndef VRES_CLI_SHARDS_SEAL_OPTIONS_H
#define VRES_CLI_SHARDS_SEAL_OPTIONS_H

#include "ui/command_spec.h"

struct seal_options {
	uint64_t alg, bytes, threads;
	const char *expect, *model_ref;
	bool is_set, is_strict;
};

extern const struct option_set seal_option_set;

/* The most that --threads may say: the limit of the library. */
#define THREADS_MOST 1024

/* "sha256" and "verity". */
extern const struct option_word digest_alg_words[];

#endif
