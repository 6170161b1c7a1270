/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The contract between the core and whatever owns the memory: CUDA, HIP, or the mock.
 *
 * Backends report facts; the core makes judgements.  A backend never decides whether memory is good
 * enough: it says what the driver says, and core/policy.c decides.
 *
 * What the core guarantees
 *   - Pointers are not NULL unless a slot says they may be; handles are live and came from this
 *     backend; ranges lie inside the memory and
 *     the lane's staging buffer; sizes are not zero.  A backend need not check them.
 *   - Every lane is closed before its device, every memory is released before its device, every
 *     device is closed before close().
 *   - Two calls never run at once on one lane.  No call runs on a memory while it is being
 *     released, nor is it released while a lane holds
 *     work on it.  Everything else may run at once, from any thread.
 *   - Outputs that a transfer or a hash fills (staging, digests, echo) hold a poison pattern when
 *     the call is made.
 *   - In a process that was forked from the one that called open(), no slot is ever called.
 *
 * What a backend owes
 *   - On failure: outputs untouched, nothing leaked, and *err filled with a status of class 2, 3 or
 *     1 (never 4, which is the core's
 *     judgement), the driver's own code in err->backend_code, and a message without an address.
 *     err is never NULL.
 *   - mem_residency and device_status ask the driver at the time of the call; they never answer
 *     from memory.
 *   - A device that is gone answers VRES_E_DEVICE_LOST from then on.  An operation that misses its
 *     deadline answers VRES_E_BACKEND with
 *     reason VRES_REASON_DEADLINE.
 *   - close, device_close and lane_close cannot fail, and first drain what is in flight.
 *     mem_release gives the handle up whatever happens;
 *     what it returns only tells whether the driver really freed the memory.
 *   - The calling thread's current GPU context is left as found.  No log, no abort, no mutable
 *     global, no environment variable.
 *
 * Optional slots may be NULL: the table says the backend knows how; the device's facts say that
 * this device can.
 */
#ifndef VRES_BACKEND_H
#define VRES_BACKEND_H

#include <vres/policy.h>
#include <vres/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VRES_BACKEND_ABI 1u

/* Each backend defines these in its own files. */
typedef struct vres_bself vres_bself; /* an opened driver */
typedef struct vres_bdev vres_bdev;   /* an opened device */
typedef struct vres_bmem vres_bmem;   /* one device range, allocated or adopted */
typedef struct vres_blane vres_blane; /* one stream with its staging buffer */

/** vres_backend.flags */
/* there is no VRAM behind it: refused unless policy allows it, marked in every output */
#define VRES_BACKEND_SIMULATED 1u

/** vres_device_props.facts: what a device is and can do */
#define VRES_DEVICE_INTEGRATED 1u /* its memory is the host's memory */
/* the host may page device memory out unseen (WSL, WDDM) */
#define VRES_DEVICE_UNVERIFIABLE_HOST 2u
/* allocations are made with an explicit location that cannot migrate */
#define VRES_DEVICE_VMM         4u
#define VRES_DEVICE_CAN_HASH    8u  /* hash_blocks works */
#define VRES_DEVICE_CAN_PROTECT 16u /* mem_protect works and is enforced */

/**
 * vres_residency.facts: what the driver says of a range; a bad fact is set if it holds anywhere in
 * the range
 */
/* all of the range is memory of the device named in vres_residency.device */
#define VRES_MEM_DEVICE      1u
#define VRES_MEM_MANAGED     2u  /* some of it may migrate */
#define VRES_MEM_HOST_MAPPED 4u  /* some of it is host memory, or mapped for the host */
#define VRES_MEM_EXPORTABLE  8u  /* another process could be given access */
#define VRES_MEM_PEER_ACCESS 16u /* another device has access */
#define VRES_MEM_READ_ONLY   32u /* all of it is mapped read-only */

/** lane_open flags */
#define VRES_LANE_PINNED       1u /* the staging buffer may be page-locked host memory */
#define VRES_LANE_LOW_PRIORITY 2u /* this lane's work gives way to other work on the device */

/** A fact worth showing that decides nothing: its name and its value, both NUL-terminated. */
typedef struct vres_device_note {
	char name[32];
	char value[64];
} vres_device_note;

/** What a device is: asked once, when it is opened. */
typedef struct vres_device_props {
	size_t struct_size;
	char name[128];       /* NUL-terminated, for people */
	char uuid[48];        /* NUL-terminated, stable for the physical device: "GPU-..." */
	uint64_t total_bytes; /* device memory */
	uint64_t granularity; /* an allocation's capacity is a multiple of this; at least 1 */
	/* Device memory this backend took for itself when it opened the device; at most 64 MiB. */
	uint64_t scratch_bytes;
	uint32_t facts;       /* VRES_DEVICE_x */
	uint32_t ecc;         /* VRES_ECC_x */
	uint32_t notes_count; /* at most 16 */
	uint32_t reserved;
	vres_device_note notes[16];
} vres_device_props;

/** How a device is: asked of the driver at every call. */
typedef struct vres_device_status {
	size_t struct_size;
	uint64_t free_bytes;
	uint64_t ecc_uncorrected; /* since the driver was loaded; 0 when not known */
	uint32_t healthy;         /* 0: the device reports a memory error or asks to be reset */
	uint32_t reserved;
} vres_device_status;

