/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The frame of a command that can be told to stop while it works. */
#ifndef VRES_CLI_UI_INTERRUPTIBLE_H
#define VRES_CLI_UI_INTERRUPTIBLE_H

#include "ui/output.h"
#include "ui/signals.h"

/*
 * Watch signals, do @work, end the output.  After a stop the process ends as the signal would have
 * ended it, unless @work returned true: the stop was a good end.  Returns the exit status.
 */
int run_interruptible(struct output *o, bool (*work)(void *arguments, struct stop *stop),
                      void *arguments);

#endif
