/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What stands in for the device in a scenario: the mock, or a real backend behind a tap, over a fake driver or a real one.  One is chosen when
 * the program starts, so that every scenario runs over each from the same source:
 *
 *	VRES_TEST_DEVICE   mock (when not set), cuda, ...: a line of the table in rig.c
 *	VRES_TEST_LIBRARY  path of a driver library, a fake one for instance; not set: the system's own driver
 *	VRES_TEST_BLIND    1: a fake driver is taken for a real one, its controls are not looked for
 *
 * These are read by tests alone.  excuses.c lists what cannot be asked of every device.
 */
#ifndef TESTS_RIG_H
#define TESTS_RIG_H

#include <stdbool.h>
#include <vres/mock.h>
#include <vres/vres.h>
#include "../fake/fake.h"

/* A kind of device that scenarios can run over. */
struct rig_model {
	const char *name;                     /* in VRES_TEST_DEVICE, and in the names of ctest */
	const vres_backend *(*backend)(void); /* NULL: the mock */
	bool is_plain;                        /* its memory has no guarantees */
	uint64_t allow;                       /* what policy has to allow of it, beside simulation */
	bool is_variant;                      /* of another line: what is the same there need not be run again */
};

const struct rig_model *rig_model(void);
const char *rig_library(void);            /* NULL: the system's */
const struct fake_driver *rig_fake(void); /* NULL: not a fake, or blind */
bool rig_is_mock(void);
bool rig_is_simulated(void);

/* The table to give as config.backend, and to wrap for a backend that lies; and its name. */
const vres_backend *rig_backend(void);
const char *rig_name(void);

struct rig;

/* @like: devices, capacity, granularity, and whether they can hash, whatever stands behind. */
struct rig *rig_create(const vres_mock_params *like);

/* Asserts that the driver has no object left and the engine's context is current again. */
void rig_destroy(struct rig *rig);

/* The mock, for tests that are about it; NULL: another device. */
vres_mock *rig_mock(struct rig *rig);

/* Take the tap away: managers use the backend itself, and rig_alloc() is the fake driver's engine.  Only over a fake, before any manager. */
void rig_bare(struct rig *rig);

/* Set what a config needs: backend, its argument, the library. */
void rig_configure(struct rig *rig, vres_config *config);

/* As the functions of mock.h whose names end alike. */
void rig_fail(struct rig *rig, vres_mock_op op, uint64_t nth, vres_status status);
void rig_delay(struct rig *rig, vres_mock_op op, uint64_t ns);
vres_status rig_flip(struct rig *rig, uint64_t addr, unsigned bit);
void rig_pretend(struct rig *rig, uint64_t addr, uint32_t lies);
vres_status rig_alloc(struct rig *rig, uint32_t device, uint64_t bytes, const void *content, uint64_t *addr);
void rig_free(struct rig *rig, uint64_t addr);
void rig_lose_device(struct rig *rig, uint32_t device);
uint64_t rig_calls(const struct rig *rig, vres_mock_op op);
uint64_t rig_live_handles(const struct rig *rig);
uint64_t rig_unwiped(const struct rig *rig);

#endif
