/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reading a source once, into VRAM: what is read, what is digested, what is in VRAM afterwards, and
 * what progress is told.
 */
#include "base/validate.h"
#include "support/suite/alloc.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"
#include "unit/fixture/upload_fixture.h"

START_TEST(bytes_arrive_in_order_and_are_digested_on_the_way)
{
	static const struct {
		uint64_t bytes;
		unsigned pieces, lanes;
	} sizes[] = {{1, 1, 1}, {LANE_BYTES, 1, 1}, {2 * LANE_BYTES + 7, 3, 2}};

	for (size_t i = 0; i < COUNT(sizes); i++) {
		CLEANUP(upload_end) struct upload_fixture *fixture = upload_begin(sizes[i].bytes);
		vres_error err;

		ck_ok(vres_upload(&fixture->upload, &err));
		ck_uploaded(fixture);
		ck_assert_uint_eq(fixture->calls, sizes[i].pieces);
		for (unsigned call = 0; call < fixture->calls; call++)
			ck_assert_uint_eq(fixture->told[call], call + 1 == sizes[i].pieces
			                                               ? sizes[i].bytes
			                                               : (call + 1) * LANE_BYTES);
		ck_assert_uint_eq(fixture->content.largest,
		                  sizes[i].bytes < LANE_BYTES ? sizes[i].bytes : LANE_BYTES);
		ck_assert_uint_eq(atomic_load(&fixture->fixture->fake->calls[FAKE_LANE_OPEN]),
		                  sizes[i].lanes);
		/* One lane copies while the other is filled. */
		ck_assert_uint_eq(fixture->fixture->fake->most_busy_lanes, sizes[i].lanes);
	}
}
END_TEST

START_TEST(digests_that_nobody_wants_are_not_computed)
{
	CLEANUP(upload_end) struct upload_fixture *fixture = upload_begin(100000);
	uint8_t nothing[32], digest[32];
	vres_error err;

	fixture->upload.flat = NULL;
	fixture->upload.tree = NULL;
	fixture->upload.progress = NULL;
	ck_ok(vres_upload(&fixture->upload, &err));
	ck_assert_uint_eq(fixture->tree.bytes, 0);
	sha256_of("", 0, nothing);
	ck_ok(vres_sha256_end(&fixture->flat, digest, &err));
	ck_assert_mem_eq(digest, nothing, 32);
	ck_assert_uint_eq(fixture->source.done, 100000);
}
END_TEST

START_TEST(progress_may_cancel_after_any_piece)
{
	for (unsigned at = 1; at <= 3; at++) {
		CLEANUP(upload_end)
		struct upload_fixture *fixture = upload_begin(2 * LANE_BYTES + 1);
		vres_error err;

		fixture->cancel_at = at;
		ck_status(vres_upload(&fixture->upload, &err), VRES_E_CANCELLED);
		ck_assert_uint_eq(fixture->calls, at);
	}
}
END_TEST

START_TEST(failure_of_source_or_backend_closes_the_lanes)
{
	static const enum fake_backend_op ops[] = {FAKE_LANE_OPEN, FAKE_LANE_PUSH, FAKE_HASH,
	                                           FAKE_LANE_WAIT};

	for (size_t i = 0; i <= COUNT(ops); i++) {
		CLEANUP(upload_end) struct upload_fixture *fixture = upload_begin(LANE_BYTES + 1);
		const int live = atomic_load(&fixture->fixture->fake->live);
		struct tree_shape shape;
		uint8_t arrived[257 * 32];
		vres_error err;

		tree_shape_init(&shape, LANE_BYTES + 1, 65536);
		fixture->upload.shape = &shape;
		fixture->upload.arrived = arrived;
		if (i < COUNT(ops))
			fixture->fixture->fake->answer[ops[i]] = VRES_E_BACKEND;
		else
			fixture->content = (struct content_source){
				.seed = 1, .fail_at = 2, .fail_how = VRES_E_BUSY};
		ck_status(vres_upload(&fixture->upload, &err),
		          i < COUNT(ops) ? VRES_E_BACKEND : VRES_E_IO);
		ck_assert_int_eq(atomic_load(&fixture->fixture->fake->live), live);
	}
}
END_TEST

/* The digests that the device makes of each piece are level 0 of the tree over what is in VRAM. */
START_TEST(device_hashes_each_piece_when_it_has_arrived)
{
	static const uint64_t sizes[] = {1, 65536, LANE_BYTES + 70000, 3 * LANE_BYTES};

	for (size_t i = 0; i < COUNT(sizes); i++) {
		CLEANUP(upload_end) struct upload_fixture *fixture = upload_begin(sizes[i]);
		struct tree_shape shape;
		uint8_t root[32], digest[32], *arrived;
		char got[65], want[65];
		vres_error err;

		tree_shape_init(&shape, sizes[i], 65536);
		arrived = test_alloc((size_t)shape.count[0] * 32 + 1);
		arrived[shape.count[0] * 32] = 0xa5;
		ck_assert(vres_upload_can_hash(&shape, 0));
		fixture->upload.shape = &shape;
		fixture->upload.arrived = arrived;
		ck_ok(vres_upload(&fixture->upload, &err));
		ck_uploaded(fixture);
		ck_ok(tree_root_of(&shape, 0, arrived, root, &err));
		ck_ok(tree_digest(sizes[i], 65536, root, digest, &err));
		vres_hex(digest, got);
		verity_hex(fake_backend_bytes(&fixture->mem), (size_t)sizes[i], 65536, want);
		ck_assert_str_eq(got, want);
		ck_assert_uint_eq(arrived[shape.count[0] * 32], 0xa5);
		ck_assert_uint_eq(fixture->fixture->fake->hashed_count,
		                  div_up_u64(sizes[i], LANE_BYTES));
		/* A third lane hashes beside the two that copy, so neither waits for the other. */
		ck_assert_uint_eq(fixture->fixture->fake->hashed_behind_copies, 0);
		ck_assert_uint_eq(atomic_load(&fixture->fixture->fake->calls[FAKE_LANE_OPEN]),
		                  sizes[i] > LANE_BYTES ? 3 : 1);
		ck_assert_uint_eq(fixture->fixture->fake->most_busy_lanes,
		                  sizes[i] > LANE_BYTES ? 2 : 1);
		test_free(arrived);
	}
}
END_TEST

