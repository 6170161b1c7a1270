/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Input that is not a list of tensors is refused, with the index of the wrong tensor, and nothing
 * is left behind.
 */
#include "support/fixture/engine.h"

#include <string.h>

static char longest[513], too_long[514];

/* Makes one tensor wrong.  @says: what the message begins with, from the word "tensor" on. */
struct wrong {
	void (*make)(struct engine *e);
	vres_status status;
	const char *says;
};

/* clang-format off */
static void no_name(struct engine *e) { e->tensors[3].name = NULL; }
static void empty_name(struct engine *e) { e->tensors[3].name = ""; }
static void long_name(struct engine *e) { e->tensors[3].name = too_long; }
static void control(struct engine *e) { e->tensors[3].name = "a\nb"; }
static void tab(struct engine *e) { e->tensors[3].name = "a\tb"; }
static void late_control(struct engine *e) { e->tensors[3].name = "a\xc2\x85"; }
static void override(struct engine *e) { e->tensors[3].name = "a\xe2\x80\xae" "b"; }
static void isolate(struct engine *e) { e->tensors[3].name = "\xe2\x81\xa6" "b"; }
static void byte_order(struct engine *e) { e->tensors[3].name = "\xef\xbb\xbf" "b"; }
static void bad_utf8(struct engine *e) { e->tensors[3].name = "ab\xc3("; }
static void surrogate(struct engine *e) { e->tensors[3].name = "\xed\xa0\x80"; }
static void twice(struct engine *e) { e->tensors[9].name = e->names[3]; }
static void null_range(struct engine *e) { e->tensors[3].device_ptr = 0; }
static void wrap(struct engine *e) { e->tensors[3].device_ptr = UINT64_MAX - 4; }
static void unknown(struct engine *e) { e->tensors[3].device_ptr = 4096; }
static void leaves(struct engine *e) { e->tensors[10].bytes = MIB(64) + 1; }
static void short_digest(struct engine *e) { e->tensors[3].expected_digest = "00"; }
static void other_size(struct engine *e) { e->tensors[3].struct_size = 8; }
static void two_digests(struct engine *e) { e->tensors[4].expected_digest = e->digests[4]; e->tensors[9].expected_digest = e->digests[3]; }
static void all_empty(struct engine *e) { for (unsigned i = 0; i < e->n; i++) e->tensors[i].bytes = 0; }
/* clang-format on */

static const struct wrong wrongs[] = {
	{no_name, VRES_E_INVALID_INPUT, "tensor 3's name is NULL"},
	{empty_name, VRES_E_INVALID_INPUT, "tensor 3's name is empty"},
	{long_name, VRES_E_INVALID_INPUT, "tensor 3's name is longer than 512 bytes"},
	{control, VRES_E_INVALID_INPUT, "tensor 3's name has a control character at byte 1"},
	{tab, VRES_E_INVALID_INPUT, "tensor 3's name has a control character at byte 1"},
	{late_control, VRES_E_INVALID_INPUT, "tensor 3's name has a control character at byte 1"},
	{override, VRES_E_INVALID_INPUT, "tensor 3's name has a bidirectional override at byte 1"},
	{isolate, VRES_E_INVALID_INPUT, "tensor 3's name has a bidirectional override at byte 0"},
	{byte_order, VRES_E_INVALID_INPUT, "tensor 3's name has a byte order mark at byte 0"},
	{bad_utf8, VRES_E_INVALID_INPUT, "tensor 3's name is not valid UTF-8 at byte 2"},
	{surrogate, VRES_E_INVALID_INPUT, "tensor 3's name is not valid UTF-8 at byte 0"},
	{twice, VRES_E_INVALID_INPUT, "tensors 3 and 9 have the same name"},
	{null_range, VRES_E_INVALID_INPUT, "tensor 3's device_ptr and bytes are not a range"},
	{wrap, VRES_E_INVALID_INPUT, "tensor 3's device_ptr and bytes are not a range"},
	{unknown, VRES_E_INVALID_INPUT, "tensor 3: "},
	{leaves, VRES_E_INVALID_INPUT, "tensor 10: "},
	{short_digest, VRES_E_INVALID_INPUT, "tensor 3's expected_digest is shorter"},
	{other_size, VRES_E_ABI, "tensor 3 has another struct_size"},
	{two_digests, VRES_E_INVALID_INPUT, "tensors 4 and 9 are one range"},
	{all_empty, VRES_E_INVALID_INPUT, "all tensors are empty"},
};

