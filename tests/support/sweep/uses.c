/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Each use of the library.  A use makes the manager if there is none, and leaves nothing but the
 * manager.
 */
#include "support/sweep/uses.h"

#include <unistd.h>

#define TRY(call)                                                                                  \
	do {                                                                                       \
		const vres_status try_status = (call);                                             \
		if (try_status != VRES_OK)                                                         \
			return try_status;                                                         \
	} while (0)

/*
 * A tree of two levels, small, since it is sealed thousands of times: blocks of 1 KiB, groups of 32
 * KiB.
 */
#define BYTES (33 * 1024 + 5)

/* The manager, made with the first run. */
static vres_status manager(struct fixture *f, vres_error *err)
{
	return f->manager != NULL ? VRES_OK : manager_create(f, NULL, &f->manager, err);
}

static void note_report(struct fixture *f, const vres_verify_report *r)
{
	sweep_note(f, "verified %d mode %u blocks %lu/%lu hashed %lu bad %lu;", (int)r->status,
	           r->mode, (unsigned long)r->blocks_checked, (unsigned long)r->blocks_total,
	           (unsigned long)r->bytes_hashed, (unsigned long)r->bad_blocks);
}

static vres_status verify(struct fixture *f, vres_shard *shard, const vres_verify_params *p,
                          vres_error *err)
{
	vres_verify_report report = vres_verify_report_init();

	TRY(vres_shard_verify(shard, p, &report, err));
	note_report(f, &report);
	return VRES_OK;
}

static vres_status note_shard(struct fixture *f, const vres_shard *shard, vres_error *err)
{
	vres_shard_info info = vres_shard_info_init();

	TRY(vres_shard_describe(shard, &info, err));
	sweep_note(f, "shard of %lu %s %s state %u;", (unsigned long)info.vram_bytes, info.digest,
	           info.verity_digest, info.state);
	return VRES_OK;
}

/* Exactly @n shards were sealed, and as many were released. */
static void ck_told(struct fixture *f, size_t n)
{
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_SEALED), n);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_DEALLOCATED), n);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_DEALLOCATION_FAILED), 0);
}

static void check_one(struct fixture *f)
{
	ck_told(f, 1);
}

static vres_status run_life(struct fixture *f, vres_error *err)
{
	CLEANUP(release_shard) vres_shard *shard = NULL;
	CLEANUP(release_lease) vres_lease *lease = NULL;
	CLEANUP(free_bytes) uint8_t *data = content(BYTES, 1);

	TRY(manager(f, err));
	TRY(vres_seal_memory(f->manager, PLAIN, data, BYTES, &shard, err));
	TRY(verify(f, shard, NULL, err));
	TRY(vres_lease_acquire(shard, &lease, err));
	sweep_note(f, "lease of %lu;", (unsigned long)vres_lease_bytes(lease));
	TRY(note_shard(f, shard, err));
	return vres_lease_check(lease, err);
}

static vres_status run_many(struct fixture *f, vres_error *err)
{
	CLEANUP(release_shard) vres_shard *one = NULL;
	CLEANUP(release_shard) vres_shard *two = NULL;
	CLEANUP(free_bytes) uint8_t *data = content(BYTES, 1);
	vres_verify_report reports[2] = {vres_verify_report_init(), vres_verify_report_init()};

	TRY(manager(f, err));
	TRY(vres_seal_memory(f->manager, PLAIN, data, BYTES, &one, err));
	TRY(vres_seal_memory(f->manager, PLAIN, data, BYTES, &two, err));
	TRY(vres_verify_many(f->manager, (vres_shard *[]){one, two}, 2, NULL, reports, err));
	note_report(f, &reports[0]);
	note_report(f, &reports[1]);
	return VRES_OK;
}

static vres_status run_modes(struct fixture *f, vres_error *err)
{
	CLEANUP(release_shard) vres_shard *shard = NULL;
	CLEANUP(free_bytes) uint8_t *data = content(BYTES, 1);

	TRY(manager(f, err));
	TRY(vres_seal_memory(f->manager, PLAIN, data, BYTES, &shard, err));
	for (uint32_t mode = VRES_VERIFY_FULL; mode <= VRES_VERIFY_READBACK; mode++) {
		const vres_verify_params p = mode_of(mode);

		TRY(verify(f, shard, &p, err));
	}
	return VRES_OK;
}

