/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Input that is refused: it changes nothing, emits nothing, is described by kind and position, and
 * is not echoed.
 */
#include <stdio.h>
#include "support/fixture/support.h"

#define DIGEST_63 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"

/* One field that is wrong; the others are as they should be. */
struct bad {
	const char *shard_id, *model_ref, *group_id, *expected_digest;
	uint32_t gpu_device, shard_index, total_shards, digest_alg;
};

static const struct bad BAD[] = {
	{.shard_id = ""},
	{.shard_id = "."},
	{.shard_id = ".."},
	{.shard_id = "../../etc/passwd"},
	{.shard_id = "shard/one"},
	{.shard_id = "shard\\one"},
	{.shard_id = "shard one"},
	{.shard_id = " shard"},
	{.shard_id = "shard."},
	{.shard_id = "shard\n"},
	{.shard_id = "shard\t"},
	{.shard_id = "shard\x1b[31m"},
	{.shard_id = "sh\xc3\xa4rd"},
	{.shard_id = "shard\xff"},
	{.shard_id = "shard;rm"},
	{.shard_id = "shard$HOME"},
	{.shard_id = "shard%s%n"},
	{.model_ref = "\x1b[31mred"},
	{.model_ref = "line\nbreak"},
	{.model_ref = "tab\tulator"},
	{.model_ref = "bell\a"},
	{.model_ref = "delete\x7f"},
	{.model_ref = "c1 control \xc2\x9b"},
	{.model_ref = "over-long \xc0\xaf"},
	{.model_ref = "over-long \xe0\x80\xaf"},
	{.model_ref = "surrogate \xed\xa0\x80"},
	{.model_ref = "too high \xf4\x90\x80\x80"},
	{.model_ref = "lone continuation \x80"},
	{.model_ref = "cut off \xe2\x82"},
	{.model_ref = "bidi \xe2\x80\xae override"},
	{.group_id = ""},
	{.group_id = "group/1"},
	{.group_id = "group 1"},
	{.group_id = "gr\xc3\xbcn"},
	{.expected_digest = ""},
	{.expected_digest = DIGEST_63},
	{.expected_digest = DIGEST_63 "ff"},
	{.expected_digest = DIGEST_63 "g"},
	{.expected_digest = DIGEST_63 " "},
	{.expected_digest = DIGEST_63 "\n"},
	{.expected_digest = "0x" DIGEST_63},
	{.expected_digest = "sha256:" DIGEST_63},
	{.gpu_device = 1},
	{.gpu_device = 64},
	{.gpu_device = UINT32_MAX},
	{.shard_index = 1}, /* of no set */
	{.shard_index = 4, .total_shards = 4},
	{.shard_index = UINT32_MAX, .total_shards = 4},
	{.shard_index = UINT32_MAX, .total_shards = UINT32_MAX},
	{.digest_alg = 2},
	{.digest_alg = UINT32_MAX},
};

static vres_seal_params params_of(const struct bad *bad)
{
	vres_seal_params p = vres_seal_params_init();

	p.shard_id = bad->shard_id;
	p.model_ref = bad->model_ref;
	p.group_id = bad->group_id;
	p.expected_digest = bad->expected_digest;
	p.gpu_device = bad->gpu_device;
	p.shard_index = bad->shard_index;
	p.total_shards = bad->total_shards;
	p.digest_alg = bad->digest_alg;
	return p;
}

/* The message does not hold the input, nor a part of it that would matter. */
static void ck_not_echoed(const char *message, const char *input)
{
	ck_assert_msg(input == NULL || strlen(input) < 3 || strstr(message, input) == NULL,
	              "the input is echoed: %s", message);
}

