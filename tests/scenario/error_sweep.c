/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every backend call and every host allocation of every kind of use, failed in turn (tests/support/sweep.h). */
#include <unistd.h>
#include "sweep.h"

#define TRY(call)                                                                                                                               \
	do {                                                                                                                                    \
		const vres_status try_status = (call);                                                                                          \
		if (try_status != VRES_OK)                                                                                                      \
			return try_status;                                                                                                      \
	} while (0)

/* A tree of two levels, small, since it is sealed thousands of times: blocks of 1 KiB, groups of 32 KiB. */
#define BYTES (33 * 1024 + 5)

/* The manager, made with the first run. */
static vres_status manager(struct fixture *f, vres_error *err)
{
	return f->manager != NULL ? VRES_OK : manager_create(f, NULL, &f->manager, err);
}

/* What was sealed was released: exactly @n times each. */
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
	TRY(vres_shard_verify(shard, NULL, NULL, err));
	TRY(vres_lease_acquire(shard, &lease, err));
	return vres_lease_check(lease, err);
}

static vres_status run_modes(struct fixture *f, vres_error *err)
{
	CLEANUP(release_shard) vres_shard *shard = NULL;
	CLEANUP(free_bytes) uint8_t *data = content(BYTES, 1);

	TRY(manager(f, err));
	TRY(vres_seal_memory(f->manager, PLAIN, data, BYTES, &shard, err));
	for (uint32_t mode = VRES_VERIFY_FULL; mode <= VRES_VERIFY_READBACK; mode++) {
		const vres_verify_params p = mode_of(mode);

		TRY(vres_shard_verify(shard, &p, NULL, err));
	}
	return VRES_OK;
}

/* In the background: slice by slice, and part by part. */
static vres_status run_scrub(struct fixture *f, vres_error *err)
{
	CLEANUP(release_shard) vres_shard *shard = NULL;
	CLEANUP(free_bytes) uint8_t *data = content(BYTES, 1);
	vres_verify_params p = vres_verify_params_init();

	p.background = 1;
	TRY(manager(f, err));
	TRY(vres_seal_memory(f->manager, PLAIN, data, BYTES, &shard, err));
	TRY(vres_shard_verify(shard, &p, NULL, err));
	return vres_scrub_step(f->manager, UINT64_C(600000000000), NULL, err);
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
	status = rig_alloc(f->rig, 0, BYTES, data, &address);
	if (status == VRES_E_NO_MEMORY) { /* the mock's own memory; it has no error detail to fill */
		memset(err, 0, sizeof(*err));
		err->status = status;
		err->gpu_device = VRES_NO_DEVICE;
		memcpy(err->message, "the mock", 9);
	}
	TRY(status);
	status = vres_seal_adopt(f->manager, &p, address, BYTES, &shard, err);
	if (status == VRES_OK)
		status = vres_shard_verify(shard, NULL, NULL, err);
	release_shard(&shard);
	rig_free(f->rig, address);
	return status;
}

static void check_adopted(struct fixture *f)
{
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_SEALED), 1);
	ck_assert_uint_eq(rig_calls(f->rig, VRES_MOCK_OP_MEM_WIPE), 0);
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
	return vres_set_verify(f->manager, (vres_shard *[]){one, two}, 2, NULL, &report, err);
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
	return vres_shard_describe(opened, &info, err);
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
	return vres_seal_memory(f->manager, &p, data, BYTES, &shard, err);
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
	return vres_enforce_vram_only(f->manager, 0, &report, err);
}

static vres_status run_stream(struct fixture *f, vres_error *err)
{
	struct content_source source = {.seed = 1};
	CLEANUP(release_shard) vres_shard *shard = NULL;

	TRY(manager(f, err));
	return vres_seal_stream(f->manager, PLAIN, content_read, &source, BYTES, &shard, err);
}

static vres_status run_pipe(struct fixture *f, vres_error *err)
{
	CLEANUP(release_shard) vres_shard *shard = NULL;
	int ends[2] = {-1, -1};
	vres_status status = manager(f, err);

	if (status == VRES_OK && pipe(ends) == 0 && write(ends[1], TOKEN, 10) == 10)
		status = vres_seal_fd(f->manager, PLAIN, ends[0], 0, 10, &shard, err);
	close(ends[0]);
	close(ends[1]);
	return status;
}

/* The uses, and what each needs of its fixture. */
enum use { LIFE, LEAVES, MODES, NO_HASH, READ_ONLY, ADOPT, SET, RECEIPT, DIGEST, ENFORCE, STREAM, PIPE, SCRUB, USES };

