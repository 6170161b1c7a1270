/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shards/seal_options.h"

#include <vres/vres.h>

const struct option_word digest_alg_words[] = {
	{"sha256", VRES_DIGEST_SHA256}, {"verity", VRES_DIGEST_VERITY}, {NULL, 0}};

static const struct option_spec specs[] = {
	{.name = "alg",
         .argument = "ALG",
         .kind = OPTION_CHOICE,
         .offset = offsetof(struct seal_options, alg),
         .words = digest_alg_words,
         .help = "the digest that identifies a file: sha256 (the default) or verity, which needs "
                 "no hashing by the host's cores"},
	{.name = "expect",
         .argument = "HEX",
         .kind = OPTION_TEXT,
         .offset = offsetof(struct seal_options, expect),
         .help = "seal only if the digest is this one: 64 hex digits, or a line of `vres digest`; "
                 "with one FILE"},
	{.name = "bytes",
         .argument = "BYTES",
         .kind = OPTION_BYTES,
         .offset = offsetof(struct seal_options, bytes),
         .least = 1,
         .help = "how much to read from a FILE that is - (standard input), a pipe or a device"},
	{.name = "set",
         .kind = OPTION_FLAG,
         .offset = offsetof(struct seal_options, is_set),
         .help = "the FILEs, in this order, are the shards of one model; vres seal also verifies "
                 "that the set is complete"},
	{.name = "threads",
         .argument = "N",
         .kind = OPTION_COUNT,
         .offset = offsetof(struct seal_options, threads),
         .least = 1,
         .most = THREADS_MOST,
         .help = "threads that hash on the host; default: one for each core, no more than the CPU "
                 "quota "
                 "of the control group"},
	{.name = "strict",
         .kind = OPTION_FLAG,
         .offset = offsetof(struct seal_options, is_strict),
         .help = "refuse a FILE that is no whole model: a git-lfs pointer, a truncated file, a "
                 "header "
                 "that cannot be read, a download that was not finished, an index"},
	{.name = "model-ref",
         .argument = "TEXT",
         .kind = OPTION_TEXT,
         .offset = offsetof(struct seal_options, model_ref),
         .help = "a name of the model, to be signed with every shard"},
};

const struct option_set seal_option_set = {"Sealing", specs, COUNT_OF(specs)};
