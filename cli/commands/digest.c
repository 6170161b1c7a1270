/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vres digest: content digests of files, without a device, in constant memory.
 *
 * The output is byte for byte that of `sha256sum` (which escapes a file name as a leading
 * backslash, then \\, \n and \r) or of `fsverity digest` (which escapes nothing), so it can be
 * compared with theirs and read by them.  Names are escaped further only on a terminal.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vres/vres.h>
#include "command.h"
#include "shards/seal_options.h"
#include "ui/escape.h"
#include "ui/files.h"
#include "ui/options.h"
#include "ui/progress.h"

/* A read of this many bytes costs nothing beside hashing them. */
#define BUFFER_BYTES ((size_t)1 << 20)

/* So much of a file is hashed between two updates of the progress line. */
#define SLICE_BYTES (UINT64_C(256) << 20)

struct digest_options {
	uint64_t alg, block_size, threads;
	bool is_json;
};

static const struct option_spec specs[] = {
	{"alg", "ALG", OPTION(OPTION_CHOICE, struct digest_options, alg),
         "sha256 (the default), printed as sha256sum does, or verity, printed as `fsverity digest` "
         "does",
         .words = digest_alg_words},
	{"block-size", "BYTES", OPTION(OPTION_BYTES, struct digest_options, block_size),
         "of the verity tree: a power of two, 1024 to 65536; default 4096", .least = 1},
	{"threads", "N", OPTION(OPTION_COUNT, struct digest_options, threads),
         "threads that hash; default: one for each core, no more than the CPU quota of the control "
         "group",
         .least = 1, .most = THREADS_MOST},
	{"json", NULL, OPTION(OPTION_FLAG, struct digest_options, is_json),
         "print one JSON document"},
};

static const struct option_set set = {"Options", specs, COUNT_OF(specs)};

static void destroy_digester(vres_digester **d)
{
	vres_digester_destroy(*d);
}

static uint64_t size_of(int fd)
{
	struct stat about;

	return fstat(fd, &about) == 0 && S_ISREG(about.st_mode) ? (uint64_t)about.st_size : 0;
}

/* One file on its way through a digester. */
struct digesting {
	struct output *o;
	const char *name;
	int fd;
	vres_digester *d;
	uint64_t size;  /* when it was opened; 0: unknown */
	uint64_t bytes; /* hashed so far */
	struct progress progress;
};

/*
 * Hash a regular file from its position up to its size, read by the threads that hash; leave the
 * position behind that.
 */
static bool add_file(struct digesting *job)
{
	const off_t from = lseek(job->fd, 0, SEEK_CUR);
	vres_error err;

	if (from < 0 || (uint64_t)from >= job->size || job->size - (uint64_t)from < BUFFER_BYTES)
		return true;
	for (uint64_t left = job->size - (uint64_t)from, step; left > 0; left -= step) {
		step = left < SLICE_BYTES ? left : SLICE_BYTES;
		if (vres_digester_update_fd(job->d, job->fd, (uint64_t)from + job->bytes, step,
		                            &err) != VRES_OK) {
			progress_end(&job->progress);
			return output_fail(job->o, job->name, &err);
		}
		job->bytes += step;
		progress_show(&job->progress, job->bytes, job->size - (uint64_t)from);
	}
	return lseek(job->fd, (off_t)job->size, SEEK_SET) >= 0 ||
	       output_fail_errno(job->o, job->name, "cannot be read", errno);
}

/* Hash the rest up to the end: a pipe, a short file, or bytes that were appended while it was read.
 */
static bool add_rest(struct digesting *job)
{
	CLEANUP(free_pointer) unsigned char *buffer = malloc(BUFFER_BYTES);
	vres_error err;

	if (buffer == NULL)
		return output_no_memory(job->o, job->name);
	for (;;) {
		const ssize_t got = file_read(job->fd, buffer, BUFFER_BYTES);
		const int number = errno;

		if (got < 0) {
			progress_end(&job->progress);
			return output_fail_errno(job->o, job->name, "cannot be read", number);
		}
		if (got == 0)
			return true;
		if (vres_digester_update(job->d, buffer, (size_t)got, &err) != VRES_OK)
			return output_fail(job->o, job->name, &err);
		job->bytes += (uint64_t)got;
		progress_show(&job->progress, job->bytes, job->bytes <= job->size ? job->size : 0);
	}
}

static bool add_all(struct output *o, const char *name, int fd, vres_digester *d, uint64_t *bytes)
{
	struct digesting job = {.o = o, .name = name, .fd = fd, .d = d, .size = size_of(fd)};
	bool good;

	progress_begin(&job.progress, "hashing", name);
	good = add_file(&job) && add_rest(&job);
	progress_end(&job.progress);
	*bytes = job.bytes;
	return good;
}