/* In the background: slice by slice, and part by part. */
static vres_status run_scrub(struct fixture *f, vres_error *err)
{
	CLEANUP(release_shard) vres_shard *shard = NULL;
	CLEANUP(free_bytes) uint8_t *data = content(BYTES, 1);
	vres_verify_params p = vres_verify_params_init();
	vres_scrub_report report = vres_scrub_report_init();

	p.background = 1;
	TRY(manager(f, err));
	TRY(vres_seal_memory(f->manager, PLAIN, data, BYTES, &shard, err));
	TRY(verify(f, shard, &p, err));
	TRY(vres_scrub_step(f->manager, UINT64_C(600000000000), &report, err));
	sweep_note(f, "scrubbed %lu of %lu, %u shards, %u failed;",
	           (unsigned long)report.bytes_hashed, (unsigned long)report.bytes_total,
	           report.shards, report.failed);
	return VRES_OK;
}

static vres_status run_adopt(struct fixture *f, vres_error *err)
{
	CLEANUP(free_bytes) uint8_t *data = content(BYTES, 1);
	vres_seal_params p = vres_seal_params_init();
	CLEANUP(release_shard) vres_shard *shard = NULL;
	uint64_t address = 0;
	vres_status status;

	p.digest_alg = VRES_DIGEST_VERITY;
	TRY(manager(f, err));
	status = test_device_alloc(f->test_device, 0, BYTES, data, &address);
	/* The mock's own memory; it has no error detail to fill. */
	if (status == VRES_E_NO_MEMORY) {
		memset(err, 0, sizeof(*err));
		err->status = status;
		err->gpu_device = VRES_NO_DEVICE;
		memcpy(err->message, "the mock", 9);
	}
	TRY(status);
	status = vres_seal_adopt(f->manager, &p, address, BYTES, &shard, err);
	if (status == VRES_OK)
		status = verify(f, shard, NULL, err);
	release_shard(&shard);
	test_device_free(f->test_device, address);
	return status;
}

static void check_adopted(struct fixture *f)
{
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_SEALED), 1);
	ck_assert_uint_eq(test_device_calls(f->test_device, VRES_MOCK_OP_MEM_WIPE), 0);
}

static vres_status run_set(struct fixture *f, vres_error *err)
{
	CLEANUP(release_shard) vres_shard *one = NULL;
	CLEANUP(release_shard) vres_shard *two = NULL;
	vres_set_report report = vres_set_report_init();
	vres_seal_params p = vres_seal_params_init();

	TRY(manager(f, err));
	p.total_shards = 2;
	TRY(vres_seal_memory(f->manager, &p, "one", 3, &one, err));
	p.shard_index = p.gpu_device = 1;
	TRY(vres_seal_memory(f->manager, &p, "two", 3, &two, err));
	TRY(vres_set_verify(f->manager, (vres_shard *[]){one, two}, 2, NULL, &report, err));
	sweep_note(f, "set: %u verified, %u failed, %d;", report.verified, report.failed,
	           report.first_failed);
	return VRES_OK;
}

static void check_two(struct fixture *f)
{
	ck_told(f, 2);
}

static vres_status run_receipt(struct fixture *f, vres_error *err)
{
	CLEANUP(release_shard) vres_shard *shard = NULL;
	CLEANUP(release_shard) vres_shard *opened = NULL;
	CLEANUP(release_shard) vres_shard *found = NULL;
	vres_shard_info info = vres_shard_info_init();
	vres_seal_params p = vres_seal_params_init();
	uint8_t receipt[4096];
	char json[4096];
	size_t len = 0;

	p.shard_id = "with-receipt";
	p.model_ref = "model";
	TRY(manager(f, err));
	TRY(vres_seal_memory(f->manager, &p, "abc", 3, &shard, err));
	TRY(vres_shard_receipt(shard, receipt, sizeof(receipt), &len, err));
	TRY(vres_receipt_check(receipt, len, f->key, &info, err));
	TRY(vres_receipt_open(f->manager, receipt, len, &opened, err));
	TRY(vres_manager_find(f->manager, "with-receipt", &found, err));
	TRY(vres_shard_to_json(shard, json, sizeof(json), &len, err));
	sweep_note(f, "JSON of %lu, receipt of %lu;", (unsigned long)strlen(json),
	           (unsigned long)info.vram_bytes);
	return note_shard(f, opened, err);
}

