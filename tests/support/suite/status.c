/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every failing and every succeeding call must leave in the caller's error detail. */
#include <check.h>
#include <stdbool.h>
#include <string.h>
#include "support/suite/status.h"

#define POISON 0xa5

void status_poison(vres_error *err)
{
	memset(err, POISON, sizeof(*err));
}

static bool is_poison(const vres_error *err)
{
	const unsigned char *bytes = (const unsigned char *)err;

	for (size_t i = 0; i < sizeof(*err); i++)
		if (bytes[i] != POISON)
			return false;
	return true;
}

static const char *message_flaw(const char *message, size_t cap)
{
	const size_t n = strnlen(message, cap);

	if (n == cap)
		return "the message has no end";
	if (n == 0)
		return "there is no message";
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)message[i] < 0x20 || (unsigned char)message[i] >= 0x7f)
			return "the message is not one printable line";
	if (strcasestr(message, "0x") != NULL)
		return "the message holds what looks like an address";
	return NULL;
}

const char *status_flaw(vres_status got, const vres_error *err)
{
	if (got == VRES_OK)
		return is_poison(err) ? NULL : "err was touched by a call that succeeded";
	if (is_poison(err))
		return "err was not filled";
	if (err->status != got)
		return "err->status is not what was returned";
	if (err->reason > VRES_REASON_SUPERSEDED)
		return "err->reason is not a reason";
	if (err->gpu_device != VRES_NO_DEVICE && err->gpu_device > 1024)
		return "err->gpu_device is not a device";
	if ((got == VRES_E_INSUFFICIENT_VRAM) != (err->needed_bytes != 0))
		return "needed_bytes does not go with the status";
	if (got != VRES_E_INSUFFICIENT_VRAM && err->available_bytes != 0)
		return "available_bytes does not go with the status";
	return message_flaw(err->message, sizeof(err->message));
}

void status_check(vres_status got, vres_status want, uint32_t reason, const vres_error *err,
                  const char *call, const char *file, int line)
{
	const char *flaw = status_flaw(got, err);
	const char *message = got != VRES_OK && flaw == NULL ? err->message : "";

	if (got != want)
		_ck_assert_failed(file, line, call, "%s instead of %s: %s", vres_status_name(got),
		                  vres_status_name(want), message);
	if (flaw != NULL)
		_ck_assert_failed(file, line, call, "%s, but %s", vres_status_name(got), flaw);
	if (reason != REASON_ANY && err->reason != reason)
		_ck_assert_failed(file, line, call, "%s with reason %s instead of %s: %s",
		                  vres_status_name(got), vres_reason_name(err->reason),
		                  vres_reason_name(reason), message);
	mark_point();
}
