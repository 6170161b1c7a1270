/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a test may do behind a fake driver's back, the same for every vendor's.  A fake exports one
 * function beside the driver's own, named FAKE_DRIVER, which a test finds in the library it loads
 * as config.library_path; a real driver has none, and the test then does without.
 */
#ifndef TESTS_FAKE_DRIVER_FAKE_H
#define TESTS_FAKE_DRIVER_FAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAKE_DRIVER "vres_fake_driver"

/* What kind of driver it becomes; zero: an ordinary one. */
struct fake_kind {
	uint32_t devices;                       /* 0: 1 */
	uint64_t bytes_per_device, granularity; /* 0: as it likes */
	/* Its memory has no guarantees: it can be exported, it cannot be made read-only. */
	bool is_plain;
	bool no_image;      /* takes no kernel */
	bool no_best_image; /* takes not the first of several images */
	bool no_read_only;  /* mappings stay writable whatever is asked */
};

struct fake_driver {
	size_t struct_size;
	void (*reset)(const struct fake_kind *kind); /* as if just loaded; forgets everything */

	uint64_t (*live)(void); /* driver objects that exist */

	/*
	 * Behind everybody's back.  @lies: VRES_MOCK_x of mock.h; 0: the truth again.  False: there
	 * is no device memory.
	 */
	bool (*flip)(uint64_t addr, unsigned bit);
	bool (*is_zero)(uint64_t addr, uint64_t bytes);
	bool (*pretend)(uint64_t addr, uint32_t lies);
	void (*lose)(uint32_t device);

	/*
	 * An engine in the same process: makes its own context current in this thread; makes memory
	 * of several mappings, and frees it.
	 */
	void (*engine_enter)(void);
	bool (*engine_is_current)(void); /* and alone on the thread's stack */
	uint64_t (*engine_alloc)(uint32_t device, uint64_t bytes);
	void (*engine_free)(uint64_t addr);

	/*
	 * Let the nth call from now fail, whichever it is; 0: none.  Which one did; NULL: none yet.
	 */
	void (*fail_nth)(uint64_t nth, int code);
	const char *(*failed)(void);
	uint64_t (*calls)(const char *function); /* NULL: all */

	/* Codes to fail with: one that says nothing, out of memory, a context that is gone. */
	int code_unknown, code_memory, code_lost;

	/*
	 * Functions whose failure is nobody's, up to NULL: what is given up is given up, advice is
	 * only advice, an offer may be declined.
	 */
	const char *const *harmless;

	/* Functions that take memory of a device or page-locked memory, up to NULL. */
	const char *const *takers;
};

/* Found by its name, or linked with. */
const struct fake_driver *vres_fake_driver(void);

typedef const struct fake_driver *(*fake_driver_find)(void);

#endif
