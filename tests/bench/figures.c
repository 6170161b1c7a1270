/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Clock, percentiles, JSON. */
#include "figures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

_Noreturn void give_up(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(2);
}

void must(bool good, const char *what)
{
	if (!good)
		give_up(what);
}

static uint64_t read_clock(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

uint64_t now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t processor_time(void)
{
	return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

static int compare(const void *a, const void *b)
{
	const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

double percentile(uint64_t *ns, size_t n, double percent)
{
	const size_t at = (size_t)((double)n * percent / 100);

	qsort(ns, n, sizeof(*ns), compare);
	return (double)ns[at < n ? at : n - 1];
}

enum { CONTEST_ROUNDS = 7, CONTEST_MOST = 8 };

void contest_run(const struct contest *contests, size_t n, void *arg, uint64_t bytes, double *rates)
{
	uint64_t ns[CONTEST_MOST][CONTEST_ROUNDS];

	must(n <= CONTEST_MOST, "too many in a contest");
	for (size_t round = 0; round <= CONTEST_ROUNDS; round++)
		for (size_t i = 0; i < n; i++) {
			const uint64_t start = now();

			contests[i].work(contests[i].arg ? contests[i].arg : arg);
			if (round > 0)
				ns[i][round - 1] = now() - start;
		}
	for (size_t i = 0; i < n; i++)
		rates[i] = (double)bytes / percentile(ns[i], CONTEST_ROUNDS, 50);
}

void figures_add(struct figures *f, const char *name, double value, const char *unit,
                 const char *beside, const char *beside_too)
{
	if (f->n == FIGURES_MAX)
		give_up("too many figures");
	f->at[f->n++] = (struct figure){
		.name = name, .unit = unit, .value = value, .beside = {beside, beside_too}};
}

static double value_of(const struct figures *f, const char *name)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->at[i].name, name) == 0)
			return f->at[i].value;
	give_up("a figure is compared with one that was not taken");
}

void figures_print_new(struct figures *f)
{
	for (; f->printed < f->n; f->printed++) {
		const struct figure *g = &f->at[f->printed];

		printf("%s\n  {\"name\":\"%s\",\"value\":%.6g,\"unit\":\"%s\",\"ratio_to\":{",
		       f->printed ? "," : "{\"benchmarks\":[", g->name, g->value, g->unit);
		for (size_t b = 0; b < 3 && g->beside[b]; b++)
			printf("%s\"%s\":%.4g", b ? "," : "", g->beside[b],
			       g->value / value_of(f, g->beside[b]));
		printf("}}");
	}
	(void)fflush(stdout);
}

void figures_print(struct figures *f)
{
	must(f->n > 0, "no figure");
	figures_print_new(f);
	printf("\n]}\n");
}
