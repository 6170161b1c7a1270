/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What must never come out: addresses, keys, tokens, weights; in answers, receipts, errors, events
 * or logs.
 */
#include <inttypes.h>
#include <stdio.h>
#include <vres/backend.h>
#include "support/fixture/support.h"

/* Hexadecimal, in the spellings a program might print. */
struct spellings {
	char texts[4][80];
};

static struct spellings of_address(uint64_t address)
{
	struct spellings s;

	snprintf(s.texts[0], sizeof(s.texts[0]), "%" PRIx64, address);
	snprintf(s.texts[1], sizeof(s.texts[1]), "%" PRIu64, address);
	snprintf(s.texts[2], sizeof(s.texts[2]), "%" PRIx64, __builtin_bswap64(address));
	snprintf(s.texts[3], sizeof(s.texts[3]), "0x");
	return s;
}

/* No event, incident or log line of the fixture holds it, nor any of @texts. */
static void ck_unsaid(struct fixture *f, const char *needle, const char *const *texts, size_t n)
{
	ck_assert_msg(!record_mentions(&f->record, needle), "an event or log line holds %s",
	              needle);
	for (size_t i = 0; i < n; i++)
		ck_assert_msg(strcasestr(texts[i], needle) == NULL, "text %zu holds %s", i, needle);
}

static bool holds(const uint8_t *bytes, size_t n, const void *needle, size_t needle_bytes)
{
	return memmem(bytes, n, needle, needle_bytes) != NULL;
}

START_TEST(no_address_of_device_memory_comes_out_but_through_a_lease)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed_as(f, "secret-place", 3 * BLOCK, 1);
	const uint64_t address = address_of(shard), swapped = __builtin_bswap64(address);
	const struct spellings spellings = of_address(address);
	size_t len, json_len = 0;
	CLEANUP(free_bytes) uint8_t *receipt = receipt_of(shard, &len);
	const vres_shard_info info = info_of(shard);
	char json[2048], messages[3][sizeof(((vres_error *)0)->message)];
	const char *texts[] = {json, messages[0], messages[1], messages[2]};
	vres_policy_report policy = vres_policy_report_init();
	vres_shard *none = NULL;
	vres_error err;

	ck_ok(vres_shard_to_json(shard, json, sizeof(json), &json_len, &err));
	ck_ok(vres_enforce_vram_only(f->manager, 0, &policy, &err));
	test_device_fail(f->test_device, VRES_MOCK_OP_MEM_RESIDENCY, 1, VRES_E_BACKEND);
	ck_status(vres_shard_verify(shard, NULL, NULL, &err), VRES_E_BACKEND);
	memcpy(messages[0], err.message, sizeof(err.message));
	ck_status(vres_seal_adopt(f->manager, PLAIN, address, BLOCK, &none, &err),
	          VRES_E_INVALID_INPUT);
	memcpy(messages[1], err.message, sizeof(err.message));
	flip_at(f, address, 5, 0);
	ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_DIGEST);
	memcpy(messages[2], err.message, sizeof(err.message));
	/* What cannot be wiped or freed is told, too. */
	f->wipe_may_fail = true;
	test_device_fail(f->test_device, VRES_MOCK_OP_MEM_WIPE, 1, VRES_E_BACKEND);
	test_device_fail(f->test_device, VRES_MOCK_OP_MEM_RELEASE, 1, VRES_E_BACKEND);
	release_shard(&shard);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_DEALLOCATION_FAILED), 1);
	for (size_t i = 0; i < COUNT(spellings.texts); i++) {
		ck_unsaid(f, spellings.texts[i], texts, COUNT(texts));
		for (uint32_t fact = 0; fact < policy.facts_count; fact++)
			ck_assert_ptr_null(
				strcasestr(policy.facts[fact].value, spellings.texts[i]));
	}
	ck_assert(!holds(receipt, len, &address, sizeof(address)));
	ck_assert(!holds(receipt, len, &swapped, sizeof(swapped)));
	ck_assert(!holds((const uint8_t *)&info, sizeof(info), &address, sizeof(address)));
	ck_assert(!holds((const uint8_t *)&policy, sizeof(policy), &address, sizeof(address)));
}
END_TEST