/* Sealing @bytes bytes as @p is refused with @want, and leaves everything as it was. */
static void ck_refuses(struct fixture *f, const vres_seal_params *p, const void *data,
                       uint64_t bytes, vres_status want)
{
	const vres_device_info before = device_of(f, 0);
	const vres_metrics counted = metrics_of(f);
	vres_shard *shard = (void *)f;
	vres_device_info after;
	vres_metrics recounted;
	vres_error err;

	record_clear(&f->record);
	ck_status(vres_seal_memory(f->manager, p, data, bytes, &shard, &err), want);
	ck_assert_ptr_eq(shard, (void *)f);
	ck_not_echoed(err.message, p->shard_id);
	ck_not_echoed(err.message, p->model_ref);
	ck_not_echoed(err.message, p->group_id);
	ck_not_echoed(err.message, p->expected_digest);
	ck_assert_uint_eq(record_count(&f->record, 0), 0);
	ck_assert_uint_eq(f->record.lines_count, 0);
	after = device_of(f, 0);
	ck_same_device(&before, &after);
	recounted = metrics_of(f);
	ck_assert_mem_eq(&counted, &recounted, sizeof(counted));
}

START_TEST(a_bad_field_is_refused_by_every_way_of_sealing)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_seal_params p = params_of(&BAD[_i]);
	struct content_source source = {.seed = 1};
	vres_shard *shard = NULL;
	vres_error err;

	ck_refuses(f, &p, "abc", 3, VRES_E_INVALID_INPUT);
	ck_status(vres_seal_fd(f->manager, &p, 0, 0, 3, &shard, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_seal_stream(f->manager, &p, content_read, &source, 3, &shard, &err),
	          VRES_E_INVALID_INPUT);
	ck_assert_uint_eq(source.calls, 0); /* not a byte was read */
	if (BAD[_i].digest_alg == 0)
		p.digest_alg = VRES_DIGEST_VERITY;
	ck_status(vres_seal_adopt(f->manager, &p, 4096, 3, &shard, &err), VRES_E_INVALID_INPUT);
	ck_works(f);
}
END_TEST

START_TEST(a_size_that_cannot_be_is_refused)
{
	static const uint64_t sizes[] = {0, MIB(1) + 1, UINT64_MAX, UINT64_MAX - 4095,
	                                 UINT64_C(1) << 63};
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;

	s.policy.max_model_bytes = MIB(1);
	f = begin(&s);
	ck_refuses(f, PLAIN, "abc", sizes[_i], VRES_E_INVALID_INPUT);
	ck_works(f);
}
END_TEST

START_TEST(a_size_near_the_end_of_the_number_range_is_a_shortage)
{
	static const uint64_t sizes[] = {UINT64_MAX, UINT64_MAX - 4095, UINT64_C(1) << 63,
	                                 UINT64_C(1) << 40};
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	vres_shard *shard = NULL;
	vres_error err;

	s.policy.max_model_bytes = UINT64_MAX;
	f = begin(&s);
	ck_status(vres_seal_memory(f->manager, PLAIN, "abc", sizes[_i], &shard, &err),
	          VRES_E_INSUFFICIENT_VRAM);
	ck_assert_uint_ge(err.needed_bytes, sizes[_i]);
	ck_assert_uint_eq(err.available_bytes, MIB(64));
	ck_assert_uint_eq(device_of(f, 0).used_bytes + device_of(f, 0).reserved_bytes, 0);
	ck_works(f);
}
END_TEST

START_TEST(names_may_be_as_long_as_said_and_no_longer)
{
	static const struct {
		size_t field, max;
	} names[] = {{offsetof(vres_seal_params, shard_id), 256},
	             {offsetof(vres_seal_params, model_ref), 512},
	             {offsetof(vres_seal_params, group_id), 64}};
	CLEANUP(finish) struct fixture *f = begin(NULL);
	char name[514];

	for (size_t i = 0; i < COUNT(names); i++) {
		vres_seal_params p = vres_seal_params_init();
		const char **field = (const char **)(void *)((char *)&p + names[i].field);
		vres_shard *shard;

		memset(name, 'n', sizeof(name));
		name[names[i].max] = '\0';
		*field = name;
		shard = sealed_with(f, &p, 10, 1);
		release_shard(&shard);
		name[names[i].max] = 'n';
		name[names[i].max + 1] = '\0';
		ck_refuses(f, &p, "abc", 3, VRES_E_INVALID_INPUT);
	}
	ck_works(f);
}
END_TEST

