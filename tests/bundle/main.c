/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The program of the bundle: every suite under its name.
 *
 * 	suites list           names, one a line
 * 	suites NAME           run that suite on the chosen device
 * 	suites probe          that device, as key=value lines; status 77 and why if there is none
 * 	suites bench [BYTES]  the benchmark, as JSON
 *
 * VRES_TEST_DEVICE and VRES_TEST_LIBRARY choose it (tests/support/fixture/test_device.h).
 */
#include <stdio.h>
#include <string.h>
#include "bundle.h"

#define SUITE(name, function) int function(void);
#include "suites.inc"
#undef SUITE

static const struct {
	const char *name;
	int (*run)(void);
} suites[] = {
#define SUITE(name, function) {name, function},
#include "suites.inc"
#undef SUITE
};

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "probe") == 0)
		return bundle_probe();
	if (strcmp(what, "bench") == 0)
		return bundle_bench(argc > 2 ? argv[2] : NULL);
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
		if (strcmp(what, "list") == 0)
			puts(suites[i].name);
		else if (strcmp(what, suites[i].name) == 0)
			return suites[i].run();
	}
	if (strcmp(what, "list") == 0)
		return 0;
	fputs("usage: suites list | probe | bench [BYTES] | NAME\n", stderr);
	return 2;
}
