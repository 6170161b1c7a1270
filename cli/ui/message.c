/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A message is one write, since main() makes stderr line-buffered. */
#include "ui/message.h"

#include <stdio.h>
#include "ui/escape.h"

void message_v(const char *command, const char *file, const char *format, va_list args)
{
	char text[1024];

	vsnprintf(text, sizeof(text), format, args);
	fputs("vres", stderr);
	if (command != NULL)
		fprintf(stderr, " %s", command);
	fputs(": ", stderr);
	if (file != NULL) {
		escape_put(stderr, file);
		fputs(": ", stderr);
	}
	escape_put(stderr, text);
	fputc('\n', stderr);
}

void message(const char *command, const char *file, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	message_v(command, file, format, args);
	va_end(args);
}
