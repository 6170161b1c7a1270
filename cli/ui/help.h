/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `vres NAME --help` prints. */
#ifndef VRES_CLI_UI_HELP_H
#define VRES_CLI_UI_HELP_H

#include "ui/command_spec.h"

void help_print(const struct command *command);

#endif
