/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening a checker and a log, and splitting what is read into lines. */
#include "commands/audit/audit_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "ui/files.h"

#define PIECE ((size_t)256 * 1024)

static const struct option_spec specs[] = {
	{.name = "forward-key",
         .argument = "FILE",
         .kind = OPTION_TEXT,
         .offset = offsetof(struct audit_key_options, forward_key),
         .help = "check a forward-secure log with the key of epoch 0, which only its owner may "
                 "read"},
};

const struct option_set audit_key_option_set = {"Forward key", specs, COUNT_OF(specs)};

void audit_checker_close(vres_audit_checker **checker)
{
	vres_audit_checker_destroy(*checker);
	*checker = NULL;
}

bool audit_checker_open(struct output *o, const struct key_options *token,
                        const struct audit_key_options *forward, vres_audit_finding_fn finding,
                        void *ctx, vres_audit_checker **out)
{
	vres_audit_check_options options = vres_audit_check_options_init();
	CLEANUP(key_destroy) vres_key *key = NULL;
	vres_error err;

	if (!key_environment_is_clean(o))
		return false;
	if (key_is_named(token) && forward->forward_key != NULL)
		return output_refuse(
			o, EXIT_USAGE, NULL,
			"give a token or --forward-key, not both: a log is under one of them");
	if (key_is_named(token) && !key_load(o, token, &key))
		return false;
	options.key = key;
	options.forward_key = forward->forward_key;
	options.finding = finding;
	options.finding_ctx = ctx;
	if (vres_audit_checker_create(&options, out, &err) != VRES_OK)
		return output_fail(o, forward->forward_key, &err);
	return true;
}

int audit_open_file(struct output *o, const char *path)
{
	/* O_NONBLOCK: never wait for the other end of a FIFO; it means nothing to a regular file.
	 */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
	struct stat file;

	if (fd < 0 && errno == ELOOP)
		output_refuse(o, EXIT_USAGE, path, "is a symbolic link, which is refused");
	else if (fd < 0)
		output_fail_errno(o, path, "cannot be opened", errno);
	if (fd < 0 || (fstat(fd, &file) == 0 && S_ISREG(file.st_mode)))
		return fd;
	output_refuse(o, EXIT_USAGE, path,
	              "is not a regular file (- is standard input, which may be a pipe)");
	file_close(&fd);
	return -1;
}

int audit_open(struct output *o, const char *path)
{
	return strcmp(path, "-") == 0 ? STDIN_FILENO : audit_open_file(o, path);
}

static void buffer_free(char **buffer)
{
	free(*buffer);
}

bool audit_read(struct output *o, const char *path, int fd, audit_piece_fn piece, void *ctx)
{
	CLEANUP(buffer_free) char *buffer = malloc(PIECE);
	ssize_t got;

	if (buffer == NULL)
		return output_refuse(o, EXIT_TROUBLE, path, "out of memory");
	while ((got = file_read(fd, buffer, PIECE)) > 0) {
		if (!piece(ctx, buffer, (size_t)got))
			return false;
	}
	return got == 0 || output_fail_errno(o, path, "cannot be read", errno);
}

static bool give_line(struct audit_lines *lines, const char *text, size_t n)
{
	json_t *object = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
	bool goes_on;

	if (object != NULL && !json_is_object(json_object_get(object, "event"))) {
		json_decref(object);
		object = NULL;
	}
	lines->number++;
	goes_on = lines->line(lines->ctx, lines->number, text, n, object);
	json_decref(object);
	return goes_on;
}

static bool add_piece(struct audit_lines *lines, const char *bytes, size_t n, bool is_whole)
{
	const size_t carried = lines->carried;

	if (!lines->is_skipping && carried + n < sizeof(lines->carry)) {
		if (carried == 0 && is_whole)
			return give_line(lines, bytes, n);
		memcpy(lines->carry + carried, bytes, n);
		lines->carried = is_whole ? 0 : carried + n;
		return !is_whole || give_line(lines, lines->carry, carried + n);
	}
	lines->is_skipping = !is_whole;
	lines->carried = 0;
	return !is_whole || give_line(lines, "", 0); /* longer than any line of a log */
}

bool audit_lines_add(void *ctx, const char *bytes, size_t n)
{
	struct audit_lines *lines = ctx;

	while (n > 0) {
		const char *newline = memchr(bytes, '\n', n);
		const size_t piece = newline != NULL ? (size_t)(newline - bytes) : n,
			     step = piece + (newline != NULL);

		if (!add_piece(lines, bytes, piece, newline != NULL))
			return false;
		bytes += step;
		n -= step;
	}
	return true;
}

bool audit_lines_end(struct audit_lines *lines)
{
	const bool is_torn = lines->carried > 0 || lines->is_skipping;

	lines->carried = 0;
	lines->is_skipping = false;
	return !is_torn || give_line(lines, "", 0);
}
