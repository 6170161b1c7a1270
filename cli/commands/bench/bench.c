/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vres bench: how fast this machine seals and verifies, and for comparison copies in host memory,
 * hashes with SHA-256 on one core (OpenSSL), and hashes an fs-verity tree on all cores.
 *
 * It shows the median of several runs and their spread.
 */
#include <inttypes.h>
#include "command.h"
#include "commands/bench/curve.h"
#include "commands/bench/measure.h"
#include "session/session.h"
#include "shards/seal_options.h"
#include "ui/interruptible.h"
#include "ui/options.h"
#include "ui/save.h"
#include "ui/units.h"

#define BYTES_DEFAULT (UINT64_C(64) << 20)
#define RUNS_DEFAULT  5
#define RUNS_MOST     100

struct bench_options {
	uint64_t bytes, runs, threads;
	const char *svg;
};

static const struct option_spec specs[] = {
	{"bytes", "BYTES", OPTION(OPTION_BYTES, struct bench_options, bytes),
         "how much to seal and verify; default 64 MiB", .least = 1},
	{"runs", "N", OPTION(OPTION_COUNT, struct bench_options, runs), "how often; default 5",
         .least = 1, .most = RUNS_MOST},
	{"threads", "N", OPTION(OPTION_COUNT, struct bench_options, threads),
         "threads that hash on the host; default: one for each core, no more than the CPU quota of "
         "the control group",
         .least = 1, .most = THREADS_MOST},
	{"svg", "FILE", OPTION(OPTION_TEXT, struct bench_options, svg),
         "also measure smaller sizes and the latency of short calls, and plot both"},
};

static const struct option_set own_set = {"Measuring", specs, COUNT_OF(specs)};

/* The median rate of one measure divided by that of another; 0 when there is nothing to divide. */
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

struct run {
	struct output *o;
	struct bench_options options;
	struct device_options device;
};

/* Always false: a stop is never the good end of a bench. */
static bool bench(void *arguments, struct stop *stop)
{
	const struct run *r = arguments;
	const struct session_needs needs = {.bytes = r->options.bytes,
	                                    .threads = (uint32_t)r->options.threads};
	CLEANUP(session_close) struct session s = {0};
	CLEANUP(bench_free)
	struct bench b = {.o = r->o,
	                  .stop = stop,
	                  .device = (uint32_t)r->device.device,
	                  .bytes = r->options.bytes,
	                  .runs = r->options.runs};

	if (r->options.svg != NULL && !file_can_save(r->o, r->options.svg))
		return false;
	if (!session_open(&s, r->o, &r->device, &needs) || !bench_init(&b))
		return false;
	b.manager = s.manager;
	if (!bench_measure(&b))
		return false;
	report_all(&b);
	if (output_flush(r->o) && r->options.svg != NULL)
		bench_curve(&b, r->options.svg);
	return false;
}

static int run(const struct command *self, int argc, char **argv)
{
	struct output o;
	struct run r = {.o = &o, .options = {.bytes = BYTES_DEFAULT, .runs = RUNS_DEFAULT}};
	void *const targets[] = {&r.options, &r.device};
	int first, status = options_parse(self, targets, argc, argv, &first);

	if (status >= 0)
		return status;
	r.device.allow |= VRES_ALLOW_READBACK; /* the bytes are made up, so they may leave VRAM */
	session_announce(&o, self->name, &r.device);
	if (first == argc)
		return run_interruptible(&o, bench, &r);
	output_refuse(&o, EXIT_USAGE, NULL, "takes no argument");
	return output_end(&o);
}

const struct command cmd_bench = {
	.name = "bench",
	.arguments = "",
	.summary = "measure sealing and verifying beside a plain copy and OpenSSL",
	.description =
		"Measure, in one run, a copy in host memory, SHA-256 on one core (OpenSSL), "
		"fs-verity hashing on all cores, and sealing and verifying on the device: the "
		"median, the least and the most time of several runs, the rate in 10^9 bytes a "
		"second, and its ratio to the copy and to SHA-256. What is sealed is made up, so "
		"verification by readback is allowed.\n"
		"With --svg the file is one self-contained plot of throughput over size and of the "
		"percentiles of short calls; it replaces a regular file of that name, whole.",
	.sets = (const struct option_set *const[]){&own_set, &device_option_set, NULL},
	.run = run,
};
