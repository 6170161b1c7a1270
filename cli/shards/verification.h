/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verifying a file that was sealed, and all that was found. */
#ifndef VRES_CLI_SHARDS_VERIFICATION_H
#define VRES_CLI_SHARDS_VERIFICATION_H

#include "shards/inputs.h"

/* The most damaged ranges that are kept; beyond it they are counted. */
#define DAMAGE_MAX 65536

struct verification {
	vres_verify_report report;
	vres_damage *damage; /* NULL when nothing is damaged, or nobody knows where */
	size_t damage_kept;
};

/*
 * Verify @in as @params says.  A file is read again to name damage by the block; a stream cannot
 * be. What an earlier verification of @v kept is freed.
 */
vres_status verification_run(struct verification *v, const struct input *in,
                             vres_verify_params *params, vres_error *err);

/*
 * Repair the shard of @in, which is a file, from that file.  The report and the damage in @v are
 * what was found before.
 */
vres_status verification_repair(struct verification *v, const struct input *in, vres_error *err);

/* For CLEANUP. */
void verification_free(struct verification *v);

/* What the verification did, for the document. */
json_t *verification_to_json(struct output *o, const struct verification *v);

/* The names of the modes. */
extern const struct option_word verify_mode_words[];

#endif