/** Where an allocation was made. */
typedef struct vres_mem_info {
	uint64_t addr; /* the device address of its first byte */
	/*
	 * Bytes taken on the device, a multiple of the granularity; those past the asked ones are
	 * zero.
	 */
	uint64_t capacity;
} vres_mem_info;

/** What the driver says, now, of a whole range. */
typedef struct vres_residency {
	size_t struct_size;
	uint64_t base, bytes; /* of the mapping that holds the range */
	/* Numbers the driver never reuses for another allocation; 0 when it has none. */
	uint64_t identity[2];
	uint32_t device; /* index of the device whose memory it is */
	uint32_t facts;  /* VRES_MEM_x */
} vres_residency;

/** One run of blocks to hash. */
typedef struct vres_hash_run {
	vres_bmem *mem;
	uint64_t offset; /* a multiple of block_size * fanout^level, fanout being block_size / 32 */
	/* A last block that is not full is taken as zero-padded; bytes past it are never read. */
	uint64_t bytes;
} vres_hash_run;

/**
 * Digests of runs of blocks, in the fs-verity tree format (docs/FORMAT.md).  Level 0: one SHA-256
 * per block.  Level n + 1: one per full block of level n digests, the last one zero-padded.  A run
 * yields as many digests as its bytes have nodes at @level; runs follow each other in @digests
 * without a gap.
 */
typedef struct vres_hash_job {
	size_t struct_size;
	const vres_hash_run *runs; /* live until lane_wait has returned, as digests and echo are */
	size_t runs_count;
	uint32_t block_size; /* power of two, 1024 to 65536 */
	uint32_t level;      /* 0 to 11 */
	/* Host memory, 32 bytes a digest; written when the lane has been waited for. */
	uint8_t *digests;
	/* The device code itself writes it to @echo, so that a launch that did not run is seen. */
	uint64_t nonce;
	uint64_t *echo;
} vres_hash_job;

typedef struct vres_backend_open {
	size_t struct_size;
	void *arg; /* config.backend_arg; the mock's device model */
	/* Config.library_path, or NULL for the system's own driver library. */
	const char *library_path;
} vres_backend_open;

/**
 * The table.  abi and struct_size come first; the core copies the smaller of struct_size and its
 * own size and takes the rest as NULL, so slots are only appended.  A table of another abi is
 * refused.
 */
typedef struct vres_backend {
	uint32_t abi;         /* VRES_BACKEND_ABI */
	uint32_t struct_size; /* sizeof(vres_backend) */
	const char *name;     /* "cuda": identifier of at most 15 bytes; goes into receipts */
	uint32_t flags;       /* VRES_BACKEND_x */
	uint32_t reserved;

	/*
	 * The driver.  open: VRES_E_NO_BACKEND when there is no driver library, or one that is too
	 * old.
	 */
	vres_status (*open)(const vres_backend_open *params, vres_bself **out, vres_error *err);
	void (*close)(vres_bself *self);

	/*
	 * Devices.  device_count: zero devices is an answer, not an error.  Opening the same device
	 * twice is allowed.
	 */
	vres_status (*device_count)(vres_bself *self, uint32_t *out, vres_error *err);
	vres_status (*device_open)(vres_bself *self, uint32_t index, vres_device_props *props,
	                           vres_bdev **out, vres_error *err);
	vres_status (*device_status)(vres_bdev *dev, vres_device_status *out, vres_error *err);
	void (*device_close)(vres_bdev *dev);

	/*
	 * Memory.  mem_alloc: VRES_E_INSUFFICIENT_VRAM or VRES_E_ALLOCATION_FAILED when the driver
	 * refuses.  mem_adopt takes note of memory that somebody else owns: VRES_E_INVALID_INPUT
	 * when the range is not one the driver knows.  mem_wipe overwrites the whole capacity with
	 * zeros and returns when they are in place.  mem_release frees what mem_alloc made, forgets
	 * what mem_adopt took note of.
	 */
	vres_status (*mem_alloc)(vres_bdev *dev, uint64_t bytes, vres_bmem **out,
	                         vres_mem_info *info, vres_error *err);
	vres_status (*mem_adopt)(vres_bdev *dev, uint64_t addr, uint64_t bytes, vres_bmem **out,
	                         vres_error *err);
	vres_status (*mem_residency)(vres_bmem *mem, vres_residency *out, vres_error *err);
	vres_status (*mem_wipe)(vres_bmem *mem, vres_error *err);
	vres_status (*mem_release)(vres_bmem *mem, vres_error *err);

	/*
	 * Transfer.  A lane is a queue with one staging buffer; what is put on it happens in order,
	 * and is complete, in both directions, when lane_wait returns VRES_OK.  The staging buffer
	 * is not touched by the core between a push and the wait.  bytes 0: a lane for hashing
	 * only,
	 * *staging stays NULL.  lane_wait fails if anything put on the lane since the last wait
	 * failed, and whatever it returns, the lane is then
	 * through with what a hash job points to: runs, digests and echo are read and written
	 * inside hash_blocks and lane_wait only, since they may be gone afterwards.  lane_close
	 * drains, then wipes the staging buffer.
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
	 * Optional.  hash_blocks allocates no device memory.  attest: evidence signed by the device
	 * itself, two-call idiom on *len.
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
