/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Does anything that comes from a key decide a branch or an address?  Run under Valgrind: keys are
 * marked as undefined, and Memcheck follows them, complaining wherever the program depends on them.
 * What is public by design is marked as defined again: MACs, the key's public id, the token's
 * fingerprint, and the yes or no of a comparison, which is the one thing that its caller may learn.
 */
#include <valgrind/memcheck.h>
#include <vres/mock.h>
#include <vres/vres.h>

#include "sign/record.h"
#include "sign/key.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"

#define HIDE(object) VALGRIND_MAKE_MEM_UNDEFINED(&(object), sizeof(object))
#define SHOW(object) VALGRIND_MAKE_MEM_DEFINED(&(object), sizeof(object))

/* The linker puts it between the library and its comparison. */
bool __real_vres_crypto_equal(const void *a, const void *b, size_t n);
bool __wrap_vres_crypto_equal(const void *a, const void *b, size_t n);

bool __wrap_vres_crypto_equal(const void *a, const void *b, size_t n)
{
	bool is_equal = __real_vres_crypto_equal(a, b, n);

	SHOW(is_equal);
	return is_equal;
}

static void destroy(vres_key **key)
{
	vres_key_destroy(*key);
}

/* A key of which no bit is known. */
static vres_key *hidden_key(void)
{
	char token[] = "test-token-42";
	vres_key *key = NULL;
	vres_error err;

	VALGRIND_MAKE_MEM_UNDEFINED(token, sizeof(token) - 1);
	ck_ok(vres_key_derive(token, sizeof(token) - 1, NULL, &key, &err));
	SHOW(key->fingerprint);
	return key;
}

/* Does Valgrind, if it is there, take every bit of it for undefined? */
static void ck_hidden(const uint8_t secret[32])
{
	uint8_t bits[32];

	if (!RUNNING_ON_VALGRIND)
		return;
	ck_assert_int_eq(VALGRIND_GET_VBITS(secret, bits, sizeof(bits)), 1);
	for (size_t i = 0; i < sizeof(bits); i++)
		ck_assert_uint_eq(bits[i], 0xff);
}

START_TEST(deriving_keys_depends_on_no_secret)
{
	/* The known answer of docs/FORMAT.md. */
	static const char root_start[] = {'\x14', '\xa0', '\x7e', '\x02'};
	CLEANUP(destroy) vres_key *key = hidden_key();
	CLEANUP(vres_subkeys_destroy) struct vres_subkeys *keys = NULL;
	vres_error err;

	ck_assert_str_eq(key->fingerprint, "09dee7");
	ck_ok(vres_subkeys_create(key, &keys, &err));
	ck_hidden(key->root); /* it was followed: or this test would prove nothing */
	ck_hidden(keys->seal);
	SHOW(key->root);
	ck_assert_mem_eq(key->root, root_start, sizeof(root_start));
}
END_TEST

START_TEST(comparing_depends_on_no_secret)
{
	uint8_t a[32], b[32];

	for (unsigned at = 0; at < 33; at++) { /* the first difference at each byte; 32: none */
		memset(a, 7, sizeof(a));
		memset(b, 7, sizeof(b));
		if (at < 32)
			b[at] ^= 1;
		HIDE(a);
		HIDE(b);
		ck_assert_int_eq(vres_crypto_equal(a, b, sizeof(a)), at == 32);
	}
}
END_TEST

START_TEST(signing_and_checking_a_record_depend_on_no_secret)
{
	CLEANUP(destroy) vres_key *key = hidden_key();
	CLEANUP(vres_subkeys_destroy) struct vres_subkeys *keys = NULL;
	struct vres_record record = {.shard_id = "s",
	                             .worker_id = "w",
	                             .backend = "mock",
	                             .vram_bytes = 1,
	                             .block_size = 4096},
			   out;
	uint8_t receipt[RECEIPT_MAX], mac[MAC_BYTES];
	size_t n;
	vres_error err;

	ck_ok(vres_subkeys_create(key, &keys, &err));
	ck_ok(vres_record_sign(&record, keys, mac, &err));
	/*
	 * The MAC that is presented is public; the one it is compared with is not, until it is
	 * shown to be the same.
	 */
	n = vres_record_encode(&record, receipt);
	memcpy(receipt + n, mac, MAC_BYTES);
	VALGRIND_MAKE_MEM_DEFINED(receipt, sizeof(receipt));
	ck_ok(vres_record_authenticate(&record, keys, receipt + n, &err));
	ck_ok(vres_receipt_decode(receipt, n + MAC_BYTES, keys, &out, &err));
	for (unsigned at = 0; at < MAC_BYTES; at++) {
		receipt[n + at] ^= 0x80;
		ck_refused(vres_record_authenticate(&record, keys, receipt + n, &err),
		           VRES_REASON_SIGNATURE);
		ck_refused(vres_receipt_decode(receipt, n + MAC_BYTES, keys, &out, &err),
		           VRES_REASON_SIGNATURE);
		receipt[n + at] ^= 0x80;
	}
}
END_TEST