static struct scenario scenario_of(enum use use)
{
	static const struct {
		vres_status (*run)(struct fixture *f, vres_error *err);
		void (*check)(struct fixture *f);
	} uses[USES] = {
		[LIFE] = {run_life, check_one},       [LEAVES] = {run_life, check_one},     [MODES] = {run_modes, check_one},
		[NO_HASH] = {run_life, check_one},    [READ_ONLY] = {run_life, check_one},  [ADOPT] = {run_adopt, check_adopted},
		[SET] = {run_set, check_two},         [RECEIPT] = {run_receipt, check_one}, [DIGEST] = {run_digest, check_one},
		[ENFORCE] = {run_enforce, check_one}, [STREAM] = {run_stream, check_one},   [PIPE] = {run_pipe, check_one},
		[SCRUB] = {run_scrub, check_one},
	};
	struct scenario s = {.setup = setup_init(), .run = uses[use].run, .check = uses[use].check};

	s.setup.block_size = 1024;
	s.setup.keep_leaves = use == LEAVES;
	s.adopts = use == ADOPT;
	s.setup.mock.devices = use == SET ? 2 : 1;
	s.setup.mock.no_device_hash = use == NO_HASH;
	if (use == MODES || use == NO_HASH)
		s.setup.policy.allow |= VRES_ALLOW_READBACK;
	if (use == READ_ONLY)
		s.setup.policy.require = VRES_REQUIRE_READONLY;
	return s;
}

START_TEST(no_backend_failure_anywhere_leaks_or_passes_for_success_or_tampering)
{
	const struct scenario s = scenario_of((enum use)_i);

	sweep_backend(&s);
}
END_TEST

START_TEST(no_shortage_of_host_memory_anywhere_leaks_or_passes_for_anything_else)
{
	const struct scenario s = scenario_of((enum use)_i);

	sweep_heap(&s);
}
END_TEST

/* Verification that fails must not need memory to say so. */
static vres_status run_damage(struct fixture *f, vres_error *err)
{
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_seal_params p = vres_seal_params_init();
	vres_lease *lease = NULL;
	uint64_t address;
	vres_status status;

	p.shard_id = "damaged";
	TRY(manager(f, err));
	TRY(vres_seal_memory(f->manager, &p, "abc", 3, &shard, err));
	TRY(vres_lease_acquire(shard, &lease, err));
	address = vres_lease_device_ptr(lease);
	release_lease(&lease);
	(void)!rig_flip(f->rig, address, 0);
	status = vres_shard_verify(shard, NULL, NULL, NULL);
	if (status == VRES_E_SEAL_VERIFICATION_FAILED || status == VRES_E_NO_MEMORY)
		return VRES_OK;
	memset(err, 0, sizeof(*err));
	err->status = VRES_E_INTERNAL;
	memcpy(err->message, "damage was not found", 21);
	return VRES_E_INTERNAL;
}

START_TEST(damage_is_found_or_not_checked_but_never_missed_for_want_of_memory)
{
	unsigned injections = 0;
	bool fired = true;

	for (uint64_t n = 1; fired; n++) {
		struct setup s = setup_init();
		CLEANUP(finish) struct fixture *f = NULL;
		vres_status status;
		vres_error err;

		s.no_manager = true;
		f = begin(&s);
		status_poison(&err);
		alloc_fail(n, false);
		status = run_damage(f, &err);
		fired = alloc_disarm();
		ck_assert_msg(status == VRES_OK || status == VRES_E_NO_MEMORY, "allocation %lu: %s", (unsigned long)n, vres_status_name(status));
		injections += fired;
	}
	ck_assert_uint_gt(injections, 0);
	suite_value("heap_injections", injections);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		{&no_backend_failure_anywhere_leaks_or_passes_for_success_or_tampering,
	         "WORKER-4150 WORKER-4151 WORKER-4032 MS-004 MS-005 WORKER-4083", "availability", "driver failure at any call", USES, 120},
		{&no_shortage_of_host_memory_anywhere_leaks_or_passes_for_anything_else, "WORKER-4150 WORKER-4952 MS-004 MS-005 WORKER-4083",
	         "availability", "host memory exhausted at any allocation", USES, 120},
		CASE(damage_is_found_or_not_checked_but_never_missed_for_want_of_memory, "CI-007 WORKER-4150", "integrity",
	             "damage hidden by a shortage of memory"),
	};

	return suite_run("error_sweep", "error_recovery", cases, COUNT(cases));
}