START_TEST(tensor_that_is_none_is_refused_with_its_index_and_nothing_is_left)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = NULL;
	const struct wrong *w = &wrongs[_i];
	vres_tensor before[WEIGHTS_MAX];
	vres_error err;

	memset(too_long, 'n', sizeof(too_long) - 1);
	memcpy(before, e->tensors, sizeof(before));
	w->make(e);
	ck_status(engine_seal(e, &shard, &err), w->status);
	ck_assert_msg(strncmp(strstr(err.message, "tensor") ? strstr(err.message, "tensor") : "",
	                      w->says[0] == 'a' ? w->says + 4 : w->says,
	                      strlen(w->says[0] == 'a' ? w->says + 4 : w->says)) == 0,
	              "\"%s\" for \"%s\"", err.message, w->says);
	ck_assert_ptr_null(shard);
	ck_assert_uint_eq(metrics_of(f).shards_now, 0);
	memcpy(e->tensors, before, sizeof(before));
	ck_ok(engine_seal(e, &shard, &err));
}
END_TEST

START_TEST(longest_name_is_taken_and_kept_as_it_is)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_tensor_info info = vres_tensor_info_init();
	vres_error err;

	memset(longest, 'n', sizeof(longest) - 1);
	e->tensors[3].name = longest;
	ck_ok(engine_seal(e, &shard, &err));
	ck_ok(vres_shard_tensor(shard, 3, &info, &err));
	ck_assert_str_eq(info.name, longest);
}
END_TEST

START_TEST(number_of_tensors_is_1_to_a_million)
{
	static const size_t wrong[] = {0, (1 << 20) + 1, SIZE_MAX};
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_seal_params p = vres_seal_params_init();
	uint8_t digests[WEIGHTS_MAX][32];
	vres_error err;

	p.digest_alg = VRES_DIGEST_TENSORS;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		ck_status(vres_seal_tensors(f->manager, &p, e->tensors, wrong[i], &shard, &err),
		          VRES_E_INVALID_INPUT);
		ck_status(vres_tensors_digest(f->manager, 0, e->tensors, wrong[i], digests, &err),
		          VRES_E_INVALID_INPUT);
	}
	ck_status(vres_seal_tensors(f->manager, &p, NULL, 1, &shard, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_seal_tensors(f->manager, &p, e->tensors, e->n, NULL, &err),
	          VRES_E_INVALID_INPUT);
	ck_status(vres_tensors_digest(f->manager, 0, e->tensors, e->n, NULL, &err),
	          VRES_E_INVALID_INPUT);
	ck_status(vres_tensors_digest(f->manager, 99, e->tensors, e->n, digests, &err),
	          VRES_E_INVALID_INPUT);
	e->tensors[2].expected_digest = e->digests[2];
	ck_status(vres_tensors_digest(f->manager, 0, e->tensors, e->n, digests, &err),
	          VRES_E_INVALID_INPUT);
	ck_assert_ptr_nonnull(strstr(err.message, "tensor 2's expected_digest"));
}
END_TEST

START_TEST(kind_of_digest_belongs_to_the_kind_of_seal)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_seal_params p = vres_seal_params_init();
	vres_error err;

	for (p.digest_alg = 0; p.digest_alg < 4; p.digest_alg++)
		if (p.digest_alg != VRES_DIGEST_TENSORS)
			ck_status(vres_seal_tensors(f->manager, &p, e->tensors, e->n, &shard, &err),
			          VRES_E_INVALID_INPUT);
	p.digest_alg = VRES_DIGEST_TENSORS;
	ck_status(vres_seal_memory(f->manager, &p, "x", 1, &shard, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_seal_adopt(f->manager, &p, e->addresses[0], BLOCK, &shard, &err),
	          VRES_E_INVALID_INPUT);
}
END_TEST

