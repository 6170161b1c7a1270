/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Policy: what a manager tolerates and demands, and how it judges the facts that a driver states.
 */
#ifndef VRES_POLICY_H
#define VRES_POLICY_H

#include <vres/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** vres_policy.allow: what is tolerated.  The bits are part of every signed record. */
#define VRES_ALLOW_SIMULATED  1u /* a backend without VRAM behind it */
#define VRES_ALLOW_INTEGRATED 2u /* a GPU that uses the memory of the host */
/* memory without error correction, or of which the driver does not say whether it has it */
#define VRES_ALLOW_NO_ECC 4u
/* memory to which another process or device could be given access */
#define VRES_ALLOW_EXPORTABLE 8u
/* copying weights back to host memory, through the staging buffers, to check them */
#define VRES_ALLOW_READBACK 16u
/* a host that may move device memory without the driver saying so (WSL) */
#define VRES_ALLOW_UNVERIFIABLE_HOST 32u
#define VRES_ALLOW_WEAK_LEASE        64u  /* leases after less than a FULL verification */
#define VRES_ALLOW_PINNED_STAGING    128u /* page-locked staging buffers */
#define VRES_ALLOW_ALL               255u

/** vres_policy.require: what is demanded beyond the default. */
#define VRES_REQUIRE_VMM 1u /* allocations with an explicit location that cannot migrate */
/* sealed memory is mapped read-only: a stray write destroys the GPU context that makes it */
#define VRES_REQUIRE_READONLY 2u
#define VRES_REQUIRE_ECC      4u  /* ECC known to be on; contradicts VRES_ALLOW_NO_ECC */
#define VRES_REQUIRE_AUDIT    8u  /* an audit sink */
#define VRES_REQUIRE_STOP     16u /* any failed verification stops the manager */
/* a tensor that has changed is resumed only with an expected digest */
#define VRES_REQUIRE_EXPECTED 32u
#define VRES_REQUIRE_ALL      63u

/** vres_policy_report.violations: a violation that no VRES_ALLOW_x permits */
#define VRES_VIOLATION_NEVER (UINT64_C(1) << 63)

/**
 * How thoroughly a verification checks (vres_verify_params.mode, vres_policy.lease_verify).  From
 * the weakest to the strongest: SIGNATURE, SAMPLED, FULL, READBACK.
 */
typedef enum vres_verify_mode {
	/* Signature, residency, and every block, hashed on the device. */
	VRES_VERIFY_FULL = 0,
	/* The HMAC of the record, and residency as the driver states it now. */
	VRES_VERIFY_SIGNATURE = 1,
	/* As SIGNATURE, and blocks chosen at random, hashed on the device. */
	VRES_VERIFY_SAMPLED = 2,
	/*
	 * As SIGNATURE, and every block copied back and hashed on the host: the tree, and the flat
	 * digest where there is one.
	 */
	VRES_VERIFY_READBACK = 3
} vres_verify_mode;

/** Error correction of a device's memory (vres_device_info.ecc, vres_device_props.ecc). */
#define VRES_ECC_OFF     0u
#define VRES_ECC_ON      1u
#define VRES_ECC_UNKNOWN 2u

/** How memory is held on the device (vres_device_info.assurance, vres_shard_info.assurance). */
#define VRES_ASSURANCE_NONE  0u /* simulated */
#define VRES_ASSURANCE_PLAIN 1u /* an ordinary device allocation */
#define VRES_ASSURANCE_VMM   2u /* explicit device location, pinned, no export handle */

/**
 * struct vres_policy - what a manager insists on; all zero is the strictest
 * @allow:           VRES_ALLOW_x
 * @require:         VRES_REQUIRE_x
 * @headroom_bytes:  device memory that sealing must leave free
 * @max_model_bytes: size of the largest shard; 0: 100 GiB
 * @max_seal_age:    how long a seal is valid, by the monotonic clock; 0: no limit
 * @lease_max_age:   how long a verification is good enough for leases; 0: verify for each lease
 * @deadline:        time for one operation of the backend; 0: 60 s.  An operation that takes longer
 *                   has failed, but the call returns only when the device has finished with it,
 *                   because until then the device may write to host memory
 * @lease_verify:    a vres_verify_mode; anything weaker than FULL needs VRES_ALLOW_WEAK_LEASE,
 *                   READBACK needs VRES_ALLOW_READBACK
 * @sample_units:    how many samples SAMPLED takes; 0: 64
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

/** vres_policy_fact.verdict */
#define VRES_FACT_GOOD      0u
#define VRES_FACT_NOTED     1u /* shown, decides nothing */
#define VRES_FACT_VIOLATION 2u

/** A fact that the driver stated, and the verdict of the policy on it; strings NUL-terminated. */
typedef struct vres_policy_fact {
	char name[32];
	char value[64];
	uint32_t verdict;
} vres_policy_fact;

/**
 * struct vres_policy_report - every fact with its verdict
 * @violations:  the VRES_ALLOW_x bits that would have to be given, and VRES_VIOLATION_NEVER when
 *               there is a violation that none of them permits; 0: no violation
 * @facts_count: how many of @facts are filled
 * @reserved:    0
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
