/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The digests of a seal: equal to what OpenSSL and a plain fs-verity compute, at every size where
 * an implementation may slip.
 */
#include <ctype.h>
#include <sys/mman.h>
#include <unistd.h>
#include "support/fixture/support.h"

/*
 * Around the padding of SHA-256, the block, the hash block of 128, and the transfer buffer of 16
 * MiB.
 */
static const uint64_t SIZES[] = {1,
                                 31,
                                 32,
                                 55,
                                 56,
                                 63,
                                 64,
                                 65,
                                 4095,
                                 4096,
                                 4097,
                                 8191,
                                 8192,
                                 8193,
                                 GROUP - 1,
                                 GROUP,
                                 GROUP + 1,
                                 GROUP + BLOCK,
                                 3 * GROUP + 17,
                                 MIB(16) - 1,
                                 MIB(16) + 1};

static void ck_digests(struct fixture *f, uint32_t alg, uint64_t bytes, uint32_t block_size)
{
	CLEANUP(free_bytes) uint8_t *data = content((size_t)bytes, bytes);
	vres_seal_params p = vres_seal_params_init();
	CLEANUP(release_shard) vres_shard *shard = NULL;
	char flat[65], verity[65];
	vres_shard_info info;
	vres_error err;

	sha256_hex(data, (size_t)bytes, flat);
	verity_hex(data, (size_t)bytes, block_size, verity);
	p.digest_alg = alg;
	ck_ok(vres_seal_memory(f->manager, &p, data, bytes, &shard, &err));
	info = info_of(shard);
	ck_assert_uint_eq(info.digest_alg, alg);
	ck_assert_uint_eq(info.vram_bytes, bytes);
	ck_assert_str_eq(info.verity_digest, verity);
	ck_assert_str_eq(info.digest, alg == VRES_DIGEST_SHA256 ? flat : verity);
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
}

START_TEST(digests_equal_openssl_and_fsverity_at_every_edge)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);

	ck_digests(f, VRES_DIGEST_SHA256, SIZES[_i], 4096);
	ck_digests(f, VRES_DIGEST_VERITY, SIZES[_i], 4096);
}
END_TEST

START_TEST(digests_equal_openssl_and_fsverity_for_every_block_size)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	const uint64_t block = UINT64_C(1024) << _i;
	const uint64_t sizes[] = {1,
	                          block - 1,
	                          block,
	                          block + 1,
	                          33 * block + 7,
	                          block / 32 * block,
	                          block / 32 * block + 1};

	s.block_size = (uint32_t)block;
	f = begin(&s);
	for (size_t i = 0; i < COUNT(sizes); i++)
		if (sizes[i] <= MIB(16))
			ck_digests(f, VRES_DIGEST_SHA256, sizes[i], (uint32_t)block);
}
END_TEST

START_TEST(a_tree_of_three_levels_equals_fsverity)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	const unsigned groups = suite_scaled(128, 2);

	ck_digests(f, VRES_DIGEST_VERITY, groups * GROUP - BLOCK + 5, 4096);
	if (groups == 128) {
		struct setup s = setup_init();
		CLEANUP(finish) struct fixture *big = NULL;

		s.mock.bytes_per_device = MIB(80);
		big = begin(&s);
		ck_digests(big, VRES_DIGEST_VERITY, 128 * GROUP + 5, 4096);
	}
}
END_TEST

START_TEST(digests_are_the_same_whatever_leaves_are_kept_and_threads_are_used)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;

	s.keep_leaves = (uint32_t)_i & 1;
	s.threads = _i & 2 ? 5 : 1;
	f = begin(&s);
	ck_digests(f, VRES_DIGEST_SHA256, 3 * GROUP + 17, 4096);
	ck_digests(f, VRES_DIGEST_VERITY, 3 * GROUP + 17, 4096);
}
END_TEST

