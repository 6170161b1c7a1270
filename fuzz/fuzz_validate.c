/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Under test: vres_validate_identifier(), vres_validate_hex(), vres_validate_range(),
 * vres_validate_text().
 *
 * Each accepts exactly what its definition accepts.  Its message is, word for word, the one for the
 * first fault, which is found here in another way; so the message holds nothing of the input.
 */
#include "fuzz.h"

#include <inttypes.h>
#include <stdio.h>
#include <vres/validate.h>

/* The message that is expected; empty if the input is to be accepted. */
struct due {
	char text[224];
};

static struct due due(const char *format, const char *kind, uint64_t number)
{
	struct due d;

	snprintf(d.text, sizeof(d.text), format, kind, number);
	return d;
}

static void claim_due(vres_status status, const vres_error *err, const struct due *d)
{
	claim_outcome(status, err);
	CLAIM((status == VRES_OK) == (d->text[0] == '\0'));
	CLAIM(status == VRES_OK ||
	      (status == VRES_E_INVALID_INPUT && strcmp(err->message, d->text) == 0));
}

/* Where the first of @needles, which have four letters at most, begins; @n if there is none. */
static size_t first_of(const uint8_t *bytes, size_t n, const char *const *needles, size_t count)
{
	size_t first = n;

	for (size_t i = 0; i < count; i++) {
		const uint8_t *at = memmem(bytes, n, needles[i], strlen(needles[i]));

		if (at && (size_t)(at - bytes) < first)
			first = (size_t)(at - bytes);
	}
	return first;
}

static struct due identifier_due(const uint8_t *bytes, size_t n, size_t max)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
	static const char *const paths[] = {"./", "../", ".\\", "..\\"};
	size_t at = 0;

	if (n == 0)
		return due("it is empty%s", "", 0);
	if (n > max)
		return due("it is longer than%s %" PRIu64 " bytes", "", max);
	while (at < n && bytes[at] != 0 && strchr(letters, bytes[at]))
		at++;
	if (at == n)
		return due("%s", "", 0);
	return due("it has %s at byte %" PRIu64,
	           bytes[at] == 0                       ? "a NUL"
	           : first_of(bytes, n, paths, 4) == at ? "a path traversal"
	                                                : "a character outside [A-Za-z0-9_-]",
	           at);
}

static struct due hex_due(const uint8_t *bytes, size_t n, size_t digits)
{
	if (n != digits)
		return due("it is %s than %" PRIu64 " hex digits",
		           n < digits ? "shorter" : "longer", digits);
	for (size_t i = 0; i < n; i++)
		if (bytes[i] == 0 || strchr("0123456789abcdefABCDEF", bytes[i]) == NULL)
			return due("it has %s at byte %" PRIu64,
			           bytes[i] == 0 ? "a NUL" : "a character that is not a hex digit",
			           i);
	return due("%s", "", 0);
}

static const char *offender(uint32_t c)
{
	static const struct {
		uint32_t first, last;
		const char *kind;
	} kinds[] = {{0, 0, "a NUL"},
	             {0x1b, 0x1b, "an ANSI escape"},
	             {1, 8, "a control character"},
	             {0xb, 0xc, "a control character"},
	             {0xe, 0x1f, "a control character"},
	             {0x7f, 0x9f, "a control character"},
	             {0x202a, 0x202e, "a bidirectional override"},
	             {0x2066, 0x2069, "a bidirectional override"},
	             {0xfeff, 0xfeff, "a byte order mark"}};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (c >= kinds[i].first && c <= kinds[i].last)
			return kinds[i].kind;
	return NULL;
}

static struct due text_due(const uint8_t *bytes, size_t n, size_t max)
{
	if (n > max)
		return due("it is longer than%s %" PRIu64 " bytes", "", max);
	for (size_t i = 0, step; i < n; i += step) {
		uint32_t c = 0;

		step = reference_utf8(bytes + i, n - i, &c);
		if (step == 0)
			return due("it is not valid%s UTF-8 at byte %" PRIu64, "", i);
		if (offender(c))
			return due("it has %s at byte %" PRIu64, offender(c), i);
	}
	return due("%s", "", 0);
}

static void try_range(uint64_t value, uint64_t min, uint64_t end)
{
	vres_error err = untouched();
	const vres_status status = vres_validate_range(value, min, end, "it", &err);
	/* computed in another way: by the distance from min, if the range has any */
	const bool is_in = end > min && value - min < end - min && value >= min;

	claim_outcome(status, &err);
	CLAIM((status == VRES_OK) == is_in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	const uint64_t min = input_number(&in, 2), end = input_number(&in, 2),
		       value = input_number(&in, 2);
	const size_t limit = input_below(&in, 300);
	size_t n;
	uint8_t *bytes = input_block(&in, 4096, &n);
	const char *text = (const char *)bytes;
	struct due d;
	vres_error err;

	try_range(value, min, end);
	try_range(value << 48, min << 48, end << 48);
	err = untouched();
	d = identifier_due(bytes, n, limit);
	claim_due(vres_validate_identifier(text, n, limit, "it", &err), &err, &d);
	err = untouched();
	d = hex_due(bytes, n, limit);
	claim_due(vres_validate_hex(text, n, limit, "it", &err), &err, &d);
	err = untouched();
	d = hex_due(bytes, n, n);
	claim_due(vres_validate_hex(text, n, n, "it", &err), &err, &d);
	err = untouched();
	d = text_due(bytes, n, limit);
	claim_due(vres_validate_text(text, n, limit, "it", &err), &err, &d);
	free(bytes);
	return 0;
}
