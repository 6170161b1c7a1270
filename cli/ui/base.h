/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What every file of the tool uses: scope cleanup and the exit statuses.
 *
 * House rule of the tool: a function that returns bool has reported its failure (failure.h) when it
 * returns false, so the caller only leaves.  What a scope holds is released by CLEANUP.
 */
#ifndef VRES_CLI_UI_BASE_H
#define VRES_CLI_UI_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define CLEANUP(function) __attribute__((cleanup(function)))
#define COUNT_OF(array)   (sizeof(array) / sizeof((array)[0]))

/* For CLEANUP of a pointer that malloc() gave. */
static inline void free_pointer(void *variable)
{
	free(*(void **)variable);
}

/* The exit statuses of vres(1). */
enum exit_status {
	EXIT_GOOD = 0,
	EXIT_UNVERIFIED = 1, /* something is not what was sealed or signed: a security incident */
	EXIT_USAGE = 2,      /* usage or invalid input */
	EXIT_VRAM = 3,       /* not enough VRAM */
	EXIT_POLICY = 4,     /* policy violation */
	EXIT_TROUBLE = 5     /* device, driver or I/O trouble */
};

#endif
