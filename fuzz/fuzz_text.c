/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Under test: vres_check_identifier(), vres_check_text(), vres_check_digest(), vres_hex(),
 * vres_utf8_next(), json_*(), vres_rfc3339().
 *
 * Each validator agrees with its definition, each message stays one printable line, and whatever
 * string is written as JSON comes out as one line of valid UTF-8 that reads back as the string,
 * with U+FFFD for what was not UTF-8, into a buffer of any size.
 */
#include "fuzz.h"
#include "text.h"
#include "base/validate.h"

static void try_validators(const char *string, size_t max)
{
	uint8_t digest[32];
	char hex[65];
	vres_error err = untouched();
	vres_status status = vres_check_identifier(string, max, "it", &err);

	claim_outcome(status, &err);
	CLAIM((status == VRES_OK) == text_is_identifier(string, max));
	err = untouched();
	status = vres_check_text(string, max, "it", &err);
	claim_outcome(status, &err);
	CLAIM((status == VRES_OK) == (strlen(string) <= max && text_is_plain(string)));
	err = untouched();
	status = vres_check_digest(string, digest, "it", &err);
	claim_outcome(status, &err);
	CLAIM((status == VRES_OK) == text_is_digest(string));
	if (status == VRES_OK) {
		vres_hex(digest, hex);
		CLAIM(strcasecmp(hex, string) == 0 && strspn(hex, "0123456789abcdef") == 64);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	const size_t max = input_below(&in, 80);
	const uint64_t number = input_number(&in, 8);
	char *string = input_string(&in, 4096);
	const uint8_t *rest = in.next;

	try_validators(string, max);
	text_claim_json(string, number);
	text_claim_time(number);
	for (size_t left = in.left, n; left > 0; left -= n, rest += n) {
		uint32_t ours = 0, theirs = 0;

		n = reference_utf8(rest, left, &theirs);
		CLAIM(vres_utf8_next(rest, left, &ours) == n && ours == theirs);
		n += n == 0;
	}
	free(string);
	return 0;
}