START_TEST(a_name_of_a_mebibyte_is_refused)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(free_bytes) uint8_t *name = test_alloc(MIB(1) + 1);
	vres_seal_params id = vres_seal_params_init(), model = vres_seal_params_init(),
			 digest = vres_seal_params_init();
	vres_shard *shard = NULL;
	vres_error err;

	memset(name, 'a', MIB(1));
	id.shard_id = model.model_ref = digest.expected_digest = (const char *)name;
	ck_refuses(f, &id, "abc", 3, VRES_E_INVALID_INPUT);
	ck_refuses(f, &model, "abc", 3, VRES_E_INVALID_INPUT);
	ck_refuses(f, &digest, "abc", 3, VRES_E_INVALID_INPUT);
	ck_status(vres_manager_find(f->manager, (const char *)name, &shard, &err),
	          VRES_E_INVALID_INPUT);
	ck_works(f);
}
END_TEST

START_TEST(ids_that_are_none_are_not_looked_for)
{
	static const char *const ids[] = {"", "../x", "a b", "\x1b[0m", "\xff", "a/b"};
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard *shard = NULL;
	vres_error err;

	for (size_t i = 0; i < COUNT(ids); i++) {
		ck_status(vres_manager_find(f->manager, ids[i], &shard, &err),
		          VRES_E_INVALID_INPUT);
		ck_not_echoed(err.message, ids[i]);
	}
	ck_status(vres_manager_find(f->manager, NULL, &shard, &err), VRES_E_INVALID_INPUT);
}
END_TEST

START_TEST(null_where_an_object_is_needed_is_refused_everywhere)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, 10, 1);
	vres_shard_info info = vres_shard_info_init();
	vres_device_info device = vres_device_info_init();
	vres_metrics metrics = vres_metrics_init();
	vres_seal_params verity = *PLAIN;
	struct content_source source = {.seed = 1};
	vres_shard *out = NULL;
	vres_lease *lease = NULL;
	vres_digester *digester = NULL;
	uint8_t buf[64];
	char hex[65];
	size_t len;
	uint32_t n;
	vres_error err;

	verity.digest_alg = VRES_DIGEST_VERITY;
	record_clear(&f->record);
