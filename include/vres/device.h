/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Devices: what they have, and whether they are fit to seal on.
 */
#ifndef VRES_DEVICE_H
#define VRES_DEVICE_H

#include <vres/manager.h>
#include <vres/policy.h>
#include <vres/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct vres_device_info - a device, now
 * @ecc:             0 off, 1 on, 2 unknown
 * @healthy:         0: it reports a memory error or asks to be reset
 * @free_bytes:      by the driver, whoever uses the rest
 * @used_bytes:      sealed by this manager, padding included
 * @reserved_bytes:  held by seals under way, and the backend's fixed scratch
 * @available_bytes: the largest seal allowed now
 */
typedef struct vres_device_info {
	size_t struct_size;
	char name[128], uuid[48], backend[16];
	uint32_t gpu_device, simulated, integrated, ecc, assurance, healthy;
	uint64_t total_bytes, free_bytes, used_bytes, reserved_bytes, available_bytes;
} vres_device_info;

VRES_DEFINE_INIT(vres_device_info)

/**
 * vres_device_count() - how many devices the backend has
 * @m:   the manager
 * @out: the count, which may be 0
 *
 * Return: VRES_OK.
 */
VRES_API VRES_MUST_CHECK vres_status vres_device_count(vres_manager *m, uint32_t *out,
                                                       vres_error *err);

/**
 * vres_device_describe() - a device, now; answers when STOPPED too
 * @m:          the manager
 * @gpu_device: which one
 * @out:        from vres_device_info_init()
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT (no such device); VRES_E_BACKEND; VRES_E_DEVICE_LOST.
 */
VRES_API VRES_MUST_CHECK vres_status vres_device_describe(vres_manager *m, uint32_t gpu_device,
                                                          vres_device_info *out, vres_error *err);

/**
 * vres_enforce_vram_only() - judge a device and all that is sealed on it, now
 * @m:          the manager
 * @gpu_device: which one
 * @out:        from vres_policy_report_init(), or NULL; filled on VRES_E_POLICY_VIOLATION too
 *
 * A violation stops the manager.
 *
 * Return: VRES_OK; VRES_E_POLICY_VIOLATION; VRES_E_INVALID_INPUT (no such device); VRES_E_BACKEND;
 *         VRES_E_DEVICE_LOST.
 */
VRES_API VRES_MUST_CHECK vres_status vres_enforce_vram_only(vres_manager *m, uint32_t gpu_device,
                                                            vres_policy_report *out,
                                                            vres_error *err);

#ifdef __cplusplus
}
#endif

#endif
