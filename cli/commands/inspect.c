/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vres inspect: what lies where in a model file, and what a byte or a block belongs to. */
#include <inttypes.h>
#include <string.h>
#include "command.h"
#include "shards/model_file.h"
#include "ui/files.h"
#include "ui/message.h"
#include "ui/options.h"

/* An option that is not given. */
#define NOT_GIVEN UINT64_MAX

#define BLOCK_BYTES 4096

struct inspect_options {
	uint64_t offset, block, block_size;
	bool is_json;
};

static const struct option_spec specs[] = {
	{"offset", "N", OPTION(OPTION_COUNT, struct inspect_options, offset),
         "only what byte N of the file belongs to", .most = UINT64_MAX - 1},
	{"block", "N", OPTION(OPTION_COUNT, struct inspect_options, block),
         "only what block N of the file belongs to, counted from 0", .most = UINT64_MAX - 1},
	{"block-size", "BYTES", OPTION(OPTION_BYTES, struct inspect_options, block_size),
         "of --block: default 4096", .least = 1, .most = UINT64_MAX - 1},
	{"json", NULL, OPTION(OPTION_FLAG, struct inspect_options, is_json),
         "print one JSON document"},
};

static const struct option_set set = {"Options", specs, COUNT_OF(specs)};

static void print_tensor(struct output *o, json_t *array, const struct tensor *t)
{
	json_t *entry = json_object();

	output_text(o, "%12" PRIu64 " %12" PRIu64 "  %-8s  ", t->begin, t->end - t->begin, t->type);
	output_name_n(o, t->name, t->name_bytes);
	output_text(o, "\n");
	output_put(o, entry, "name", json_stringn(t->name, t->name_bytes));
	output_put_text(o, entry, "dtype", t->type);
	output_put_u64(o, entry, "offset", t->begin);
	output_put_u64(o, entry, "bytes", t->end - t->begin);
	output_add(o, array, entry);
}

/* The tensors with a byte from @from up to @end; all if these are all of the file. */
static void print_range(struct output *o, const struct tensor_map *map, uint64_t from, uint64_t end)
{
	const bool is_all = from == 0 && end == UINT64_MAX, is_header = from < map->data;
	json_t *array = json_array();

	if (is_header)
		output_text(o, "%12d %12" PRIu64 "  the %s header\n", 0, map->data, map->format);
	for (size_t i = is_all ? 0 : tensor_map_from(map, from);
	     i < map->count && map->tensors[i].begin < end; i++) {
		if (is_all || map->tensors[i].begin != map->tensors[i].end)
			print_tensor(o, array, &map->tensors[i]);
	}
	if (!is_header && json_array_size(array) == 0)
		output_text(o, "no tensor: padding\n");
	output_put_bool(o, o->document, "header", is_header);
	output_put(o, o->document, "tensors", array);
}

/* The bytes that are asked for: from *@from up to *@end. */
static bool find_range(struct output *o, const struct inspect_options *options, const char *name,
                       uint64_t bytes, uint64_t *from, uint64_t *end)
{
	uint64_t step = 1;

	*from = 0;
	*end = UINT64_MAX;
	if (options->offset == NOT_GIVEN && options->block == NOT_GIVEN)
		return true;
	if (options->block != NOT_GIVEN)
		step = options->block_size != NOT_GIVEN ? options->block_size : BLOCK_BYTES;
	if (__builtin_mul_overflow(options->block != NOT_GIVEN ? options->block : options->offset,
	                           step, from) ||
	    *from >= bytes)
		return output_refuse(o, EXIT_USAGE, name, "has %" PRIu64 " bytes and ends before",
		                     bytes);
	*end = step < bytes - *from ? *from + step : bytes;
	return true;
}

static bool inspect(struct output *o, const struct inspect_options *options, const char *name)
{
	struct stat about;
	CLEANUP(file_close) int fd = file_open_regular(o, name, &about);
	CLEANUP(model_file_close) struct model_file model = {.header = NULL};
	uint64_t from, end, bytes;

	if (fd < 0)
		return false;
	bytes = (uint64_t)about.st_size;
	model_file_open(&model, name, fd, bytes);
	if (!model.has_tensors)
		return output_refuse(o, EXIT_USAGE, name, "%s",
		                     model.remark[0] != '\0' ? model.remark
		                                             : "is no safetensors or GGUF file");
	if (model.remark[0] != '\0')
		message(o->command, name, "%s", model.remark);
	if (!find_range(o, options, name, bytes, &from, &end))
		return false;
	output_put_file(o, o->document, "file", name);
	output_put_text(o, o->document, "format", model.tensors.format);
	output_put_u64(o, o->document, "bytes", bytes);
	output_put_u64(o, o->document, "header_bytes", model.tensors.data);
	print_range(o, &model.tensors, from, end);
	return true;
}

static bool run_inspect(struct output *o, const struct inspect_options *options, char **names,
                        size_t count)
{
	if (count != 1)
		return output_refuse(o, EXIT_USAGE, NULL, "one FILE is inspected, and %zu given",
		                     count);
	if (options->offset != NOT_GIVEN && options->block != NOT_GIVEN)
		return output_refuse(o, EXIT_USAGE, NULL, "--offset or --block, not both");
	if (options->block_size != NOT_GIVEN && options->block == NOT_GIVEN)
		return output_refuse(o, EXIT_USAGE, NULL, "--block-size goes with --block");
	return inspect(o, options, names[0]);
}

static int run(const struct command *self, int argc, char **argv)
{
	struct inspect_options options = {NOT_GIVEN, NOT_GIVEN, NOT_GIVEN, false};
	void *const targets[] = {&options};
	struct output o;
	int first, status = options_parse(self, targets, argc, argv, &first);

	if (status >= 0)
		return status;
	output_begin(&o, self->name, options.is_json);
	(void)run_inspect(&o, &options, argv + first, (size_t)(argc - first));
	return output_end(&o);
}

const struct command cmd_inspect = {
	.name = "inspect",
	.arguments = "FILE",
	.summary = "what lies where in a model file",
	.description =
		"Print offset, bytes, type and name of each tensor of a safetensors or GGUF FILE, "
		"in the order of the file; or only of those that a byte or a block belongs to, as "
		"an event or a log names it.",
	.sets = (const struct option_set *const[]){&set, NULL},
	.run = run,
};