#define REFUSED(call) ck_status(call, VRES_E_INVALID_INPUT)
	REFUSED(vres_seal_memory(NULL, PLAIN, "abc", 3, &out, &err));
	REFUSED(vres_seal_memory(f->manager, NULL, "abc", 3, &out, &err));
	REFUSED(vres_seal_memory(f->manager, PLAIN, NULL, 3, &out, &err));
	REFUSED(vres_seal_memory(f->manager, PLAIN, "abc", 3, NULL, &err));
	REFUSED(vres_seal_fd(NULL, PLAIN, 0, 0, 3, &out, &err));
	REFUSED(vres_seal_fd(f->manager, NULL, 0, 0, 3, &out, &err));
	REFUSED(vres_seal_fd(f->manager, PLAIN, 0, 0, 3, NULL, &err));
	REFUSED(vres_seal_stream(NULL, PLAIN, content_read, &source, 3, &out, &err));
	REFUSED(vres_seal_stream(f->manager, NULL, content_read, &source, 3, &out, &err));
	REFUSED(vres_seal_stream(f->manager, PLAIN, NULL, &source, 3, &out, &err));
	REFUSED(vres_seal_stream(f->manager, PLAIN, content_read, &source, 3, NULL, &err));
	REFUSED(vres_seal_adopt(NULL, &verity, 4096, 3, &out, &err));
	REFUSED(vres_seal_adopt(f->manager, NULL, 4096, 3, &out, &err));
	REFUSED(vres_seal_adopt(f->manager, &verity, 4096, 3, NULL, &err));
	REFUSED(vres_shard_verify(NULL, NULL, NULL, &err));
	REFUSED(vres_shard_describe(NULL, &info, &err));
	REFUSED(vres_shard_describe(shard, NULL, &err));
	REFUSED(vres_shard_to_json(NULL, hex, sizeof(hex), &len, &err));
	REFUSED(vres_shard_to_json(shard, hex, sizeof(hex), NULL, &err));
	REFUSED(vres_shard_to_json(shard, NULL, 5, &len, &err));
	REFUSED(vres_shard_receipt(NULL, buf, sizeof(buf), &len, &err));
	REFUSED(vres_shard_receipt(shard, buf, sizeof(buf), NULL, &err));
	REFUSED(vres_shard_receipt(shard, NULL, 5, &len, &err));
	REFUSED(vres_receipt_check(NULL, 100, f->key, &info, &err));
	REFUSED(vres_receipt_check(buf, sizeof(buf), NULL, &info, &err));
	REFUSED(vres_receipt_check(buf, sizeof(buf), f->key, NULL, &err));
	REFUSED(vres_receipt_open(NULL, buf, sizeof(buf), &out, &err));
	REFUSED(vres_receipt_open(f->manager, NULL, 100, &out, &err));
	REFUSED(vres_receipt_open(f->manager, buf, sizeof(buf), NULL, &err));
	REFUSED(vres_lease_acquire(NULL, &lease, &err));
	REFUSED(vres_lease_acquire(shard, NULL, &err));
	REFUSED(vres_lease_check(NULL, &err));
	REFUSED(vres_manager_find(NULL, "a", &out, &err));
	REFUSED(vres_manager_find(f->manager, "a", NULL, &err));
	REFUSED(vres_manager_metrics(NULL, &metrics, &err));
	REFUSED(vres_manager_metrics(f->manager, NULL, &err));
	REFUSED(vres_device_count(NULL, &n, &err));
	REFUSED(vres_device_count(f->manager, NULL, &err));
	REFUSED(vres_device_describe(NULL, 0, &device, &err));
	REFUSED(vres_device_describe(f->manager, 0, NULL, &err));
	REFUSED(vres_device_describe(f->manager, 1, &device, &err));
	REFUSED(vres_enforce_vram_only(NULL, 0, NULL, &err));
	REFUSED(vres_digester_create(2, 0, &digester, &err));
	REFUSED(vres_digester_create(VRES_DIGEST_VERITY, 1000, &digester, &err));
	REFUSED(vres_digester_create(VRES_DIGEST_VERITY, 0, NULL, &err));
	REFUSED(vres_digester_update(NULL, "x", 1, &err));
	REFUSED(vres_digester_final(NULL, hex, &err));
	/* And without err. */
	ck_assert_int_eq(vres_shard_verify(NULL, NULL, NULL, NULL), VRES_E_INVALID_INPUT);
	ck_assert_ptr_null(out);
	ck_assert_ptr_null(lease);
	ck_assert_uint_eq(source.calls, 0);
	ck_assert_uint_eq(record_count(&f->record, 0), 0);
	vres_manager_destroy(NULL);
	vres_shard_release(NULL);
	vres_lease_release(NULL);
	vres_key_destroy(NULL);
	vres_digester_destroy(NULL);
	vres_mock_destroy(NULL);
	ck_works(f);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(a_bad_field_is_refused_by_every_way_of_sealing, COUNT(BAD),
	                  "IV-002 IV-003 IV-004 IV-005 VR-005 WORKER-4150 WORKER-4152 "
	                  "SEC-VALID-040 SEC-VALID-050",
	                  "integrity",
	                  "path traversal, control characters, terminal escapes, bad UTF-8, device "
	                  "out of range"),
		CASE_LOOP(a_size_that_cannot_be_is_refused, 5, "IV-001 MS-003 MS-006 VR-005 RP-002",
	                  "availability", "zero, oversized or overflowing size"),
		CASE_LOOP(a_size_near_the_end_of_the_number_range_is_a_shortage, 4,
	                  "MS-003 MS-006 RP-002", "availability", "integer overflow"),
		CASE(names_may_be_as_long_as_said_and_no_longer, "IV-003 VR-006 MS-007",
	             "integrity", "buffer overflow"),
		CASE(a_name_of_a_mebibyte_is_refused, "IV-003 IV-004 VR-005", "availability",
	             "oversized input"),
		CASE(ids_that_are_none_are_not_looked_for, "IV-003 VR-005", "integrity",
	             "path traversal"),
		CASE(null_where_an_object_is_needed_is_refused_everywhere,
	             "WORKER-4150 MS-002 VR-005", "availability", "null pointer"),
	};

	return suite_run("error_input", "error_recovery", cases, COUNT(cases));
}
