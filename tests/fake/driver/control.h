/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What tests do to a fake driver.  One is a CUDA driver or a HIP runtime on host memory, for tests
 * on machines without a GPU: libcuda-fake.so or libamdhip64-fakeN.so, loaded as
 * config.library_path, and linked with the test for the functions below.  What it encodes is what
 * its vendor documents or was seen on hardware; where hardware says otherwise, it is wrong.
 *
 * Device memory is pages that no host code can touch between calls.  Work on a stream is done when
 * it is polled for the second time or synchronized with, so that a missing wait is seen.  Kernels
 * are the real source, compiled for the host.  A call that gives something up has given it up even
 * when it is made to fail.
 */
#ifndef TESTS_FAKE_DRIVER_CONTROL_H
#define TESTS_FAKE_DRIVER_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#define FAKE_DEVICES_MAX 8

/* What kind of driver and devices it is; zero is an ordinary one. */
struct fake_params {
	int devices;               /* 0: 1; -1: none */
	uint64_t bytes_per_device; /* 0: 64 MiB */
	uint64_t granularity;      /* 0: 64 KiB */
	bool no_granularity;       /* of CUDA's: it says 0 */
	int processors;            /* 0: 4; -1: it does not say */
	int version;               /* 0: 13000, or what the flavour of HIP has */
	int start_code;            /* of CUDA's: why the driver does not start */
	const char *missing;       /* a function it does not have */
	bool no_vmm;               /* says so */
	bool vmm_unsupported;      /* says it has it, and then does not */
	bool integrated;
	bool no_ecc;
	bool no_fatbin;    /* does not take nvcc's image */
	int fatbin_code;   /* nor does this, and says so by this code */
	bool lazy;         /* and only when a function is asked for */
	int fatbin_breaks; /* the context answers this code from then on */
	bool no_image;     /* nor any other */
	bool no_read_only; /* mappings stay writable whatever is asked */
	bool no_pinned;    /* page-locking is refused */
	bool no_nvml;
	uint64_t ecc_errors;
	bool core_dump, core_dump_light;
	int core_dump_flags;
	bool reset_wanted; /* NVML reports rows that wait for a reset */
	/* Of the fake HIP runtime only. */
	const char *arch;  /* NULL: "gfx90a:sramecc+:xnack-" */
	bool no_number;    /* the device has no number of its own */
	bool no_buffer_id; /* nor has an allocation */
};

enum fake_lie {
	/* Takes back what can be: not that memory was moved, remapped, or is gone. */
	FAKE_TRUTH,
	FAKE_MANAGED,       /* it may migrate */
	FAKE_HOST,          /* it is host memory */
	FAKE_HOST_TAIL,     /* the end of the range is host memory */
	FAKE_REMAPPED,      /* freed and made again at the same address, content and all */
	FAKE_WRONG_ORDINAL, /* it is another device's */
	FAKE_PEER,          /* another device was given access */
	FAKE_MOVED,         /* other physical memory stands behind it */
	/* The host was given access, or, where nobody can say that, it is host memory. */
	FAKE_HOST_ACCESS,
	FAKE_EXPORTABLE, /* it was made with a way to export it */
	FAKE_OPENED,     /* a read-only mapping was made writable again */
	FAKE_GONE,       /* nothing stands behind it any more */
	/* Of CUDA's: it comes from a pool; and from one that another device has access to. */
	FAKE_POOL,
	FAKE_POOL_PEER,
	FAKE_LIES
};

/* As if just loaded; forgets everything. */
void fake_reset(const struct fake_params *params /* NULL: an ordinary one */);

/* As given, with defaults filled in; for the fake NVML. */
const struct fake_params *fake_params_now(void);

/* Let the nth call from now of a function fail (NULL: of any).  nth 0: none. */
void fake_fail(const char *function, uint64_t nth, int code);

/* The function whose call was made to fail, or NULL. */
const char *fake_failed(void);

/* Calls since the reset, of a function or of all (NULL). */
uint64_t fake_calls(const char *function);

/*
 * Driver objects that exist: contexts retained, streams, modules, address ranges, mappings,
 * handles, blocks of host memory.
 */
uint64_t fake_live(void);

/* The calling thread's stack of contexts. */
unsigned fake_depth(void);
const void *fake_current(void);

/*
 * What an engine in the same process does: makes a context of its own current; makes memory and
 * frees it.
 */
void fake_engine_enter(void);
uint64_t fake_engine_alloc(int device, uint64_t bytes, bool with_vmm);
void fake_engine_free(uint64_t addr);

/* Behind everybody's back.  False: there is no device memory at @addr. */
bool fake_flip(uint64_t addr, unsigned bit);
bool fake_is_zero(uint64_t addr, uint64_t bytes);
bool fake_lie_at(uint64_t addr, enum fake_lie lie);
/* Of all memory that is made from now on; FAKE_TRUTH: none. */
void fake_lie_always(enum fake_lie lie);

/* The device's context is corrupted: every call that needs it answers @code from now on. */
void fake_lose(int device, int code);

/* Streams do not finish by themselves. */
void fake_stall(bool stalls);

/* Asking if one has finished takes so long, in ns, as for a process that was stopped meanwhile. */
void fake_slow_polls(uint64_t ns);

/* The nth launch from now is accepted and not run. */
void fake_skip_launch(uint64_t nth);

/*
 * Threads of the largest launch since the reset, on ordinary streams or on those of the lowest
 * priority.
 */
uint64_t fake_threads_most(bool is_low);

/* Physical memory that was freed while a byte of it was not zero, since the reset. */
uint64_t fake_unwiped(void);

#endif