START_TEST(pieces_are_hashed_where_they_end_with_nodes_of_the_level)
{
	static const struct {
		uint64_t bytes;
		uint32_t block_size, level;
		bool can;
	} cases[] = {
		{1, 65536, 1, true},
		{LANE_BYTES, 65536, 1, true}, /* a single piece may end anywhere */
		{LANE_BYTES + 1, 65536, 1, false},
		{LANE_BYTES + 1, 32768, 1, false},
		{LANE_BYTES + 1, 16384, 1, true},
		{LANE_BYTES + 1, 4096, 1, true},
		{LANE_BYTES + 1, 4096, 2, false},
		{LANE_BYTES + 1, 65536, 0, true},
		{UINT64_MAX, 1024, 11, false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tree_shape shape;

		tree_shape_init(&shape, cases[i].bytes, cases[i].block_size);
		ck_assert_msg(vres_upload_can_hash(&shape, cases[i].level) == cases[i].can,
		              "case %zu", i);
	}
}
END_TEST

/* Otherwise a driver that damages a staging buffer would damage both sides of the comparison. */
START_TEST(what_the_host_digests_is_what_was_read_whatever_the_driver_does_to_the_buffer)
{
	static const uint64_t sizes[] = {1 << 20, LANE_BYTES + (1 << 20)};

	for (size_t i = 0; i < COUNT(sizes); i++) {
		const uint64_t bytes = sizes[i];
		CLEANUP(upload_end) struct upload_fixture *fixture = upload_begin(bytes);
		uint8_t *want = content((size_t)bytes, 1), digest[32], flat[32], root[32];
		char got[65], verity[65];
		vres_error err;

		fixture->fixture->fake->push_damages = true;
		ck_ok(vres_upload(&fixture->upload, &err));
		ck_assert_msg(memcmp(fake_backend_bytes(&fixture->mem), want, (size_t)bytes) != 0,
		              "the driver did no damage");
		ck_ok(vres_sha256_end(&fixture->flat, digest, &err));
		sha256_of(want, (size_t)bytes, flat);
		ck_assert_mem_eq(digest, flat, 32);
		ck_ok(tree_finish(&fixture->tree, 0, root, &err));
		ck_ok(tree_digest(bytes, 65536, root, digest, &err));
		vres_hex(digest, got);
		verity_hex(want, (size_t)bytes, 65536, verity);
		ck_assert_str_eq(got, verity);
		test_free(want);
	}
}
END_TEST

START_TEST(pinned_staging_is_passed_on)
{
	CLEANUP(upload_end) struct upload_fixture *fixture = upload_begin(1);
	vres_error err;

	ck_ok(vres_upload(&fixture->upload, &err));
	ck_assert_uint_eq(fixture->fixture->fake->lane_flags, 0);
	fixture->upload.lane_flags = VRES_LANE_PINNED;
	ck_ok(vres_upload(&fixture->upload, &err));
	ck_assert_uint_eq(fixture->fixture->fake->lane_flags, VRES_LANE_PINNED);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(bytes_arrive_in_order_and_are_digested_on_the_way,
	             "WORKER-4113 WORKER-4400 WORKER-4102", "integrity",
	             "pieces in the wrong order"),
		CASE(digests_that_nobody_wants_are_not_computed, "WORKER-4400", "", ""),
		CASE(progress_may_cancel_after_any_piece, "WORKER-4150", "availability", ""),
		CASE(failure_of_source_or_backend_closes_the_lanes, "WORKER-4150 MS-004",
	             "availability", "a lane that leaks"),
		CASE(device_hashes_each_piece_when_it_has_arrived, "CI-007 WORKER-4113",
	             "integrity", "a hash of what was there before"),
		CASE(pieces_are_hashed_where_they_end_with_nodes_of_the_level, "CI-007",
	             "integrity", "a node of half its bytes"),
		CASE(what_the_host_digests_is_what_was_read_whatever_the_driver_does_to_the_buffer,
	             "WORKER-4113", "integrity", "damage on both sides of a comparison"),
		CASE(pinned_staging_is_passed_on, "VP-003 WORKER-4101", "confidentiality",
	             "pinned host memory"),
	};

	return suite_run("unit.upload", "unit", cases, COUNT(cases));
}
