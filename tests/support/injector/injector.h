/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An injector: a backend table in front of another backend's.  It passes every call on unless a
 * test asked for something else.  With it any backend, on real hardware too, can do what the mock
 * can: count calls, let the nth fail, be slow, lose devices, lie about residency, have an exact
 * capacity, have as many devices as are asked for (by opening the same one again), own memory that
 * a manager adopts, and flip a bit.
 *
 * It injects above the backend; the fake drivers and their sweep inject below it.  A lane_wait that
 * is to fail waits first, since work on a lane cannot be taken back.
 */
#ifndef TESTS_SUPPORT_INJECTOR_INJECTOR_H
#define TESTS_SUPPORT_INJECTOR_INJECTOR_H

#include <stdbool.h>
#include <vres/backend.h>
#include <vres/mock.h>

struct injector;

/* @like: devices, capacity, granularity, and whether they can hash. */
struct injector *injector_create(const vres_backend *inner, const char *library_path,
                                 const vres_mock_params *like);
void injector_destroy(struct injector *injector);

/* A table to be given with an injector of the same inner backend as backend_arg. */
vres_backend injector_table(const vres_backend *inner);

/* As the functions of mock.h.  VRES_OK from lane_wait cannot be scripted. */
void injector_fail(struct injector *injector, vres_mock_op op, uint64_t nth, vres_status status);
void injector_delay(struct injector *injector, vres_mock_op op, uint64_t ns);
vres_status injector_flip(struct injector *injector, uint64_t addr, unsigned bit);
void injector_pretend(struct injector *injector, uint64_t addr, uint32_t lies);
vres_status injector_alloc(struct injector *injector, uint32_t device, uint64_t bytes,
                           const void *content, uint64_t *addr);
void injector_free(struct injector *injector, uint64_t addr);
void injector_lose_device(struct injector *injector, uint32_t device);
uint64_t injector_calls(const struct injector *injector, vres_mock_op op);
uint64_t injector_live_handles(const struct injector *injector);

/*
 * What a fake driver can do itself: lose a device below the backend, and read memory.  Without
 * these functions the injector answers for a lost device, and reads memory through the backend.
 */
void injector_use_fake(struct injector *injector, void (*lose)(uint32_t device),
                       bool (*is_zero)(uint64_t addr, uint64_t bytes));

/* Memory that was released while a byte of it was not zero, of devices that were not lost. */
uint64_t injector_unwiped(const struct injector *injector);

#endif
