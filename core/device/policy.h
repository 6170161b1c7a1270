/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Judging facts: what the driver says in, a verdict for each out.  Pure functions: no device, no
 * state.
 */
#ifndef VRES_CORE_DEVICE_POLICY_H
#define VRES_CORE_DEVICE_POLICY_H

#include <vres/backend.h>
#include <vres/vres.h>

#include "base/error.h"

/* The caller's policy with every default filled in, or VRES_E_CONFIG. */
vres_status vres_policy_resolve(const vres_policy *given, vres_policy *out, vres_error *err);

/* Add the verdicts on a device to @report. */
void vres_policy_judge_device(const vres_policy *policy, const vres_device_props *props,
                              bool simulated, vres_policy_report *report);

/* Add the verdicts on memory that should be all on @gpu_device. */
void vres_policy_judge_memory(const vres_policy *policy, const vres_residency *now,
                              uint32_t gpu_device, vres_policy_report *report);

/*
 * Is this still the memory that was sealed?  Adds a violation if not.  The mapping of adopted
 * memory may have grown: an allocator with expandable segments maps more behind it.
 */
void vres_policy_judge_change(const vres_residency *sealed, const vres_residency *now,
                              bool is_adopted, vres_policy_report *report);

/* Add one fact. */
void vres_policy_add(vres_policy_report *report, const char *name, const char *value,
                     uint32_t verdict, uint64_t needs);

/* The first violation's name, or "none". */
const char *vres_policy_first_violation(const vres_policy_report *report);

/* How strong a verification mode is: a larger number proves more. */
uint32_t vres_policy_strength(uint32_t mode);

/* "signature", "sampled", "full", "readback" */
const char *vres_policy_mode_name(uint32_t mode);

/* How memory of such a device is held: VRES_ASSURANCE_x. */
uint32_t vres_policy_assurance(const vres_device_props *props, bool simulated);

/*
 * How adopted memory is held, on a device whose own memory is held as @of_device.  The application
 * has allocated it, perhaps otherwise: memory that can be exported counts as plain.
 */
uint32_t vres_policy_adopted_assurance(uint32_t of_device, const vres_residency *now);

/* How to open lanes: with VRES_LANE_PINNED if policy allows page-locked staging buffers. */
uint32_t vres_policy_lane_flags(const vres_policy *policy);

#endif
