/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writing a small file so that a reader sees the old file or the new one, whole: a temporary file
 * in the same folder, then rename().  What exists under the name and is no regular file is refused.
 */
#ifndef VRES_CLI_UI_SAVE_H
#define VRES_CLI_UI_SAVE_H

#include "ui/output.h"

/* Could file_save() write @path?  To be asked before much work is done. */
bool file_can_save(struct output *o, const char *path);

/* Write @n bytes as @path, readable by the owner alone, and wait until they are on disk. */
bool file_save(struct output *o, const char *path, const void *bytes, size_t n);

/* The same for a file that is not secret and soon written again: readable by all, not synced. */
bool file_publish(struct output *o, const char *path, const void *bytes, size_t n);

/* The same, but a failure is not reported: for what failed before and is tried again. */
bool file_publish_quietly(const char *path, const void *bytes, size_t n);

#endif
