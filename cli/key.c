/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The named key, or a random one that dies with the run. */
#include "key.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

/* As long as the key that is derived from it. */
#define EPHEMERAL_BYTES 32

static const struct option_spec specs[] = {
	{.name = "token-file",
         .argument = "FILE",
         .kind = OPTION_TEXT,
         .offset = offsetof(struct key_options, token_file),
         .help = "derive the key from the token in FILE, which only its owner may read"},
	{.name = "credential",
         .argument = "NAME",
         .kind = OPTION_TEXT,
         .offset = offsetof(struct key_options, credential),
         .help = "derive the key from the systemd credential NAME"},
	{.name = "domain",
         .argument = "TEXT",
         .kind = OPTION_TEXT,
         .offset = offsetof(struct key_options, domain),
         .help = "what the key is for; default llorch-vram-seal-v1"},
	{.name = "token",
         .kind = OPTION_REFUSED,
         .help = "every user of this machine can read a command line; use --token-file or --credential"},
};

const struct option_set key_option_set = {"Key", specs, COUNT_OF(specs)};

bool key_is_named(const struct key_options *options)
{
	return options->token_file != NULL || options->credential != NULL;
}

bool key_load(struct output *o, const struct key_options *options, vres_key **out)
{
	vres_status status;
	vres_error err;

	if (options->token_file != NULL && options->credential != NULL)
		return output_refuse(o, EXIT_USAGE, NULL, "give --token-file or --credential, not both");
	if (options->token_file != NULL)
		status = vres_key_from_token_file(options->token_file, options->domain, out, &err);
	else
		status = vres_key_from_credential(options->credential, options->domain, out, &err);
	return status == VRES_OK || output_fail(o, options->token_file != NULL ? options->token_file : options->credential, &err);
}

static bool make_ephemeral(struct output *o, const char *domain, vres_key **out)
{
	unsigned char random[EPHEMERAL_BYTES];
	vres_status status;
	vres_error err;

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return output_fail_errno(o, NULL, "no random bytes for a key", errno);
	status = vres_key_derive(random, sizeof(random), domain, out, &err);
	explicit_bzero(random, sizeof(random));
	return status == VRES_OK || output_fail(o, NULL, &err);
}

bool key_load_or_make(struct output *o, const struct key_options *options, vres_key **out)
{
	output_put_text(o, o->document, "key",
	                options->token_file != NULL   ? "token-file"
	                : options->credential != NULL ? "credential"
	                                              : "ephemeral");
	if (key_is_named(options))
		return key_load(o, options, out);
	return make_ephemeral(o, options->domain, out);
}

void key_destroy(vres_key **key)
{
	vres_key_destroy(*key);
	*key = NULL;
}
