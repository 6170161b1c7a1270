/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Filling a staging buffer: several threads do it if the source can be read in parts, else the
 * caller alone.
 */
#include "support/suite/alloc.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"
#include "unit/fixture/upload_fixture.h"

/* A source that records what it is asked for. */
struct parts {
	struct source source; /* first, so that a pointer to it is one to this struct */
	const uint8_t *bytes;
	uint64_t fails_at;
	pthread_t caller;
	pthread_mutex_t lock;
	pthread_cond_t asked;
	uint8_t times[3 * LANE_BYTES / 4096]; /* how many times each page was asked for */
	size_t most;
	unsigned by_others;
	bool wants_others;
};

static vres_status part(const struct source *s, uint64_t at, void *buffer, size_t n,
                        vres_error *err)
{
	struct parts *parts = (struct parts *)(uintptr_t)s;

	(void)pthread_mutex_lock(&parts->lock);
	parts->most = n > parts->most ? n : parts->most;
	for (uint64_t page = at / 4096; page <= (at + n - 1) / 4096; page++)
		parts->times[page]++;
	parts->by_others += !pthread_equal(pthread_self(), parts->caller);
	(void)pthread_cond_broadcast(&parts->asked);
	while (parts->wants_others && parts->by_others == 0)
		(void)pthread_cond_wait(&parts->asked, &parts->lock);
	(void)pthread_mutex_unlock(&parts->lock);
	if (at <= parts->fails_at && parts->fails_at - at < n)
		return vres_fail(err, VRES_E_IO, "no more");
	memcpy(buffer, parts->bytes + at, n);
	return VRES_OK;
}

/* Prepares an upload from @bytes that digests nothing. */
static struct parts *parts_of(struct upload_fixture *fixture, const uint8_t *bytes, bool has_parts)
{
	struct parts *parts = test_alloc(sizeof(*parts));

	parts->source = (struct source){.part = part, .has_parts = has_parts};
	parts->bytes = bytes;
	parts->fails_at = UINT64_MAX;
	parts->caller = pthread_self();
	(void)pthread_mutex_init(&parts->lock, NULL);
	(void)pthread_cond_init(&parts->asked, NULL);
	fixture->upload.source = &parts->source;
	fixture->upload.flat = NULL;
	fixture->upload.tree = NULL;
	fixture->upload.progress = NULL;
	fixture->upload.threads = 3;
	return parts;
}

static void parts_end(struct parts **parts)
{
	(void)pthread_cond_destroy(&(*parts)->asked);
	(void)pthread_mutex_destroy(&(*parts)->lock);
	test_free(*parts);
}

START_TEST(parts_of_a_buffer_are_filled_by_several_threads_each_once)
{
	const uint64_t bytes = 2 * LANE_BYTES + 8192;
	uint8_t *want = content((size_t)bytes, 1);
	CLEANUP(upload_end) struct upload_fixture *fixture = upload_begin(bytes);
	CLEANUP(parts_end) struct parts *parts = parts_of(fixture, want, true);
	vres_error err;

	/* every read waits until a thread other than the caller has begun one */
	parts->wants_others = true;
	ck_ok(vres_upload(&fixture->upload, &err));
	ck_assert_msg(memcmp(fake_backend_bytes(&fixture->mem), want, (size_t)bytes) == 0,
	              "other bytes are in VRAM");
	for (uint64_t page = 0; page < bytes / 4096; page++)
		ck_assert_uint_eq(parts->times[page], 1);
	ck_assert_uint_lt(parts->most, LANE_BYTES);
	ck_assert_uint_eq(parts->source.done, bytes);
	test_free(want);
}
END_TEST

START_TEST(source_without_parts_is_read_by_the_caller_alone)
{
	const uint64_t bytes = LANE_BYTES + 8192;
	uint8_t *want = content((size_t)bytes, 1);
	CLEANUP(upload_end) struct upload_fixture *fixture = upload_begin(bytes);
	CLEANUP(parts_end) struct parts *parts = parts_of(fixture, want, false);
	vres_error err;

	ck_ok(vres_upload(&fixture->upload, &err));
	ck_assert_msg(memcmp(fake_backend_bytes(&fixture->mem), want, (size_t)bytes) == 0,
	              "other bytes are in VRAM");
	ck_assert_uint_eq(parts->by_others, 0);
	ck_assert_uint_eq(parts->most, LANE_BYTES);
	test_free(want);
}
END_TEST

START_TEST(part_that_cannot_be_read_fails_the_upload)
{
	static const uint64_t at[] = {0, LANE_BYTES - 1, LANE_BYTES, 2 * LANE_BYTES + 8191};
	const uint64_t bytes = 2 * LANE_BYTES + 8192;
	uint8_t *from = content((size_t)bytes, 1);

	for (size_t i = 0; i < COUNT(at); i++) {
		CLEANUP(upload_end) struct upload_fixture *fixture = upload_begin(bytes);
		CLEANUP(parts_end) struct parts *parts = parts_of(fixture, from, true);
		const int live = atomic_load(&fixture->fixture->fake->live);
		vres_error err;

		parts->fails_at = at[i];
		ck_status(vres_upload(&fixture->upload, &err), VRES_E_IO);
		ck_assert_str_eq(err.message, "no more");
		ck_assert_int_eq(atomic_load(&fixture->fixture->fake->live), live);
	}
	test_free(from);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(parts_of_a_buffer_are_filled_by_several_threads_each_once, "WORKER-4113",
	             "integrity", "a part left out"),
		CASE(source_without_parts_is_read_by_the_caller_alone, "WORKER-4113", "",
	             "a pipe read by two threads"),
		CASE(part_that_cannot_be_read_fails_the_upload, "WORKER-4150 MS-004",
	             "availability", "a buffer half filled"),
	};

	return suite_run("unit.upload_parts", "unit", cases, COUNT(cases));
}
