/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the bytes of a seal come from: memory, a file, a pipe, a callback. */
#include "seal/source.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "support/suite/alloc.h"
#include "support/suite/content.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"

#define BYTES 10000u

/* A file without a name, with BYTES bytes of content 1. */
static int file(void)
{
	char path[] = "/tmp/vres-source-XXXXXX";
	const int fd = mkstemp(path);
	uint8_t *bytes = content(BYTES, 1);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(write(fd, bytes, BYTES), BYTES);
	test_free(bytes);
	return fd;
}

/* Asserts that the source gives content 1 from @offset on, when read in pieces of @piece bytes. */
static void ck_reads(struct source *s, uint64_t offset, size_t n, size_t piece)
{
	uint8_t got[BYTES], want[BYTES];
	vres_error err;

	content_fill(want, n, 1, offset);
	for (size_t at = 0; at < n; at += piece)
		ck_ok(vres_source_next(s, got + at, piece < n - at ? piece : n - at, &err));
	ck_assert_mem_eq(got, want, n);
	ck_assert_uint_eq(s->done, n);
	ck_ok(vres_source_finish(s, &err));
}

START_TEST(memory_is_read_in_order)
{
	uint8_t *bytes = content(BYTES, 1);
	struct source s;

	for (size_t piece = 1; piece <= BYTES; piece *= 10) {
		vres_source_memory(&s, bytes);
		ck_reads(&s, 0, BYTES, piece);
	}
	test_free(bytes);
}
END_TEST

START_TEST(file_is_read_from_its_offset_and_its_position_left_alone)
{
	const int fd = file();
	struct source s;
	vres_error err;

	ck_assert_int_eq(lseek(fd, 77, SEEK_SET), 77);
	ck_ok(vres_source_fd(&s, fd, 0, BYTES, &err));
	ck_reads(&s, 0, BYTES, 999);
	ck_ok(vres_source_fd(&s, fd, 1234, BYTES - 1234, &err));
	ck_reads(&s, 1234, BYTES - 1234, 4096);
	ck_ok(vres_source_fd(&s, fd, BYTES - 1, 1, &err));
	ck_reads(&s, BYTES - 1, 1, 1);
	ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), 77);
	close(fd);
}
END_TEST

START_TEST(range_past_the_end_of_a_file_is_refused)
{
	static const struct {
		uint64_t offset, bytes;
	} bad[] = {{0, BYTES + 1},  {1, BYTES},      {BYTES, 1},
	           {UINT64_MAX, 1}, {1, UINT64_MAX}, {UINT64_MAX, UINT64_MAX},
	           {0, UINT64_MAX}};
	const int fd = file();
	struct source s;
	vres_error err;

	for (size_t i = 0; i < COUNT(bad); i++)
		ck_status(vres_source_fd(&s, fd, bad[i].offset, bad[i].bytes, &err),
		          VRES_E_INVALID_INPUT);
	close(fd);
}
END_TEST

START_TEST(pipe_is_read_from_where_it_stands)
{
	uint8_t bytes[BYTES];
	struct source s;
	int ends[2];
	vres_error err;

	content_fill(bytes, sizeof(bytes), 1, 0);
	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(write(ends[1], bytes, sizeof(bytes)), sizeof(bytes));
	ck_ok(vres_source_fd(&s, ends[0], 0, BYTES, &err));
	ck_reads(&s, 0, BYTES, 777);
	ck_status(vres_source_fd(&s, ends[0], 1, 1, &err), VRES_E_INVALID_INPUT);
	close(ends[0]), close(ends[1]);
}
END_TEST

START_TEST(pipe_that_ends_early_says_where)
{
	uint8_t got[100] = {0};
	struct source s;
	int ends[2];
	vres_error err;

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(write(ends[1], got, 60), 60);
	close(ends[1]);
	ck_ok(vres_source_fd(&s, ends[0], 0, 100, &err));
	ck_ok(vres_source_next(&s, got, 50, &err));
	ck_status(vres_source_next(&s, got, 50, &err), VRES_E_IO);
	ck_assert_str_eq(err.message, "the source ended at byte 60");
	ck_assert_uint_eq(s.done, 50);
	close(ends[0]);
}
END_TEST