START_TEST(no_host_pointer_comes_out_of_a_value_struct)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, 3 * BLOCK, 1);
	const vres_shard_info info = info_of(shard);
	const vres_device_info device = device_of(f, 0);
	const vres_metrics metrics = metrics_of(f);
	const void *const pointers[] = {shard, f->manager, f->test_device, f->key};
	size_t len;
	CLEANUP(free_bytes) uint8_t *receipt = receipt_of(shard, &len);

	for (size_t i = 0; i < COUNT(pointers); i++) {
		ck_assert(!holds((const uint8_t *)&info, sizeof(info), &pointers[i],
		                 sizeof(pointers[i])));
		ck_assert(!holds((const uint8_t *)&device, sizeof(device), &pointers[i],
		                 sizeof(pointers[i])));
		ck_assert(!holds((const uint8_t *)&metrics, sizeof(metrics), &pointers[i],
		                 sizeof(pointers[i])));
		ck_assert(!holds(receipt, len, &pointers[i], sizeof(pointers[i])));
	}
}
END_TEST

START_TEST(no_token_and_no_key_comes_out)
{
	static const char root[] =
		"14a07e02a665cb5b74d2825937e34cb1b382ba3ad02f19d7e0f65862a3b1e26c";
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, 3 * BLOCK, 1);
	uint8_t key[32], subkey[32];
	char subkey_hex[65], part[17], json[2048];
	size_t len, json_len = 0;
	CLEANUP(free_bytes) uint8_t *receipt = receipt_of(shard, &len);
	const char *texts[] = {json, ""};
	vres_shard *none = NULL;
	vres_error err;

	for (unsigned i = 0; i < 32; i++) {
		unsigned byte;

		ck_assert_int_eq(sscanf(root + 2 * i, "%2x", &byte), 1);
		key[i] = (uint8_t)byte;
	}
	hmac_sha256(key, 32, "vres/seal/v1\x01", 13, subkey);
	hex_of(subkey, 32, subkey_hex);
	ck_ok(vres_shard_to_json(shard, json, sizeof(json), &json_len, &err));
	receipt[0] ^= 1;
	ck_refused(vres_receipt_open(f->manager, receipt, len, &none, &err), VRES_REASON_SIGNATURE);
	receipt[0] ^= 1;
	texts[1] = err.message;
	ck_unsaid(f, TOKEN, texts, COUNT(texts));
	for (unsigned at = 0; at < 64; at += 16) { /* not even a part of them */
		snprintf(part, sizeof(part), "%.16s", root + at);
		ck_unsaid(f, part, texts, COUNT(texts));
		snprintf(part, sizeof(part), "%.16s", subkey_hex + at);
		ck_unsaid(f, part, texts, COUNT(texts));
	}
	for (unsigned at = 0; at < 32; at += 8) {
		ck_assert(!holds(receipt, len, key + at, 8));
		ck_assert(!holds(receipt, len, subkey + at, 8));
	}
	ck_assert(!holds(receipt, len, TOKEN, strlen(TOKEN)));
}
END_TEST

START_TEST(no_weights_come_out)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(free_bytes) uint8_t *data = test_alloc(3 * BLOCK);
	static const char marker[] = "WEIGHTS-MARKER-31337";
	CLEANUP(release_shard) vres_shard *shard = NULL;
	uint8_t *receipt;
	size_t len;
	vres_error err;

	for (size_t at = 0; at + sizeof(marker) <= 3 * BLOCK; at += sizeof(marker))
		memcpy(data + at, marker, sizeof(marker));
	ck_ok(vres_seal_memory(f->manager, PLAIN, data, 3 * BLOCK, &shard, &err));
	receipt = receipt_of(shard, &len);
	ck_assert(!holds(receipt, len, "WEIGHTS", 7));
	test_free(receipt);
	flip(f, shard, 77, 1);
	ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_DIGEST);
	ck_assert_ptr_null(strstr(err.message, "WEIGHTS"));
	ck_assert(!record_mentions(&f->record, "WEIGHTS"));
}
END_TEST

static const char weights[16] = {'W', 'E', 'I', 'G', 'H', 'T', 'S', '-',
                                 '3', '1', '3', '3', '7', '-', '-', '-'};

static vres_status read_weights(void *ctx, void *buf, size_t n)
{
	uint64_t *done = ctx;

	for (size_t i = 0; i < n; i++)
		((char *)buf)[i] = weights[(*done + i) % sizeof(weights)];
	*done += n;
	return VRES_OK;
}

static vres_status read_weights_at(void *ctx, uint64_t offset, void *buf, size_t n)
{
	(void)ctx;
	return read_weights(&offset, buf, n);
}

/*
 * Host memory that held weights is wiped before it goes back to the heap: after a seal, and after a
 * verification of any mode.
 */
