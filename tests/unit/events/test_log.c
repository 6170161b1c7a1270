/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The log has a line for every operation, whatever its outcome, with the keys that apply and the
 * level that fits.
 */
#include "events/log.h"

#include <stdio.h>
#include <time.h>

#include "support/fixture/support.h"

/* The last line of @action, with "T" for its duration; NULL if there is none. */
static const char *line_of(struct fixture *f, const char *action, char line[512])
{
	char head[64];

	(void)snprintf(head, sizeof(head), "operation action=%s ", action);
	for (size_t i = f->record.lines_count; i-- > 0;) {
		const char *text = f->record.lines[i], *time = strstr(text, "duration_ns=");

		if (strstr(text, head) == NULL)
			continue;
		if (time == NULL)
			(void)snprintf(line, 512, "%s", text);
		else
			(void)snprintf(line, 512, "%.*sT%s", (int)(time - text + 12), text,
			               time + 12 + strspn(time + 12, "0123456789"));
		return line;
	}
	return NULL;
}

#define CK_LINE(f, action, wanted)                                                                 \
	do {                                                                                       \
		char line[512];                                                                    \
		ck_assert_pstr_eq(line_of((f), (action), line), (wanted));                         \
	} while (0)

START_TEST(manager_says_with_which_token_it_was_made_and_when_it_is_given_back)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);

	CK_LINE(f, "create",
	        "3 operation action=create duration_ns=T status=VRES_OK worker_id=worker-7 "
	        "token_fingerprint=09dee7");
	destroy_manager(&f->manager);
	CK_LINE(f, "destroy", "3 operation action=destroy status=VRES_OK");
}
END_TEST

START_TEST(manager_that_is_refused_says_so)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_policy strictest = vres_policy_init();
	vres_config config = config_of(f);
	vres_manager *none = NULL;
	vres_error err;

	config.policy = &strictest;
	ck_status(manager_create(f, &config, &none, &err), VRES_E_POLICY_VIOLATION);
	CK_LINE(f, "create",
	        "1 operation action=create duration_ns=T status=VRES_E_POLICY_VIOLATION "
	        "worker_id=worker-7 token_fingerprint=09dee7");
	CK_LINE(f, "destroy", NULL);
}
END_TEST

START_TEST(every_operation_that_goes_well_has_its_line)
{
	struct setup setup = setup_init();
	const vres_verify_params sampled = mode_of(VRES_VERIFY_SAMPLED);
	CLEANUP(finish) struct fixture *f = begin(&setup);
	vres_shard *shard = sealed_as(f, "s1", 3 * BLOCK + 1, 1), *found = NULL;
	vres_lease *lease = NULL;
	size_t len;
	CLEANUP(free_bytes) uint8_t *receipt = receipt_of(shard, &len);
	vres_error err;

	CK_LINE(f, "seal",
	        "3 operation action=seal shard_id=s1 gpu_device=0 bytes=12289 duration_ns=T "
	        "status=VRES_OK");
	ck_ok(vres_shard_verify(shard, &sampled, NULL, &err));
	CK_LINE(f, "verify",
	        "4 operation action=verify shard_id=s1 gpu_device=0 bytes=12289 duration_ns=T "
	        "status=VRES_OK mode=sampled");
	ck_ok(vres_lease_acquire(shard, &lease, &err));
	release_lease(&lease);
	CK_LINE(f, "verify",
	        "4 operation action=verify shard_id=s1 gpu_device=0 bytes=12289 duration_ns=T "
	        "status=VRES_OK mode=full");
	CK_LINE(f, "lease",
	        "4 operation action=lease shard_id=s1 gpu_device=0 bytes=12289 duration_ns=T "
	        "status=VRES_OK");
	ck_ok(vres_receipt_open(f->manager, receipt, len, &found, &err));
	release_shard(&found);
	CK_LINE(f, "receipt_open",
	        "4 operation action=receipt_open shard_id=s1 gpu_device=0 bytes=12289 "
	        "duration_ns=T status=VRES_OK");
	ck_ok(vres_enforce_vram_only(f->manager, 0, NULL, &err));
	CK_LINE(f, "enforce",
	        "3 operation action=enforce gpu_device=0 duration_ns=T status=VRES_OK");
	CK_LINE(f, "release", NULL); /* the lease's reference is gone, the caller's is not */
	release_shard(&shard);
	CK_LINE(f, "release",
	        "3 operation action=release shard_id=s1 gpu_device=0 bytes=12289 duration_ns=T "
	        "status=VRES_OK");
}
END_TEST

