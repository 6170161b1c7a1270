/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines for people on stderr: "vres seal: FILE: what is wrong". */
#ifndef VRES_CLI_UI_MESSAGE_H
#define VRES_CLI_UI_MESSAGE_H

#include <stdarg.h>

/* Print one line, safe for a terminal.  @command and @file may be NULL. */
__attribute__((format(printf, 3, 4))) void message(const char *command, const char *file,
                                                   const char *format, ...);

void message_v(const char *command, const char *file, const char *format, va_list args);

#endif
