/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sealing from memory: what the handle then says, what is accounted for, what is told to the
 * auditor.
 */
#include <ctype.h>
#include <stdio.h>
#include <time.h>
#include "support/fixture/support.h"

static uint64_t wall(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

START_TEST(a_sealed_shard_says_what_it_was_sealed_as)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_seal_params p = vres_seal_params_init();
	CLEANUP(release_shard) vres_shard *shard = NULL;
	const uint64_t before = wall();
	vres_shard_info info;

	p.shard_id = "llama-3_tp0";
	p.model_ref = "hf:meta/llama\xc3\xa9";
	p.group_id = "run-1";
	p.shard_index = 2;
	p.total_shards = 3;
	shard = sealed_with(f, &p, 3 * BLOCK + 5, 1);
	info = info_of(shard);
	ck_assert_str_eq(info.shard_id, "llama-3_tp0");
	ck_assert_str_eq(info.model_ref, "hf:meta/llama\xc3\xa9");
	ck_assert_str_eq(info.group_id, "run-1");
	ck_assert_str_eq(info.backend, test_device_name());
	ck_assert_str_ne(info.device_uuid, "");
	ck_assert_uint_eq(info.gpu_device, 0);
	ck_assert_uint_eq(info.shard_index, 2);
	ck_assert_uint_eq(info.total_shards, 3);
	ck_assert_uint_eq(info.digest_alg, VRES_DIGEST_SHA256);
	ck_assert_uint_eq(info.state, VRES_SHARD_SEALED);
	ck_assert_uint_eq(info.adopted, 0);
	ck_assert_uint_eq(info.leases, 0);
	ck_assert_uint_eq(info.simulated, test_device_is_simulated());
	ck_assert_int_eq(info.assurance == VRES_ASSURANCE_NONE, test_device_is_simulated());
	ck_assert_uint_eq(info.vram_bytes, 3 * BLOCK + 5);
	ck_assert_uint_eq(info.allow, needed());
	ck_assert_uint_eq(info.require, 0);
	ck_assert_uint_ge(info.sealed_at, before);
	ck_assert_uint_ge(info.verified_at, before);
	ck_assert_uint_le(info.sealed_at, wall());
	ck_assert_uint_le(info.verified_at, wall());
}
END_TEST

START_TEST(optional_fields_that_were_not_given_stay_empty)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed_with(f, PLAIN, 1, 1);
	const vres_shard_info info = info_of(shard);

	ck_assert_str_eq(info.model_ref, "");
	ck_assert_str_eq(info.group_id, "");
	ck_assert_uint_eq(info.total_shards, 0);
	ck_assert_uint_eq(info.shard_index, 0);
}
END_TEST

START_TEST(an_id_that_was_not_given_is_made_of_32_random_hex_digits)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard *shards[64];
	char ids[64][257];

	for (size_t i = 0; i < COUNT(shards); i++) {
		shards[i] = sealed(f, 100, i);
		memcpy(ids[i], info_of(shards[i]).shard_id, sizeof(ids[i]));
		ck_assert_uint_eq(strlen(ids[i]), strlen("shard-") + 32);
		ck_assert_int_eq(strncmp(ids[i], "shard-", 6), 0);
		ck_assert_uint_eq(strspn(ids[i] + 6, "0123456789abcdef"), 32);
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(ids[i], ids[j]);
	}
	for (size_t i = 0; i < COUNT(shards); i++)
		release_shard(&shards[i]);
}
END_TEST

START_TEST(a_live_id_is_taken_and_a_released_one_is_free_again)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed_as(f, "a", 100, 1);
	vres_seal_params p = vres_seal_params_init();
	vres_shard *second = (void *)f;
	const vres_device_info before = device_of(f, 0);
	vres_device_info after;
	vres_error err;

	record_clear(&f->record);
	p.shard_id = "a";
	ck_status(vres_seal_memory(f->manager, &p, "x", 1, &second, &err), VRES_E_STATE);
	ck_assert_ptr_eq(second, (void *)f);
	ck_assert_uint_eq(record_count(&f->record, 0), 0);
	after = device_of(f, 0);
	ck_same_device(&before, &after);
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
	release_shard(&shard);
	shard = sealed_as(f, "a", 100, 2);
}
END_TEST

