/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The one rule for files with secrets, and the one for the folders that they lie in.
 *
 * A file is private if it is a regular file of this user or of root that nobody else may touch.  A
 * file of root may also be readable by root's group or by a group of this process: so Kubernetes
 * and systemd hand out secrets.
 *
 * A folder is private if it belongs to this user or to root, and nobody else can replace a file in
 * it: others may not write to it, or it is sticky, as /tmp is.
 *
 * A symbolic link is refused, unless it is root's, lies in a private folder of root and leads to a
 * place inside that folder: so Kubernetes replaces secrets.
 *
 * Messages name @what, which is this library's word for the file, and never the path.
 */
#ifndef VRES_CORE_OS_PRIVATE_FILE_H
#define VRES_CORE_OS_PRIVATE_FILE_H

#include "os/os.h"

/* Open a private file for reading; *bytes is its size. */
vres_status vres_private_open(const char *path, const char *what, int *fd, uint64_t *bytes,
                              vres_error *err);

/*
 * Is an open file private?  Without @or_root it must be this user's own.  *bytes is its size.
 */
vres_status vres_private_check(int fd, bool or_root, const char *what, uint64_t *bytes,
                               vres_error *err);

/*
 * Open the folder that holds @path, which must be private; *name is the rest of @path.  A name has
 * at most @name_max bytes.
 */
vres_status vres_private_folder(const char *path, size_t name_max, const char *what, int *folder,
                                const char **name, vres_error *err);

#endif
