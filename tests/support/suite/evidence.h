/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The outcome of each test of a suite, in memory that forked tests can write to, and how it becomes
 * lines of evidence.
 */
#ifndef TESTS_SUPPORT_SUITE_EVIDENCE_H
#define TESTS_SUPPORT_SUITE_EVIDENCE_H

#include <stdbool.h>
#include "support/suite/suite.h"

#define EVIDENCE_VALUES 24

struct evidence_value {
	char key[32];
	double value;
};

struct evidence_test {
	struct timespec began; /* wall clock */
	uint64_t duration;     /* ns */
	unsigned passed, failed, errors;
	unsigned values_count;
	struct evidence_value values[EVIDENCE_VALUES];
};

struct evidence {
	char backend[16];
	uint32_t seed;
	size_t current; /* index of the test that is running */
	struct evidence_test tests[];
};

/*
 * One JSON line per case, appended to @folder/@name.ndjson.  False, and a line on stderr, when that
 * cannot be done.
 */
bool evidence_write(const struct evidence *e, const char *folder, const char *name,
                    const char *area, const struct suite_case *cases, size_t n);

#endif