START_TEST(every_operation_that_fails_has_its_line_with_status_and_reason)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_seal_params p = vres_seal_params_init();
	vres_shard *shard = sealed_as(f, "s1", BLOCK, 1), *none = NULL;
	vres_lease *lease = NULL;
	size_t len;
	CLEANUP(free_bytes) uint8_t *receipt = receipt_of(shard, &len);
	vres_error err;

	p.shard_id = "s1";
	ck_status(vres_seal_memory(f->manager, &p, "abc", 3, &none, &err), VRES_E_STATE);
	CK_LINE(f, "seal",
	        "2 operation action=seal shard_id=s1 gpu_device=0 bytes=3 duration_ns=T "
	        "status=VRES_E_STATE");
	p.shard_id = "s2";
	p.expected_digest = "00000000000000000000000000000000000000000000000000000000000000ff";
	ck_status(vres_seal_memory(f->manager, &p, "abc", 3, &none, &err),
	          VRES_E_INTEGRITY_VIOLATION);
	CK_LINE(f, "seal",
	        "1 operation action=seal shard_id=s2 gpu_device=0 bytes=3 duration_ns=T "
	        "status=VRES_E_INTEGRITY_VIOLATION "
	        "reason=digest_mismatch");
	CK_LINE(f, "release", NULL); /* a shard that was never sealed has no release */
	vres_mock_fail(f->mock, VRES_MOCK_OP_MEM_RESIDENCY, 1, VRES_E_BACKEND);
	ck_status(vres_shard_verify(shard, NULL, NULL, &err), VRES_E_BACKEND);
	CK_LINE(f, "verify",
	        "2 operation action=verify shard_id=s1 gpu_device=0 duration_ns=T "
	        "status=VRES_E_BACKEND reason=device mode=full");
	receipt[0] ^= 1;
	ck_refused(vres_receipt_open(f->manager, receipt, len, &none, &err), VRES_REASON_SIGNATURE);
	CK_LINE(f, "receipt_open",
	        "1 operation action=receipt_open duration_ns=T "
	        "status=VRES_E_SEAL_VERIFICATION_FAILED reason=signature_invalid");
	flip(f, shard, 5, 5);
	ck_refused(vres_lease_acquire(shard, &lease, &err), VRES_REASON_DIGEST);
	CK_LINE(f, "lease",
	        "1 operation action=lease shard_id=s1 gpu_device=0 bytes=4096 duration_ns=T "
	        "status=VRES_E_SEAL_VERIFICATION_FAILED "
	        "reason=digest_mismatch");
	vres_mock_fail(f->mock, VRES_MOCK_OP_MEM_RELEASE, 1, VRES_E_BACKEND);
	release_shard(&shard);
	CK_LINE(f, "release",
	        "2 operation action=release shard_id=s1 gpu_device=0 bytes=4096 duration_ns=T "
	        "status=VRES_E_DEALLOCATION_FAILED");
}
END_TEST

