/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names and texts of statuses, and how errors are raised. */
#include "base/error.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <vres/vres.h>

_Static_assert(sizeof(vres_status) == sizeof(int), "bindings take a status as an int");
_Static_assert(sizeof(vres_error) == 256, "part of the ABI");

struct status_words {
	vres_status status;
	const char *name;
	const char *text;
};

static const struct status_words statuses[] = {
	{VRES_OK, "VRES_OK", "success"},
	{VRES_E_INVALID_INPUT, "VRES_E_INVALID_INPUT", "an argument is not valid"},
	{VRES_E_ABI, "VRES_E_ABI",
         "a structure or table is of a version this library does not fit"},
	{VRES_E_STATE, "VRES_E_STATE", "the call does not fit the present state"},
	{VRES_E_NOT_SEALED, "VRES_E_NOT_SEALED", "the receipt carries no seal"},
	{VRES_E_UNSUPPORTED, "VRES_E_UNSUPPORTED",
         "this backend, device or policy does not support that"},
	{VRES_E_BUFFER, "VRES_E_BUFFER", "the buffer is too small"},
	{VRES_E_NOT_FOUND, "VRES_E_NOT_FOUND", "nothing of that name was found"},
	{VRES_E_CONFIG, "VRES_E_CONFIG", "the configuration is not valid"},
	{VRES_E_INSUFFICIENT_VRAM, "VRES_E_INSUFFICIENT_VRAM", "not enough VRAM is available"},
	{VRES_E_ALLOCATION_FAILED, "VRES_E_ALLOCATION_FAILED",
         "the driver refused to allocate VRAM"},
	{VRES_E_NO_MEMORY, "VRES_E_NO_MEMORY", "not enough host memory"},
	{VRES_E_BUSY, "VRES_E_BUSY", "busy, try again"},
	{VRES_E_CANCELLED, "VRES_E_CANCELLED", "cancelled by the caller"},
	{VRES_E_NO_BACKEND, "VRES_E_NO_BACKEND", "the GPU driver is missing or too old"},
	{VRES_E_NO_DEVICE, "VRES_E_NO_DEVICE", "no suitable GPU was found"},
	{VRES_E_DEVICE_LOST, "VRES_E_DEVICE_LOST", "the GPU no longer answers"},
	{VRES_E_BACKEND, "VRES_E_BACKEND", "the GPU driver reported a failure"},
	{VRES_E_DEALLOCATION_FAILED, "VRES_E_DEALLOCATION_FAILED",
         "VRAM could not be wiped or freed"},
	{VRES_E_IO, "VRES_E_IO", "reading or writing failed"},
	{VRES_E_SEAL_VERIFICATION_FAILED, "VRES_E_SEAL_VERIFICATION_FAILED",
         "seal verification failed"},
	{VRES_E_INTEGRITY_VIOLATION, "VRES_E_INTEGRITY_VIOLATION",
         "the bytes are not the expected ones"},
	{VRES_E_POLICY_VIOLATION, "VRES_E_POLICY_VIOLATION", "the VRAM-only policy is violated"},
	{VRES_E_AUDIT, "VRES_E_AUDIT", "the audit sink refused a record"},
	{VRES_E_INTERNAL, "VRES_E_INTERNAL", "a bug in this library"},
};

static const char *const reasons[] = {
	[VRES_REASON_NONE] = "none",
	[VRES_REASON_SIGNATURE] = "signature",
	[VRES_REASON_DIGEST] = "digest",
	[VRES_REASON_RESIDENCY] = "residency",
	[VRES_REASON_STALE_SESSION] = "stale_session",
	[VRES_REASON_EXPIRED] = "expired",
	[VRES_REASON_UNKNOWN_SHARD] = "unknown_shard",
	[VRES_REASON_DEVICE] = "device",
	[VRES_REASON_QUARANTINED] = "quarantined",
	[VRES_REASON_STOPPED] = "stopped",
	[VRES_REASON_FORKED] = "forked",
	[VRES_REASON_DEADLINE] = "deadline",
	[VRES_REASON_SUSPENDED] = "suspended",
	[VRES_REASON_SUPERSEDED] = "superseded",
};

