/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vres bench: how fast this machine seals and verifies, beside what it is measured against: a plain
 * copy in host memory, SHA-256 on one core as OpenSSL does it, and an fs-verity tree on all cores.
 *
 * The median of several runs is shown, and the spread.
 */
#include <errno.h>
#include <inttypes.h>
#include "commands/bench/measure.h"
#include "ui/files.h"
#include "session/session.h"
#include "ui/units.h"

#define BYTES_DEFAULT (UINT64_C(64) << 20)
#define RUNS_DEFAULT  5
#define RUNS_MOST     100
#define THREADS_MOST  1024 /* the library's limit */

struct bench_options {
	uint64_t bytes, runs, threads;
	const char *svg;
};

static const struct option_spec specs[] = {
	{.name = "bytes",
         .argument = "BYTES",
         .kind = OPTION_BYTES,
         .offset = offsetof(struct bench_options, bytes),
         .least = 1,
         .help = "how much to seal and verify; default 64 MiB"},
	{.name = "runs",
         .argument = "N",
         .kind = OPTION_COUNT,
         .offset = offsetof(struct bench_options, runs),
         .least = 1,
         .most = RUNS_MOST,
         .help = "how often; default 5"},
	{.name = "threads",
         .argument = "N",
         .kind = OPTION_COUNT,
         .offset = offsetof(struct bench_options, threads),
         .least = 1,
         .most = THREADS_MOST,
         .help = "threads that hash on the host; default: one for each core"},
	{.name = "svg",
         .argument = "FILE",
         .kind = OPTION_TEXT,
         .offset = offsetof(struct bench_options, svg),
         .help = "also measure smaller sizes and the latency of short calls, and plot both"},
};

static const struct option_set own_set = {"Measuring", specs, COUNT_OF(specs)};

/*
 * A ratio of rates: how the median of one measure stands to that of another.  0 when it says
 * nothing.
 */
static double ratio(const struct bench *b, int of, int to)
{
	const double base = bench_rate(b, to);

	return base > 0 ? bench_rate(b, of) / base : 0;
}

static void report_measure(const struct bench *b, int i, json_t *measures)
{
	const uint64_t median = b->took[i][b->runs / 2], least = b->took[i][0],
		       most = b->took[i][b->runs - 1];
	char text[3][UNITS_TEXT];
	json_t *object = json_object();

	output_text(b->o, "%-17s %10s %10s %10s", bench_names[i], format_span(text[0], median),
	            format_span(text[1], least), format_span(text[2], most));
	if (b->hashed[i] != 0)
		output_text(b->o, " %9.3f %8.3f %8.3f", bench_rate(b, i), ratio(b, i, COPY),
		            ratio(b, i, HASH_SHA256));
	output_text(b->o, "\n");
	output_put_text(b->o, object, "name", bench_names[i]);
	output_put_u64(b->o, object, "bytes", b->hashed[i]);
	output_put_u64(b->o, object, "median_ns", median);
	output_put_u64(b->o, object, "least_ns", least);
	output_put_u64(b->o, object, "most_ns", most);
	if (b->hashed[i] != 0) {
		output_put(b->o, object, "gb_per_s", json_real(bench_rate(b, i)));
		output_put(b->o, object, "to_copy", json_real(ratio(b, i, COPY)));
		output_put(b->o, object, "to_sha256", json_real(ratio(b, i, HASH_SHA256)));
	}
	output_add(b->o, measures, object);
}

static void report_all(const struct bench *b)
{
	json_t *measures = json_array();
	char size[UNITS_TEXT];

	output_text(b->o, "%s, %" PRIu64 " run%s\n", format_bytes(size, b->bytes), b->runs,
	            b->runs == 1 ? "" : "s");
	output_text(b->o, "%-17s %10s %10s %10s %9s %8s %8s\n", "", "MEDIAN", "LEAST", "MOST",
	            "GB/S", "/COPY", "/SHA256");
	for (int i = 0; i < MEASURES; i++)
		report_measure(b, i, measures);
	output_put_u64(b->o, b->o->document, "bytes", b->bytes);
	output_put_u64(b->o, b->o->document, "runs", b->runs);
	output_put(b->o, b->o->document, "measures", measures);
}

static void bench(struct output *o, const struct bench_options *options,
                  const struct device_options *device, struct stop *stop)
{
	const struct session_needs needs = {.bytes = options->bytes,
	                                    .threads = (uint32_t)options->threads};
	CLEANUP(session_close) struct session s = {0};
	CLEANUP(bench_free)
	struct bench b = {.o = o,
	                  .stop = stop,
	                  .device = (uint32_t)device->device,
	                  .bytes = options->bytes,
	                  .runs = options->runs};

	if (options->svg != NULL && !file_can_save(o, options->svg))
		return;
	if (!session_open(&s, o, device, &needs) || !bench_init(&b))
		return;
	b.manager = s.manager;
	if (!bench_measure(&b))
		return;
	report_all(&b);
	if (options->svg != NULL)
		(void)bench_curve(&b, options->svg);
}

static int run(const struct command *self, int argc, char **argv)
{
	struct bench_options options = {.bytes = BYTES_DEFAULT, .runs = RUNS_DEFAULT};
	struct device_options device = {0};
	void *const targets[] = {&options, &device};
	struct stop stop;
	struct output o;
	int first, status = options_parse(self, targets, argc, argv, &first);

	if (status >= 0)
		return status;
	device.allow |= VRES_ALLOW_READBACK; /* what is sealed here is nobody's weights */
	session_announce(&o, self->name, &device);
	if (first < argc)
		output_refuse(&o, EXIT_USAGE, NULL, "takes no argument");
	if (!stop_open(&stop))
		output_fail_errno(&o, NULL, "signals cannot be watched", errno);
	else if (first == argc)
		bench(&o, &options, &device, &stop);
	stop_close(&stop);
	status = output_end(&o);
	stop_die(&stop);
	return status;
}

const struct command cmd_bench = {
	.name = "bench",
	.arguments = "",
	.summary = "measure sealing and verifying beside a plain copy and OpenSSL",
	.description = "Measure, in one run, a copy in host memory, SHA-256 on one core (OpenSSL), "
		       "fs-verity hashing on all cores, and sealing and "
		       "verifying "
		       "on the device: the median, the least and the most time of several runs, "
		       "the rate in 10^9 bytes a second, and its ratio "
		       "to the copy and to SHA-256. What is sealed is made up, so verification by "
		       "readback is allowed.\n"
		       "With --svg the file is one self-contained plot of throughput over size and "
		       "of the percentiles of short calls; it replaces a "
		       "regular file of that name, whole.",
	.sets = (const struct option_set *const[]){&own_set, &device_option_set, NULL},
	.run = run,
};
