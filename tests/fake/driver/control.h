/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What tests do to a fake driver.  A fake driver is a CUDA driver or a HIP runtime on host memory,
 * for tests without a GPU: libcuda-fake.so or libamdhip64-fakeN.so.  It is loaded as
 * config.library_path, and linked with the test for the functions below.  It behaves as its vendor
 * documents; where hardware behaves differently, the fake is wrong.  Device memory is pages that
 * host code cannot touch between calls.  Work on a stream is done when the stream is polled for the
 * second time or synchronized with, so that tests notice a missing wait.  Kernels are the real
 * source, compiled for the host; CUDA's can be run by an interpreter instead (judge.h).  A call
 * that releases something has released it even when it is made to fail.
 */
#ifndef TESTS_FAKE_DRIVER_CONTROL_H
#define TESTS_FAKE_DRIVER_CONTROL_H

#include <stdbool.h>
#include <stdint.h>
#include "fake/driver/fake.h"

#define FAKE_DEVICES_MAX 8

/* What the driver and its devices are like.  Zero in each field: an ordinary driver. */
struct fake_params {
	int devices;               /* 0: 1; -1: none */
	uint64_t bytes_per_device; /* 0: 64 MiB */
	uint64_t granularity;      /* 0: 64 KiB */
	bool no_granularity;       /* CUDA only: reported as 0 */
	int processors;            /* 0: 4; -1: the driver does not report it */
	int version;               /* 0: 13000, or the version of the HIP flavour */
	int start_code;            /* CUDA only: the code with which cuInit fails */
	const char *missing;       /* a function that the driver does not have */
	bool no_vmm;               /* the device's attribute says that it has none */
	/* the attribute says that there is one, but its functions fail */
	bool vmm_unsupported;
	bool integrated;
	bool dma_buf; /* CUDA only: device memory can be shared by dma-buf */
	bool no_ecc;
	bool no_fatbin;  /* refuses nvcc's image */
	int fatbin_code; /* CUDA only: refuses nvcc's image with this code */
	/* CUDA only: refuses the image only when a function in it is looked up */
	bool lazy;
	/* the code that every call returns once a refused image has corrupted the context */
	int image_breaks;
	bool no_image;     /* refuses every image */
	bool no_read_only; /* mappings stay writable whatever is asked for */
	bool no_pinned;    /* page-locking is refused */
	bool no_nvml;
	uint64_t ecc_errors;
	bool core_dump, core_dump_light;
	int core_dump_flags;
	bool reset_wanted; /* NVML reports rows that wait for a reset */
	/*
	 * CUDA only: the code that cuPointerGetAttributes() returns for attributes that cuda.h does
	 * not list for it
	 */
	enum { FAKE_ATTRIBUTES_ALL, FAKE_ATTRIBUTES_REFUSED, FAKE_ATTRIBUTES_ZERO } attributes;
	bool no_buffer_id; /* allocations have no buffer id; with CUDA, memory of cuMemMap has none
	                    */
	/* HIP only. */
	const char *arch; /* NULL: "gfx90a:sramecc+:xnack-" */
	bool no_number;   /* the device has no UUID */
};

enum fake_lie {
	/* Undoes the other lies, except FAKE_MOVED, FAKE_REMAPPED and FAKE_GONE. */
	FAKE_TRUTH,
	FAKE_MANAGED,   /* managed: it may migrate */
	FAKE_HOST,      /* it is host memory */
	FAKE_HOST_TAIL, /* the end of the range is host memory */
	FAKE_REMAPPED,  /* freed and allocated again at the same address, with the same content */
	FAKE_WRONG_ORDINAL, /* it belongs to another device */
	FAKE_PEER,          /* another device was given access */
	FAKE_MOVED,         /* other physical memory stands behind it */
	/* The host was given access; where the driver cannot say that, it is host memory. */
	FAKE_HOST_ACCESS,
	FAKE_EXPORTABLE, /* it was allocated with an export handle */
	FAKE_OPENED,     /* a read-only mapping was made writable again */
	FAKE_GONE,       /* nothing is mapped there any more */
	/*
	 * CUDA only: it comes from a pool; FAKE_POOL_PEER: another device has access to the pool.
	 */
	FAKE_POOL,
	FAKE_POOL_PEER,
	FAKE_IMPORTED, /* CUDA only: another process allocated it */
	FAKE_LIES
};

