/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `vres bench --svg`: throughput over size, and the latency of short calls, as one plot. */
#ifndef VRES_CLI_COMMANDS_BENCH_CURVE_H
#define VRES_CLI_COMMANDS_BENCH_CURVE_H

#include "commands/bench/measure.h"

/* Measure sizes below that of @b, which has been measured and is the last point; write @path. */
bool bench_curve(struct bench *b, const char *path);

#endif
