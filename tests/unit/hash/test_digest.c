/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The public digester: its life, and what it refuses.  Known answers are in tests/vectors. */
#include <vres/vres.h>

#include <sys/mman.h>
#include <unistd.h>

#include "support/suite/alloc.h"
#include "support/suite/content.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"

static vres_digester *create(uint32_t alg, uint32_t block_size)
{
	vres_digester *d = NULL;
	vres_error err;

	ck_ok(vres_digester_create(alg, block_size, &d, &err));
	return d;
}

static void ck_final(vres_digester *d, const char *want)
{
	char hex[65];
	vres_error err;

	ck_ok(vres_digester_final(d, hex, &err));
	ck_assert_str_eq(hex, want);
	vres_digester_destroy(d);
}

START_TEST(both_algorithms_agree_with_plain_code_in_odd_pieces)
{
	static const size_t pieces[] = {1, 4095, 4096, 4097, 100000};
	uint8_t *bytes = content(100000, 1);
	char flat[65], verity[65];
	vres_error err;

	sha256_hex(bytes, 100000, flat);
	verity_hex(bytes, 100000, 4096, verity);
	for (size_t p = 0; p < COUNT(pieces); p++) {
		vres_digester *a = create(VRES_DIGEST_SHA256, 0),
			      *b = create(VRES_DIGEST_VERITY, 0);

		for (size_t at = 0; at < 100000; at += pieces[p]) {
			const size_t n = pieces[p] < 100000 - at ? pieces[p] : 100000 - at;

			if (vres_digester_update(a, bytes + at, n, &err) != VRES_OK ||
			    vres_digester_update(b, bytes + at, n, &err) != VRES_OK)
				ck_abort_msg("%s", err.message);
		}
		ck_final(a, flat);
		ck_final(b, verity);
	}
	test_free(bytes);
}
END_TEST

