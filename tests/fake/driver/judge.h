/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Launches run by an interpreter of PTX, out of the image that the driver was given, instead of by
 * the kernel's source compiled for the host.
 *
 * If VRES_FAKE_JUDGE is set when an image is loaded, it is a command for the shell that starts the
 * interpreter: tests/ptx/serve.py.  That process lives until the driver is reset.  It is sent each
 * launch with copies of the memory that the launch may touch, and sends back what it wrote there.
 */
#ifndef TESTS_FAKE_DRIVER_JUDGE_H
#define TESTS_FAKE_DRIVER_JUDGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Device memory that a launch may read or, if @is_result, write. */
struct fake_span {
	uint64_t addr, bytes;
	bool is_result;
};

struct fake_work;

struct fake_judge {
	pid_t process; /* 0: none */
	int socket;
	uint64_t launches; /* that it ran */
};

bool fake_judge_is_wanted(void);

/* False, and a line on standard error: it cannot be started or does not know the text. */
bool fake_judge_load(const char *ptx);

/*
 * Runs a launch; the host must have access to @spans.  False, and a line on standard error: a
 * thread did what it must not, or there is no answer.
 */
bool fake_judge_run(const struct fake_work *work, const struct fake_span *spans, uint32_t count);

void fake_judge_end(void);

#endif
