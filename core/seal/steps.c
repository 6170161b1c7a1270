/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The steps of a seal: judge the device, reserve, allocate, copy and digest in one pass, digest
 * what is in VRAM, compare, sign.
 *
 * Nothing is signed before the root computed from VRAM equals that of the bytes that were read, or,
 * for VERITY with an expected digest, gives that digest; the host then hashes nothing.  The level
 * of the tree that is kept is always the one computed from VRAM.
 */
#include "seal/steps.h"

#include <inttypes.h>

#include "events/events.h"
#include "device/capacity.h"
#include "events/log.h"
#include "manager/metrics.h"
#include "device/vram_digest.h"
#include "device/policy.h"
#include "seal/upload.h"
#include "base/damage.h"
#include "base/validate.h"

static vres_status refuse(const struct seal *seal, vres_error *err)
{
	return vres_fail_at(err, VRES_E_POLICY_VIOLATION, VRES_REASON_RESIDENCY,
	                    seal->record.gpu_device,
	                    "device %" PRIu32 " or its memory violates the VRAM-only policy: %s",
	                    seal->record.gpu_device, vres_policy_first_violation(&seal->report));
}

vres_status vres_seal_judge_device(struct seal *seal, vres_error *err)
{
	vres_manager *m = seal->manager;
	struct vres_record *r = &seal->record;
	struct vres_device *d;

	TRY(vres_manager_device(m, r->gpu_device, &d, err));
	vres_policy_judge_device(&m->policy, &d->props, m->driver.is_simulated, &seal->report);
	if (seal->report.violations)
		return refuse(seal, err);
	if (!vres_device_can(d, VRES_DEVICE_CAN_HASH) && !(m->policy.allow & VRES_ALLOW_READBACK))
		return vres_fail_at(err, VRES_E_UNSUPPORTED, VRES_REASON_DEVICE, d->index,
		                    "device %" PRIu32
		                    " cannot hash, and VRES_ALLOW_READBACK is not given",
		                    d->index);
	memcpy(r->device_uuid, d->props.uuid, sizeof(r->device_uuid));
	r->assurance = vres_policy_assurance(&d->props, m->driver.is_simulated);
	seal->device = d;
	return VRES_OK;
}

static void tell_allocation_failed(struct seal *seal, const vres_error *failure)
{
	vres_event e = vres_event_make(&seal->manager->listeners, VRES_EVENT_VRAM_ALLOCATION_FAILED,
	                               seal->record.gpu_device);
	const bool has_room = failure->status != VRES_E_INSUFFICIENT_VRAM;

	vres_log_capacity(&seal->manager->listeners, e.gpu_device, seal->record.vram_bytes,
	                  vres_ledger_read(&seal->device->ledger).used, failure->available_bytes);
	vres_count_no_memory(seal->manager, has_room);
	e.status = failure->status;
	e.requested_bytes = seal->record.vram_bytes;
	e.available_bytes = failure->available_bytes;
	e.detail = has_room ? "allocation_failed" : "insufficient_vram";
	/* The caller returns the failure itself. */
	(void)vres_event_emit(&seal->manager->listeners, &e, false, NULL);
}

static vres_status tell_allocated(struct seal *seal, const struct vres_mem *mem, vres_error *err)
{
	vres_event e = vres_event_make(&seal->manager->listeners, VRES_EVENT_VRAM_ALLOCATED,
	                               seal->record.gpu_device);
	struct vres_capacity now;
	vres_device_status status;

	if (seal->manager->listeners.audit.record == NULL && seal->manager->listeners.log == NULL)
		return VRES_OK;
	TRY(vres_capacity_look(seal->device, seal->manager->policy.headroom_bytes, &now, &status,
	                       err));
	vres_log_capacity(&seal->manager->listeners, e.gpu_device, mem->bytes, now.used,
	                  now.available);
	e.requested_bytes = mem->bytes;
	e.allocated_bytes = mem->capacity;
	e.available_bytes = now.available;
	e.used_bytes = now.used + now.reserved - seal->device->props.scratch_bytes;
	return vres_event_emit(&seal->manager->listeners, &e, false, err);
}

static vres_status allocate(struct seal *seal, struct vres_contents *c, vres_error *err)
{
	struct vres_device *d = seal->device;
	const uint64_t bytes = seal->record.vram_bytes, padded = vres_capacity_padded(d, bytes);
	vres_error detail = {0};
	vres_status status;

	if (seal->source == NULL)
		return vres_mem_adopt(d, seal->device_ptr, bytes, &c->memory.mem, err);
	status = vres_capacity_reserve(d, padded, seal->manager->policy.headroom_bytes, &detail);
	if (status == VRES_OK) {
		status = vres_mem_alloc(d, bytes, &c->memory.mem, &detail);
		vres_ledger_allocated(&d->ledger, padded,
		                      status == VRES_OK ? c->memory.mem.capacity : 0);
	}
	if (status == VRES_OK)
		return tell_allocated(seal, &c->memory.mem, err);
	tell_allocation_failed(seal, &detail);
	return vres_fail_with(err, &detail);
}

