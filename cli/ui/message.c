/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The line is one write: main() made stderr line-buffered. */
#include "ui/message.h"

#include <stdarg.h>
#include <stdio.h>
#include "ui/escape.h"

void message(const char *command, const char *file, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
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
