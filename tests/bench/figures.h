/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Figures of a benchmark: taken, kept, and printed as one JSON document in which each says how it
 * compares with others of the same run.
 */
#ifndef TESTS_BENCH_FIGURES_H
#define TESTS_BENCH_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIGURES_MAX 48

struct figure {
	const char *name, *unit;
	double value;
	const char *beside[3]; /* names of figures of the same unit that it is compared with */
};

struct figures {
	struct figure at[FIGURES_MAX];
	size_t n, printed;
};

void figures_add(struct figures *f, const char *name, double value, const char *unit,
                 const char *beside, const char *beside_too);

/*
 * Prints, as JSON of one line each, what was added since it was last called, so that a program that
 * is stopped has printed what it had.
 */
void figures_print_new(struct figures *f);

/* Prints what is left, and the end. */
void figures_print(struct figures *f);

/* Nanoseconds since some start. */
uint64_t now(void);

/*
 * The same of processor time, over all threads of this process: what a busy machine disturbs less.
 */
uint64_t processor_time(void);

/* Sorts @ns; the value that @percent of them do not exceed. */
double percentile(uint64_t *ns, size_t n, double percent);

/* What is compared with its like. */
struct contest {
	const char *name;
	void (*work)(void *arg);
	void *arg; /* NULL: what all are given */
};

/*
 * Let @n works take turns, several rounds after one that is not counted; @bytes over the median
 * time of each, in GB/s.
 */
void contest_run(const struct contest *contests, size_t n, void *arg, uint64_t bytes,
                 double *rates);

/* End the program with a message; the second, unless @good. */
_Noreturn void give_up(const char *what);
void must(bool good, const char *what);

#endif