static vres_status run_digest(struct fixture *f, vres_error *err)
{
	CLEANUP(release_shard) vres_shard *shard = NULL;
	CLEANUP(free_bytes) uint8_t *data = content(BYTES, 1);
	vres_seal_params p = vres_seal_params_init();
	char hex[65];

	verity_hex(data, BYTES, 1024, hex);
	p.digest_alg = VRES_DIGEST_VERITY;
	p.expected_digest = hex;
	TRY(manager(f, err));
	TRY(vres_seal_memory(f->manager, &p, data, BYTES, &shard, err));
	return note_shard(f, shard, err);
}

static vres_status run_enforce(struct fixture *f, vres_error *err)
{
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_device_info info = vres_device_info_init();
	vres_policy_report report = vres_policy_report_init();
	uint32_t n;

	TRY(manager(f, err));
	TRY(vres_device_count(f->manager, &n, err));
	TRY(vres_device_describe(f->manager, 0, &info, err));
	TRY(vres_seal_memory(f->manager, PLAIN, "abc", 3, &shard, err));
	TRY(vres_enforce_vram_only(f->manager, 0, &report, err));
	for (uint32_t i = 0; i < report.facts_count; i++)
		sweep_note(f, "%s=%s %u;", report.facts[i].name, report.facts[i].value,
		           report.facts[i].verdict);
	return VRES_OK;
}

static vres_status run_stream(struct fixture *f, vres_error *err)
{
	struct content_source source = {.seed = 1};
	CLEANUP(release_shard) vres_shard *shard = NULL;

	TRY(manager(f, err));
	TRY(vres_seal_stream(f->manager, PLAIN, content_read, &source, BYTES, &shard, err));
	return note_shard(f, shard, err);
}

static vres_status run_pipe(struct fixture *f, vres_error *err)
{
	CLEANUP(release_shard) vres_shard *shard = NULL;
	int ends[2] = {-1, -1};
	vres_status status = manager(f, err);

	if (status == VRES_OK && pipe(ends) == 0 && write(ends[1], TOKEN, 10) == 10)
		status = vres_seal_fd(f->manager, PLAIN, ends[0], 0, 10, &shard, err);
	if (status == VRES_OK)
		status = note_shard(f, shard, err);
	close(ends[0]);
	close(ends[1]);
	return status;
}

static const struct {
	const char *name;
	vres_status (*run)(struct fixture *f, vres_error *err);
	void (*check)(struct fixture *f);
} uses[USES] = {
	[USE_LIFE] = {"life", run_life, check_one},
	[USE_LEAVES] = {"leaves", run_life, check_one},
	[USE_MODES] = {"modes", run_modes, check_one},
	[USE_MANY] = {"many", run_many, check_two},
	[USE_NO_HASH] = {"no_hash", run_life, check_one},
	[USE_READ_ONLY] = {"read_only", run_life, check_one},
	[USE_PINNED] = {"pinned", run_modes, check_one},
	[USE_ADOPT] = {"adopt", run_adopt, check_adopted},
	[USE_SET] = {"set", run_set, check_two},
	[USE_RECEIPT] = {"receipt", run_receipt, check_one},
	[USE_DIGEST] = {"digest", run_digest, check_one},
	[USE_ENFORCE] = {"enforce", run_enforce, check_one},
	[USE_STREAM] = {"stream", run_stream, check_one},
	[USE_PIPE] = {"pipe", run_pipe, check_one},
	[USE_SCRUB] = {"scrub", run_scrub, check_one},
};

const char *use_name(enum use use)
{
	return uses[use].name;
}

struct scenario use_of(enum use use)
{
	struct scenario s = {.setup = setup_init(), .run = uses[use].run, .check = uses[use].check};

	s.setup.block_size = 1024;
	s.setup.keep_leaves = use == USE_LEAVES;
	s.adopts = use == USE_ADOPT;
	s.is_small = use == USE_SET || use == USE_RECEIPT || use == USE_ENFORCE || use == USE_PIPE;
	s.tries_again = use == USE_MANY;
	s.setup.mock.devices = use == USE_SET ? 2 : 1;
	s.setup.mock.no_device_hash = use == USE_NO_HASH;
	if (use == USE_MODES || use == USE_NO_HASH || use == USE_PINNED)
		s.setup.policy.allow |= VRES_ALLOW_READBACK;
	if (use == USE_PINNED)
		s.setup.policy.allow |= VRES_ALLOW_PINNED_STAGING;
	if (use == USE_READ_ONLY)
		s.setup.policy.require = VRES_REQUIRE_READONLY;
	return s;
}
