/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the bundle's program does beside running suites. */
#ifndef TESTS_BUNDLE_BUNDLE_H
#define TESTS_BUNDLE_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>

#define NOT_RUN 77 /* exit status: there is no such device here */

int bundle_probe(void);
int bundle_bench(const char *bytes /* NULL: as much as fits, at most 8 GiB */);

/* Of the first NVIDIA GPU, by NVML; false: not known. */
bool nvml_driver(char *text, size_t room);
bool nvml_sm_clock(unsigned *mhz); /* at this moment */

#endif
