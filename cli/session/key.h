/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The key that signs and checks.  A secret comes from a file or a credential, never from the
 * command line or the environment.
 */
#ifndef VRES_CLI_SESSION_KEY_H
#define VRES_CLI_SESSION_KEY_H

#include "ui/failure.h"

struct key_options {
	const char *token_file, *credential, *domain;
};

extern const struct option_set key_option_set;

/* Was any key named? */
bool key_is_named(const struct key_options *options);

/*
 * False, and a refusal, when a variable of the environment looks like a secret that somebody
 * believes to be used.  For commands that take a key.
 */
bool key_environment_is_clean(struct output *o);

/*
 * The next such variable: its name is the first *n bytes of what is returned.  NULL: no more.
 * *entry begins as environ and is moved on.
 */
const char *key_in_environment(char ***entry, size_t *n);

/* False, and a refusal, when @path is the token file, which would be overwritten. */
bool key_refuse_overwrite(const struct key_options *options, struct output *o, const char *path);

/* Load the key that was named. */
bool key_load(struct output *o, const struct key_options *options, vres_key **out);

/* The same, or make a random key of this run; the document's "key" says which. */
bool key_load_or_make(struct output *o, const struct key_options *options, vres_key **out);

void key_destroy(vres_key **key);

#endif
