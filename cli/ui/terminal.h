/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the terminal behind a descriptor can do, if there is one. */
#ifndef VRES_CLI_UI_TERMINAL_H
#define VRES_CLI_UI_TERMINAL_H

#include <stdbool.h>

/* A terminal that understands cursor movement. */
bool terminal_can_move(int fd);

/* The same, and NO_COLOR is not set, or empty (no-color.org). */
bool terminal_wants_colour(int fd);

/* 24 rows and 80 columns when the terminal does not say. */
void terminal_size(int fd, unsigned *rows, unsigned *columns);

#endif