static bool digest_file(struct output *o, const char *name, const struct digest_options *options,
                        char hex[65], uint64_t *bytes)
{
	CLEANUP(file_close) int fd = file_open(name);
	CLEANUP(destroy_digester) vres_digester *d = NULL;
	vres_error err;

	if (fd < 0)
		return output_fail_errno(o, name, "cannot be opened", errno);
	if (vres_digester_create((uint32_t)options->alg, (uint32_t)options->block_size, &d, &err) !=
	    VRES_OK)
		return output_fail(o, NULL, &err);
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	if (!add_all(o, name, fd, d, bytes))
		return false;
	return vres_digester_final(d, hex, &err) == VRES_OK || output_fail(o, name, &err);
}

static void put_name(struct output *o, const char *name, bool is_escaped)
{
	const bool is_shown = isatty(STDOUT_FILENO);
	char one[ESCAPE_ONE];

	while (*name != '\0') {
		if (is_escaped && strchr("\\\n\r", *name) != NULL) {
			output_text(o, "\\%c", *name == '\n' ? 'n' : *name == '\r' ? 'r' : '\\');
			name++;
		} else if (is_shown) {
			name += escape_one(name, one);
			output_text(o, "%s", one);
		} else {
			output_text(o, "%c", *name++);
		}
	}
}

static void print_digest(struct output *o, const char *name, uint64_t alg, const char *hex)
{
	const bool is_verity = alg == VRES_DIGEST_VERITY;
	const bool is_escaped = !is_verity && strpbrk(name, "\\\n\r") != NULL;

	output_text(o, "%s%s%s%s", is_escaped ? "\\" : "", is_verity ? "sha256:" : "", hex,
	            is_verity ? " " : "  ");
	put_name(o, name, is_escaped);
	output_text(o, "\n");
}

static json_t *digest_json(struct output *o, const char *name, const char *hex, uint64_t bytes)
{
	json_t *entry = json_object();

	output_put_file(o, entry, "file", name);
	output_put_u64(o, entry, "bytes", bytes);
	output_put_text(o, entry, "digest", hex);
	return entry;
}

static bool check_usage(struct output *o, const struct digest_options *options, size_t count)
{
	if (count == 0)
		return output_refuse(o, EXIT_USAGE, NULL, "no FILE given (- is standard input)");
	if (options->block_size != 0 && options->alg != VRES_DIGEST_VERITY)
		return output_refuse(o, EXIT_USAGE, NULL,
		                     "--block-size goes with --alg verity: SHA-256 has no tree");
	if (options->block_size > UINT32_MAX)
		return output_refuse(o, EXIT_USAGE, NULL,
		                     "--block-size must be a power of two, 1024 to 65536");
	return true;
}

/*
 * Let the process run on @n of its cores alone.  A digester starts a thread for each core that it
 * may use, so that is how many threads there are.
 */
static bool use_cores(struct output *o, uint64_t n)
{
	cpu_set_t cores, kept;

	if (sched_getaffinity(0, sizeof(cores), &cores) != 0)
		return output_fail_errno(o, NULL, "the cores cannot be asked for", errno);
	CPU_ZERO(&kept);
	for (size_t i = 0; i < CPU_SETSIZE && (uint64_t)CPU_COUNT(&kept) < n; i++) {
		if (CPU_ISSET(i, &cores))
			CPU_SET(i, &kept);
	}
	return sched_setaffinity(0, sizeof(kept), &kept) == 0 ||
	       output_fail_errno(o, NULL, "the cores cannot be limited", errno);
}

/* A file that cannot be read is reported, and the others are still digested. */
static void digest_all(struct output *o, const struct digest_options *options, char **names,
                       size_t count)
{
	json_t *files = json_array();

	output_put_text(o, o->document, "alg", options_word(digest_alg_words, options->alg));
	for (size_t i = 0; i < count && !o->is_deaf; i++) {
		char hex[65];
		uint64_t bytes = 0;

		if (!digest_file(o, names[i], options, hex, &bytes))
			continue;
		print_digest(o, names[i], options->alg, hex);
		output_add(o, files, digest_json(o, names[i], hex, bytes));
		if (isatty(STDOUT_FILENO) || ferror(stdout))
			output_flush(o);
	}
	output_put(o, o->document, "files", files);
}

static int run(const struct command *self, int argc, char **argv)
{
	struct digest_options options = {0};
	void *const targets[] = {&options};
	struct output o;
	int first, status = options_parse(self, targets, argc, argv, &first);

	if (status >= 0)
		return status;
	output_begin(&o, self->name, options.is_json);
	if (check_usage(&o, &options, (size_t)(argc - first)) &&
	    (options.threads == 0 || use_cores(&o, options.threads)))
		digest_all(&o, &options, argv + first, (size_t)(argc - first));
	return output_end(&o);
}

const struct command cmd_digest = {
	.name = "digest",
	.arguments = "FILE...",
	.summary = "SHA-256 or fs-verity digests of files",
	.description =
		"Print the digest that a seal of each FILE would carry. No device is used. With "
		"FILE -, read standard input.\n"
		"\n"
		"A file of any size, a pipe included, is read in constant memory. A verity\n"
		"digest is computed on all cores that the process may use; SHA-256 is one chain\n"
		"and uses one.",
	.sets = (const struct option_set *const[]){&set, NULL},
	.run = run,
};
