/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Policy: what a manager insists on, and what it makes of the facts a driver states.
 */
#ifndef VRES_POLICY_H
#define VRES_POLICY_H

#include <vres/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** vres_policy.allow: what is tolerated; each bit is signed into every record. */
#define VRES_ALLOW_SIMULATED  1u /* a backend without VRAM behind it */
#define VRES_ALLOW_INTEGRATED 2u /* a GPU whose memory is the host's */
/* memory without error correction, or of which that is not known */
#define VRES_ALLOW_NO_ECC 4u
/* memory that another process or device could be given access to */
#define VRES_ALLOW_EXPORTABLE 8u
/* weights travel back to host memory, through the staging buffers, to be checked */
#define VRES_ALLOW_READBACK          16u
#define VRES_ALLOW_UNVERIFIABLE_HOST 32u  /* a host that may move device memory unseen (WSL) */
#define VRES_ALLOW_WEAK_LEASE        64u  /* leases on less than a FULL verification */
#define VRES_ALLOW_PINNED_STAGING    128u /* page-locked staging buffers */
#define VRES_ALLOW_ALL               255u

/** vres_policy.require: what is demanded beyond the default. */
#define VRES_REQUIRE_VMM 1u /* allocations with an explicit location that cannot migrate */
/* sealed memory is mapped read-only: a stray write then kills the context it happens in */
#define VRES_REQUIRE_READONLY 2u
#define VRES_REQUIRE_ECC      4u  /* ECC known to be on; contradicts VRES_ALLOW_NO_ECC */
#define VRES_REQUIRE_AUDIT    8u  /* an audit sink must be given */
#define VRES_REQUIRE_STOP     16u /* any failed verification stops the manager */
#define VRES_REQUIRE_ALL      31u

/** vres_policy_report.violations: something no VRES_ALLOW_x permits */
#define VRES_VIOLATION_NEVER (UINT64_C(1) << 63)

/** vres_verify_params.mode, by strength: SIGNATURE, SAMPLED, FULL, READBACK */
typedef enum vres_verify_mode {
	VRES_VERIFY_FULL = 0, /* signature, residency, and every block hashed on the device */
	/* HMAC over the kept record, and residency asked of the driver again. */
	VRES_VERIFY_SIGNATURE = 1,
	VRES_VERIFY_SAMPLED = 2, /* that, and units chosen by the CSPRNG hashed on the device */
	/*
	 * That, and every block pulled back and hashed on the host: tree, and flat digest where
	 * there is one.
	 */
	VRES_VERIFY_READBACK = 3
} vres_verify_mode;

/** vres_device_props.ecc and vres_device_info.ecc */
#define VRES_ECC_OFF     0u
#define VRES_ECC_ON      1u
#define VRES_ECC_UNKNOWN 2u

/** vres_device_info.assurance and vres_shard_info.assurance: how the memory is held */
#define VRES_ASSURANCE_NONE  0u /* simulated */
#define VRES_ASSURANCE_PLAIN 1u /* an ordinary device allocation */
#define VRES_ASSURANCE_VMM   2u /* an explicit, pinned, unexportable device location */

/**
 * struct vres_policy - what the manager insists on; all zero is the strictest
 * @allow:           VRES_ALLOW_x
 * @require:         VRES_REQUIRE_x
 * @headroom_bytes:  device memory to leave free
 * @max_model_bytes: largest shard; 0: 100 GiB
 * @max_seal_age:    how long a seal is good, on the monotonic clock; 0: no limit
 * @lease_max_age:   how long a verification stays good for leases; 0: verify at every lease
 * @deadline:        for one backend operation to complete; 0: 60 s.  What missed it has failed, but
 *           the call does not return before the device
 *                   is through with it, since until then the device may write to host memory
 * @lease_verify:    vres_verify_mode; 0: FULL; weaker needs VRES_ALLOW_WEAK_LEASE, READBACK needs
 *           VRES_ALLOW_READBACK
 * @sample_units:    for SAMPLED; 0: 64
 */
typedef struct vres_policy {
	size_t struct_size;
	uint64_t allow;
	uint64_t require;
	uint64_t headroom_bytes;
	uint64_t max_model_bytes;
	uint64_t max_seal_age;
	uint64_t lease_max_age;
	uint64_t deadline;
	uint32_t lease_verify;
	uint32_t sample_units;
} vres_policy;

VRES_DEFINE_INIT(vres_policy)

#define VRES_FACT_GOOD      0u
#define VRES_FACT_NOTED     1u
#define VRES_FACT_VIOLATION 2u

/** One fact the driver stated, and what policy makes of it: verdict is VRES_FACT_x. */
typedef struct vres_policy_fact {
	char name[32];
	char value[64];
	uint32_t verdict;
} vres_policy_fact;

/**
 * violations: the VRES_ALLOW_x bits that would be needed, | VRES_VIOLATION_NEVER where none would
 * do.
 */
typedef struct vres_policy_report {
	size_t struct_size;
	uint64_t violations;
	uint32_t facts_count, reserved;
	vres_policy_fact facts[32];
} vres_policy_report;

VRES_DEFINE_INIT(vres_policy_report)

#ifdef __cplusplus
}
#endif

#endif
