/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Asserting outcomes.  Each of these makes a call whose last argument is the address of a
 * vres_error named err in the scope of the test, and asserts, beside the status, what the headers
 * promise of every call: err is untouched on success, and on failure it is whole, agrees with the
 * status, and is one printable line without an address.
 */
#ifndef TESTS_SUPPORT_SUITE_STATUS_H
#define TESTS_SUPPORT_SUITE_STATUS_H

#include <vres/status.h>

#define REASON_ANY UINT32_MAX

#define ck_status(call, want) ck_status_reason(call, want, REASON_ANY)
#define ck_ok(call)           ck_status_reason(call, VRES_OK, REASON_ANY)
#define ck_refused(call, want_reason)                                                              \
	ck_status_reason(call, VRES_E_SEAL_VERIFICATION_FAILED, want_reason)

#define ck_status_reason(call, want, want_reason)                                                  \
	(status_poison(&err),                                                                      \
	 status_check((call), (want), (want_reason), &err, #call, __FILE__, __LINE__))

void status_poison(vres_error *err);
void status_check(vres_status got, vres_status want, uint32_t reason, const vres_error *err,
                  const char *call, const char *file, int line);

/* What is wrong with an error detail that a call with status @got left behind, or NULL. */
const char *status_flaw(vres_status got, const vres_error *err);

#endif