static vres_status judge_memory(struct seal *seal, struct vres_contents *c, vres_error *err)
{
	vres_manager *m = seal->manager;
	const uint32_t of_device = seal->record.assurance;

	TRY(vres_mem_residency(&c->memory.mem, &c->memory.residency, err));
	seal->report = vres_policy_report_init();
	vres_policy_judge_memory(&m->policy, &c->memory.residency, seal->record.gpu_device,
	                         &seal->report);
	if (c->memory.mem
	            .is_adopted) /* its owner may have allocated it in a way that assures less */
		seal->record.assurance =
			vres_policy_adopted_assurance(of_device, &c->memory.residency);
	if (seal->record.assurance != of_device && (m->policy.require & VRES_REQUIRE_VMM))
		vres_policy_add(&seal->report, "vmm", "no", VRES_FACT_VIOLATION,
		                VRES_VIOLATION_NEVER);
	return seal->report.violations ? refuse(seal, err) : VRES_OK;
}

/* Make the mapping read-only; the driver must report that it is. */
static vres_status protect(struct seal *seal, struct vres_contents *c, vres_error *err)
{
	TRY(vres_mem_protect(&c->memory.mem, true, err));
	TRY(judge_memory(seal, c, err));
	if (c->memory.residency.facts & VRES_MEM_READ_ONLY)
		return VRES_OK;
	vres_policy_add(&seal->report, "read_only", "no", VRES_FACT_VIOLATION,
	                VRES_VIOLATION_NEVER);
	return refuse(seal, err);
}

/* Not where the device's digest is compared with the expected one, nor for adopted memory. */
static bool host_builds_tree(const struct seal *seal)
{
	return seal->source &&
	       !(seal->record.digest_alg == VRES_DIGEST_VERITY && seal->has_expected);
}

/*
 * May the device hash each piece as it arrives?  Not under a read-only policy: there the signed
 * bytes are hashed after the mapping was made read-only.
 */
static bool device_hashes_arrivals(const struct seal *seal, const struct vres_contents *c)
{
	return seal->source && vres_device_can(seal->device, VRES_DEVICE_CAN_HASH) &&
	       !(seal->manager->policy.require & VRES_REQUIRE_READONLY) &&
	       vres_upload_can_hash(c->shape, c->kept_level);
}

static vres_status upload(struct seal *seal, struct vres_contents *c,
                          uint8_t root[VRES_SHA256_BYTES], vres_error *err)
{
	CLEANUP(tree_close) struct tree_builder tree = {0};
	CLEANUP(vres_sha256_close) struct sha256 flat = {0};
	const bool wants_flat = seal->record.digest_alg == VRES_DIGEST_SHA256,
		   wants_tree = host_builds_tree(seal);
	const struct upload u = {
		.source = seal->source,
		.destination = &c->memory.mem,
		.flat = wants_flat ? &flat : NULL,
		.tree = wants_tree ? &tree : NULL,
		.threads = seal->manager->threads,
		.shape = c->shape,
		.level = c->kept_level,
		.arrived = device_hashes_arrivals(seal, c) ? c->kept : NULL,
		.progress = seal->progress,
		.progress_ctx = seal->progress_ctx,
		.deadline = seal->manager->policy.deadline,
		.lane_flags = vres_policy_lane_flags(&seal->manager->policy),
	};

	TRY(tree_open(&tree, c->shape->block_size, err));
	TRY(vres_sha256_open(&flat, err));
	TRY(vres_upload(&u, err));
	if (wants_flat)
		TRY(vres_sha256_end(&flat, seal->record.digest, err));
	return wants_tree ? tree_finish(&tree, 0, root, err) : VRES_OK;
}

void vres_seal_note(struct seal *seal, uint32_t tensor, uint64_t bytes)
{
	vres_damage range = vres_damage_init();

	range.bytes = bytes;
	range.tensor = tensor;
	vres_damage_put(seal->damage, seal->damage_cap, seal->damaged++, &range);
	if (seal->damage_count)
		*seal->damage_count = seal->damaged;
}

vres_status vres_seal_mismatch(struct seal *seal, const uint8_t *wanted, const uint8_t *found,
                               const char *what, vres_error *err)
{
	vres_hex(wanted, seal->wanted);
	vres_hex(found, seal->found);
	return vres_fail_at(err, VRES_E_INTEGRITY_VIOLATION, VRES_REASON_DIGEST,
	                    seal->record.gpu_device, "%s", what);
}

static vres_status open_vram(const struct seal *seal, const struct vres_contents *c,
                             struct vram_digest *vram, vres_error *err)
{
	const vres_policy *policy = &seal->manager->policy;

	return vres_vram_digest_open(vram, &c->memory.mem, c->shape,
	                             !vres_device_can(seal->device, VRES_DEVICE_CAN_HASH),
	                             vres_policy_lane_flags(policy), seal->manager->threads,
	                             policy->deadline, err);
}

