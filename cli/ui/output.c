/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Standard output, and which of several failures decides the exit status. */
#include "ui/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "ui/escape.h"
#include "ui/message.h"

/*
 * Of several failures the gravest decides: a security incident first, then what stops the whole
 * run, then wrong usage.
 */
static unsigned gravity(enum exit_status exit)
{
	static const unsigned order[] = {
		[EXIT_GOOD] = 0,    [EXIT_USAGE] = 1,  [EXIT_VRAM] = 2,
		[EXIT_TROUBLE] = 3, [EXIT_POLICY] = 4, [EXIT_UNVERIFIED] = 5,
	};

	return order[exit];
}

void output_begin(struct output *o, const char *command, bool is_json)
{
	*o = (struct output){.command = command, .is_json = is_json, .status = "ok"};
	o->errors = json_array();
	/* "status" is set again at the end; here it takes its place in the order of the members. */
	o->document = json_pack("{s:s, s:s, s:O}", "command", command, "status", o->status,
	                        "errors", o->errors);
}

void output_raise(struct output *o, enum exit_status exit, const char *status)
{
	if (gravity(exit) <= gravity(o->exit))
		return;
	o->exit = exit;
	o->status = status;
}

void output_text(struct output *o, const char *format, ...)
{
	va_list args;

	if (o->is_json)
		return;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
}

void output_name(struct output *o, const char *name)
{
	if (!o->is_json)
		escape_put(stdout, name);
}

void output_name_n(struct output *o, const char *name, size_t n)
{
	char one[ESCAPE_ONE];

	for (const char *end = name + n; name < end && !o->is_json;) {
		name += escape_one(name, one);
		fputs(one, stdout);
	}
}

void output_note(struct output *o, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	o->said++;
	message_v(o->command, NULL, format, args);
	va_end(args);
}

void output_note_of(struct output *o, const char *file, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	o->said++;
	message_v(o->command, file, format, args);
	va_end(args);
}

static bool complain(struct output *o, const char *why)
{
	if (!o->is_deaf)
		message(o->command, NULL, "standard output: %s", why);
	o->is_deaf = true;
	output_raise(o, EXIT_TROUBLE, "VRES_E_IO");
	return false;
}

bool output_flush(struct output *o)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return true;
	return complain(o, strerror(errno));
}

bool output_has_reader(struct output *o)
{
	struct pollfd out = {.fd = STDOUT_FILENO};

	return poll(&out, 1, 0) <= 0 || !(out.revents & POLLERR) || complain(o, strerror(EPIPE));
}

bool output_has_room(void)
{
	struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

	return poll(&out, 1, 0) != 0;
}

void output_abandon(struct output *o)
{
	const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (nowhere >= 0) {
		(void)dup2(nowhere, STDOUT_FILENO);
		close(nowhere);
	}
	complain(o, "nobody reads it");
}

/* exit() would close standard output too, but ignore that the disk was full. */
static void close_stdout(struct output *o)
{
	const bool had_failed = ferror(stdout) != 0;

	if (fclose(stdout) != 0)
		complain(o, strerror(errno));
	else if (had_failed)
		complain(o, "not everything could be written");
}

/* A document that cannot be built or written is a failure that it cannot tell itself. */
static void print_document(struct output *o)
{
	if (json_object_set_new(o->document, "status", json_string(o->status)) != 0)
		o->is_broken = true;
	if (!o->is_broken &&
	    json_dumpf(o->document, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6)) == 0) {
		putchar('\n');
		return;
	}
	if (!ferror(stdout)) /* or else close_stdout() says it */
		message(o->command, NULL, "the JSON document could not be written");
	output_raise(o, EXIT_TROUBLE, "VRES_E_IO");
}

int output_end(struct output *o)
{
	if (o->is_json)
		print_document(o);
	close_stdout(o);
	json_decref(o->errors);
	json_decref(o->document);
	return (int)o->exit;
}
