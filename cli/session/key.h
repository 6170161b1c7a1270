/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which key signs and checks.  A secret comes from a file or a credential, never from the command
 * line or the environment.
 */
#ifndef VRES_CLI_SESSION_KEY_H
#define VRES_CLI_SESSION_KEY_H

#include "ui/options.h"
#include "ui/output.h"

struct key_options {
	const char *token_file, *credential, *domain;
};

extern const struct option_set key_option_set;

/* Was any key named? */
bool key_is_named(const struct key_options *options);

/*
 * False, and a refusal, when a command that takes a key is run and a variable of the environment
 * looks like a secret that somebody believes to be used.
 */
bool key_environment_is_clean(struct output *o);

/*
 * The next such variable from **entry on, which begins as environ; NULL: no more.  Its name is the
 * first *n bytes.
 */
const char *key_in_environment(char ***entry, size_t *n);

/*
 * False, and a refusal, when what is to be written to @path would take the place of the token file.
 */
bool key_spare(const struct key_options *options, struct output *o, const char *path);

/* The key that was named, for vres_key_destroy(). */
bool key_load(struct output *o, const struct key_options *options, vres_key **out);

/* The same, or a random key of this run; the document's "key" says which. */
bool key_load_or_make(struct output *o, const struct key_options *options, vres_key **out);

void key_destroy(vres_key **key);

#endif
