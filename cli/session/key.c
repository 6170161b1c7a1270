/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A key from a file or a credential, or a random one that ends with the run. */
#include "session/key.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include "ui/same_file.h"

/* As many as the key that is derived from them has. */
#define EPHEMERAL_BYTES 32

/* So much of a variable's name is shown, so that the rest of the message is not cut off. */
#define NAME_SHOWN 128

/* Why there is no --token. */
#define NO_SECRET                                                                                  \
	"every user of this machine can read a command line; use --token-file or --credential"

static const struct option_spec specs[] = {
	{"token-file", "FILE", OPTION(OPTION_TEXT, struct key_options, token_file),
         "derive the key from the token in FILE, which only its owner may read"},
	{"credential", "NAME", OPTION(OPTION_TEXT, struct key_options, credential),
         "derive the key from the systemd credential NAME"},
	{"domain", "TEXT", OPTION(OPTION_TEXT, struct key_options, domain),
         "what the key is for; default llorch-vram-seal-v1"},
	{"token", NULL, .kind = OPTION_REFUSED, .help = NO_SECRET},
	{"key", NULL, .kind = OPTION_REFUSED, .help = NO_SECRET},
	{"secret", NULL, .kind = OPTION_REFUSED, .help = NO_SECRET},
	{"password", NULL, .kind = OPTION_REFUSED, .help = NO_SECRET},
};

const struct option_set key_option_set = {"Key", specs, COUNT_OF(specs)};

bool key_is_named(const struct key_options *options)
{
	return options->token_file != NULL || options->credential != NULL;
}

static bool ends_with(const char *name, size_t n, const char *end)
{
	return n >= strlen(end) && memcmp(name + n - strlen(end), end, strlen(end)) == 0;
}

/* Where something is, and not what it is: a file, a path, or a service as Kubernetes names it. */
static bool names_a_place(const char *name, size_t n)
{
	const char *port = memmem(name, n, "_PORT_", 6);

	return ends_with(name, n, "_FILE") || ends_with(name, n, "_PATH") ||
	       ends_with(name, n, "_SERVICE_HOST") || ends_with(name, n, "_PORT") ||
	       memmem(name, n, "_SERVICE_PORT_", 14) != NULL ||
	       (port != NULL && port[6] >= '0' && port[6] <= '9');
}

/*
 * Could somebody take this variable for a way to hand over a token?  It has a value, a prefix of
 * ours or of the system that this library was made for, and names a secret, not the place of one.
 */
static bool is_secret_name(const char *entry)
{
	static const char *const prefixes[] = {"VRES_", "LLORCH_", "WORKER_API_"},
				 *const words[] = {"TOKEN", "KEY", "SECRET", "PASSWORD"};
	const size_t n = strcspn(entry, "=");
	bool is_ours = false, is_secret = false;

	for (size_t i = 0; i < COUNT_OF(prefixes); i++)
		is_ours |= strncmp(entry, prefixes[i], strlen(prefixes[i])) == 0;
	for (size_t i = 0; i < COUNT_OF(words); i++)
		is_secret |= memmem(entry, n, words[i], strlen(words[i])) != NULL;
	return is_ours && is_secret && entry[n] == '=' && entry[n + 1] != '\0' &&
	       !names_a_place(entry, n);
}

const char *key_in_environment(char ***entry, size_t *n)
{
	while (**entry != NULL) {
		const char *name = *(*entry)++;

		*n = strcspn(name, "=");
		if (is_secret_name(name))
			return name;
	}
	return NULL;
}

bool key_environment_is_clean(struct output *o)
{
	char **entry = environ, more[32] = "";
	size_t n, others = 0, ignored;
	const char *name = key_in_environment(&entry, &n);

	if (name == NULL)
		return true;
	while (key_in_environment(&entry, &ignored) != NULL)
		others++;
	if (others != 0)
		snprintf(more, sizeof(more), " and %zu more", others);
	return output_refuse(o, EXIT_USAGE, NULL,
	                     "the environment has %.*s%s: a secret there is inherited by every "
	                     "child and is read by nobody here; unset it, and "
	                     "use --token-file or --credential (`vres doctor` names all)",
	                     n < NAME_SHOWN ? (int)n : NAME_SHOWN, name, more);
}

bool key_refuse_overwrite(const struct key_options *options, struct output *o, const char *path)
{
	return !file_is_same(path, options->token_file) ||
	       output_refuse(o, EXIT_USAGE, path, "is the token file, and would be overwritten");
}

bool key_load(struct output *o, const struct key_options *options, vres_key **out)
{
	vres_status status;
	vres_error err;

	if (options->token_file != NULL && options->credential != NULL)
		return output_refuse(o, EXIT_USAGE, NULL,
		                     "give --token-file or --credential, not both");
	if (options->token_file != NULL)
		status = vres_key_from_token_file(options->token_file, options->domain, out, &err);
	else
		status = vres_key_from_credential(options->credential, options->domain, out, &err);
	return status == VRES_OK ||
	       output_fail(o,
	                   options->token_file != NULL ? options->token_file : options->credential,
	                   &err);
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
