/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Receipts that are not good: changed, cut, grown, of another key, session or shard.  None opens
 * anything, and none harms a shard.
 */
#include <time.h>
#include "support/fixture/support.h"

struct evidence {
	vres_shard *shard;
	uint8_t *receipt;
	size_t len;
};

static struct evidence evidence_of(struct fixture *f)
{
	struct evidence e = {.shard = sealed_as(f, "genuine", 3 * BLOCK, 1)};

	e.receipt = receipt_of(e.shard, &e.len);
	record_clear(&f->record);
	return e;
}

static void release_evidence(struct evidence *e)
{
	release_shard(&e->shard);
	free_bytes(&e->receipt);
}

/* Neither door lets @receipt in. */
static bool is_refused(struct fixture *f, const uint8_t *receipt, size_t len, uint32_t reason)
{
	vres_shard_info info = vres_shard_info_init();
	vres_shard *shard = NULL;
	vres_error opening, checking;

	status_poison(&opening);
	status_poison(&checking);
	return vres_receipt_open(f->manager, receipt, len, &shard, &opening) ==
	               VRES_E_SEAL_VERIFICATION_FAILED &&
	       shard == NULL && opening.reason == reason &&
	       status_flaw(VRES_E_SEAL_VERIFICATION_FAILED, &opening) == NULL &&
	       vres_receipt_check(receipt, len, f->key, &info, &checking) ==
	               VRES_E_SEAL_VERIFICATION_FAILED &&
	       checking.reason == reason && info.shard_id[0] == '\0';
}

/* The genuine shard is as good as before. */
static void ck_unharmed(struct fixture *f, struct evidence *e)
{
	vres_shard *opened = NULL;
	vres_error err;

	ck_assert_uint_eq(info_of(e->shard).state, VRES_SHARD_SEALED);
	ck_assert_uint_eq(f->record.incidents_count, 0);
	ck_ok(vres_receipt_open(f->manager, e->receipt, e->len, &opened, &err));
	ck_ok(vres_shard_verify(opened, NULL, NULL, &err));
	release_shard(&opened);
}

START_TEST(every_single_bit_flip_of_a_receipt_is_refused)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_evidence) struct evidence e = evidence_of(f);
	unsigned refused = 0;

	for (size_t bit = 0; bit < e.len * 8; bit++) {
		e.receipt[bit / 8] ^= (uint8_t)(1u << bit % 8);
		refused += is_refused(f, e.receipt, e.len, VRES_REASON_SIGNATURE);
		e.receipt[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	ck_assert_uint_eq(refused, e.len * 8);
	suite_value("flips", (double)refused);
	ck_unharmed(f, &e);
}
END_TEST

START_TEST(a_receipt_cut_at_any_length_is_refused)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_evidence) struct evidence e = evidence_of(f);
	vres_shard_info info = vres_shard_info_init();
	vres_shard *shard = NULL;
	vres_error err;

	ck_status(vres_receipt_open(f->manager, e.receipt, 32, &shard, &err), VRES_E_NOT_SEALED);
	ck_assert_int_eq(record_last(&f->record, VRES_EVENT_SEAL_VERIFICATION_FAILED)->status,
	                 VRES_E_NOT_SEALED);
	for (size_t len = 0; len < e.len; len++) {
		if (len <= 32) { /* too short to hold a MAC over anything */
			ck_status(vres_receipt_open(f->manager, e.receipt, len, &shard, &err),
			          VRES_E_NOT_SEALED);
			ck_status(vres_receipt_check(e.receipt, len, f->key, &info, &err),
			          VRES_E_NOT_SEALED);
		} else {
			ck_assert(is_refused(f, e.receipt, len, VRES_REASON_SIGNATURE));
		}
	}
	/* The MAC cut off. */
	ck_status(vres_receipt_open(f->manager, e.receipt, e.len - 32, &shard, &err),
	          VRES_E_SEAL_VERIFICATION_FAILED);
	ck_assert_ptr_null(shard);
	ck_unharmed(f, &e);
}
END_TEST

START_TEST(a_receipt_with_bytes_before_after_or_within_is_refused)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_evidence) struct evidence e = evidence_of(f);
	CLEANUP(free_bytes) uint8_t *grown = test_alloc(e.len + 1);

	for (size_t at = 0; at <= e.len; at++) {
		for (unsigned value = 0; value < 256; value += 85) {
			memcpy(grown, e.receipt, at);
			grown[at] = (uint8_t)value;
			memcpy(grown + at + 1, e.receipt + at, e.len - at);
			ck_assert(is_refused(f, grown, e.len + 1, VRES_REASON_SIGNATURE));
		}
	}
	ck_unharmed(f, &e);
}
END_TEST

