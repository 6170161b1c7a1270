/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A seal with wrong expectations names all that is not as expected, at once, and seals nothing. */
#include "support/fixture/engine.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define MANY      700u
#define ROOM      8u
#define UNTOUCHED UINT64_C(0x5a5a)

/* A model of 700 small tensors in one segment, each expected to be what it is. */
struct model {
	struct engine *e;
	vres_tensor tensors[MANY];
	char names[MANY][16], digests[MANY][65];
};

static struct model *model_begin(struct fixture *f)
{
	struct model *m = test_alloc(sizeof(*m));
	const unsigned segment = engine_segment(m->e = engine_begin(f), 0, MIB(1), 1);

	for (unsigned i = 0; i < MANY; i++) {
		const uint64_t offset = i * UINT64_C(1024) + i % 7, bytes = 900 + i % 100;

		(void)snprintf(m->names[i], sizeof(m->names[i]), "layer.%u", i);
		verity_hex(m->e->bytes[segment] + offset, (size_t)bytes, 4096, m->digests[i]);
		m->tensors[i] = vres_tensor_init();
		m->tensors[i].name = m->names[i];
		m->tensors[i].device_ptr = m->e->addresses[segment] + offset;
		m->tensors[i].bytes = bytes;
		m->tensors[i].expected_digest = m->digests[i];
	}
	return m;
}

static void model_end(struct model **m)
{
	engine_end(&(*m)->e);
	test_free(*m);
	*m = NULL;
}

struct room {
	vres_damage list[ROOM];
	uint64_t count;
};

static vres_seal_params params(struct room *room, size_t cap)
{
	vres_seal_params p = vres_seal_params_init();

	memset(room, 0, sizeof(*room));
	room->list[0] = vres_damage_init();
	room->count = UNTOUCHED;
	p.shard_id = "weights";
	p.digest_alg = VRES_DIGEST_TENSORS;
	p.damage = cap ? room->list : NULL;
	p.damage_cap = cap;
	p.damage_count = &room->count;
	return p;
}

static void ck_listed(const vres_damage *range, uint32_t tensor, uint64_t bytes)
{
	ck_assert_uint_eq(range->struct_size, sizeof(*range));
	ck_assert_uint_eq(range->tensor, tensor);
	ck_assert_uint_eq(range->offset, 0);
	ck_assert_uint_eq(range->bytes, bytes);
	ck_assert_uint_eq(range->reserved, 0);
}

static void ck_nothing_sealed(struct fixture *f, const vres_shard *shard)
{
	vres_shard *found = NULL;
	vres_error err;

	ck_assert_ptr_null(shard);
	ck_status(vres_manager_find(f->manager, "weights", &found, &err), VRES_E_NOT_FOUND);
	ck_assert_uint_eq(metrics_of(f).shards_now, 0);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_SEALED), 0);
}

START_TEST(all_that_are_wrong_of_700_tensors_are_listed_and_nothing_is_sealed)
{
	static const unsigned wrong[] = {0, 13, 14, 350, 699};
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(model_end) struct model *m = model_begin(f);
	CLEANUP(release_shard) vres_shard *shard = NULL;
	struct room room;
	vres_seal_params p = params(&room, ROOM);
	const vres_event *event;
	vres_error err;

	for (unsigned i = 0; i < COUNT(wrong); i++)
		m->tensors[wrong[i]].expected_digest = m->digests[100];
	ck_status(vres_seal_tensors(f->manager, &p, m->tensors, MANY, &shard, &err),
	          VRES_E_INTEGRITY_VIOLATION);
	ck_assert_ptr_nonnull(strstr(err.message, "tensor 0 and 4 more"));
	ck_assert_uint_eq(room.count, COUNT(wrong));
	for (unsigned i = 0; i < COUNT(wrong); i++)
		ck_listed(&room.list[i], wrong[i], m->tensors[wrong[i]].bytes);
	ck_assert_uint_eq(room.list[COUNT(wrong)].bytes, 0);
	ck_nothing_sealed(f, shard);
	ck_assert_uint_eq(f->record.incidents_count, 1);
	event = record_last(&f->record, VRES_EVENT_SEAL_VERIFICATION_FAILED);
	ck_assert_uint_eq(event->damage_count, COUNT(wrong));
	ck_assert_uint_eq(event->bad_tensors, COUNT(wrong));
	ck_assert_str_eq(event->tensor, "layer.0");
	/* Each tensor is hashed once, and the wrong ones once more. */
	for (unsigned i = 0; i < COUNT(wrong); i++)
		m->tensors[wrong[i]].expected_digest = m->digests[wrong[i]];
	ck_ok(vres_seal_tensors(f->manager, &p, m->tensors, MANY, &shard, &err));
	ck_assert_uint_eq(room.count, 0);
}
END_TEST

