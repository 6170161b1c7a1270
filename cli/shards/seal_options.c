/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shards/seal_options.h"

#include <vres/vres.h>

const struct option_word digest_alg_words[] = {
	{"sha256", VRES_DIGEST_SHA256}, {"verity", VRES_DIGEST_VERITY}, {NULL, 0}};

static const struct option_spec specs[] = {
	{"alg", "ALG", OPTION(OPTION_CHOICE, struct seal_options, alg),
         "the digest that identifies a file: sha256 (the default) or verity, which needs no "
         "hashing by the host's cores",
         .words = digest_alg_words},
	{"expect", "HEX|LIST", OPTION(OPTION_TEXT, struct seal_options, expect),
         "seal only if the digest is this one: 64 hex digits, or a line of `vres digest`, with one "
         "FILE; or a file of such lines, with one for each FILE. Default: the digest by which a "
         "cache of Hugging Face or Ollama has named the FILE, if it is in one, with --alg sha256"},
	{"bytes", "BYTES", OPTION(OPTION_BYTES, struct seal_options, bytes),
         "how much to read from a FILE that is - (standard input), a pipe or a device", .least = 1},
	{"set", NULL, OPTION(OPTION_FLAG, struct seal_options, is_set),
         "the FILEs, in this order, are the shards of one model; vres seal also verifies that the "
         "set is complete"},
	{"threads", "N", OPTION(OPTION_COUNT, struct seal_options, threads),
         "threads that hash on the host; default: one for each core, no more than the CPU quota of "
         "the control group",
         .least = 1, .most = THREADS_MOST},
	{"strict", NULL, OPTION(OPTION_FLAG, struct seal_options, is_strict),
         "refuse a FILE that is no whole model: a git-lfs pointer, a truncated file, a header that "
         "cannot be read, a download that was not finished, an index"},
	{"model-ref", "TEXT", OPTION(OPTION_TEXT, struct seal_options, model_ref),
         "a name of the model, to be signed with every shard"},
};

const struct option_set seal_option_set = {"Sealing", specs, COUNT_OF(specs)};
