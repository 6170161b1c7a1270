/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a test can do with any vendor's fake driver.  A fake exports one function besides those of
 * the driver, FAKE_DRIVER, and a test looks for it in the library that it loads as
 * config.library_path.  A real driver does not have it, and the test does without.
 */
#ifndef TESTS_FAKE_DRIVER_FAKE_H
#define TESTS_FAKE_DRIVER_FAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAKE_DRIVER "vres_fake_driver"

/* What the driver is like.  All zero: an ordinary driver. */
struct fake_kind {
	uint32_t devices;                       /* 0: 1 */
	uint64_t bytes_per_device, granularity; /* 0: the fake's default */
	/* Its memory can be exported and cannot be made read-only. */
	bool is_plain;
	bool no_image;      /* refuses every kernel image */
	bool no_best_image; /* refuses the first of several images */
	bool no_read_only;  /* mappings stay writable whatever is asked for */
};

/* Kinds of work that the driver can report as done without doing it. */
enum fake_effort {
	FAKE_PUSHES,
	FAKE_PULLS,
	FAKE_ZEROS,
	FAKE_LAUNCHES,
	FAKE_WAITS, /* waits with work to wait for; they return at once */
	FAKE_EFFORTS,
	FAKE_ANY_EFFORT = FAKE_EFFORTS
};

/* How much of the work is done all the same. */
enum fake_share {
	FAKE_NOTHING,
	/* half the bytes; of a launch the first group of threads, or half of the only one */
	FAKE_BEGINNING,
	FAKE_END, /* the rest */
	FAKE_SHARES
};

/*
 * The @nth piece of work of a kind, counted from now, is reported as done, but only @share of it
 * is.  With @goes_on this happens to all that follow of its kind, too.  nth 0: none.
 */
struct fake_omission {
	uint64_t nth;
	enum fake_effort effort;
	enum fake_share share;
	bool goes_on;
};

struct fake_driver {
	size_t struct_size;
	/* forgets everything, as if the driver had just been loaded */
	void (*reset)(const struct fake_kind *kind);

	uint64_t (*live)(void); /* the number of the driver's objects */

	/*
	 * These change or look at memory without the driver's knowledge.  @lies: VRES_MOCK_x of
	 * mock.h; 0: the truth.  False: there is no device memory at @addr.
	 */
	bool (*flip)(uint64_t addr, unsigned bit);
	bool (*is_zero)(uint64_t addr, uint64_t bytes);
	bool (*pretend)(uint64_t addr, uint32_t lies);
	void (*lose)(uint32_t device);

	/*
	 * An engine in the same process: makes its own context current in this thread, and
	 * allocates and frees memory, which has several mappings.
	 */
	void (*engine_enter)(void);
	/* Is the engine's context current, and the only one on the thread's stack? */
	bool (*engine_is_current)(void);
	uint64_t (*engine_alloc)(uint32_t device, uint64_t bytes);
	void (*engine_free)(uint64_t addr);

	/*
	 * Makes the nth call from now fail, whichever function it is; 0: none.  failed(): the
	 * function whose call failed; NULL: none yet.
	 */
	void (*fail_nth)(uint64_t nth, int code);
	const char *(*failed)(void);
	uint64_t (*calls)(const char *function); /* NULL: all */

	void (*leave_out)(const struct fake_omission *omission);
	/*
	 * What was left out first; NULL: nothing.  *weights: a copy of weights to the device was
	 * left out.  A copy of the kernel's list of pieces is recognised by its size, a multiple of
	 * 32.
	 */
	const char *(*left_out)(bool *weights);

	uint64_t (*unwiped)(void); /* the number of blocks of memory that were freed with content */

	/* Codes to fail with: unknown error, out of memory, context lost. */
	int code_unknown, code_memory, code_lost;

	/*
	 * The functions, up to NULL, whose failure the caller need not report, since they release
	 * something, give advice, or ask for something optional.
	 */
	const char *const *harmless;

	/* Functions that allocate device memory or page-locked memory, up to NULL. */
	const char *const *takers;
};

/* Tests find it with dlsym(), or are linked with it. */
const struct fake_driver *vres_fake_driver(void);

typedef const struct fake_driver *(*fake_driver_find)(void);

#endif
