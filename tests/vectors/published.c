/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Vectors that others published; published/README.md says who, and under which licence. */
#include "known.h"
#include "support/suite/suite.h"

#define FILE_OF(name) PUBLISHED "/" name

START_TEST(sha256_gives_the_digests_of_nist_cavp)
{
	ck_assert_uint_ge(known_sha256(FILE_OF("short.txt")), 65);
	ck_assert_uint_ge(known_sha256(FILE_OF("long.txt")), 64);
	ck_assert_uint_eq(known_sha256_monte(FILE_OF("monte.txt")), 100);
}
END_TEST

START_TEST(hmac_gives_the_macs_of_wycheproof_and_no_modified_ones)
{
	ck_assert_uint_ge(known_hmac(FILE_OF("hmac.txt")), 174);
}
END_TEST

START_TEST(hkdf_gives_the_keys_of_wycheproof)
{
	ck_assert_uint_ge(known_hkdf(FILE_OF("hkdf.txt")), 74);
}
END_TEST

START_TEST(tree_gives_the_digests_of_fsverity_utils)
{
	ck_assert_uint_ge(known_verity(FILE_OF("verity.txt")), 8);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(sha256_gives_the_digests_of_nist_cavp, "CI-004", "integrity", ""),
		CASE(hmac_gives_the_macs_of_wycheproof_and_no_modified_ones, "CI-001 VR-002",
	             "authenticity", "a modified MAC"),
		CASE(hkdf_gives_the_keys_of_wycheproof, "CI-005", "confidentiality", ""),
		CASE(tree_gives_the_digests_of_fsverity_utils, "CI-004", "integrity", ""),
	};

	return suite_run("vectors.published", "vectors", cases, COUNT(cases));
}
