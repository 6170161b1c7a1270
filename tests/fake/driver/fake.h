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

/* Work that can be reported as done and left out. */
enum fake_effort {
	FAKE_PUSHES,
	FAKE_PULLS,
	FAKE_ZEROS,
	FAKE_LAUNCHES,
	FAKE_WAITS, /* that have something to wait for; they return at once */
	FAKE_EFFORTS,
	FAKE_ANY_EFFORT = FAKE_EFFORTS
};

/* How much of it is done all the same. */
enum fake_share {
	FAKE_NOTHING,
	FAKE_BEGINNING, /* half the bytes; the first group of threads, or half of one */
	FAKE_END,       /* the rest */
	FAKE_SHARES
};

/*
 * Success without work: the @nth effort of a kind, counted from now, is reported as done, but only
 * a share of it is; with @goes_on the same happens to all that follow of its kind.  nth 0: no more.
 */
struct fake_omission {
	uint64_t nth;
	enum fake_effort effort;
	enum fake_share share;
	bool goes_on;
};

struct fake_driver {
	size_t struct_size;
	void (*reset)(const struct fake_kind *kind); /* forgets everything, as if just loaded */

	uint64_t (*live)(void); /* driver objects that exist */

	/*
	 * Changes and looks behind the driver's back.  @lies: VRES_MOCK_x of mock.h; 0: the truth.
	 * False: there is no device memory at @addr.
	 */
	bool (*flip)(uint64_t addr, unsigned bit);
	bool (*is_zero)(uint64_t addr, uint64_t bytes);
	bool (*pretend)(uint64_t addr, uint32_t lies);
	void (*lose)(uint32_t device);

	/*
	 * An engine in the same process: makes its own context current in this thread; allocates
	 * memory of several mappings; frees it.
	 */
	void (*engine_enter)(void);
	bool (*engine_is_current)(void); /* and the only one on the thread's stack */
	uint64_t (*engine_alloc)(uint32_t device, uint64_t bytes);
	void (*engine_free)(uint64_t addr);

	/*
	 * Lets the nth call from now fail, of whatever function; 0: none. failed: the function
	 * whose call failed; NULL: none yet.
	 */
	void (*fail_nth)(uint64_t nth, int code);
	const char *(*failed)(void);
	uint64_t (*calls)(const char *function); /* NULL: all */

	void (*leave_out)(const struct fake_omission *omission);
	/*
	 * What was left out first, or NULL.  *weights: a copy to the device was left out that was
	 * no list of pieces for the kernel, whose bytes are a multiple of 32.
	 */
	const char *(*left_out)(bool *weights);

	uint64_t (*unwiped)(void); /* memory that was freed with content in it */

	/* Codes to fail with: unknown error, out of memory, context lost. */
	int code_unknown, code_memory, code_lost;

	/*
	 * Functions, up to NULL, whose failure a caller need not hear of: they release something,
	 * give advice, or ask for something optional.
	 */
	const char *const *harmless;

	/* Functions that allocate device memory or page-locked memory, up to NULL. */
	const char *const *takers;
};

/* Found by dlsym(), or linked with the test. */
const struct fake_driver *vres_fake_driver(void);

typedef const struct fake_driver *(*fake_driver_find)(void);

#endif