START_TEST(identical_bytes_may_be_sealed_twice_under_two_ids)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *one = sealed_as(f, "one", 5000, 7);
	CLEANUP(release_shard) vres_shard *two = sealed_as(f, "two", 5000, 7);

	ck_assert_str_eq(info_of(one).digest, info_of(two).digest);
	ck_assert_str_eq(info_of(one).verity_digest, info_of(two).verity_digest);
	ck_assert_uint_ne(address_of(one), address_of(two));
}
END_TEST

START_TEST(the_capacity_of_the_device_is_used_to_the_last_byte)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_shard *more = NULL;
	vres_error err;

	s.mock.bytes_per_device = MIB(2);
	f = begin(&s);
	shard = sealed(f, MIB(2), 1);
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
	ck_assert_uint_eq(device_of(f, 0).available_bytes, 0);
	ck_status(vres_seal_memory(f->manager, PLAIN, "x", 1, &more, &err),
	          VRES_E_INSUFFICIENT_VRAM);
	ck_assert_uint_eq(err.available_bytes, 0);
}
END_TEST

START_TEST(used_and_available_bytes_follow_every_seal_and_release)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_device_info before, sealed_one, after;

	s.mock.granularity = 65536;
	f = begin(&s);
	before = device_of(f, 0);
	ck_assert_uint_eq(before.total_bytes, MIB(64));
	ck_assert_uint_eq(before.used_bytes, 0);
	ck_assert_uint_eq(before.available_bytes, MIB(64));
	shard = sealed(f, 65537, 1);
	sealed_one = device_of(f, 0);
	ck_assert_uint_eq(sealed_one.used_bytes, 2 * 65536); /* padding included */
	ck_assert_uint_eq(sealed_one.reserved_bytes, 0);
	ck_assert_uint_eq(sealed_one.free_bytes, MIB(64) - 2 * 65536);
	ck_assert_uint_eq(sealed_one.available_bytes, MIB(64) - 2 * 65536);
	release_shard(&shard);
	after = device_of(f, 0);
	ck_same_device(&before, &after);
}
END_TEST

START_TEST(allocation_and_seal_are_told_to_the_auditor_in_that_order)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed_as(f, "told", 5000, 1);
	const vres_event *allocated = record_last(&f->record, VRES_EVENT_VRAM_ALLOCATED);
	const vres_event *seal = record_last(&f->record, VRES_EVENT_VRAM_SEALED);

	ck_assert_uint_eq(record_count(&f->record, 0), 2);
	ck_assert_ptr_nonnull(allocated);
	ck_assert_ptr_nonnull(seal);
	ck_assert_ptr_eq(record_last(&f->record, 0), seal);
	ck_assert_uint_eq(allocated->requested_bytes, 5000);
	ck_assert_uint_eq(allocated->allocated_bytes, 2 * BLOCK);
	ck_assert_uint_eq(allocated->used_bytes, 2 * BLOCK);
	ck_assert_uint_eq(allocated->available_bytes, MIB(64) - 2 * BLOCK);
	ck_assert_uint_eq(allocated->gpu_device, 0);
	ck_assert_int_eq(seal->status, VRES_OK);
	ck_assert_uint_eq(seal->gpu_device, 0);
	ck_assert_str_eq(seal->shard->shard_id, "told");
	ck_assert_str_eq(seal->shard->digest, info_of(shard).digest);
	ck_assert_uint_eq(seal->shard->vram_bytes, 5000);
	ck_assert_uint_eq(seal->shard->simulated, test_device_is_simulated());
}
END_TEST

