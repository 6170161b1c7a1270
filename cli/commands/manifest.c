/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vres manifest: a digest of each tensor of a model, without a device. */
#include <string.h>
#include "command.h"
#include "shards/manifest.h"
#include "ui/options.h"

struct manifest_options {
	bool is_json;
};

static const struct option_spec specs[] = {
	{"json", NULL, OPTION(OPTION_FLAG, struct manifest_options, is_json),
         "print one JSON document"},
};

static const struct option_set set = {"Options", specs, COUNT_OF(specs)};

static void print_manifest(struct output *o, const struct manifest *m)
{
	json_t *tensors = json_array();

	for (size_t i = 0; i < m->count; i++) {
		const struct manifest_line *line = &m->lines[i];
		json_t *entry = json_object();

		output_text(o, "sha256:%s %s\n", line->digest, line->name);
		output_put_text(o, entry, "name", line->name);
		output_put_text(o, entry, "digest", line->digest);
		output_put_u64(o, entry, "bytes", line->bytes);
		output_add(o, tensors, entry);
	}
	output_put(o, o->document, "tensors", tensors);
}

static int run(const struct command *self, int argc, char **argv)
{
	CLEANUP(manifest_free) struct manifest m = {0};
	struct manifest_options options = {0};
	void *const targets[] = {&options};
	struct output o;
	int first, status = options_parse(self, targets, argc, argv, &first);

	if (status >= 0)
		return status;
	output_begin(&o, self->name, options.is_json);
	if (first == argc)
		(void)output_refuse(&o, EXIT_USAGE, NULL, "no FILE or DIR given");
	else if (manifest_make(&m, &o, argv + first, (size_t)(argc - first)))
		print_manifest(&o, &m);
	return output_end(&o);
}

const struct command cmd_manifest = {
	.name = "manifest",
	.arguments = "FILE|DIR...",
	.summary = "a digest of each tensor of a model",
	.description =
		"Print a line `sha256:DIGEST NAME` for each tensor in safetensors and GGUF files, "
		"in the order of the bytes of the names. The digest is that of `vres digest --alg "
		"verity` over the tensor's bytes. No device is used.\n"
		"\n"
		"A DIR stands for the files that its *.safetensors.index.json lists or, without "
		"one, for its safetensors and GGUF files; an index stands for the files it lists.",
	.sets = (const struct option_set *const[]){&set, NULL},
	.run = run,
};
