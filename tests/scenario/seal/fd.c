/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sealing from descriptors: files, parts of files, pipes, and descriptors that are none or change
 * under the reader.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "support/fixture/support.h"

/*
 * An unnamed file of @bytes bytes of content @seed, last written long ago, so that any change to it
 * shows in its times.
 */
static int file_of(uint64_t bytes, uint64_t seed)
{
	CLEANUP(free_bytes) uint8_t *data = content((size_t)bytes, seed);
	const struct timespec long_ago[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
	char path[] = "/tmp/vres-seal-XXXXXX";
	const int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(write(fd, data, (size_t)bytes), (ssize_t)bytes);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	ck_assert_int_eq(futimens(fd, long_ago), 0);
	return fd;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void ck_digest(const vres_shard *shard, uint64_t seed, uint64_t offset, uint64_t bytes)
{
	CLEANUP(free_bytes) uint8_t *data = test_alloc((size_t)bytes);
	char hex[65];

	content_fill(data, (size_t)bytes, seed, offset);
	sha256_hex(data, (size_t)bytes, hex);
	ck_assert_str_eq(info_of(shard).digest, hex);
}

START_TEST(a_file_is_sealed_from_any_offset_and_its_position_left_alone)
{
	static const struct {
		uint64_t size, offset, bytes;
	} cases[] = {{5000, 0, 5000},
	             {5000, 0, 4999},
	             {5000, 1, 4999},
	             {5000, 4999, 1},
	             {MIB(17), 4097, MIB(16) + 3}};
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(close_fd) int fd = file_of(cases[_i].size, 5);
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_error err;

	ck_assert_int_eq(lseek(fd, 77, SEEK_SET), 77);
	ck_ok(vres_seal_fd(f->manager, PLAIN, fd, cases[_i].offset, cases[_i].bytes, &shard, &err));
	ck_digest(shard, 5, cases[_i].offset, cases[_i].bytes);
	ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), 77);
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
}
END_TEST

struct feeder {
	int fd;
	uint64_t bytes, seed;
	pthread_t thread;
};

static void *feed(void *ctx)
{
	struct feeder *to = ctx;
	uint8_t part[5003]; /* no divisor of anything, so that reads come up short everywhere */

	for (uint64_t at = 0; at < to->bytes;) {
		const size_t n =
			to->bytes - at < sizeof(part) ? (size_t)(to->bytes - at) : sizeof(part);

		content_fill(part, n, to->seed, at);
		if (write(to->fd, part, n) != (ssize_t)n)
			break;
		at += n;
	}
	close(to->fd);
	return NULL;
}

START_TEST(a_pipe_or_a_socket_is_sealed_though_it_gives_a_little_at_a_time)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = NULL;
	struct feeder feeder = {.bytes = MIB(1) + 77, .seed = 6};
	int ends[2];
	vres_error err;

	ck_assert_int_eq(_i == 0 ? pipe(ends) : socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	feeder.fd = ends[1];
	ck_assert_int_eq(pthread_create(&feeder.thread, NULL, feed, &feeder), 0);
	ck_ok(vres_seal_fd(f->manager, PLAIN, ends[0], 0, MIB(1) + 77, &shard, &err));
	pthread_join(feeder.thread, NULL);
	close(ends[0]);
	ck_digest(shard, 6, 0, MIB(1) + 77);
}
END_TEST

START_TEST(a_pipe_is_read_no_further_than_asked)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = NULL;
	uint8_t data[5000], rest[1000];
	int ends[2];
	vres_error err;

	content_fill(data, sizeof(data), 7, 0);
	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(write(ends[1], data, sizeof(data)), sizeof(data));
	ck_ok(vres_seal_fd(f->manager, PLAIN, ends[0], 0, 4500, &shard, &err));
	ck_assert_int_eq(read(ends[0], rest, sizeof(rest)), 500);
	ck_assert_mem_eq(rest, data + 4500, 500);
	ck_digest(shard, 7, 0, 4500);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

/* The seal of @fd fails with @want, and nothing is left of it. */
static void ck_no_seal(struct fixture *f, int fd, uint64_t offset, uint64_t bytes, vres_status want)
{
	const vres_device_info before = device_of(f, 0);
	vres_shard *shard = (void *)f;
	vres_device_info after;
	vres_error err;

	ck_status(vres_seal_fd(f->manager, PLAIN, fd, offset, bytes, &shard, &err), want);
	ck_assert_ptr_eq(shard, (void *)f);
	after = device_of(f, 0);
	ck_same_device(&before, &after);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_SEALED), 0);
}

START_TEST(a_pipe_that_ends_early_is_an_io_error)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(write(ends[1], TOKEN, 5), 5);
	close(ends[1]);
	ck_no_seal(f, ends[0], 0, 6, VRES_E_IO);
	close(ends[0]);
	ck_works(f);
}
END_TEST