START_TEST(every_valid_block_size_is_taken_and_every_other_refused)
{
	vres_digester *d = NULL;
	char want[65];
	vres_error err;

	for (uint32_t size = 1024; size <= 65536; size *= 2) {
		d = create(VRES_DIGEST_VERITY, size);
		ck_ok(vres_digester_update(d, "abc", 3, &err));
		verity_hex("abc", 3, size, want);
		ck_final(d, want);
	}
	d = NULL;
	ck_status(vres_digester_create(VRES_DIGEST_VERITY, 512, &d, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_digester_create(VRES_DIGEST_VERITY, 131072, &d, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_digester_create(VRES_DIGEST_VERITY, 4095, &d, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_digester_create(VRES_DIGEST_VERITY, UINT32_MAX, &d, &err),
	          VRES_E_INVALID_INPUT);
	ck_assert_ptr_null(d);
	verity_hex("", 0, 4096, want);
	ck_final(create(VRES_DIGEST_VERITY, 0), want);
}
END_TEST

START_TEST(block_size_is_ignored_for_the_flat_digest)
{
	char want[65];

	sha256_hex("", 0, want);
	ck_final(create(VRES_DIGEST_SHA256, 77), want);
}
END_TEST

START_TEST(unknown_algorithm_is_refused)
{
	vres_digester *d = NULL;
	vres_error err;

	ck_status(vres_digester_create(2, 0, &d, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_digester_create(UINT32_MAX, 0, &d, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_digester_create(0, 0, NULL, &err), VRES_E_INVALID_INPUT);
	ck_assert_ptr_null(d);
}
END_TEST

START_TEST(finished_digest_takes_nothing_more)
{
	for (uint32_t alg = VRES_DIGEST_SHA256; alg <= VRES_DIGEST_VERITY; alg++) {
		vres_digester *d = create(alg, 0);
		char hex[65], untouched[65] = "untouched";
		vres_error err;

		ck_ok(vres_digester_update(d, "abc", 3, &err));
		ck_ok(vres_digester_final(d, hex, &err));
		ck_status(vres_digester_update(d, "abc", 3, &err), VRES_E_STATE);
		ck_status(vres_digester_update(d, NULL, 0, &err), VRES_E_STATE);
		ck_status(vres_digester_final(d, untouched, &err), VRES_E_STATE);
		ck_assert_str_eq(untouched, "untouched");
		vres_digester_destroy(d);
	}
}
END_TEST

START_TEST(missing_arguments_are_refused_and_harm_nothing)
{
	vres_digester *d = create(VRES_DIGEST_SHA256, 0);
	char hex[65], want[65];
	vres_error err;

	ck_status(vres_digester_update(NULL, "a", 1, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_digester_final(NULL, hex, &err), VRES_E_INVALID_INPUT);
	ck_ok(vres_digester_update(d, "ab", 2, &err));
	ck_status(vres_digester_update(d, NULL, 1, &err), VRES_E_INVALID_INPUT);
	ck_ok(vres_digester_update(d, NULL, 0, &err));
	ck_status(vres_digester_final(d, NULL, &err), VRES_E_INVALID_INPUT);
	ck_ok(vres_digester_update(d, "c", 1, &err));
	sha256_hex("abc", 3, want);
	ck_final(d, want);
	vres_digester_destroy(NULL);
}
END_TEST

/* A file in memory with these @n bytes. */
static int file_of(const uint8_t *bytes, size_t n)
{
	const int fd = memfd_create("test", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq((int)write(fd, bytes, n), (int)n);
	return fd;
}

START_TEST(files_have_the_digest_of_their_bytes_from_any_offset)
{
	static const size_t offsets[] = {0, 1, 4096, 1000003};
	const size_t n = (3 << 20) + 77;
	uint8_t *bytes = content(n, 2);
	const int fd = file_of(bytes, n);
	const off_t position = lseek(fd, 0, SEEK_CUR);
	char want[65];
	vres_error err;

	for (size_t i = 0; i < COUNT(offsets); i++) {
		vres_digester *flat = create(VRES_DIGEST_SHA256, 0),
			      *small = create(VRES_DIGEST_VERITY, 1024),
			      *large = create(VRES_DIGEST_VERITY, 65536);
		const size_t left = n - offsets[i];

		ck_ok(vres_digester_update_fd(flat, fd, offsets[i], left, &err));
		sha256_hex(bytes + offsets[i], left, want);
		ck_final(flat, want);
		ck_ok(vres_digester_update_fd(small, fd, offsets[i], left, &err));
		verity_hex(bytes + offsets[i], left, 1024, want);
		ck_final(small, want);
		ck_ok(vres_digester_update_fd(large, fd, offsets[i], left, &err));
		verity_hex(bytes + offsets[i], left, 65536, want);
		ck_final(large, want);
	}
	ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), position);
	close(fd);
	test_free(bytes);
}
END_TEST

START_TEST(files_and_memory_may_alternate)
{
	const size_t n = 3 << 20;
	uint8_t *bytes = content(n, 3);
	const int fd = file_of(bytes, n);
	char want[65];
	vres_error err;

	for (uint32_t alg = VRES_DIGEST_SHA256; alg <= VRES_DIGEST_VERITY; alg++) {
		vres_digester *d = create(alg, 0);

		ck_ok(vres_digester_update(d, bytes, 100, &err));
		ck_ok(vres_digester_update_fd(d, fd, 100, 5000, &err));
		ck_ok(vres_digester_update_fd(d, fd, 5100, 0, &err));
		ck_ok(vres_digester_update(d, bytes + 5100, 2 << 20, &err));
		ck_ok(vres_digester_update_fd(d, fd, 5100 + (2 << 20), n - 5100 - (2 << 20), &err));
		alg == VRES_DIGEST_VERITY ? verity_hex(bytes, n, 4096, want)
					  : sha256_hex(bytes, n, want);
		ck_final(d, want);
	}
	close(fd);
	test_free(bytes);
}
END_TEST

/*
 * After a failed read some of its bytes may already be in the digest.  So the digester gives no
 * digest any more.
 */
static void ck_reading_fails(uint32_t alg, int fd, uint64_t offset, uint64_t bytes)
{
	vres_digester *d = create(alg, 0);
	char hex[65] = "untouched";
	vres_error err;

	ck_status(vres_digester_update_fd(d, fd, offset, bytes, &err), VRES_E_IO);
	ck_status(vres_digester_update(d, "a", 1, &err), VRES_E_STATE);
	ck_status(vres_digester_update_fd(d, fd, offset, 1, &err), VRES_E_STATE);
	ck_status(vres_digester_final(d, hex, &err), VRES_E_STATE);
	ck_assert_str_eq(hex, "untouched");
	vres_digester_destroy(d);
}

START_TEST(file_that_ends_early_or_cannot_be_read_gives_no_digest)
{
	static const uint64_t ends[] = {(2 << 20) + 1, 3 << 20, UINT64_C(1) << 40};
	uint8_t *bytes = content(2 << 20, 4);
	const int fd = file_of(bytes, 2 << 20);
	int pipes[2];

	ck_assert_int_eq(pipe(pipes), 0);
	for (uint32_t alg = VRES_DIGEST_SHA256; alg <= VRES_DIGEST_VERITY; alg++) {
		for (size_t i = 0; i < COUNT(ends); i++)
			ck_reading_fails(alg, fd, 0, ends[i]);
		ck_reading_fails(alg, -1, 0, 1);
		ck_reading_fails(alg, pipes[0], 0, 1);
	}
	close(fd);
	close(pipes[0]);
	close(pipes[1]);
	test_free(bytes);
}
END_TEST

START_TEST(range_that_no_file_has_is_refused_and_harms_nothing)
{
	const int fd = file_of((const uint8_t *)"abc", 3);
	char want[65];
	vres_error err;

	sha256_hex("abc", 3, want);
	vres_digester *d = create(VRES_DIGEST_SHA256, 0);

	ck_status(vres_digester_update_fd(NULL, fd, 0, 1, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_digester_update_fd(d, fd, UINT64_MAX, 1, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_digester_update_fd(d, fd, INT64_MAX, 1, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_digester_update_fd(d, fd, 1, UINT64_MAX, &err), VRES_E_INVALID_INPUT);
	ck_ok(vres_digester_update_fd(d, fd, 0, 3, &err));
	ck_final(d, want);
	close(fd);
}
END_TEST

START_TEST(unfinished_digester_is_destroyed_whole)
{
	uint8_t *bytes = content(2 << 20, 5);
	const int fd = file_of(bytes, 2 << 20);
	uint64_t before;
	vres_error err;

	/* The first digester also makes what the process keeps for good. */
	vres_digester_destroy(create(VRES_DIGEST_SHA256, 0));
	before = alloc_live();
	for (uint32_t alg = VRES_DIGEST_SHA256; alg <= VRES_DIGEST_VERITY; alg++) {
		vres_digester *d = create(alg, 1024);

		ck_ok(vres_digester_update(d, "abc", 3, &err));
		ck_ok(vres_digester_update_fd(d, fd, 0, 2 << 20, &err));
		vres_digester_destroy(d);
		ck_assert_uint_eq(alloc_live(), before);
	}
	close(fd);
	test_free(bytes);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(both_algorithms_agree_with_plain_code_in_odd_pieces, "CI-004 WORKER-4400",
	             "integrity", ""),
		CASE(every_valid_block_size_is_taken_and_every_other_refused, "CI-004 VR-005", "",
	             ""),
		CASE(block_size_is_ignored_for_the_flat_digest, "CI-004", "", ""),
		CASE(unknown_algorithm_is_refused, "VR-005", "", ""),
		CASE(finished_digest_takes_nothing_more, "WORKER-4150", "integrity",
	             "a digest of other bytes"),
		CASE(missing_arguments_are_refused_and_harm_nothing, "VR-005 WORKER-4150", "", ""),
		CASE(files_have_the_digest_of_their_bytes_from_any_offset, "CI-004 WORKER-4400",
	             "integrity", "parts in the wrong order"),
		CASE(files_and_memory_may_alternate, "CI-004", "integrity", ""),
		CASE(file_that_ends_early_or_cannot_be_read_gives_no_digest, "VR-005 WORKER-4150",
	             "integrity", "a digest of fewer bytes"),
		CASE(range_that_no_file_has_is_refused_and_harms_nothing, "VR-005 WORKER-4150", "",
	             ""),
		CASE(unfinished_digester_is_destroyed_whole, "MS-005", "", ""),
	};

	return suite_run("unit.digest", "unit", cases, COUNT(cases));
}