START_TEST(release_is_told_to_the_auditor_with_what_was_freed_and_what_remains)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *stays = sealed(f, BLOCK, 1);
	vres_shard *goes = sealed_as(f, "goes", 3 * BLOCK, 2);
	const vres_event *e;

	(void)stays;
	record_clear(&f->record);
	release_shard(&goes);
	e = record_last(&f->record, VRES_EVENT_VRAM_DEALLOCATED);
	ck_assert_uint_eq(record_count(&f->record, 0), 1);
	ck_assert_ptr_nonnull(e);
	ck_assert_str_eq(e->shard->shard_id, "goes");
	ck_assert_uint_eq(e->freed_bytes, 3 * BLOCK);
	ck_assert_uint_eq(e->used_bytes, BLOCK);
	ck_assert_uint_eq(e->gpu_device, 0);
}
END_TEST

START_TEST(every_operation_of_note_leaves_a_log_line)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard *shard = sealed_as(f, "logged-shard", BLOCK, 1);
	vres_error err;

	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
	ck_assert(record_mentions(&f->record, info_of(shard).digest));
	release_shard(&shard);
	for (unsigned i = 0; i < 4; i++) {
		static const char *const words[] = {" vram_allocated", " vram_sealed",
		                                    " seal_verified", " vram_deallocated"};
		bool found = false;

		for (size_t j = 0; j < f->record.lines_count; j++)
			found |= strstr(f->record.lines[j], words[i]) != NULL;
		ck_assert_msg(found, "no log line for%s", words[i]);
	}
}
END_TEST

START_TEST(the_key_may_be_destroyed_once_the_manager_exists)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	size_t len;
	CLEANUP(free_bytes) uint8_t *receipt = NULL;
	CLEANUP(destroy_key) vres_key *again = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_shard_info info = vres_shard_info_init();
	vres_error err;

	destroy_key(&f->key);
	shard = sealed(f, BLOCK, 1);
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
	receipt = receipt_of(shard, &len);
	ck_ok(vres_key_derive(TOKEN, strlen(TOKEN), NULL, &again, &err));
	ck_ok(vres_receipt_check(receipt, len, again, &info, &err));
}
END_TEST

START_TEST(the_caller_may_overwrite_its_bytes_after_the_call)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(free_bytes) uint8_t *data = content(3 * BLOCK, 1);
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_error err;

	ck_ok(vres_seal_memory(f->manager, PLAIN, data, 3 * BLOCK, &shard, &err));
	memset(data, 0, 3 * BLOCK);
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(a_sealed_shard_says_what_it_was_sealed_as,
	             "WORKER-4110 WORKER-4112 WORKER-4226", "integrity", "mislabelled shard"),
		CASE(optional_fields_that_were_not_given_stay_empty, "WORKER-4110", "integrity",
	             "fields from nowhere"),
		CASE(an_id_that_was_not_given_is_made_of_32_random_hex_digits, "WORKER-4110 IV-003",
	             "authenticity", "guessable or colliding ids"),
		CASE(a_live_id_is_taken_and_a_released_one_is_free_again, "WORKER-4110 WORKER-4150",
	             "integrity", "one id for two shards"),
		CASE(identical_bytes_may_be_sealed_twice_under_two_ids, "WORKER-4110 VR-008",
	             "integrity", "shared memory between shards"),
		CASE(the_capacity_of_the_device_is_used_to_the_last_byte,
	             "RP-001 VR-007 WORKER-4103 VP-004", "availability", "capacity miscounted"),
		CASE(used_and_available_bytes_follow_every_seal_and_release, "RP-001 RP-002 VR-007",
	             "availability", "capacity leaked"),
		CASE(allocation_and_seal_are_told_to_the_auditor_in_that_order,
	             "WORKER-4160 RP-005", "accountability", "seal without a trace"),
		CASE(release_is_told_to_the_auditor_with_what_was_freed_and_what_remains,
	             "WORKER-4162 RP-005", "accountability", "release without a trace"),
		CASE(every_operation_of_note_leaves_a_log_line,
	             "WORKER-4150 WORKER-4160 WORKER-4162", "accountability", "silent operation"),
		CASE(the_key_may_be_destroyed_once_the_manager_exists, "CI-006 CI-001",
	             "confidentiality", "key kept longer than needed"),
		CASE(the_caller_may_overwrite_its_bytes_after_the_call, "WORKER-4102 VP-001",
	             "residency", "verifying host memory instead of VRAM"),
	};

	return suite_run("seal", "seal", cases, COUNT(cases));
}
