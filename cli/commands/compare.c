/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vres compare: which tensors of two models differ. */
#include <string.h>
#include "command.h"
#include "shards/manifest.h"
#include "ui/options.h"

struct compare_options {
	bool is_json;
};

static const struct option_spec specs[] = {
	{"json", NULL, OPTION(OPTION_FLAG, struct compare_options, is_json),
         "print one JSON document"},
};

static const struct option_set set = {"Options", specs, COUNT_OF(specs)};

enum finding { SAME, DIFFERS, MISSING, ADDED, FINDINGS };

static const char *const words[FINDINGS] = {"same", "differs", "missing", "added"};

/* Both are in order, so one walk through both finds all. */
static void compare(struct output *o, const struct manifest *a, const struct manifest *b)
{
	json_t *lists[FINDINGS] = {NULL, json_array(), json_array(), json_array()};
	size_t counts[FINDINGS] = {0}, i = 0, j = 0;

	while (i < a->count || j < b->count) {
		const int order = i == a->count   ? 1
		                  : j == b->count ? -1
		                                  : strcmp(a->lines[i].name, b->lines[j].name);
		const char *name = order <= 0 ? a->lines[i].name : b->lines[j].name;
		enum finding found = order < 0 ? MISSING : order > 0 ? ADDED : DIFFERS;

		if (order == 0 && strcmp(a->lines[i].digest, b->lines[j].digest) == 0)
			found = SAME;
		counts[found]++;
		if (found != SAME) {
			output_text(o, "%-7s  %s\n", words[found], name);
			output_add(o, lists[found], json_string(name));
		}
		i += order <= 0;
		j += order >= 0;
	}
	output_text(o, "%zu same, %zu differ, %zu missing, %zu added\n", counts[SAME],
	            counts[DIFFERS], counts[MISSING], counts[ADDED]);
	output_put_u64(o, o->document, words[SAME], counts[SAME]);
	for (size_t f = DIFFERS; f < FINDINGS; f++)
		output_put(o, o->document, words[f], lists[f]);
	if (counts[DIFFERS] + counts[MISSING] + counts[ADDED] > 0)
		output_raise(o, EXIT_UNVERIFIED, "VRES_E_INTEGRITY_VIOLATION");
}

static bool run_compare(struct output *o, char **names, size_t count)
{
	CLEANUP(manifest_free) struct manifest a = {0};
	CLEANUP(manifest_free) struct manifest b = {0};

	if (count != 2)
		return output_refuse(o, EXIT_USAGE, NULL, "two are compared, and %zu given", count);
	if (!manifest_take(&a, o, names[0]) || !manifest_take(&b, o, names[1]))
		return false;
	if (a.is_gguf != b.is_gguf)
		output_note(o, "one of them is GGUF, the other is not known to be: engines pad "
		               "and repack rows of GGUF tensors, whose bytes then differ");
	compare(o, &a, &b);
	return true;
}

static int run(const struct command *self, int argc, char **argv)
{
	struct compare_options options = {0};
	void *const targets[] = {&options};
	struct output o;
	int first, status = options_parse(self, targets, argc, argv, &first);

	if (status >= 0)
		return status;
	output_begin(&o, self->name, options.is_json);
	(void)run_compare(&o, argv + first, (size_t)(argc - first));
	return output_end(&o);
}

const struct command cmd_compare = {
	.name = "compare",
	.arguments = "A B",
	.summary = "which tensors of two models differ",
	.description =
		"Print the tensors that differ between A and B, are missing in B, or were added "
		"there; exit status 1 if there are any. Each is a model file, a folder, an index, "
		"or a manifest as `vres manifest` prints it.\n"
		"\n"
		"Bytes are compared, so two formats or types of the same weights differ; the bytes "
		"of a GGUF file are not those in VRAM where an engine pads or repacks rows.",
	.sets = (const struct option_set *const[]){&set, NULL},
	.run = run,
};