/* Forgets everything, as if the driver had just been loaded. */
void fake_reset(const struct fake_params *params /* NULL: an ordinary one */);

/* The parameters, with the defaults filled in.  For the fake NVML. */
const struct fake_params *fake_params_now(void);

/* Makes the nth call from now of @function fail; NULL: of any function.  nth 0: none. */
void fake_fail(const char *function, uint64_t nth, int code);

/* The function whose call was made to fail, or NULL. */
const char *fake_failed(void);

/* Calls since the reset, of a function or of all (NULL). */
uint64_t fake_calls(const char *function);

/*
 * The number of the driver's objects: retained contexts, streams, modules, address ranges,
 * mappings, handles, and blocks of host memory.
 */
uint64_t fake_live(void);

/* The depth of the calling thread's stack of contexts, and its top. */
unsigned fake_depth(void);
const void *fake_current(void);

/* An engine in the same process makes its own context current, and allocates and frees memory. */
void fake_engine_enter(void);
uint64_t fake_engine_alloc(int device, uint64_t bytes, bool with_vmm);
void fake_engine_free(uint64_t addr);

/*
 * Expandable segments: memory of @bytes in address space of @room; more of it, behind what is
 * mapped at @addr.  And a write to any memory; false: none is there.
 */
uint64_t fake_engine_reserve(int device, uint64_t bytes, uint64_t room);
bool fake_engine_grow(int device, uint64_t addr, uint64_t bytes);
bool fake_engine_write(uint64_t addr, const void *from, uint64_t bytes);

/*
 * An engine in this thread, whose context is current, captures a graph on a stream of its own;
 * @mode: a CUDA_CAPTURE_x of cuda_abi.h.  NULL: refused.  The end of the capture answers what the
 * driver answers: 0, or 901 if a forbidden call has spoiled the capture.
 */
void *fake_engine_capture(int mode);
int fake_engine_captured(void *stream);

/* Sets this thread's capture mode.  Returns the mode of before. */
int fake_engine_capture_mode(int mode);

/* What a call that may be unsafe during a capture answers in this thread: 0, or 900. */
int fake_engine_unsafe_call(void);

/*
 * These change or look at memory without the driver's knowledge.  False: there is no device memory
 * at @addr.
 */
bool fake_flip(uint64_t addr, unsigned bit);
bool fake_is_zero(uint64_t addr, uint64_t bytes);
bool fake_lie_at(uint64_t addr, enum fake_lie lie);
/* Every later allocation tells this lie.  FAKE_TRUTH: none. */
void fake_lie_always(enum fake_lie lie);

/* Corrupts the device's context: from now on every call that needs it answers @code. */
void fake_lose(int device, int code);

/* While true, polling never finds a stream finished. */
void fake_stall(bool stalls);

/* Polling a stream takes @ns, as if the process had been stopped meanwhile. */
void fake_slow_polls(uint64_t ns);

void fake_leave_out(const struct fake_omission *omission);

/* See left_out in fake.h. */
const char *fake_left_out(bool *weights);

/*
 * The threads of the largest launch since the reset, on ordinary streams or on those of the lowest
 * priority.
 */
uint64_t fake_threads_most(bool is_low);

/* The launches since the reset that an interpreter ran out of the loaded image; see judge.h. */
uint64_t fake_judged(void);

/* The number of blocks of memory that were freed while a byte was not zero. */
uint64_t fake_unwiped(void);

#endif
