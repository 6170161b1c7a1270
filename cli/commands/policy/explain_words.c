/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The words themselves; the bits are those of vres.h, the facts those of vres_enforce_vram_only().
 */
#include "commands/policy/explain_words.h"

#include "ui/base.h"

const struct explanation explanations[] = {
	{TERM_ALLOW, "simulated",
         "a backend without VRAM behind it, or a driver library from a given path",
         "for trials and tests only; --backend mock adds it"},
	{TERM_ALLOW, "integrated", "a GPU whose memory is the host's: there is no VRAM to stay in",
         "only where the threat is an accident in software, not who reads host memory"},
	{TERM_ALLOW, "no-ecc", "memory without error correction, or of which that is not known",
         "for cards without ECC; verify more often, since bits flip unseen"},
	{TERM_ALLOW, "exportable", "memory that another process or device could be given access to",
         "when the driver cannot allocate in an unexportable way, or a peer device must read"},
	{TERM_ALLOW, "readback",
         "weights travel back to host memory, through the staging buffers, to be checked",
         "when the device cannot hash, or for the strongest check of the flat digest"},
	{TERM_ALLOW, "unverifiable-host", "a host that may move device memory unseen (WSL, WDDM)",
         "for development on such a host"},
	{TERM_ALLOW, "weak-lease", "leases on less than a full verification",
         "when a full one before each use takes too long; sample often"},
	{TERM_ALLOW, "pinned-staging", "page-locked staging buffers",
         "for faster loading; they are wiped either way"},
	{TERM_REQUIRE, "vmm", "memory with an explicit location that cannot migrate",
         "where the driver supports it, which is best"},
	{TERM_REQUIRE, "readonly",
         "sealed memory is mapped read-only: a stray write ends the context it happens in",
         "when the engine does not write there, and a stopped engine is better than a wrong "
         "answer"},
	{TERM_REQUIRE, "ecc", "ECC known to be on", "on servers; contradicts --allow no-ecc"},
	{TERM_REQUIRE, "audit", "an audit log must be given",
         "where every seal and verification must leave a record"},
	{TERM_REQUIRE, "stop", "any failed verification ends the session",
         "where one damaged shard makes the whole host suspect"},
	{TERM_FACT, "simulated", "is there no VRAM behind this backend?",
         "use a real backend; for a trial, --backend mock or --allow simulated"},
	{TERM_FACT, "integrated", "does the GPU use the host's memory?",
         "use a discrete GPU, or --allow integrated"},
	{TERM_FACT, "unverifiable_host", "may the host move device memory unseen?",
         "run on Linux on the machine itself, or --allow unverifiable-host"},
	{TERM_FACT, "ecc", "does the device's memory correct errors?",
         "turn ECC on (NVIDIA: nvidia-smi --ecc-config=1, then reboot), or --allow no-ecc"},
	{TERM_FACT, "vmm", "are allocations made with an explicit location?",
         "update the driver; without --require vmm this is a note"},
	{TERM_FACT, "read_only_mapping",
         "can sealed memory be mapped read-only, and is that enforced?",
         "update the driver; without --require readonly this is a note"},
	{TERM_FACT, "device_hash", "can the device hash its own memory?",
         "update the driver, so that it takes the kernel; else --allow readback, and verification "
         "goes over the host"},
	{TERM_FACT, "device_memory", "is all of the sealed memory on the device it was sealed on?",
         "nothing permits this: find out who moved it, and seal again"},
	{TERM_FACT, "managed_memory", "may some of it migrate to the host?",
         "nothing permits this: turn off the engine's unified-memory switch (vres doctor names "
         "those it knows)"},
	{TERM_FACT, "host_mapped", "is some of it host memory, or mapped for the host?",
         "nothing permits this: let the engine allocate plain device memory"},
	{TERM_FACT, "exportable", "could another process be given access to it?",
         "use a driver that can allocate in an unexportable way, or --allow exportable"},
	{TERM_FACT, "peer_access", "has another device access to it?",
         "do not enable peer access, or --allow exportable"},
	{TERM_FACT, "pool_memory", "does it come from a pool that reuses freed memory?",
         "this is a note: the engine must not free what is sealed"},
	{TERM_FACT, "same_allocation", "is it still the allocation that was sealed?",
         "nothing permits this: seal again"},
	{TERM_FACT, "same_protection", "is a read-only mapping still read-only?",
         "nothing permits this: find out who opened it, and seal again"},
	{TERM_FACT, "read_only", "does the driver say itself that the mapping is read-only?",
         "update the driver, or do without --require readonly"},
	{TERM_FACT, "resident_shards", "how many shards of the device are as they were sealed?",
         "nothing permits fewer than all: see docs/OPERATIONS.md, \"Incidents\""},
};

const size_t explanations_count = COUNT_OF(explanations);