/*
 * The kept level of the tree, from what is in VRAM.  Where no root is expected, a driver that
 * leaves out work would have its wrong digests signed, so they have to come out twice.
 */
static vres_status digest_vram(struct seal *seal, struct vres_contents *c, vres_error *err)
{
	CLEANUP(vres_vram_digest_close) struct vram_digest vram = {0};

	TRY(open_vram(seal, c, &vram, err));
	vram.is_twofold = seal->source == NULL && !seal->has_expected;
	return vres_vram_digest_level(&vram, c->kept_level, c->kept, err);
}

/* The root is not the wanted one: does the kept level come out once more as it is? */
static vres_status confirm(struct seal *seal, struct vres_contents *c, vres_error *err)
{
	const size_t bytes = (size_t)c->shape->count[c->kept_level] * VRES_SHA256_BYTES;
	CLEANUP(vres_vram_digest_close) struct vram_digest vram = {0};
	CLEANUP(vres_os_freep) uint8_t *again = vres_os_alloc(bytes);

	if (again == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY,
		                 "no memory for the kept level of the digest tree");
	TRY(open_vram(seal, c, &vram, err));
	TRY(vres_vram_digest_level(&vram, c->kept_level, again, err));
	return vres_vram_digest_agree(&vram, c->kept, again, bytes, err);
}

static vres_status compare(struct seal *seal, struct vres_contents *c,
                           const uint8_t read[VRES_SHA256_BYTES],
                           const uint8_t resident[VRES_SHA256_BYTES], vres_error *err)
{
	const bool by_device_alone = !host_builds_tree(seal);
	struct vres_record *r = &seal->record;
	bool is_read, is_expected;
	uint8_t verity[VRES_SHA256_BYTES], verity_read[VRES_SHA256_BYTES];

	TRY(tree_digest(r->vram_bytes, r->block_size, resident, verity, err));
	TRY(tree_digest(r->vram_bytes, r->block_size, read, verity_read, err));
	memcpy(r->verity_root, resident, VRES_SHA256_BYTES);
	if (r->digest_alg == VRES_DIGEST_VERITY)
		memcpy(r->digest, verity, VRES_SHA256_BYTES);
	is_read = by_device_alone || vres_crypto_equal(read, resident, VRES_SHA256_BYTES);
	is_expected = !seal->has_expected ||
	              vres_crypto_equal(seal->expected, r->digest, VRES_SHA256_BYTES);
	if (!is_read || (!is_expected && by_device_alone))
		TRY(confirm(seal, c, err));
	if (!is_read || !is_expected)
		vres_seal_note(seal, NO_TENSOR, r->vram_bytes);
	if (!is_read)
		return vres_seal_mismatch(seal, verity_read, verity,
		                          "what is in VRAM is not what was read", err);
	if (!is_expected)
		return vres_seal_mismatch(seal, seal->expected, r->digest,
		                          "the bytes do not have the expected digest", err);
	return VRES_OK;
}

vres_status vres_seal_sign(struct seal *seal, struct vres_contents *c, uint64_t began,
                           vres_error *err)
{
	seal->record.sealed_at = vres_os_wall();
	c->record = seal->record;
	c->sealed_monotonic = vres_os_monotonic();
	atomic_store(&c->verified_at, c->record.sealed_at);
	TRY(vres_record_sign(&c->record, seal->manager->keys, c->mac, err));
	for (uint32_t i = 0; i <= vres_policy_strength(VRES_VERIFY_FULL); i++)
		atomic_store(&c->fresh[i], began);
	return VRES_OK;
}

vres_status vres_seal_fill(struct seal *seal, struct vres_shard *s, vres_error *err)
{
	struct vres_contents *c = s->contents;
	uint8_t read[VRES_SHA256_BYTES] = {0}, resident[VRES_SHA256_BYTES] = {0};
	uint64_t kept_bytes = c->shape->count[c->kept_level], began;

	TRY(vres_seal_judge_device(seal, err));
	s->device = seal->device;
	TRY(allocate(seal, c, err));
	TRY(judge_memory(seal, c, err));
	/*
	 * Host memory is allocated after VRAM, so an oversized shard fails with
	 * INSUFFICIENT_VRAM, not NO_MEMORY.
	 */
	if (ckd_mul_u64(&kept_bytes, kept_bytes, VRES_SHA256_BYTES) ||
	    (c->kept = vres_os_alloc(kept_bytes)) == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY,
		                 "no memory for the kept level of the digest tree");
	began = vres_os_monotonic();
	if (seal->source)
		TRY(upload(seal, c, read, err));
	if (seal->manager->policy.require & VRES_REQUIRE_READONLY)
		TRY(protect(seal, c, err));
	if (!device_hashes_arrivals(seal, c)) {
		began = vres_os_monotonic();
		TRY(digest_vram(seal, c, err));
	}
	TRY(tree_root_of(c->shape, c->kept_level, c->kept, resident, err));
	TRY(compare(seal, c, read, resident, err));
	return vres_seal_sign(seal, c, began, err);
}