START_TEST(a_device_that_cannot_hash_gives_the_same_digests)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;

	s.mock.no_device_hash = 1;
	s.policy.allow |= VRES_ALLOW_READBACK;
	f = begin(&s);
	ck_digests(f, VRES_DIGEST_SHA256, GROUP + 17, 4096);
	ck_digests(f, VRES_DIGEST_VERITY, GROUP + 17, 4096);
}
END_TEST

static vres_status seal_expecting(struct fixture *f, uint32_t alg, const char *digest,
                                  vres_shard **out, vres_error *err)
{
	CLEANUP(free_bytes) uint8_t *data = content(3 * BLOCK + 1, 1);
	vres_seal_params p = vres_seal_params_init();

	p.digest_alg = alg;
	p.expected_digest = digest;
	return vres_seal_memory(f->manager, &p, data, 3 * BLOCK + 1, out, err);
}

static void digest_of_it(uint32_t alg, char hex[65])
{
	CLEANUP(free_bytes) uint8_t *data = content(3 * BLOCK + 1, 1);

	if (alg == VRES_DIGEST_SHA256)
		sha256_hex(data, 3 * BLOCK + 1, hex);
	else
		verity_hex(data, 3 * BLOCK + 1, 4096, hex);
}

START_TEST(an_expected_digest_that_fits_is_accepted_in_either_case)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *lower = NULL, *upper = NULL;
	char hex[65];
	vres_error err;

	digest_of_it((uint32_t)_i, hex);
	ck_ok(seal_expecting(f, (uint32_t)_i, hex, &lower, &err));
	for (char *p = hex; *p != '\0'; p++)
		*p = (char)toupper((unsigned char)*p);
	ck_ok(seal_expecting(f, (uint32_t)_i, hex, &upper, &err));
	ck_assert_str_eq(info_of(lower).digest, info_of(upper).digest);
	release_shard(&upper);
}
END_TEST

START_TEST(an_expected_digest_that_does_not_fit_leaves_nothing_resident)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	const vres_device_info before = device_of(f, 0);
	vres_shard *shard = (void *)f;
	vres_device_info after;
	char hex[65];
	vres_error err;

	digest_of_it((uint32_t)_i, hex);
	hex[63] = hex[63] == '0' ? '1' : '0';
	ck_status_reason(seal_expecting(f, (uint32_t)_i, hex, &shard, &err),
	                 VRES_E_INTEGRITY_VIOLATION, VRES_REASON_DIGEST);
	ck_assert_ptr_eq(shard, (void *)f);
	after = device_of(f, 0);
	ck_same_device(&before, &after);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_SEALED), 0);
	ck_assert_uint_eq(metrics_of(f).seals_failed, 1);
	ck_works(f);
}
END_TEST

START_TEST(the_digest_of_one_algorithm_is_no_digest_of_the_other)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard *shard = NULL;
	char hex[65];
	vres_error err;

	digest_of_it(VRES_DIGEST_SHA256, hex);
	ck_status(seal_expecting(f, VRES_DIGEST_VERITY, hex, &shard, &err),
	          VRES_E_INTEGRITY_VIOLATION);
	digest_of_it(VRES_DIGEST_VERITY, hex);
	ck_status(seal_expecting(f, VRES_DIGEST_SHA256, hex, &shard, &err),
	          VRES_E_INTEGRITY_VIOLATION);
}
END_TEST

START_TEST(a_digester_computes_what_a_seal_does)
{
	CLEANUP(free_bytes) uint8_t *data = content(GROUP + 100, 3);
	vres_digester *d = NULL;
	char hex[65], want[65];
	vres_error err;

	if (_i == VRES_DIGEST_SHA256)
		sha256_hex(data, GROUP + 100, want);
	else
		verity_hex(data, GROUP + 100, 4096, want);
	ck_ok(vres_digester_create((uint32_t)_i, 0, &d, &err));
	for (size_t at = 0, n = 1; at < GROUP + 100; at += n, n = n * 3 + 1) {
		n = n < GROUP + 100 - at ? n : GROUP + 100 - at;
		ck_ok(vres_digester_update(d, data + at, n, &err));
	}
	ck_ok(vres_digester_final(d, hex, &err));
	ck_assert_str_eq(hex, want);
	ck_status(vres_digester_final(d, hex, &err), VRES_E_STATE);
	ck_status(vres_digester_update(d, data, 1, &err), VRES_E_STATE);
	vres_digester_destroy(d);
}
END_TEST

