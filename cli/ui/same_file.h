/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Do two names mean one file, however they are spelled? */
#ifndef VRES_CLI_UI_SAME_FILE_H
#define VRES_CLI_UI_SAME_FILE_H

#include "ui/base.h"

/* Is @path the file that @fd is open on? */
bool file_is_open_as(const char *path, int fd);

/* Is @path the file @other (NULL: no)?  Neither has to exist. */
bool file_is_same(const char *path, const char *other);

#endif