START_TEST(seal_says_what_it_finds_on_the_device)
{
	struct setup setup = setup_init();

	setup.mock.bytes_per_device = MIB(1);
	CLEANUP(finish) struct fixture *f = begin(&setup);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, 3 * BLOCK + 1, 1);
	CLEANUP(free_bytes) uint8_t *data = content(MIB(1), 1);
	vres_shard *none = NULL;
	vres_error err;

	ck_assert_str_eq(f->record.lines[1], "4 capacity gpu_device=0 requested_bytes=12289 "
	                                     "used_bytes=0 available_bytes=1032192");
	record_clear(&f->record);
	ck_status(vres_seal_memory(f->manager, PLAIN, data, MIB(1), &none, &err),
	          VRES_E_INSUFFICIENT_VRAM);
	ck_assert_str_eq(f->record.lines[0], "4 capacity gpu_device=0 requested_bytes=1048576 "
	                                     "used_bytes=16384 available_bytes=1032192");
}
END_TEST

START_TEST(refused_input_is_no_operation)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard *none = NULL;
	vres_error err;

	record_clear(&f->record);
	ck_status(vres_seal_memory(f->manager, PLAIN, "abc", 0, &none, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_enforce_vram_only(f->manager, 9, NULL, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_receipt_open(f->manager, NULL, 9, &none, &err), VRES_E_INVALID_INPUT);
	ck_assert_uint_eq(f->record.lines_count, 0);
}
END_TEST

START_TEST(line_takes_no_more_than_it_has_room_for)
{
	struct vres_log_line line = {.n = 0};

	for (unsigned i = 0; i < 20; i++) {
		vres_log_add_u64(&line, "n", UINT64_MAX);
		vres_log_add(&line, "s", "text");
		vres_log_add(&line, "none", NULL);
	}
	ck_assert_uint_eq(line.n, COUNT(line.keys));
	ck_assert_uint_le(line.numbers_n, COUNT(line.numbers));
	for (size_t i = 0; i < line.n; i++)
		ck_assert(strcmp(line.values[i], "text") == 0 ||
		          strcmp(line.values[i], "18446744073709551615") == 0);
}
END_TEST

static bool is_before_1970;

int __real_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
	if (clock != CLOCK_REALTIME || !is_before_1970)
		return __real_clock_gettime(clock, out);
	*out = (struct timespec){.tv_sec = -1};
	return 0;
}

START_TEST(every_line_says_when_the_wall_clock_is_of_no_use)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = NULL;

	record_clear(&f->record);
	is_before_1970 = true;
	shard = sealed_as(f, "early", BLOCK, 1);
	is_before_1970 = false;
	ck_assert_uint_gt(f->record.lines_count, 2);
	for (size_t i = 0; i < f->record.lines_count; i++)
		ck_assert_ptr_nonnull(strstr(f->record.lines[i], "clock=the wall clock is before"));
	CK_LINE(f, "seal",
	        "3 operation action=seal shard_id=early gpu_device=0 bytes=4096 duration_ns=T "
	        "status=VRES_OK clock=the wall clock is before 1970");
	ck_assert_uint_eq(info_of(shard).sealed_at, 1);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(manager_says_with_which_token_it_was_made_and_when_it_is_given_back,
	             "WORKER-4800", "accountability", ""),
		CASE(manager_that_is_refused_says_so, "WORKER-4163 WORKER-4800", "accountability",
	             "mock in production"),
		CASE(every_operation_that_goes_well_has_its_line, "WORKER-4800", "accountability",
	             ""),
		CASE(every_operation_that_fails_has_its_line_with_status_and_reason,
	             "WORKER-4150 WORKER-4800", "accountability", "a failure nobody hears of"),
		CASE(seal_says_what_it_finds_on_the_device, "WORKER-4153 RP-004 WORKER-4800",
	             "availability", ""),
		CASE(refused_input_is_no_operation, "VR-005", "accountability",
	             "a log flooded by refused input"),
		CASE(every_line_says_when_the_wall_clock_is_of_no_use, "WORKER-4800",
	             "accountability", "a host whose clock was never set"),
		CASE(line_takes_no_more_than_it_has_room_for, "MS-007", "",
	             "a write past an array"),
	};

	return suite_run("unit.log", "unit", cases, COUNT(cases));
}
