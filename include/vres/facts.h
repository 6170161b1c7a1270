/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Facts: what a backend reports about devices and memory (vres/backend.h).  Applications do not
 * need this header.
 */
#ifndef VRES_FACTS_H
#define VRES_FACTS_H

#include <vres/policy.h>
#include <vres/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** vres_device_props.facts: what a device is and what it can do */
#define VRES_DEVICE_INTEGRATED 1u /* its memory is the memory of the host */
/* the host may move device memory out without notice (WSL, WDDM) */
#define VRES_DEVICE_UNVERIFIABLE_HOST 2u
/* allocations are made with an explicit location that cannot migrate */
#define VRES_DEVICE_VMM         4u
#define VRES_DEVICE_CAN_HASH    8u  /* hash_blocks works */
#define VRES_DEVICE_CAN_PROTECT 16u /* mem_protect works, and the device enforces it */

/** A fact that is shown and decides nothing; both strings NUL-terminated. */
typedef struct vres_device_note {
	char name[32];
	char value[64];
} vres_device_note;

/** What a device is: asked once, when it is opened. */
typedef struct vres_device_props {
	size_t struct_size;
	char name[128];       /* NUL-terminated, for people */
	char uuid[48];        /* NUL-terminated, always the same for a physical device: "GPU-..." */
	uint64_t total_bytes; /* memory of the device */
	uint64_t granularity; /* the capacity of an allocation is a multiple of this; at least 1 */
	/* Device memory that the backend took for itself when it opened the device; <= 64 MiB. */
	uint64_t scratch_bytes;
	uint32_t facts;       /* VRES_DEVICE_x */
	uint32_t ecc;         /* VRES_ECC_x */
	uint32_t notes_count; /* at most 16 */
	uint32_t reserved;
	vres_device_note notes[16];
} vres_device_props;

/** The state of a device: the driver is asked at every call. */
typedef struct vres_device_status {
	size_t struct_size;
	uint64_t free_bytes;
	uint64_t ecc_uncorrected; /* errors since the driver was loaded; 0 when not known */
	uint32_t healthy;         /* 0: the device reports a memory error or asks to be reset */
	uint32_t reserved;
} vres_device_status;

/** Where an allocation lies. */
typedef struct vres_mem_info {
	uint64_t addr; /* device address of its first byte */
	/*
	 * Bytes taken on the device, a multiple of the granularity.  Those beyond the bytes asked
	 * for are zero.
	 */
	uint64_t capacity;
} vres_mem_info;

/**
 * vres_residency.facts: what the driver says about a range.  A bad fact is set if it is true of any
 * part of the range.
 */
/* all of the range is memory of the device vres_residency.device */
#define VRES_MEM_DEVICE      1u
#define VRES_MEM_MANAGED     2u  /* some of it may migrate */
#define VRES_MEM_HOST_MAPPED 4u  /* some of it is host memory, or mapped for the host */
#define VRES_MEM_EXPORTABLE  8u  /* another process could be given access */
#define VRES_MEM_PEER_ACCESS 16u /* another device has access */
#define VRES_MEM_READ_ONLY   32u /* all of it is mapped read-only */
/* some of it comes from a pool, which may reuse freed memory while it stays mapped */
#define VRES_MEM_POOL 64u

/** What the driver says now about a whole range. */
typedef struct vres_residency {
	size_t struct_size;
	uint64_t base, bytes; /* of the mapping that contains the range */
	/* Numbers that the driver never uses for another allocation; 0 when it has none. */
	uint64_t identity[2];
	uint32_t device; /* number of the device whose memory it is */
	uint32_t facts;  /* VRES_MEM_x */
} vres_residency;

#ifdef __cplusplus
}
#endif

#endif
