/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Devices: what they have, how much of it is free, and whether policy accepts them.
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
 * struct vres_device_info - a device as it is now
 * @name, @uuid:     as the driver states them
 * @backend:         "cuda", "hip", "mock"
 * @gpu_device:      its number
 * @simulated:       1: there is no VRAM behind it
 * @integrated:      1: its memory is the memory of the host
 * @ecc:             VRES_ECC_x
 * @assurance:       VRES_ASSURANCE_x: how memory that is sealed there is held
 * @healthy:         0: the device reports a memory error or asks to be reset
 * @total_bytes:     memory of the device
 * @free_bytes:      of it, free according to the driver, whoever uses the rest
 * @used_bytes:      sealed by this manager, padding included
 * @reserved_bytes:  reserved for seals in progress, and used by the backend itself
 * @available_bytes: size of the largest seal that is possible now
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
 * vres_device_describe() - describe a device as it is now
 * @m:          the manager; it answers also after it has STOPPED
 * @gpu_device: number of the device
 * @out:        from vres_device_info_init()
 *
 * Opens the device if it was not used yet.
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT (no such device); VRES_E_BACKEND; VRES_E_DEVICE_LOST.
 */
VRES_API VRES_MUST_CHECK vres_status vres_device_describe(vres_manager *m, uint32_t gpu_device,
                                                          vres_device_info *out, vres_error *err);

/**
 * vres_enforce_vram_only() - judge a device, and the memory of everything that is sealed on it, now
 * @m:          the manager
 * @gpu_device: number of the device
 * @out:        from vres_policy_report_init(), or NULL; also filled on VRES_E_POLICY_VIOLATION
 *
 * A violation is audited and stops the manager.
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