START_TEST(message_after_message_under_one_key_depends_on_no_secret)
{
	CLEANUP(destroy) vres_key *key = hidden_key();
	CLEANUP(vres_hmac_close) struct hmac h = {0};
	uint8_t mac[2][MAC_BYTES];
	vres_error err;

	ck_ok(vres_hmac_open(&h, key->root, &err));
	for (unsigned i = 0; i < 2; i++) {
		ck_ok(vres_hmac_begin(&h, &err));
		ck_ok(vres_hmac_add(&h, "line", 4, &err));
		ck_ok(vres_hmac_end(&h, mac[i], &err));
	}
	ck_assert_int_eq(vres_crypto_equal(mac[0], mac[1], MAC_BYTES), true);
}
END_TEST

/* All of it as an application has it: create, seal, verify, receipts, destroy. */
START_TEST(a_managers_life_depends_on_no_secret)
{
	CLEANUP(destroy) vres_key *key = hidden_key();
	vres_mock_params params = vres_mock_params_init();
	vres_policy policy = vres_policy_init();
	vres_config config = vres_config_init();
	vres_shard_info info = vres_shard_info_init();
	vres_shard *shard = NULL, *opened = NULL;
	vres_manager *manager = NULL;
	vres_mock *mock = NULL;
	uint8_t receipt[RECEIPT_MAX];
	size_t n = 0;
	vres_error err;

	params.bytes_per_device = 1 << 20;
	ck_ok(vres_mock_create(&params, &mock, &err));
	policy.allow = VRES_ALLOW_SIMULATED | VRES_ALLOW_NO_ECC;
	config.backend = vres_backend_mock();
	config.backend_arg = mock;
	config.key = key;
	config.worker_id = "w";
	config.policy = &policy;
	ck_ok(vres_manager_create(&config, &manager, &err));
	ck_ok(vres_seal_memory(manager,
	                       &(vres_seal_params){.struct_size = sizeof(vres_seal_params)}, "abc",
	                       3, &shard, &err));
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
	ck_ok(vres_shard_receipt(shard, receipt, sizeof(receipt), &n, &err));
	VALGRIND_MAKE_MEM_DEFINED(receipt, n); /* it leaves the process */
	ck_ok(vres_receipt_open(manager, receipt, n, &opened, &err));
	ck_ok(vres_receipt_check(receipt, n, key, &info, &err));
	receipt[n - 1] ^= 1;
	ck_refused(vres_receipt_check(receipt, n, key, &info, &err), VRES_REASON_SIGNATURE);
	vres_shard_release(opened);
	vres_shard_release(shard);
	vres_manager_destroy(manager);
	vres_mock_destroy(mock);
}
END_TEST

/*
 * What the others must not do: a branch on a byte of a key.  Memcheck's complaint about it is what
 * ctest waits for.
 */
START_TEST(a_branch_on_a_key_is_complained_of)
{
	CLEANUP(destroy) vres_key *key = hidden_key();
	volatile unsigned odd = 0;

	if (key->root[0] & 1)
		odd = 1;
	SHOW(odd);
	ck_assert_uint_le(odd, 1);
}
END_TEST

int main(int argc, char **argv)
{
	static const struct suite_case cases[] = {
		CASE(deriving_keys_depends_on_no_secret, "CI-003 CI-005", "confidentiality",
	             "a key told by timing"),
		CASE(comparing_depends_on_no_secret, "CI-003 VR-003", "authenticity",
	             "a MAC guessed byte by byte"),
		CASE(signing_and_checking_a_record_depend_on_no_secret, "CI-003 VR-003",
	             "authenticity", "a MAC guessed byte by byte"),
		CASE(message_after_message_under_one_key_depends_on_no_secret, "CI-003",
	             "authenticity", "a MAC guessed byte by byte"),
		CASE(a_managers_life_depends_on_no_secret, "CI-003 VR-003", "confidentiality",
	             "a key told by timing"),
	};
	static const struct suite_case control[] = {
		CASE(a_branch_on_a_key_is_complained_of, "", "", "")};

	(void)argv;
	return argc > 1 ? suite_run("secrets.control", "secrets", control, COUNT(control))
	                : suite_run("secrets.constant_time", "secrets", cases, COUNT(cases));
}