START_TEST(a_descriptor_that_cannot_hold_the_bytes_is_refused_before_any_work)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(close_fd) int file = file_of(5000, 8);
	CLEANUP(close_fd) int folder = open("/tmp", O_RDONLY | O_DIRECTORY);
	CLEANUP(close_fd) int sink = open("/dev/null", O_WRONLY);
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_no_seal(f, file, 0, 5001, VRES_E_INVALID_INPUT);
	ck_no_seal(f, file, 1, 5000, VRES_E_INVALID_INPUT);
	ck_no_seal(f, file, 5000, 1, VRES_E_INVALID_INPUT);
	ck_no_seal(f, file, UINT64_MAX, 1, VRES_E_INVALID_INPUT);
	ck_no_seal(f, file, UINT64_MAX - 10, 11, VRES_E_INVALID_INPUT);
	ck_no_seal(f, file, (uint64_t)INT64_MAX, 2, VRES_E_INVALID_INPUT);
	ck_no_seal(f, file, 0, 0, VRES_E_INVALID_INPUT);
	ck_no_seal(f, folder, 0, 1, VRES_E_INVALID_INPUT);
	ck_no_seal(f, sink, 0, 1, VRES_E_INVALID_INPUT);
	ck_no_seal(f, -1, 0, 1, VRES_E_INVALID_INPUT);
	ck_no_seal(f, 9999, 0, 1, VRES_E_INVALID_INPUT);
	ck_no_seal(f, ends[0], 1, 1, VRES_E_INVALID_INPUT); /* a pipe has no offset */
	ck_no_seal(f, ends[1], 0, 1, VRES_E_INVALID_INPUT); /* the end to write to */
	close(ends[0]);
	close(ends[1]);
	ck_assert_uint_eq(record_count(&f->record, 0), 0);
	ck_assert_uint_eq(test_device_calls(f->test_device, VRES_MOCK_OP_MEM_ALLOC), 0);
	ck_works(f);
}
END_TEST

/* Changes the file while it is read: once, at the first call of progress. */
struct meddler {
	int fd;
	int how;
	bool done;
};

static bool meddle(void *ctx, uint64_t done, uint64_t total)
{
	struct meddler *m = ctx;

	(void)done;
	(void)total;
	if (m->done)
		return true;
	m->done = true;
	switch (m->how) {
	case 0: return ftruncate(m->fd, 100) == 0;                /* shrinks into what was read */
	case 1: return ftruncate(m->fd, (off_t)MIB(17) - 1) == 0; /* loses its last byte */
	case 2:
		return ftruncate(m->fd, (off_t)MIB(17) + 1) == 0; /* grows */
	/* The file is written to where it was read already. */
	default: return pwrite(m->fd, "x", 1, 0) == 1;
	}
}

START_TEST(a_file_that_changes_while_it_is_read_is_an_io_error)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(close_fd) int fd = file_of(MIB(17), 9);
	struct meddler meddler = {.fd = fd, .how = _i};
	vres_seal_params p = vres_seal_params_init();
	const vres_device_info before = device_of(f, 0);
	vres_device_info after;
	vres_shard *shard = NULL;
	vres_error err;

	p.progress = meddle;
	p.progress_ctx = &meddler;
	ck_status(vres_seal_fd(f->manager, &p, fd, 0, MIB(17), &shard, &err), VRES_E_IO);
	ck_assert(meddler.done);
	after = device_of(f, 0);
	ck_same_device(&before, &after);
	ck_works(f);
}
END_TEST

START_TEST(a_device_file_without_end_is_read_as_far_as_asked)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(close_fd) int zero = open("/dev/zero", O_RDONLY);
	CLEANUP(release_shard) vres_shard *shard = NULL;
	static const uint8_t zeros[5000];
	char hex[65];
	vres_error err;

	ck_ok(vres_seal_fd(f->manager, PLAIN, zero, 0, sizeof(zeros), &shard, &err));
	sha256_hex(zeros, sizeof(zeros), hex);
	ck_assert_str_eq(info_of(shard).digest, hex);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(a_file_is_sealed_from_any_offset_and_its_position_left_alone, 5,
	                  "WORKER-4220 WORKER-4113 MS-007", "integrity", "wrong part of a file"),
		CASE_LOOP(a_pipe_or_a_socket_is_sealed_though_it_gives_a_little_at_a_time, 2,
	                  "WORKER-4220 WORKER-4400 WORKER-4403", "integrity", "short reads"),
		CASE(a_pipe_is_read_no_further_than_asked, "WORKER-4400", "integrity",
	             "bytes of the next shard swallowed"),
		CASE(a_pipe_that_ends_early_is_an_io_error, "WORKER-4150 IV-001", "integrity",
	             "truncated model"),
		CASE(a_descriptor_that_cannot_hold_the_bytes_is_refused_before_any_work,
	             "IV-001 MS-003 MS-006 WORKER-4150", "availability",
	             "offset overflow, truncated file, wrong descriptor"),
		CASE_LOOP(a_file_that_changes_while_it_is_read_is_an_io_error, 4,
	                  "WORKER-4113 WORKER-4400", "integrity",
	                  "file replaced while it is loaded"),
		CASE(a_device_file_without_end_is_read_as_far_as_asked, "WORKER-4400", "integrity",
	             "endless source"),
	};

	return suite_run("seal_fd", "seal", cases, COUNT(cases));
}