START_TEST(descriptors_that_cannot_be_read_are_refused)
{
	const int folder = open("/", O_RDONLY), path_only = open("/", O_PATH), closed = dup(0);
	struct source s;
	int ends[2];
	vres_error err;

	ck_assert_int_eq(pipe(ends), 0);
	close(closed);
	ck_status(vres_source_fd(&s, folder, 0, 1, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_source_fd(&s, path_only, 0, 1, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_source_fd(&s, ends[1], 0, 1, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_source_fd(&s, closed, 0, 1, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_source_fd(&s, -1, 0, 1, &err), VRES_E_INVALID_INPUT);
	close(folder), close(path_only), close(ends[0]), close(ends[1]);
}
END_TEST

static void touch(int fd, int64_t seconds, int64_t nanoseconds)
{
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
	                                  {.tv_sec = seconds, .tv_nsec = nanoseconds}};

	ck_assert_int_eq(futimens(fd, times), 0);
}

START_TEST(file_that_was_changed_meanwhile_is_an_error_at_the_end)
{
	const int fd = file();
	struct source s;
	vres_error err;

	touch(fd, 1700000000, 5);
	ck_ok(vres_source_fd(&s, fd, 0, BYTES, &err));
	ck_ok(vres_source_finish(&s, &err));
	touch(fd, 1700000000, 6);
	ck_status(vres_source_finish(&s, &err), VRES_E_IO);
	touch(fd, 1700000001, 5);
	ck_status(vres_source_finish(&s, &err), VRES_E_IO);
	ck_assert_int_eq(ftruncate(fd, BYTES + 1), 0);
	touch(fd, 1700000000, 5);
	ck_status(vres_source_finish(&s, &err), VRES_E_IO);
	close(fd);
}
END_TEST

START_TEST(change_whose_time_was_set_back_is_an_error_too)
{
	/*
	 * 50 ms are longer than a step of the file system's clock, which is 10 ms with
	 * CONFIG_HZ=100.
	 */
	const struct timespec tick = {.tv_nsec = 50000000};
	const int fd = file();
	struct source s;
	vres_error err;

	touch(fd, 1700000000, 5);
	ck_ok(vres_source_fd(&s, fd, 0, BYTES, &err));
	ck_assert_int_eq(nanosleep(&tick, NULL), 0);
	ck_assert_int_eq(pwrite(fd, "x", 1, 0), 1);
	touch(fd, 1700000000, 5);
	ck_status(vres_source_finish(&s, &err), VRES_E_IO);
	close(fd);
}
END_TEST

START_TEST(file_that_was_cut_while_it_was_read_is_an_error)
{
	const int fd = file();
	uint8_t got[BYTES];
	struct source s;
	vres_error err;

	ck_ok(vres_source_fd(&s, fd, 0, BYTES, &err));
	ck_assert_int_eq(ftruncate(fd, 100), 0);
	ck_status(vres_source_next(&s, got, BYTES, &err), VRES_E_IO);
	close(fd);
}
END_TEST

START_TEST(callback_is_asked_for_what_comes_next)
{
	struct content_source callback = {.seed = 1};
	struct source s;

	vres_source_stream(&s, content_read, &callback);
	ck_reads(&s, 0, BYTES, 3000);
	ck_assert_uint_eq(callback.calls, 4);
	ck_assert_uint_eq(callback.bytes, BYTES);
}
END_TEST

START_TEST(callback_may_cancel_and_every_other_failure_is_io)
{
	static const vres_status how[] = {VRES_E_CANCELLED, VRES_E_IO,
	                                  VRES_E_SEAL_VERIFICATION_FAILED, VRES_E_NO_MEMORY,
	                                  (vres_status)-1};

	for (size_t i = 0; i < COUNT(how); i++) {
		struct content_source callback = {.seed = 1, .fail_at = 2, .fail_how = how[i]};
		uint8_t got[10];
		struct source s;
		vres_error err;

		vres_source_stream(&s, content_read, &callback);
		ck_ok(vres_source_next(&s, got, 10, &err));
		ck_status(vres_source_next(&s, got, 10, &err),
		          how[i] == VRES_E_CANCELLED ? VRES_E_CANCELLED : VRES_E_IO);
		ck_assert_ptr_nonnull(strstr(err.message, "at byte 10"));
		ck_assert_uint_eq(s.done, 10);
	}
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(memory_is_read_in_order, "WORKER-4400", "integrity", ""),
		CASE(file_is_read_from_its_offset_and_its_position_left_alone, "WORKER-4400",
	             "integrity", ""),
		CASE(range_past_the_end_of_a_file_is_refused, "VR-006 MS-003 IV-001", "",
	             "offset and length that overflow"),
		CASE(pipe_is_read_from_where_it_stands, "WORKER-4400", "integrity", ""),
		CASE(pipe_that_ends_early_says_where, "WORKER-4400 WORKER-4150", "integrity",
	             "a short source"),
		CASE(descriptors_that_cannot_be_read_are_refused, "VR-005", "", ""),
		CASE(change_whose_time_was_set_back_is_an_error_too, "WORKER-4113", "integrity",
	             "a file changed while it is read, its time set back"),
		CASE(file_that_was_changed_meanwhile_is_an_error_at_the_end, "WORKER-4113",
	             "integrity", "a file changed while it is sealed"),
		CASE(file_that_was_cut_while_it_was_read_is_an_error, "WORKER-4113", "integrity",
	             "a file cut while it is sealed"),
		CASE(callback_is_asked_for_what_comes_next, "WORKER-4400", "integrity", ""),
		CASE(callback_may_cancel_and_every_other_failure_is_io, "WORKER-4150", "",
	             "a callback that passes judgement"),
	};

	return suite_run("unit.source", "unit", cases, COUNT(cases));
}
