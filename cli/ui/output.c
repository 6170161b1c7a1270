/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One place turns statuses into exit statuses, and one decides which of several failures a script
 * is told of.
 */
#include "ui/output.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ui/escape.h"
#include "ui/message.h"
#include "ui/options.h"
#include "ui/units.h"

static enum exit_status exit_of(const vres_error *err)
{
	switch (err->status) {
	case VRES_E_INSUFFICIENT_VRAM:
	case VRES_E_ALLOCATION_FAILED: return EXIT_VRAM;
	case VRES_E_POLICY_VIOLATION: return EXIT_POLICY;
	case VRES_E_SEAL_VERIFICATION_FAILED:
	case VRES_E_INTEGRITY_VIOLATION:
	/* A receipt that lost its MAC proves nothing. */
	case VRES_E_NOT_SEALED: return EXIT_UNVERIFIED;
	default: break;
	}
	switch (vres_status_class(err->status)) {
	case 0: return EXIT_GOOD;
	case 1: return EXIT_USAGE;
	default: return EXIT_TROUBLE;
	}
}

/*
 * A security incident outranks everything; then what stops the whole run; then what was asked for
 * wrongly.
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
	memset(o, 0, sizeof(*o));
	o->command = command;
	o->is_json = is_json;
	o->document = json_object();
	o->errors = json_array();
	output_put_text(o, o->document, "command", command);
	output_put_text(o, o->document, "status", "ok");
	output_put(o, o->document, "errors", json_incref(o->errors));
}

static void raise_exit(struct output *o, enum exit_status exit, const char *status)
{
	if (gravity(exit) <= gravity(o->exit))
		return;
	o->exit = exit;
	output_put_text(o, o->document, "status", status);
}

bool output_fail(struct output *o, const char *file, const vres_error *err)
{
	json_t *entry = json_object();
	char needed[UNITS_TEXT], available[UNITS_TEXT];

	if (err->status == VRES_E_INSUFFICIENT_VRAM)
		message(o->command, file, "%s (%s needed, %s available)", err->message,
		        format_bytes(needed, err->needed_bytes),
		        format_bytes(available, err->available_bytes));
	else
		message(o->command, file, "%s", err->message);
	if (file != NULL)
		output_put_file(o, entry, "file", file);
	output_put_text(o, entry, "status", vres_status_name(err->status));
	output_put_text(o, entry, "reason", vres_reason_name(err->reason));
	output_put_text(o, entry, "message", err->message);
	if (err->status == VRES_E_INSUFFICIENT_VRAM) {
		output_put_u64(o, entry, "needed_bytes", err->needed_bytes);
		output_put_u64(o, entry, "available_bytes", err->available_bytes);
	}
	if (err->backend_code != 0)
		output_put(o, entry, "backend_code", json_integer(err->backend_code));
	output_add(o, o->errors, entry);
	raise_exit(o, exit_of(err), vres_status_name(err->status));
	return false;
}

bool output_stopped(struct output *o, const char *file)
{
	static const vres_error err = {
		.status = VRES_E_CANCELLED,
		.gpu_device = VRES_NO_DEVICE,
		.message = "stopped when asked to; what it held in VRAM is released"};

	return output_fail(o, file, &err);
}

/* The status of a failure that is the tool's own. */
static vres_status status_of(enum exit_status exit)
{
	switch (exit) {
	case EXIT_UNVERIFIED: return VRES_E_SEAL_VERIFICATION_FAILED;
	case EXIT_USAGE: return VRES_E_INVALID_INPUT;
	case EXIT_VRAM: return VRES_E_INSUFFICIENT_VRAM;
	case EXIT_POLICY: return VRES_E_POLICY_VIOLATION;
	default: return VRES_E_IO;
	}
}

bool output_refuse(struct output *o, enum exit_status exit, const char *file, const char *format,
                   ...)
{
	const vres_status status = status_of(exit);
	json_t *entry = json_object();
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	message(o->command, file, "%s", text);
	if (file != NULL)
		output_put_file(o, entry, "file", file);
	output_put_text(o, entry, "status", vres_status_name(status));
	output_put_text(o, entry, "message", text);
	output_add(o, o->errors, entry);
	raise_exit(o, exit, vres_status_name(status));
	return false;
}

/* Is it the name that is wrong, or the machine? */
static bool is_bad_name(int number)
{
	return number == ENOENT || number == ENOTDIR || number == EISDIR || number == EACCES ||
	       number == EPERM || number == ELOOP || number == ENAMETOOLONG || number == ENXIO ||
	       number == EROFS;
}

bool output_fail_errno(struct output *o, const char *file, const char *what, int number)
{
	return output_refuse(o, is_bad_name(number) ? EXIT_USAGE : EXIT_TROUBLE, file, "%s: %s",
	                     what, strerror(number));
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

void output_note(struct output *o, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	message(o->command, NULL, "%s", text);
}

static bool deafen(struct output *o, const char *why)
{
	if (!o->is_deaf)
		message(o->command, NULL, "standard output: %s", why);
	o->is_deaf = true;
	raise_exit(o, EXIT_TROUBLE, vres_status_name(VRES_E_IO));
	return false;
}

bool output_flush(struct output *o)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return true;
	return deafen(o, strerror(errno));
}

bool output_has_reader(struct output *o)
{
	struct pollfd out = {.fd = STDOUT_FILENO};

	return poll(&out, 1, 0) <= 0 || !(out.revents & POLLERR) || deafen(o, strerror(EPIPE));
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
	deafen(o, "nobody reads it");
}

/*
 * Standard output is closed here and not left to exit(), which tells nobody that the disk was full.
 */
static void close_stdout(struct output *o)
{
	const bool had_failed = ferror(stdout) != 0;

	if (fclose(stdout) != 0)
		deafen(o, strerror(errno));
	else if (had_failed)
		deafen(o, "not everything could be written");
}

int output_end(struct output *o)
{
	if (o->is_json && (o->is_broken || json_dumpf(o->document, stdout,
	                                              JSON_COMPACT | JSON_REAL_PRECISION(6)) != 0))
		output_refuse(o, EXIT_TROUBLE, NULL, "the JSON document could not be written");
	else if (o->is_json)
		putchar('\n');
	close_stdout(o);
	json_decref(o->errors);
	json_decref(o->document);
	return (int)o->exit;
}
