/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Errors and answers of the mock. */
#ifndef VRES_MOCK_ERROR_H
#define VRES_MOCK_ERROR_H

#include "mock/model.h"

/* Fills *err unless err is NULL.  Returns @status. */
__attribute__((format(printf, 5, 6))) vres_status
vres_mock_error(vres_error *err, vres_status status, enum vres_mock_code code, uint32_t device,
                const char *format, ...);

/*
 * Copies an answer into the caller's structure, which may be of another version.  Both begin with
 * their size, and the caller's is the limit.
 */
void vres_mock_answer(void *theirs, const void *ours, size_t size);

#endif