/* The words of docs/FORMAT.md for the reasons whose name in the API is too short to stand alone. */
static const char *const event_reasons[] = {
	[VRES_REASON_SIGNATURE] = "signature_invalid",
	[VRES_REASON_DIGEST] = "digest_mismatch",
	[VRES_REASON_RESIDENCY] = "residency_lost",
};

static const struct status_words *words_of(vres_status s)
{
	for (size_t i = 0; i < COUNT_OF(statuses); i++)
		if (statuses[i].status == s)
			return &statuses[i];
	return NULL;
}

const char *vres_version(void)
{
	return VRES_VERSION;
}

uint32_t vres_version_number(void)
{
	return VRES_VERSION_NUMBER;
}

const char *vres_status_name(vres_status s)
{
	const struct status_words *words = words_of(s);

	return words ? words->name : "VRES_E_UNKNOWN";
}

const char *vres_status_text(vres_status s)
{
	const struct status_words *words = words_of(s);

	return words ? words->text : "a status this library does not know";
}

int vres_status_class(vres_status s)
{
	return words_of(s) ? (int)s / 100 : 9;
}

int vres_error_class(const vres_error *err)
{
	if (err == NULL || err->status == VRES_OK)
		return 0;
	switch (err->reason) {
	case VRES_REASON_EXPIRED: return 2;
	case VRES_REASON_QUARANTINED:
	case VRES_REASON_STOPPED:
	case VRES_REASON_SUSPENDED:
	case VRES_REASON_SUPERSEDED: return 5;
	default: return vres_status_class(err->status);
	}
}

const char *vres_reason_name(uint32_t reason)
{
	return reason < COUNT_OF(reasons) ? reasons[reason] : "unknown";
}

const char *vres_reason_word(uint32_t reason)
{
	return reason < COUNT_OF(event_reasons) && event_reasons[reason] ? event_reasons[reason]
	                                                                 : vres_reason_name(reason);
}

__attribute__((format(printf, 5, 0))) static void fill(vres_error *err, vres_status status,
                                                       vres_reason reason, uint32_t gpu_device,
                                                       const char *format, va_list args)
{
	if (err == NULL)
		return;
	memset(err, 0, sizeof(*err));
	err->status = status;
	err->reason = reason;
	err->gpu_device = gpu_device;
	if (vsnprintf(err->message, sizeof(err->message), format, args) < 0)
		err->message[0] = '\0';
}

vres_status vres_fail(vres_error *err, vres_status status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fill(err, status, VRES_REASON_NONE, VRES_NO_DEVICE, format, args);
	va_end(args);
	return status;
}

vres_status vres_fail_at(vres_error *err, vres_status status, vres_reason reason,
                         uint32_t gpu_device, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fill(err, status, reason, gpu_device, format, args);
	va_end(args);
	return status;
}

vres_status vres_check_given(const void *pointer, const char *what, vres_error *err)
{
	return pointer ? VRES_OK : vres_fail(err, VRES_E_INVALID_INPUT, "%.64s is NULL", what);
}

vres_status vres_fail_vram(vres_error *err, uint32_t gpu_device, uint64_t needed,
                           uint64_t available)
{
	(void)vres_fail_at(err, VRES_E_INSUFFICIENT_VRAM, VRES_REASON_NONE, gpu_device,
	                   "insufficient VRAM on device %" PRIu32 ": need %" PRIu64
	                   " bytes, have %" PRIu64 " bytes",
	                   gpu_device, needed, available);
	if (err) {
		err->needed_bytes = needed;
		err->available_bytes = available;
	}
	return VRES_E_INSUFFICIENT_VRAM;
}

vres_status vres_check_source(vres_status answer, uint64_t at, vres_error *err)
{
	if (answer == VRES_E_CANCELLED)
		return vres_fail(err, VRES_E_CANCELLED, "the source cancelled at byte %" PRIu64,
		                 at);
	if (answer != VRES_OK)
		return vres_fail(err, VRES_E_IO,
		                 "the source failed at byte %" PRIu64 " with status %d", at,
		                 (int)answer);
	return VRES_OK;
}

vres_status vres_fail_with(vres_error *err, const vres_error *detail)
{
	if (err && err != detail)
		*err = *detail;
	return detail->status;
}
