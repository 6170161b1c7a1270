/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Under test: wire_put_*(), wire_get_*(), wire_ended().
 *
 * One script is run three times: it writes into a buffer of any size, reads that back, and reads
 * hostile bytes.  What was written comes back, in the length that the format states.  No cursor
 * leaves its buffer, and none goes on after an error.
 */
#include "fuzz.h"
#include "base/wire.h"

enum { LONGEST = 40 };

/*
 * One step of the script: put its value, or get one and, if @is_ours, compare it.  Returns the
 * bytes it takes on the wire.
 */
static size_t step(struct input *script, struct wire_writer *w, struct wire_reader *r, bool is_ours)
{
	const uint32_t kind = input_below(script, 5);
	const uint64_t number = kind < 2 ? input_number(script, kind ? 8 : 4) : 0;
	char *string = kind > 1 ? input_string(script, LONGEST) : NULL, got[LONGEST + 1];
	const size_t n = string ? strlen(string) : 0;

	if (w && kind < 2)
		kind ? wire_put_u64(w, number) : wire_put_u32(w, (uint32_t)number);
	else if (w)
		kind == 2   ? wire_put_string(w, string)
		: kind == 3 ? wire_put_bytes(w, string, (uint32_t)n)
			    : wire_put_raw(w, string, n);
	else if (kind < 2)
		CLAIM((kind ? wire_get_u64(r) : wire_get_u32(r)) == number || !is_ours);
	else {
		kind == 2   ? wire_get_string(r, got, sizeof(got))
		: kind == 3 ? wire_get_bytes(r, got, (uint32_t)n)
			    : wire_get_raw(r, got, n);
		CLAIM(!is_ours || memcmp(got, string, n + (kind == 2)) == 0);
		CLAIM(kind != 2 || strnlen(got, sizeof(got)) < sizeof(got));
	}
	free(string);
	return kind < 2 ? (kind ? 8 : 4) : n + (kind < 4 ? 4 : 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	const size_t capacity = (size_t)input_number(&in, 2) % 600;
	struct input script = in, again = in;
	struct wire_writer w = {.bytes = fuzz_alloc(capacity), .capacity = capacity};
	uint64_t length = 0;

	while (script.left > 0 && length < 2 * capacity + 1)
		length += step(&script, &w, NULL, true);
	CLAIM(w.overflow == (length > capacity) && w.length <= capacity &&
	      (w.overflow || w.length == length));
	struct wire_reader ours = {.bytes = w.bytes, .length = w.length},
			   theirs = {.bytes = data, .length = size};
	while (again.left > script.left) {
		const bool was_malformed = theirs.malformed;
		struct input same = again;

		(void)step(&again, NULL, &ours, !w.overflow);
		(void)step(&same, NULL, &theirs, false);
		CLAIM(theirs.position <= size && (theirs.malformed || !was_malformed));
	}
	CLAIM(w.overflow || wire_ended(&ours));
	CLAIM(!wire_ended(&theirs) || theirs.position == size);
	free(w.bytes);
	return 0;
}