START_TEST(noise_of_any_length_is_refused)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(free_bytes) uint8_t *noise = content(MIB(1), 5);
	static const size_t sizes[] = {33, 64, 400, 1000, 4096, 65536, 1048576};

	for (size_t i = 0; i < COUNT(sizes); i++)
		ck_assert(is_refused(f, noise, sizes[i], VRES_REASON_SIGNATURE));
	memset(noise, 0, MIB(1));
	for (size_t i = 0; i < COUNT(sizes); i++)
		ck_assert(is_refused(f, noise, sizes[i], VRES_REASON_SIGNATURE));
}
END_TEST

START_TEST(a_receipt_of_another_key_or_domain_is_refused)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_evidence) struct evidence e = evidence_of(f);
	CLEANUP(destroy_key) vres_key *other = NULL;
	vres_shard_info info = vres_shard_info_init();
	vres_config config = config_of(f);
	vres_manager *manager = NULL;
	vres_shard *shard = NULL;
	vres_error err;

	if (_i == 0)
		ck_ok(vres_key_derive("test-token-43", 13, NULL, &other, &err));
	else
		ck_ok(vres_key_derive(TOKEN, strlen(TOKEN), "llorch-seal-key-v1", &other, &err));
	ck_refused(vres_receipt_check(e.receipt, e.len, other, &info, &err), VRES_REASON_SIGNATURE);
	ck_assert_str_eq(info.shard_id, "");
	config.key = other;
	ck_ok(manager_create(f, &config, &manager, &err));
	ck_refused(vres_receipt_open(manager, e.receipt, e.len, &shard, &err),
	           VRES_REASON_SIGNATURE);
	destroy_manager(&manager);
	ck_unharmed(f, &e);
}
END_TEST

START_TEST(a_receipt_of_an_earlier_manager_with_the_same_token_is_stale)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	struct evidence e = evidence_of(f);
	vres_shard *same = NULL, *opened = NULL;
	vres_error err;

	release_shard(&e.shard);
	destroy_manager(&f->manager);
	ck_ok(manager_create(f, NULL, &f->manager, &err));
	/* The same bytes under the same id: the session tells them apart. */
	same = sealed_as(f, "genuine", 3 * BLOCK, 1);
	record_clear(&f->record);
	ck_refused(vres_receipt_open(f->manager, e.receipt, e.len, &opened, &err),
	           VRES_REASON_STALE_SESSION);
	ck_assert_ptr_null(opened);
	ck_assert_uint_eq(record_last(&f->record, VRES_EVENT_SEAL_VERIFICATION_FAILED)->reason,
	                  VRES_REASON_STALE_SESSION);
	ck_assert_uint_eq(f->record.incidents_count, 0);
	ck_ok(vres_shard_verify(same, NULL, NULL, &err));
	release_shard(&same);
	release_evidence(&e);
}
END_TEST

START_TEST(a_receipt_of_a_released_shard_opens_nothing)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	struct evidence e = evidence_of(f);
	vres_shard *opened = NULL, *next = NULL;
	vres_error err;

	release_shard(&e.shard);
	ck_refused(vres_receipt_open(f->manager, e.receipt, e.len, &opened, &err),
	           VRES_REASON_UNKNOWN_SHARD);
	ck_assert_uint_eq(record_last(&f->record, VRES_EVENT_SEAL_VERIFICATION_FAILED)->reason,
	                  VRES_REASON_UNKNOWN_SHARD);
	/* Another seal under the same id is another shard. */
	next = sealed_as(f, "genuine", 3 * BLOCK, 1);
	ck_refused(vres_receipt_open(f->manager, e.receipt, e.len, &opened, &err),
	           VRES_REASON_UNKNOWN_SHARD);
	ck_assert_ptr_null(opened);
	ck_assert_uint_eq(info_of(next).state, VRES_SHARD_SEALED);
	release_shard(&next);
	release_evidence(&e);
}
END_TEST

