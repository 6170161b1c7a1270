/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Outcomes: the status that a call returns, the reason behind it, and the details of an error.
 *
 * The status tells the caller what to do next, by its hundreds digit (vres_status_class()).  The
 * reason tells which check failed.  A function with a parameter @err fills it, if it is not NULL,
 * when the function fails.  The details belong to the caller and may be copied, kept and sent: they
 * contain no pointer, no address, no key and no content.
 *
 * No function of this library may be called from a signal handler.
 */
#ifndef VRES_STATUS_H
#define VRES_STATUS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define VRES_API        __attribute__((visibility("default")))
#define VRES_MUST_CHECK __attribute__((warn_unused_result))
#else
#define VRES_API
#define VRES_MUST_CHECK
#endif

/*
 * Defines vres_X_init() for a public structure vres_X: it returns a value that is all zero, each
 * byte of it, except for struct_size.  It will stay so: a caller in another language may as well
 * make zeros and set struct_size.  Zero in a field means the default of that field.
 */
#define VRES_DEFINE_INIT(type)                                                                     \
	static inline type type##_init(void)                                                       \
	{                                                                                          \
		type v;                                                                            \
                                                                                                   \
		memset(&v, 0, sizeof(v));                                                          \
		v.struct_size = sizeof(v);                                                         \
		return v;                                                                          \
	}

/** Only VRES_OK is success.  Values are part of the ABI and never change. */
typedef enum vres_status {
	VRES_OK = 0,

	/* 1xx: fix the call */
	VRES_E_INVALID_INPUT = 100, /* an argument is wrong; the message says which and where */
	VRES_E_ABI = 101,           /* a struct_size or ABI number that this library cannot use */
	VRES_E_STATE = 102,         /* not possible now: id in use, forked process */
	VRES_E_NOT_SEALED = 103,    /* a receipt without its MAC */
	VRES_E_UNSUPPORTED = 104,   /* this backend, device or policy does not permit it */
	VRES_E_BUFFER = 105,        /* the caller's buffer is too small; *len is the size needed */
	VRES_E_NOT_FOUND = 106,     /* no live shard, file or credential has that name */
	VRES_E_CONFIG = 107,        /* the configuration contradicts itself or is out of range */

	/* 2xx: retry or wait */
	VRES_E_INSUFFICIENT_VRAM = 200, /* needed_bytes and available_bytes are filled */
	/* The driver refused although there seemed to be room. */
	VRES_E_ALLOCATION_FAILED = 201,
	VRES_E_NO_MEMORY = 202, /* host memory */
	VRES_E_BUSY = 203,
	VRES_E_CANCELLED = 204, /* a progress callback or a source asked to stop */

	/* 3xx: look at the machine */
	VRES_E_NO_BACKEND = 300,
	VRES_E_NO_DEVICE = 301,
	VRES_E_DEVICE_LOST = 302, /* for good: the device no longer answers */
	VRES_E_BACKEND = 303,     /* the driver failed; backend_code has its number */
	VRES_E_DEALLOCATION_FAILED = 304,
	VRES_E_IO = 305, /* reading or writing a file, pipe or source */

	/* 4xx: security, fatal */
	VRES_E_SEAL_VERIFICATION_FAILED = 400,
	VRES_E_INTEGRITY_VIOLATION = 401,
	VRES_E_POLICY_VIOLATION = 402,
	VRES_E_AUDIT = 403,

	/* 9xx: our own bug */
	VRES_E_INTERNAL = 900
} vres_status;