START_TEST(what_there_is_no_room_for_is_counted)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(model_end) struct model *m = model_begin(f);
	CLEANUP(release_shard) vres_shard *shard = NULL;
	struct room room;
	const size_t cap = _i == 0 ? 0 : _i == 1 ? 1 : ROOM;
	vres_seal_params p = params(&room, cap);
	vres_error err;

	for (unsigned i = 0; i < MANY; i++)
		m->tensors[i].expected_digest = m->digests[(i + 1) % MANY];
	ck_status(vres_seal_tensors(f->manager, &p, m->tensors, MANY, &shard, &err),
	          VRES_E_INTEGRITY_VIOLATION);
	ck_assert_ptr_nonnull(strstr(err.message, "tensor 0 and 699 more"));
	ck_assert_uint_eq(room.count, MANY);
	for (unsigned i = 0; i < cap; i++)
		ck_listed(&room.list[i], i, m->tensors[i].bytes);
	if (cap < ROOM)
		ck_assert_uint_eq(room.list[cap ? cap : 1].struct_size, 0);
	ck_nothing_sealed(f, shard);
}
END_TEST

START_TEST(each_name_of_a_wrong_range_is_listed_and_so_is_an_empty_tensor)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = NULL;
	struct room room;
	vres_seal_params p = params(&room, ROOM);
	vres_error err;

	e->tensors[9].expected_digest =
		e->digests[1]; /* tied to w4, of which nothing is expected */
	e->tensors[6].expected_digest = e->digests[1]; /* empty */
	e->tensors[7].expected_digest = e->digests[7];
	ck_status(vres_seal_tensors(f->manager, &p, e->tensors, e->n, &shard, &err),
	          VRES_E_INTEGRITY_VIOLATION);
	ck_assert_ptr_nonnull(strstr(err.message, "tensor 4 and 2 more"));
	ck_assert_uint_eq(room.count, 3);
	ck_listed(&room.list[0], 4, e->tensors[4].bytes);
	ck_listed(&room.list[1], 6, 0);
	ck_listed(&room.list[2], 9, e->tensors[9].bytes);
	ck_nothing_sealed(f, shard);
}
END_TEST

START_TEST(manifest_alone_that_is_not_as_expected_lists_nothing)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = NULL;
	struct room room;
	vres_seal_params p = params(&room, ROOM);
	vres_error err;

	p.expected_digest = e->digests[0];
	ck_status(vres_seal_tensors(f->manager, &p, e->tensors, e->n, &shard, &err),
	          VRES_E_INTEGRITY_VIOLATION);
	ck_assert_uint_eq(room.count, 0);
	ck_nothing_sealed(f, shard);
}
END_TEST

START_TEST(bytes_without_tensors_that_are_not_as_expected_are_one_range)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(free_bytes) uint8_t *data = content(GROUP + 9, 1);
	CLEANUP(release_shard) vres_shard *shard = NULL;
	struct room room;
	vres_seal_params p = params(&room, ROOM);
	char digest[65];
	vres_error err;

	p.digest_alg = _i == 0 ? VRES_DIGEST_VERITY : VRES_DIGEST_SHA256;
	sha256_hex(data, 1, digest);
	p.expected_digest = digest;
	ck_status(vres_seal_memory(f->manager, &p, data, GROUP + 9, &shard, &err),
	          VRES_E_INTEGRITY_VIOLATION);
	ck_assert_uint_eq(room.count, 1);
	ck_listed(&room.list[0], UINT32_MAX, GROUP + 9);
	ck_nothing_sealed(f, shard);
	p.expected_digest = NULL;
	ck_ok(vres_seal_memory(f->manager, &p, data, GROUP + 9, &shard, &err));
	ck_assert_uint_eq(room.count, 0);
}
END_TEST

START_TEST(room_that_is_none_is_refused_and_older_callers_have_none)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = NULL;
	struct room room;
	vres_seal_params p = params(&room, ROOM);
	vres_error err;

	p.damage = NULL;
	ck_status(vres_seal_tensors(f->manager, &p, e->tensors, e->n, &shard, &err),
	          VRES_E_INVALID_INPUT);
	p.damage = room.list;
	room.list[0].struct_size = 4;
	ck_status(vres_seal_tensors(f->manager, &p, e->tensors, e->n, &shard, &err), VRES_E_ABI);
	e->tensors[1].expected_digest = e->digests[0];
	p.struct_size = offsetof(vres_seal_params, damage); /* and what follows is not looked at */
	ck_status(vres_seal_tensors(f->manager, &p, e->tensors, e->n, &shard, &err),
	          VRES_E_INTEGRITY_VIOLATION);
	ck_assert_uint_eq(room.count, UNTOUCHED);
	p.struct_size--;
	ck_status(vres_seal_tensors(f->manager, &p, e->tensors, e->n, &shard, &err), VRES_E_ABI);
	ck_nothing_sealed(f, shard);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(all_that_are_wrong_of_700_tensors_are_listed_and_nothing_is_sealed,
	             "CI-004 VR-004", "integrity", "a model loaded wrong in several places"),
		CASE_LOOP(what_there_is_no_room_for_is_counted, 3, "CI-004 VR-006", "integrity",
	                  "a list written past its end"),
		CASE(each_name_of_a_wrong_range_is_listed_and_so_is_an_empty_tensor, "CI-004",
	             "integrity", ""),
		CASE(manifest_alone_that_is_not_as_expected_lists_nothing, "CI-004", "", ""),
		CASE_LOOP(bytes_without_tensors_that_are_not_as_expected_are_one_range, 2, "CI-004",
	                  "integrity", ""),
		CASE(room_that_is_none_is_refused_and_older_callers_have_none, "VR-005 VR-006", "",
	             "an older caller's memory written to"),
	};

	return suite_run("tensors_expected", "seal", cases, COUNT(cases));
}