START_TEST(a_receipt_of_a_quarantined_shard_opens_nothing)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_evidence) struct evidence e = evidence_of(f);
	vres_shard *opened = NULL;
	vres_shard_info info = vres_shard_info_init();
	vres_error err;

	flip(f, e.shard, 5, 0);
	ck_refused(vres_shard_verify(e.shard, NULL, NULL, &err), VRES_REASON_DIGEST);
	ck_refused(vres_receipt_open(f->manager, e.receipt, e.len, &opened, &err),
	           VRES_REASON_QUARANTINED);
	ck_assert_ptr_null(opened);
	ck_ok(vres_receipt_check(e.receipt, e.len, f->key, &info, &err)); /* origin, not liveness */
}
END_TEST

START_TEST(a_receipt_of_an_expired_seal_opens_nothing)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	struct evidence e;
	vres_shard *opened = NULL;
	vres_error err;

	s.policy.max_seal_age = 1;
	f = begin(&s);
	e = evidence_of(f);
	ck_refused(vres_receipt_open(f->manager, e.receipt, e.len, &opened, &err),
	           VRES_REASON_EXPIRED);
	ck_assert_uint_eq(info_of(e.shard).state, VRES_SHARD_SEALED);
	release_evidence(&e);
}
END_TEST

START_TEST(a_flood_of_forgeries_is_no_flood_of_records)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_evidence) struct evidence e = evidence_of(f);
	const struct timespec more_than_a_second = {.tv_sec = 1, .tv_nsec = 100000000};
	const unsigned flood = suite_scaled(5000, 500);
	const vres_event *event;
	size_t told;

	e.receipt[e.len - 1] ^= 1;
	for (unsigned i = 0; i < flood; i++)
		ck_assert(is_refused(f, e.receipt, e.len, VRES_REASON_SIGNATURE));
	e.receipt[e.len - 1] ^= 1;
	told = record_count(&f->record, VRES_EVENT_SEAL_VERIFICATION_FAILED);
	ck_assert_uint_ge(told, 1);
	ck_assert_uint_lt(told, flood / 2);
	/* What was not told is counted. */
	ck_assert_uint_eq(metrics_of(f).audit_lost, flood - told);
	event = record_last(&f->record, VRES_EVENT_SEAL_VERIFICATION_FAILED);
	ck_assert_uint_eq(event->reason, VRES_REASON_SIGNATURE);
	ck_assert_int_eq(event->status, VRES_E_SEAL_VERIFICATION_FAILED);
	suite_value("told", (double)told);
	nanosleep(&more_than_a_second, NULL);
	e.receipt[0] ^= 1;
	/* The next second tells of its own. */
	ck_assert(is_refused(f, e.receipt, e.len, VRES_REASON_SIGNATURE));
	e.receipt[0] ^= 1;
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_SEAL_VERIFICATION_FAILED), told + 1);
	ck_unharmed(f, &e);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(every_single_bit_flip_of_a_receipt_is_refused,
	             "CI-001 CI-002 VR-002 VR-004 WORKER-4120", "authenticity", "forged receipt"),
		CASE(a_receipt_cut_at_any_length_is_refused, "CI-001 VR-006 MS-007", "authenticity",
	             "truncated receipt, read out of bounds"),
		CASE(a_receipt_with_bytes_before_after_or_within_is_refused, "CI-001 VR-006",
	             "authenticity", "padded receipt"),
		CASE(noise_of_any_length_is_refused, "CI-001 VR-005 VR-006", "authenticity",
	             "hostile bytes"),
		CASE_LOOP(a_receipt_of_another_key_or_domain_is_refused, 2, "CI-001 CI-005",
	                  "authenticity", "receipt of another worker"),
		CASE(a_receipt_of_an_earlier_manager_with_the_same_token_is_stale,
	             "WORKER-4112 VP-006", "authenticity", "replay after a restart"),
		CASE(a_receipt_of_a_released_shard_opens_nothing, "WORKER-4112 VP-006",
	             "authenticity", "replay after release"),
		CASE(a_receipt_of_a_quarantined_shard_opens_nothing, "WORKER-4122", "integrity",
	             "way around quarantine"),
		CASE(a_receipt_of_an_expired_seal_opens_nothing, "WORKER-4112", "authenticity",
	             "stale seal"),
		CASE(a_flood_of_forgeries_is_no_flood_of_records, "WORKER-4161 VR-004",
	             "availability", "audit log flooded"),
	};

	return suite_run("security_forgery", "security", cases, COUNT(cases));
}
