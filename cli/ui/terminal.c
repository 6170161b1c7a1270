/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/terminal.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool terminal_can_move(int fd)
{
	const char *kind = getenv("TERM");

	return isatty(fd) && kind != NULL && strcmp(kind, "dumb") != 0;
}

bool terminal_wants_colour(int fd)
{
	const char *refused = getenv("NO_COLOR");

	return terminal_can_move(fd) && (refused == NULL || refused[0] == '\0');
}

void terminal_size(int fd, unsigned *rows, unsigned *columns)
{
	struct winsize size;

	*rows = 24;
	*columns = 80;
	if (ioctl(fd, TIOCGWINSZ, &size) != 0)
		return;
	if (size.ws_row != 0)
		*rows = size.ws_row;
	if (size.ws_col != 0)
		*columns = size.ws_col;
}
