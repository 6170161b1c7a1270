/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The contract between the library and a backend, which works with one kind of device: CUDA, HIP,
 * or the mock.  Applications do not need this header.
 *
 * A backend reports facts and never decides whether memory is good enough.  It says what the driver
 * says; core/device/policy.c decides.
 *
 * What the caller guarantees
 *   - Pointers are not NULL unless this header says they may be.  Handles are open and came from
 *     this backend.  Ranges lie inside the memory and inside the staging buffer of the lane.  Sizes
 *     are not zero.  A backend does not need to check any of this.
 *   - Every lane is closed before its device, all memory is released before its device is closed,
 *     and every device is closed before close().
 *   - Two calls never run at the same time on one lane.  Memory is not released while another call
 *     uses it or while a lane still has work on it.  All other calls may run at the same time, on
 *     any thread.
 *   - Outputs that a transfer or a hash fills (staging buffer, digests, echo) contain a poison
 *     pattern when the call is made.
 *   - No function of the table is called in a child of the process that called open().
 *
 * What a backend guarantees
 *   - On failure the outputs are untouched, nothing is leaked, and *err has a status of class 2, 3
 *     or 1 (never 4: the library judges), the error number of the driver in backend_code, and a
 *     message without an address.  err is never NULL.
 *   - mem_residency and device_status ask the driver at every call and never answer from memory.
 *   - A device that is gone returns VRES_E_DEVICE_LOST from then on.  An operation that misses its
 *     deadline returns VRES_E_BACKEND with reason VRES_REASON_DEADLINE.
 *   - close, device_close and lane_close cannot fail, and wait first for what is in progress.
 *     mem_release gives the handle up in any case; its result only says whether the driver really
 *     freed the memory.
 *   - The current GPU context of the calling thread is the same after the call as before.  A
 *     backend writes no log, never aborts, has no mutable global object, and reads no environment
 *     variable.
 *
 * Optional functions may be NULL.  The table says what the backend can do, the facts of a device
 * what that device can do.
 */
#ifndef VRES_BACKEND_H
#define VRES_BACKEND_H

#include <vres/facts.h>
#include <vres/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VRES_BACKEND_ABI 1u

/* Each backend defines these in its own files. */
typedef struct vres_bself vres_bself; /* an opened driver */
typedef struct vres_bdev vres_bdev;   /* an opened device */
typedef struct vres_bmem vres_bmem;   /* a range of device memory, allocated or adopted */
typedef struct vres_blane vres_blane; /* a stream with its staging buffer */

/** vres_backend.flags */
/* there is no VRAM behind it: refused unless policy allows it, and marked in every output */
#define VRES_BACKEND_SIMULATED 1u
/* this build has no device code for the backend: none of its devices can hash */
#define VRES_BACKEND_NO_KERNEL 2u

/** Flags of lane_open. */
#define VRES_LANE_PINNED       1u /* the staging buffer may be page-locked host memory */
#define VRES_LANE_LOW_PRIORITY 2u /* its work gives way to other work of the device */

/** One run of blocks to hash. */
typedef struct vres_hash_run {
	vres_bmem *mem;
	uint64_t offset; /* any: blocks are counted from it */
	/*
	 * A last block that is not full is hashed as if it were padded with zeros; the bytes that
	 * follow it are never read.
	 */
	uint64_t bytes;
} vres_hash_run;

/**
 * Digests of runs of blocks, in the format of the fs-verity tree (docs/FORMAT.md).  Level 0 is one
 * SHA-256 for each block.  Level n + 1 is one for each full block of digests of level n, the last
 * block padded with zeros.  A run yields one digest for each node at @level that its bytes have.
 * The digests of the runs follow each other in @digests without a gap.
 */
typedef struct vres_hash_job {
	size_t struct_size;
	const vres_hash_run *runs; /* exists until lane_wait has returned, like digests and echo */
	size_t runs_count;
	uint32_t block_size; /* a power of two, 1024 to 65536 */
	uint32_t level;      /* 0 to 11 */
	/* Host memory, 32 bytes for each digest; filled when lane_wait has returned. */
	uint8_t *digests;
	/*
	 * Random, new for each job.  The device code itself writes it to @echo, so that a launch
	 * that never ran is noticed; see hash_blocks.
	 */
	uint64_t nonce;
	uint64_t *echo;
} vres_hash_job;

typedef struct vres_backend_open {
	size_t struct_size;
	void *arg;                /* vres_config.backend_arg; the mock's vres_mock */
	const char *library_path; /* vres_config.library_path; NULL: the driver of the system */
} vres_backend_open;

