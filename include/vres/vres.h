/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vram-residency: are the weights in this GPU still there, and still the bytes that were loaded?
 *
 * This header includes what an application needs, in the order in which it is best read.  Beside it
 * stand vres/audit_file.h (an audit log as a file), vres/audit_check.h (a checker of such logs) and
 * vres/backend.h (for those who write a backend; an application does not need it).
 *
 * Rules that hold everywhere
 *
 * Lifetime.  An object keeps alive what it was made from, so objects may be destroyed in any order.
 * Destroying NULL does nothing.  Destroying cannot fail.
 *
 * References.  vres_manager_find(), vres_receipt_open() and vres_seal_x() each return a reference
 * to a shard, which vres_shard_release() gives back.  The VRAM is freed when the last reference and
 * the last lease have been given back.
 *
 * Threads.  Any function may be called from any thread with any object, also at the same time,
 * unless its description says otherwise.  Giving the same reference back twice is an error.
 *
 * Callbacks.  They run on the thread that made the call, with no lock held.  They may call the
 * library.  They may also give back what the call in progress was given; it is then freed when that
 * call ends.
 *
 * Structures.  Start from vres_X_init().  Zero in a field means the default of that field; the
 * default policy is the strictest one.
 *
 * Outputs.  They are written only when the call succeeds.  There are two exceptions: the reports of
 * verifications, of the scrub and of vres_enforce_vram_only() are filled on failure too, and
 * VRES_E_BUFFER sets *len.
 *
 * Errors.  The last parameter, @err, receives the reason when a call fails and may be NULL
 * (vres/status.h).  Functions that have it may return the following errors, which their
 * descriptions do not repeat: VRES_E_INVALID_INPUT for NULL where an object is required; VRES_E_ABI
 * for a struct_size that is too small, or a larger one with non-zero fields that this library does
 * not know; VRES_E_NO_MEMORY; VRES_E_STATE with reason FORKED; and, when a manager or shard is
 * involved, VRES_E_POLICY_VIOLATION with reason STOPPED after a violation that stopped the manager.
 *
 * Input.  Refused input has no effect and causes no event.  The message names the kind of mistake
 * and its position and never repeats the input.
 *
 * Units.  Sizes are bytes.  Times are nanoseconds; wall-clock times count from 1970-01-01 UTC. When
 * the clock of the host is set to a time before 1970 or after 2554, the nearest time that fits is
 * given, and events and log lines say so.  Devices are numbered by the backend, from 0.
 *
 * Fork.  In a child process every call on an object of the parent returns VRES_E_STATE with reason
 * FORKED, with two exceptions: destroying an object frees its host memory and nothing else, and
 * digesters keep working.
 *
 * Cancellation.  pthread_cancel() never ends a thread inside a call.  It takes effect at the next
 * cancellation point of the thread.  The begin of every call that may block is one, except for
 * releasing and destroying.  Callbacks run with cancellation disabled.  A callback must return: it
 * must not end its thread, use longjmp() or throw.
 *
 * Signals.  No function may be called from a signal handler.
 *
 * Standards.  SHA-256 is FIPS 180-4; HMAC is FIPS 198-1 and RFC 2104; HKDF is RFC 5869.  The digest
 * tree is that of Linux fs-verity (fsverity.rst, "Merkle tree" and "fs-verity descriptor").
 */
#ifndef VRES_VRES_H
#define VRES_VRES_H

#include <vres/status.h>
#include <vres/key.h>
#include <vres/policy.h>
#include <vres/event.h>
#include <vres/manager.h>
#include <vres/device.h>
#include <vres/digest.h>
#include <vres/damage.h>
#include <vres/seal.h>
#include <vres/tensors.h>
#include <vres/shard.h>
#include <vres/verify.h>
#include <vres/suspend.h>
#include <vres/repair.h>
#include <vres/scrub.h>
#include <vres/lease.h>
#include <vres/receipt.h>
#include <vres/metrics.h>
#include <vres/validate.h>

#endif
