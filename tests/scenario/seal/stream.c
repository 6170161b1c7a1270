/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sealing from a callback: read once, in order, in bounded pieces; and what a source that fails
 * leaves behind.
 */
#include "support/fixture/support.h"

START_TEST(a_stream_is_asked_for_each_byte_once_and_for_16_mib_at_most)
{
	static const uint64_t sizes[] = {1, 4097, MIB(16), MIB(16) + 1, MIB(33) + 5};
	CLEANUP(finish) struct fixture *f = begin(NULL);
	struct content_source source = {.seed = 1};
	CLEANUP(release_shard) vres_shard *shard = NULL;
	CLEANUP(free_bytes) uint8_t *data = content(sizes[_i], 1);
	vres_seal_params p = vres_seal_params_init();
	char hex[65];
	vres_error err;

	sha256_hex(data, sizes[_i], hex);
	p.expected_digest = hex;
	ck_ok(vres_seal_stream(f->manager, &p, content_read, &source, sizes[_i], &shard, &err));
	ck_assert_uint_eq(source.bytes, sizes[_i]);
	ck_assert_uint_le(source.largest, MIB(16));
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
	ck_assert_uint_eq(source.bytes, sizes[_i]); /* the host's copy is never needed again */
}
END_TEST

START_TEST(a_stream_that_fails_is_an_io_error_at_every_step_and_leaves_nothing)
{
	static const vres_status hows[] = {VRES_E_IO, VRES_E_INTERNAL,
	                                   VRES_E_SEAL_VERIFICATION_FAILED, VRES_E_NOT_FOUND,
	                                   (vres_status)-1};
	CLEANUP(finish) struct fixture *f = begin(NULL);
	const vres_device_info before = device_of(f, 0);
	vres_error err;

	for (uint64_t step = 1; step <= 2; step++) {
		struct content_source source = {.seed = 1, .fail_at = step, .fail_how = hows[_i]};
		vres_shard *shard = (void *)f;
		vres_device_info after;

		ck_status(vres_seal_stream(f->manager, PLAIN, content_read, &source, MIB(17),
		                           &shard, &err),
		          VRES_E_IO);
		ck_assert_ptr_eq(shard, (void *)f);
		ck_assert_uint_eq(source.calls, step); /* not asked again */
		after = device_of(f, 0);
		ck_same_device(&before, &after);
	}
	ck_assert_uint_eq(record_critical(&f->record), 0);
	ck_works(f);
}
END_TEST

START_TEST(a_stream_that_fails_says_at_which_byte)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	struct content_source source = {.seed = 1, .fail_at = 1, .fail_how = VRES_E_IO};
	vres_shard *shard = NULL;
	vres_error err;

	ck_status(vres_seal_stream(f->manager, PLAIN, content_read, &source, 100, &shard, &err),
	          VRES_E_IO);
	ck_assert_ptr_nonnull(strstr(err.message, "byte 0"));
}
END_TEST

START_TEST(a_stream_may_cancel_the_seal)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	struct content_source source = {.seed = 1, .fail_at = 2, .fail_how = VRES_E_CANCELLED};
	const vres_device_info before = device_of(f, 0);
	vres_device_info after;
	vres_shard *shard = NULL;
	vres_error err;

	ck_status(vres_seal_stream(f->manager, PLAIN, content_read, &source, MIB(17), &shard, &err),
	          VRES_E_CANCELLED);
	after = device_of(f, 0);
	ck_same_device(&before, &after);
}
END_TEST

/* A source that uses the library while it is being read. */
struct curious {
	struct fixture *f;
	struct content_source source;
	vres_status status;
	uint64_t reserved;
};

static vres_status read_curiously(void *ctx, void *buf, size_t n)
{
	struct curious *c = ctx;
	vres_device_info info = vres_device_info_init();
	vres_shard *shard = NULL;

	c->status = vres_seal_memory(c->f->manager, PLAIN, "inner", 5, &shard, NULL);
	if (c->status == VRES_OK)
		c->status = vres_shard_verify(shard, NULL, NULL, NULL);
	vres_shard_release(shard);
	if (c->status == VRES_OK)
		c->status = vres_device_describe(c->f->manager, 0, &info, NULL);
	c->reserved = info.reserved_bytes + info.used_bytes;
	return content_read(&c->source, buf, n);
}

START_TEST(a_source_may_use_the_library_and_sees_its_own_reservation)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	struct curious curious = {.f = f, .source = {.seed = 1}, .status = VRES_E_INTERNAL};
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_error err;

	ck_ok(vres_seal_stream(f->manager, PLAIN, read_curiously, &curious, 3 * BLOCK, &shard,
	                       &err));
	ck_assert_int_eq(curious.status, VRES_OK);
	ck_assert_uint_eq(curious.reserved, 3 * BLOCK);
	ck_assert_uint_eq(device_of(f, 0).reserved_bytes, 0);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(a_stream_is_asked_for_each_byte_once_and_for_16_mib_at_most, 5,
	                  "WORKER-4400 WORKER-4403 WORKER-4102 WORKER-4113", "integrity",
	                  "source that differs the second time, host copy of the weights"),
		CASE_LOOP(a_stream_that_fails_is_an_io_error_at_every_step_and_leaves_nothing, 5,
	                  "WORKER-4150 WORKER-4151", "availability", "half a model sealed"),
		CASE(a_stream_that_fails_says_at_which_byte, "RP-004", "availability", ""),
		CASE(a_stream_may_cancel_the_seal, "WORKER-4150", "availability", ""),
		CASE(a_source_may_use_the_library_and_sees_its_own_reservation, "VR-008 RP-001",
	             "availability", "deadlock in a callback"),
	};

	return suite_run("seal_stream", "seal", cases, COUNT(cases));
}