START_TEST(no_weights_are_left_in_memory_that_is_given_back)
{
	const uint64_t bytes = 3 * BLOCK + 100;
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	vres_verify_params p = vres_verify_params_init();
	vres_shard *shard = NULL;
	uint64_t done = 0;
	vres_error err;

	s.policy.allow |= VRES_ALLOW_READBACK;
	f = begin(&s);
	alloc_watch(weights, sizeof(weights));
	ck_ok(vres_seal_stream(f->manager, PLAIN, read_weights, &done, bytes, &shard, &err));
	for (p.mode = VRES_VERIFY_FULL; p.mode <= VRES_VERIFY_READBACK; p.mode++)
		ck_ok(vres_shard_verify(shard, &p, NULL, &err));
	flip(f, shard, BLOCK + 5, 0);
	p.mode = _i == 0 ? VRES_VERIFY_FULL : VRES_VERIFY_READBACK;
	p.source = read_weights_at;
	ck_refused(vres_shard_verify(shard, &p, NULL, &err), VRES_REASON_DIGEST);
	release_shard(&shard);
	ck_assert_uint_eq(alloc_watched(), 0);
}
END_TEST

START_TEST(the_mock_is_refused_unless_policy_allows_simulation)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_policy strictest = vres_policy_init(), all_but = vres_policy_init();
	vres_config config = config_of(f);
	vres_manager *manager = (void *)f;
	vres_error err;

	config.policy = NULL;
	ck_status(manager_create(f, &config, &manager, &err), VRES_E_POLICY_VIOLATION);
	config.policy = &strictest;
	ck_status(manager_create(f, &config, &manager, &err), VRES_E_POLICY_VIOLATION);
	all_but.allow = VRES_ALLOW_ALL & ~(uint64_t)VRES_ALLOW_SIMULATED;
	config.policy = &all_but;
	ck_status(manager_create(f, &config, &manager, &err), VRES_E_POLICY_VIOLATION);
	ck_assert_ptr_eq(manager, (void *)f);
}
END_TEST

START_TEST(a_driver_library_from_a_given_path_is_refused_unless_policy_allows_simulation)
{
	vres_backend table = *test_device_backend();
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_policy policy = vres_policy_init();
	vres_config config = config_of(f);
	vres_manager *manager = NULL;
	vres_error err;

	table.flags &= ~VRES_BACKEND_SIMULATED; /* as a real backend would come */
	policy.allow = needed() & ~(uint64_t)VRES_ALLOW_SIMULATED;
	config.backend = &table;
	config.policy = &policy;
	/* Which the mock never looks at. */
	config.library_path =
		test_device_library() ? test_device_library() : "/usr/lib/libother.so.1";
	ck_status(manager_create(f, &config, &manager, &err), VRES_E_POLICY_VIOLATION);
	policy.allow |= VRES_ALLOW_SIMULATED;
	ck_ok(manager_create(f, &config, &manager, &err));
	{
		vres_device_info info = vres_device_info_init();
		vres_shard_info shard_info = vres_shard_info_init();
		vres_shard *shard = NULL;

		ck_ok(vres_device_describe(manager, 0, &info, &err));
		ck_assert_uint_eq(info.simulated, 1);
		ck_ok(vres_seal_memory(manager, PLAIN, "abc", 3, &shard, &err));
		ck_ok(vres_shard_describe(shard, &shard_info, &err));
		ck_assert_uint_eq(shard_info.simulated, 1);
		ck_assert_uint_eq(shard_info.assurance, VRES_ASSURANCE_NONE);
		release_shard(&shard);
	}
	destroy_manager(&manager);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(no_address_of_device_memory_comes_out_but_through_a_lease,
	             "WORKER-4111 WORKER-4152 MS-001", "confidentiality",
	             "address leaked in an answer, receipt, error, event or log"),
		CASE(no_host_pointer_comes_out_of_a_value_struct, "WORKER-4111 MS-001",
	             "confidentiality", "uninitialised padding, pointer leaked"),
		CASE(no_token_and_no_key_comes_out, "CI-006 WORKER-4152", "confidentiality",
	             "key leaked in an answer, receipt, error, event or log"),
		CASE(no_weights_come_out, "WORKER-4152", "confidentiality",
	             "weights leaked in a message"),
		CASE_LOOP(no_weights_are_left_in_memory_that_is_given_back, 2, "VR-007",
	                  "confidentiality", "weights left in freed memory"),
		CASE(the_mock_is_refused_unless_policy_allows_simulation,
	             "VR-001 VP-005 WORKER-4163", "residency", "mock in production"),
		CASE(a_driver_library_from_a_given_path_is_refused_unless_policy_allows_simulation,
	             "VR-001 VP-005", "residency",
	             "fake driver library passed off as the real one"),
	};

	return suite_run("security_secrets", "security", cases, COUNT(cases));
}
