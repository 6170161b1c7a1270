/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Regular files have a size; what has none is a stream. */
#include "shards/inputs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "ui/files.h"
#include "ui/message.h"
#include "ui/same_file.h"

#define PAGE_BYTES UINT64_C(4096)

static bool check_kind(struct input *in, struct output *o, const struct seal_options *options)
{
	struct stat about;

	if (fstat(in->fd, &about) != 0)
		return output_fail_errno(o, in->name, "cannot be examined", errno);
	if (S_ISDIR(about.st_mode))
		return output_refuse(o, EXIT_USAGE, in->name, "is a directory");
	in->is_stream = !S_ISREG(about.st_mode) || in->fd == STDIN_FILENO;
	in->bytes = in->is_stream ? options->bytes : (uint64_t)about.st_size;
	if (in->is_stream && in->bytes == 0)
		return output_refuse(o, EXIT_USAGE, in->name,
		                     "has no size of its own: --bytes must say how much to seal");
	if (in->bytes == 0)
		return output_refuse(o, EXIT_USAGE, in->name, "is empty: there is nothing to seal");
	if (in->is_stream)
		return true;
	model_file_open(&in->model, in->name, in->fd, in->bytes);
	return input_remark(in, o, options);
}

bool input_remark(const struct input *in, struct output *o, const struct seal_options *options)
{
	if (in->model.remark[0] == '\0')
		return true;
	if (options->is_strict)
		return output_refuse(o, EXIT_USAGE, in->name, "%s", in->model.remark);
	message(o->command, in->name, "%s", in->model.remark);
	return true;
}

void input_describe(const struct input *in, struct output *o, json_t *object)
{
	output_put_text(o, object, "format",
	                in->model.has_tensors ? in->model.tensors.format : "bytes");
	output_put(o, object, "remark",
	           in->model.remark[0] != '\0' ? json_string(in->model.remark) : json_null());
}

/*
 * O_NONBLOCK: the wait for a pipe's writer happens later, in poll(), where a stop is seen.  Regular
 * files ignore it.
 */
static bool input_open(struct input *in, struct output *o, const char *name,
                       const struct seal_options *options)
{
	*in = (struct input){.name = name, .fd = STDIN_FILENO};
	if (strcmp(name, "-") != 0)
		in->fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (in->fd < 0)
		return output_fail_errno(o, name, "cannot be opened", errno);
	return check_kind(in, o, options);
}

static bool check_usage(struct output *o, char **names, size_t count)
{
	size_t standard_inputs = 0;

	for (size_t i = 0; i < count; i++)
		standard_inputs += strcmp(names[i], "-") == 0;
	if (count == 0)
		return output_refuse(o, EXIT_USAGE, NULL, "no FILE given (see `vres %s --help`)",
		                     o->command);
	if (standard_inputs > 1)
		return output_refuse(o, EXIT_USAGE, NULL, "standard input can be read only once");
	return true;
}

static bool has_stream(const struct inputs *in)
{
	for (size_t i = 0; i < in->count; i++) {
		if (in->items[i].is_stream)
			return true;
	}
	return false;
}

bool inputs_open(struct inputs *in, struct output *o, char **names, size_t count,
                 const struct seal_options *options)
{
	if (!check_usage(o, names, count))
		return false;
	in->items = calloc(count, sizeof(*in->items));
	if (in->items == NULL)
		return output_no_memory(o, NULL);
	while (in->count < count) {
		struct input *one = &in->items[in->count++];
		uint64_t padded;

		if (!input_open(one, o, names[in->count - 1], options))
			return false;
		if (__builtin_add_overflow(one->bytes, PAGE_BYTES - 1, &padded) ||
		    __builtin_add_overflow(in->room, padded / PAGE_BYTES * PAGE_BYTES, &in->room))
			in->room = UINT64_MAX;
	}
	if (options->bytes != 0 && !has_stream(in))
		return output_refuse(
			o, EXIT_USAGE, NULL,
			"--bytes is for standard input, pipes and devices, and there is none");
	return true;
}

bool inputs_refuse_overwrite(const struct inputs *in, struct output *o, const char *path)
{
	for (size_t i = 0; i < in->count; i++) {
		if (file_is_open_as(path, in->items[i].fd))
			return output_refuse(
				o, EXIT_USAGE, path,
				"is one of the FILEs to seal, and would be overwritten");
	}
	return true;
}

void inputs_close(struct inputs *in)
{
	for (size_t i = 0; i < in->count; i++) {
		vres_shard_release(in->items[i].shard);
		file_close(&in->items[i].fd);
		model_file_close(&in->items[i].model);
	}
	free(in->items);
	*in = (struct inputs){0};
}