START_TEST(other_block_size_and_read_only_mappings_are_not_supported)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(destroy_manager) vres_manager *other = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_seal_params p = vres_seal_params_init();
	uint8_t digests[WEIGHTS_MAX][32];
	vres_config c = config_of(f);
	vres_policy read_only = *c.policy;
	vres_error err;

	c.block_size = 1024;
	ck_ok(manager_create(f, &c, &other, &err));
	p.digest_alg = VRES_DIGEST_TENSORS;
	ck_status(vres_seal_tensors(other, &p, e->tensors, e->n, &shard, &err), VRES_E_UNSUPPORTED);
	ck_status(vres_tensors_digest(other, 0, e->tensors, e->n, digests, &err),
	          VRES_E_UNSUPPORTED);
	destroy_manager(&other);
	c = config_of(f);
	read_only.require |= VRES_REQUIRE_READONLY;
	c.policy = &read_only;
	ck_ok(manager_create(f, &c, &other, &err));
	ck_status(vres_seal_tensors(other, &p, e->tensors, e->n, &shard, &err), VRES_E_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(err.message, "read-only"));
}
END_TEST

START_TEST(overlaps_cannot_multiply_work_past_what_policy_allows)
{
	struct setup setup = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(engine_end) struct engine *e = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_error err;

	setup.policy.max_model_bytes = MIB(2) - 64; /* exactly enough for one of them */
	f = begin(&setup);
	e = engine_begin(f);
	(void)engine_segment(e, 0, MIB(2), 1);
	for (unsigned i = 0; i < 4; i++)
		(void)engine_tensor(e, 0, i, MIB(2) - 64);
	ck_status(engine_seal(e, &shard, &err), VRES_E_INVALID_INPUT);
	ck_assert_ptr_nonnull(strstr(err.message, "tensor 1 "));
	e->n = 1;
	ck_ok(engine_seal(e, &shard, &err));
}
END_TEST

START_TEST(memory_of_another_device_is_refused)
{
	struct setup setup = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(engine_end) struct engine *e = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_status status;
	vres_error err;

	setup.mock.devices = 2;
	f = begin(&setup);
	e = engine_begin(f);
	(void)engine_segment(e, 0, MIB(2), 1);
	(void)engine_segment(e, 1, MIB(2), 2);
	(void)engine_tensor(e, 0, 0, BLOCK);
	(void)engine_tensor(e, 1, 0, BLOCK);
	status = engine_seal(e, &shard, &err);
	ck_assert_msg(status == VRES_E_POLICY_VIOLATION || status == VRES_E_INVALID_INPUT, "%d",
	              (int)status);
	ck_assert_ptr_nonnull(strstr(err.message, "tensor 1"));
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(tensor_that_is_none_is_refused_with_its_index_and_nothing_is_left,
	                  COUNT(wrongs), "VR-005 MS-005", "integrity", ""),
		CASE(longest_name_is_taken_and_kept_as_it_is, "VR-005", "", ""),
		CASE(number_of_tensors_is_1_to_a_million, "VR-005", "", ""),
		CASE(kind_of_digest_belongs_to_the_kind_of_seal, "VR-005", "", ""),
		CASE(other_block_size_and_read_only_mappings_are_not_supported, "VR-005", "", ""),
		CASE(overlaps_cannot_multiply_work_past_what_policy_allows, "VR-005",
	             "availability", "tensors that overlap a thousand times"),
		CASE(memory_of_another_device_is_refused, "VP-001 VP-005", "integrity",
	             "weights on another device"),
	};

	return suite_run("tensors_input", "seal", cases, COUNT(cases));
}