/** Which check caused a status. */
typedef enum vres_reason {
	VRES_REASON_NONE = 0,
	VRES_REASON_SIGNATURE = 1, /* the HMAC does not match */
	VRES_REASON_DIGEST = 2,    /* the bytes do not match */
	/* The driver no longer says that the bytes are in VRAM, or describes other memory. */
	VRES_REASON_RESIDENCY = 3,
	VRES_REASON_STALE_SESSION = 4, /* the receipt comes from another manager */
	VRES_REASON_EXPIRED = 5,       /* older than max_seal_age */
	VRES_REASON_UNKNOWN_SHARD = 6, /* correctly signed, but no live shard matches */
	VRES_REASON_DEVICE = 7,        /* the device or its driver */
	VRES_REASON_QUARANTINED = 8,   /* failed earlier and stays refused */
	VRES_REASON_STOPPED = 9,       /* the manager stopped after a violation */
	/* Called in a child of the process that created the object. */
	VRES_REASON_FORKED = 10,
	VRES_REASON_DEADLINE = 11,  /* a device operation did not complete in time */
	VRES_REASON_SUSPENDED = 12, /* its memory is its owner's to change for now */
	VRES_REASON_SUPERSEDED = 13 /* signed, and sealed anew since */
} vres_reason;

/** Not about a device (vres_error.gpu_device, vres_event.gpu_device). */
#define VRES_NO_DEVICE UINT32_MAX

/**
 * struct vres_error - what went wrong, in words and numbers
 * @status:          the status that the call returned
 * @backend_code:    the error number of the driver, or 0
 * @gpu_device:      number of the device concerned, or VRES_NO_DEVICE
 * @reason:          a vres_reason
 * @needed_bytes:    with VRES_E_INSUFFICIENT_VRAM; else 0
 * @available_bytes: with VRES_E_INSUFFICIENT_VRAM; else 0
 * @message:         one line for people, NUL-terminated, at most 223 bytes
 *
 * A call that fails writes all of it, a call that succeeds does not touch it.  To read it in both
 * cases, start with {0}, in C++ {}.
 */
typedef struct vres_error {
	vres_status status;
	int32_t backend_code;
	uint32_t gpu_device;
	uint32_t reason;
	uint64_t needed_bytes;
	uint64_t available_bytes;
	char message[224];
} vres_error;

/** The version of these headers: MAJOR * 1000000 + MINOR * 1000 + PATCH. */
#define VRES_VERSION_NUMBER 1000

/**
 * vres_version() - the version of the library that is loaded
 *
 * Return: "MAJOR.MINOR.PATCH", static.
 */
VRES_API const char *vres_version(void);

/**
 * vres_version_number() - the version of the library that is loaded, to be compared
 *
 * Return: VRES_VERSION_NUMBER of the headers that it was built with.
 */
VRES_API uint32_t vres_version_number(void);

/**
 * vres_status_name() - the name of a status, as spelled in this header
 * @s: any value
 *
 * Return: "VRES_E_INSUFFICIENT_VRAM" and so on, static; "VRES_E_UNKNOWN" for a value that this
 *         library does not know.
 */
VRES_API const char *vres_status_name(vres_status s);

/**
 * vres_status_text() - the meaning of a status, as a sentence for people
 * @s: any value
 *
 * Return: static text, never NULL.
 */
VRES_API const char *vres_status_text(vres_status s);

/**
 * vres_status_class() - what the caller should do next
 * @s: any value
 *
 * Return: 0 success, 1 fix the call, 2 retry or wait, 3 look at the machine, 4 security incident, 9
 *         bug in this library, or an unknown value.
 */
VRES_API int vres_status_class(vres_status s);

/**
 * vres_error_class() - what the caller should do next about an error
 * @err: as a failed call left it, or zeros; NULL: no error
 *
 * The reason says more than the status: a seal that is too old is renewed, not an incident; and
 * what only follows from something that was told before is not another incident.
 *
 * Return: 5 a consequence: reasons QUARANTINED, STOPPED, SUSPENDED, SUPERSEDED; 2 for reason
 *         EXPIRED; else vres_status_class() of the status.
 */
VRES_API int vres_error_class(const vres_error *err);

/**
 * vres_reason_name() - the name of a reason, in lower case
 * @reason: any value
 *
 * Return: "none", "signature", "digest", ... static; "unknown" for a value that this library does
 *         not know.
 */
VRES_API const char *vres_reason_name(uint32_t reason);

#ifdef __cplusplus
}
#endif

#endif
