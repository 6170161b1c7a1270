/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A tap: a backend table that stands before another backend's and passes every call on, unless told
 * otherwise.  It gives any backend, on real hardware too, what tests know of the mock: calls
 * counted, the nth made to fail, slowness, lost devices, lies about residency, an exact capacity,
 * as many devices as are asked for (by opening the same one again), memory of somebody else's, a
 * flipped bit.
 *
 * It injects above the backend; what a driver does wrong below it is the business of the fakes and
 * their sweep.  A lane_wait that is to fail waits first, since work that was put on a lane cannot
 * be taken back.
 */
#ifndef TESTS_SUPPORT_TAP_TAP_H
#define TESTS_SUPPORT_TAP_TAP_H

#include <stdbool.h>
#include <vres/backend.h>
#include <vres/mock.h>

struct tap;

/* @like: devices, capacity, granularity, and whether they can hash. */
struct tap *tap_create(const vres_backend *inner, const char *library_path,
                       const vres_mock_params *like);
void tap_destroy(struct tap *tap);

/* A table to be given with a tap of the same inner backend as backend_arg. */
vres_backend tap_table(const vres_backend *inner);

/* As the functions of mock.h.  VRES_OK from lane_wait cannot be scripted. */
void tap_fail(struct tap *tap, vres_mock_op op, uint64_t nth, vres_status status);
void tap_delay(struct tap *tap, vres_mock_op op, uint64_t ns);
vres_status tap_flip(struct tap *tap, uint64_t addr, unsigned bit);
void tap_pretend(struct tap *tap, uint64_t addr, uint32_t lies);
vres_status tap_alloc(struct tap *tap, uint32_t device, uint64_t bytes, const void *content,
                      uint64_t *addr);
void tap_free(struct tap *tap, uint64_t addr);
void tap_lose_device(struct tap *tap, uint32_t device);
uint64_t tap_calls(const struct tap *tap, vres_mock_op op);
uint64_t tap_live_handles(const struct tap *tap);

/*
 * What a fake driver does better: losing a device, below the backend, and looking at memory.
 * Without them, the tap answers for a device that is lost, and looks at memory through the backend.
 */
void tap_use_fake(struct tap *tap, void (*lose)(uint32_t device),
                  bool (*is_zero)(uint64_t addr, uint64_t bytes));

/* Memory that was released while a byte of it was not zero, of devices that were not lost. */
uint64_t tap_unwiped(const struct tap *tap);

#endif
