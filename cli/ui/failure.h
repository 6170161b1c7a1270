/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reporting failures.  Each function prints one line on stderr, adds an entry to the document's
 * "errors", raises the exit status, and returns false.  @file may be NULL.
 */
#ifndef VRES_CLI_UI_FAILURE_H
#define VRES_CLI_UI_FAILURE_H

#include <vres/vres.h>
#include "ui/document.h"
#include "ui/output.h"

/* A failure of the library. */
bool output_fail(struct output *o, const char *file, const vres_error *err);

/* A failure of the tool itself, by its exit status, or by its status where several share one. */
__attribute__((format(printf, 4, 5))) bool output_refuse(struct output *o, enum exit_status exit,
                                                         const char *file, const char *format, ...);
__attribute__((format(printf, 4, 5))) bool
output_refuse_as(struct output *o, vres_status status, const char *file, const char *format, ...);

/* A failure of the operating system: "@what: " and the text of errno @number. */
bool output_fail_errno(struct output *o, const char *file, const char *what, int number);

/* The work was given up because the tool was told to stop. */
bool output_stopped(struct output *o, const char *file);

bool output_no_memory(struct output *o, const char *file);

#endif
