/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pages for secrets: locked if limits allow, kept out of core files and of forked children, with a
 * guard page on either side.
 */
#ifndef VRES_CORE_OS_SECRET_PAGES_H
#define VRES_CORE_OS_SECRET_PAGES_H

#include "base/error.h"

/* Zeroed memory for @n bytes. */
vres_status vres_secret_alloc(size_t n, void **out, vres_error *err);

/* Wipe and unmap.  In a forked child it unmaps what is there and wipes nothing.  NULL is fine. */
void vres_secret_free(void *memory, size_t n);

/* May it be read?  Not in a forked child, where there may be no page behind the address. */
bool vres_secret_is_here(const void *memory);

/* What the system granted. */
struct secret_facts {
	bool is_secret_memory; /* of memfd_secret(2): neither the kernel nor debuggers see it */
	bool is_locked, is_undumped, is_kept_from_children;
};

/* Valid as long as the secret; not in a forked child. */
const struct secret_facts *vres_secret_facts_of(const void *memory);

/*
 * Does a child find nothing there?  Makes a child and looks, since a system call that succeeds need
 * not have an effect.  False also if no child can be made.  Overwrites the first byte.
 */
bool vres_secret_try_child(void *memory);

#endif
