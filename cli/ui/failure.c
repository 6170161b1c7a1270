/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one place that turns statuses of the library and errnos into exit statuses. */
#include "ui/failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "ui/message.h"
#include "ui/units.h"

static enum exit_status exit_of(vres_status status)
{
	switch (status) {
	case VRES_E_INSUFFICIENT_VRAM:
	case VRES_E_ALLOCATION_FAILED: return EXIT_VRAM;
	case VRES_E_POLICY_VIOLATION: return EXIT_POLICY;
	case VRES_E_SEAL_VERIFICATION_FAILED:
	case VRES_E_INTEGRITY_VIOLATION:
	/* A receipt that lost its MAC proves nothing. */
	case VRES_E_NOT_SEALED: return EXIT_UNVERIFIED;
	default: break;
	}
	switch (vres_status_class(status)) {
	case 0: return EXIT_GOOD;
	case 1: return EXIT_USAGE;
	default: return EXIT_TROUBLE;
	}
}

bool output_fail(struct output *o, const char *file, const vres_error *err)
{
	json_t *entry = json_object();
	char needed[UNITS_TEXT], available[UNITS_TEXT];

	o->said++;
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
	output_raise(o, exit_of(err->status), vres_status_name(err->status));
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

/* The status that stands for an exit status of the tool's own failures. */
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

static bool refuse(struct output *o, enum exit_status exit, vres_status status, const char *file,
                   const char *format, va_list args)
{
	char text[512];
	json_t *entry = json_object();

	vsnprintf(text, sizeof(text), format, args);
	o->said++;
	message(o->command, file, "%s", text);
	if (file != NULL)
		output_put_file(o, entry, "file", file);
	output_put_text(o, entry, "status", vres_status_name(status));
	output_put_text(o, entry, "message", text);
	output_add(o, o->errors, entry);
	output_raise(o, exit, vres_status_name(status));
	return false;
}

bool output_refuse(struct output *o, enum exit_status exit, const char *file, const char *format,
                   ...)
{
	va_list args;

	va_start(args, format);
	refuse(o, exit, status_of(exit), file, format, args);
	va_end(args);
	return false;
}

bool output_refuse_as(struct output *o, vres_status status, const char *file, const char *format,
                      ...)
{
	va_list args;

	va_start(args, format);
	refuse(o, exit_of(status), status, file, format, args);
	va_end(args);
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

bool output_no_memory(struct output *o, const char *file)
{
	return output_refuse(o, EXIT_TROUBLE, file, "out of memory");
}