/**
 * The table.  abi and struct_size come first.  The library copies as much of it as both it and the
 * backend know and takes the rest as NULL, so functions are only ever added at the end.  A table
 * with another abi is refused.
 */
typedef struct vres_backend {
	uint32_t abi;         /* VRES_BACKEND_ABI */
	uint32_t struct_size; /* sizeof(vres_backend) */
	const char *name;     /* "cuda": identifier of at most 15 bytes; part of every receipt */
	uint32_t flags;       /* VRES_BACKEND_x */
	uint32_t reserved;

	/* The driver.  open: VRES_E_NO_BACKEND when there is no driver, or one that is too old. */
	vres_status (*open)(const vres_backend_open *params, vres_bself **out, vres_error *err);
	void (*close)(vres_bself *self);

	/*
	 * Devices.  device_count: zero devices is an answer, not an error.  A device may be opened
	 * more than once.
	 */
	vres_status (*device_count)(vres_bself *self, uint32_t *out, vres_error *err);
	vres_status (*device_open)(vres_bself *self, uint32_t index, vres_device_props *props,
	                           vres_bdev **out, vres_error *err);
	vres_status (*device_status)(vres_bdev *dev, vres_device_status *out, vres_error *err);
	void (*device_close)(vres_bdev *dev);

	/*
	 * Memory.  mem_alloc: VRES_E_INSUFFICIENT_VRAM or VRES_E_ALLOCATION_FAILED when the driver
	 * refuses.  mem_adopt registers memory that somebody else owns: VRES_E_INVALID_INPUT when
	 * the driver does not know the range.  mem_wipe overwrites the whole capacity with zeros
	 * and returns when they are in place.  mem_release frees what mem_alloc allocated and
	 * forgets what mem_adopt registered.
	 */
	vres_status (*mem_alloc)(vres_bdev *dev, uint64_t bytes, vres_bmem **out,
	                         vres_mem_info *info, vres_error *err);
	vres_status (*mem_adopt)(vres_bdev *dev, uint64_t addr, uint64_t bytes, vres_bmem **out,
	                         vres_error *err);
	vres_status (*mem_residency)(vres_bmem *mem, vres_residency *out, vres_error *err);
	vres_status (*mem_wipe)(vres_bmem *mem, vres_error *err);
	vres_status (*mem_release)(vres_bmem *mem, vres_error *err);

	/*
	 * Transfer.  A lane is a queue with one staging buffer.  What is put on it happens in
	 * order, and is complete, in both directions, when lane_wait returns VRES_OK.  The caller
	 * does not touch the staging buffer between a push and the wait.  With bytes 0 the lane is
	 * for hashing only and *staging stays NULL.
	 *
	 * lane_wait fails if anything put on the lane since the last wait failed.  Whatever it
	 * returns, the lane no longer uses what a hash job points to: runs, digests and echo may be
	 * gone afterwards, so they are read and written only inside hash_blocks and lane_wait.
	 * lane_close waits for the work of the lane, then wipes the staging buffer.
	 */
	vres_status (*lane_open)(vres_bdev *dev, size_t bytes, uint32_t flags, vres_blane **out,
	                         void **staging, vres_error *err);
	vres_status (*lane_push)(vres_blane *lane, vres_bmem *dst, uint64_t offset, size_t n,
	                         vres_error *err);
	vres_status (*lane_pull)(vres_blane *lane, vres_bmem *src, uint64_t offset, size_t n,
	                         vres_error *err);
	vres_status (*lane_wait)(vres_blane *lane, uint64_t deadline /* ns from now */,
	                         vres_error *err);
	void (*lane_close)(vres_blane *lane);

	/*
	 * Optional.  hash_blocks allocates no device memory.  A driver may report success for a
	 * copy, a launch or a thread that it left out.  So whatever passes between the host and
	 * device code, or from one launch to the next (lists of what to hash, digests), is bound to
	 * the nonce: what was left out gives a wrong echo, or a wrong digest that changes with the
	 * nonce, and never the right digest of an earlier job.  The caller gets plain digests.
	 *
	 * attest: evidence signed by the device itself; called with cap 0 first, it sets *len to
	 * the size needed.
	 */
	vres_status (*hash_blocks)(vres_blane *lane, const vres_hash_job *job, vres_error *err);
	vres_status (*mem_protect)(vres_bmem *mem, uint32_t read_only, vres_error *err);
	vres_status (*attest)(vres_bdev *dev, const uint8_t nonce[32], void *buf, size_t cap,
	                      size_t *len, vres_error *err);
} vres_backend;

#ifdef __cplusplus
}
#endif

#endif