/*
 * Sources that end right before a page without access.  Where the device alone digests, threads
 * read a buffer in parts of 1 MiB, and the last part of the last buffer is shorter.
 */
START_TEST(source_is_read_to_its_end_and_no_further)
{
	static const uint64_t sizes[] = {5, MIB(1) + 5, MIB(16) + 5, MIB(16) + MIB(1) + 4095};
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const uint64_t bytes = sizes[_i / 2];
	const size_t pages = (size_t)(bytes + page - 1) / page * page;
	uint8_t *memory = mmap(NULL, pages + page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct setup setup = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	vres_seal_params p = vres_seal_params_init();
	CLEANUP(release_shard) vres_shard *shard = NULL;
	uint8_t *data = memory + pages - bytes;
	char verity[65];
	vres_error err;

	ck_assert_ptr_ne(memory, MAP_FAILED);
	ck_assert_int_eq(mprotect(memory, pages, PROT_READ | PROT_WRITE), 0);
	content_fill(data, (size_t)bytes, 3, 0);
	verity_hex(data, (size_t)bytes, 4096, verity);
	setup.threads = 4;
	f = begin(&setup);
	p.digest_alg = VRES_DIGEST_VERITY;
	p.expected_digest = _i % 2 ? verity : NULL; /* given: the host digests nothing */
	ck_ok(vres_seal_memory(f->manager, &p, data, bytes, &shard, &err));
	ck_assert_str_eq(info_of(shard).verity_digest, verity);
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
	ck_assert_int_eq(munmap(memory, pages + page), 0);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(digests_equal_openssl_and_fsverity_at_every_edge, COUNT(SIZES),
	                  "CI-004 WORKER-4113 WORKER-4400", "integrity", "wrong digest at an edge"),
		CASE_LOOP(digests_equal_openssl_and_fsverity_for_every_block_size, 7,
	                  "CI-004 WORKER-4113", "integrity", "wrong tree geometry"),
		CASE(a_tree_of_three_levels_equals_fsverity, "CI-004 WORKER-4113", "integrity",
	             "wrong upper levels"),
		CASE_LOOP(digests_are_the_same_whatever_leaves_are_kept_and_threads_are_used, 4,
	                  "CI-004", "integrity", "race in hashing"),
		CASE(a_device_that_cannot_hash_gives_the_same_digests, "CI-004 CI-007", "integrity",
	             "two hashes that differ"),
		CASE_LOOP(an_expected_digest_that_fits_is_accepted_in_either_case, 2,
	                  "WORKER-4223 IV-004", "integrity", ""),
		CASE_LOOP(an_expected_digest_that_does_not_fit_leaves_nothing_resident, 2,
	                  "WORKER-4113 WORKER-4223 VR-004", "integrity",
	                  "other model than ordered, corrupted download"),
		CASE(the_digest_of_one_algorithm_is_no_digest_of_the_other, "CI-004 WORKER-4223",
	             "integrity", "algorithm confusion"),
		CASE_LOOP(source_is_read_to_its_end_and_no_further, 8, "VR-006 WORKER-4113",
	                  "confidentiality", "a read past the caller's memory"),
		CASE_LOOP(a_digester_computes_what_a_seal_does, 2, "CI-004", "integrity",
	                  "two digests that differ"),
	};

	return suite_run("seal_digest", "seal", cases, COUNT(cases));
}
