/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sizes, times and counts: from the words people type, and back to words people read. */
#ifndef VRES_CLI_UI_UNITS_H
#define VRES_CLI_UI_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Long enough for every format_x() here. */
#define UNITS_TEXT 40

/* "42": decimal digits and nothing else; false for anything else and for what does not fit. */
bool parse_count(const char *text, uint64_t *out);

/* "4096", "64KiB", "1GiB", "2GB", "16K" (K, M, G and T alone are powers of 1024). */
bool parse_bytes(const char *text, uint64_t *out);

/* "500ms", "1s", "5m", "24h": a count with a unit, to nanoseconds. */
bool parse_time(const char *text, uint64_t *out);

/*
 * The number of digits at the start of @text, their value in *out; 0 when there are none or the
 * value does not fit.
 */
size_t parse_digits(const char *text, uint64_t *out);

/* Each fills @text and returns it. */
const char *format_bytes(char text[UNITS_TEXT], uint64_t bytes); /* "1.5 GiB" */
const char *format_span(char text[UNITS_TEXT], uint64_t ns);     /* "3.2 ms" */
/* RFC 3339 with nanoseconds, UTC. */
const char *format_clock(char text[UNITS_TEXT], uint64_t ns);

/* 10^9 bytes a second; 0 when no time has passed. */
double gigabytes_a_second(uint64_t bytes, uint64_t ns);

/* The monotonic clock, in nanoseconds. */
uint64_t clock_now(void);

#endif
