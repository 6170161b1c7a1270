/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The measures of a bench at smaller sizes, each a quarter of the next, and the percentiles of many
 * short calls, of which the slow ones matter.
 */
#include "commands/bench/curve.h"

#include "ui/failure.h"
#include "ui/plot.h"
#include "ui/save.h"
#include "ui/units.h"

#define SIZES_MOST  8
#define BYTES_LEAST (UINT64_C(16) << 10)
#define SMALL       (UINT64_C(64) << 10) /* the shard whose full verification is timed */
#define CALLS       2000
#define FIRST_CALLS 50 /* not counted: they fill caches and touch pages */

static const int shown[] = {COPY,        HASH_SHA256, SEAL_SHA256,
                            SEAL_VERITY, VERIFY_FULL, VERIFY_READBACK};
_Static_assert(COUNT_OF(shown) <= PLOT_LINES, "a line for each");

static const struct {
	const char *name;
	double part;
} percentiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"most", 1}};

static void label_rate(char text[64], double value)
{
	snprintf(text, 64, "%g GB/s", value);
}

static void label_span(char text[64], double value)
{
	char span[UNITS_TEXT];

	snprintf(text, 64, "%s", format_span(span, (uint64_t)value));
}

static void add_size(const struct bench *b, struct plot_panel *panel, json_t *sizes)
{
	const size_t place = panel->places++;
	json_t *object = json_object();
	char text[UNITS_TEXT];

	snprintf(panel->place[place], sizeof(panel->place[place]), "%.23s",
	         format_bytes(text, b->bytes));
	output_put_u64(b->o, object, "bytes", b->bytes);
	for (size_t i = 0; i < COUNT_OF(shown); i++) {
		panel->line[i].name = bench_names[shown[i]];
		panel->line[i].at[place] = bench_rate(b, shown[i]);
		output_put(b->o, object, bench_names[shown[i]], json_real(bench_rate(b, shown[i])));
	}
	output_add(b->o, sizes, object);
}

static bool measure_sizes(struct bench *b, struct plot_panel *panel)
{
	json_t *sizes = json_array();
	uint64_t bytes = b->bytes;
	bool is_good = true;

	*panel = (struct plot_panel){
		.title = "Throughput over size", .label = label_rate, .lines = COUNT_OF(shown)};
	for (unsigned i = 1; i < SIZES_MOST && bytes / 4 >= BYTES_LEAST; i++)
		bytes /= 4;
	for (; is_good && bytes < b->bytes; bytes *= 4) {
		CLEANUP(bench_free)
		struct bench small = {.o = b->o,
		                      .stop = b->stop,
		                      .manager = b->manager,
		                      .device = b->device,
		                      .bytes = bytes,
		                      .runs = b->runs};

		is_good = bench_init(&small) && bench_measure(&small);
		if (is_good)
			add_size(&small, panel, sizes);
	}
	add_size(b, panel, sizes);
	output_put(b->o, b->o->document, "throughput_gb_per_s", sizes);
	return is_good;
}

static void add_latency(const struct bench *b, const char *name, uint64_t ns[CALLS],
                        struct plot_line *line, json_t *all)
{
	json_t *object = json_object();

	bench_sort(ns, CALLS);
	output_put_text(b->o, object, "name", name);
	output_put_u64(b->o, object, "calls", CALLS);
	line->name = name;
	for (size_t i = 0; i < COUNT_OF(percentiles); i++) {
		const size_t at = (size_t)(CALLS * percentiles[i].part);
		char key[16];

		snprintf(key, sizeof(key), "%s_ns", percentiles[i].name);
		line->at[i] = (double)ns[at < CALLS ? at : CALLS - 1];
		output_put_u64(b->o, object, key, ns[at < CALLS ? at : CALLS - 1]);
	}
	output_add(b->o, all, object);
}

static bool measure_calls(struct bench *b, vres_shard *shard, uint32_t mode, uint64_t ns[CALLS])
{
	uint64_t took, hashed;

	for (unsigned i = 0; i < FIRST_CALLS + CALLS; i++) {
		if (!bench_verify(b, shard, mode, &took, &hashed))
			return false;
		if (i >= FIRST_CALLS)
			ns[i - FIRST_CALLS] = took;
	}
	return true;
}

static bool measure_latency(struct bench *b, struct plot_panel *panel)
{
	static const struct {
		const char *name;
		uint32_t mode;
	} calls[] = {{"verify_signature", VRES_VERIFY_SIGNATURE},
	             {"verify_full_of_64_kib", VRES_VERIFY_FULL},
	             {"verify_readback_of_64_kib", VRES_VERIFY_READBACK}};
	struct bench small = *b;
	json_t *all = json_array();
	uint64_t ns[CALLS], took;
	vres_shard *shard = NULL;
	bool is_good;

	*panel = (struct plot_panel){.title = "Latency of short calls",
	                             .label = label_span,
	                             .places = COUNT_OF(percentiles),
	                             .lines = COUNT_OF(calls)};
	for (size_t i = 0; i < COUNT_OF(percentiles); i++)
		snprintf(panel->place[i], sizeof(panel->place[i]), "%s", percentiles[i].name);
	small.bytes = SMALL;
	is_good = bench_seal(&small, VRES_DIGEST_VERITY, &shard, &took);
	for (size_t i = 0; is_good && i < COUNT_OF(calls); i++) {
		is_good = measure_calls(&small, shard, calls[i].mode, ns);
		if (is_good)
			add_latency(b, calls[i].name, ns, &panel->line[i], all);
	}
	vres_shard_release(shard);
	output_put(b->o, b->o->document, "latency", all);
	return is_good;
}

static bool write_plot(const struct bench *b, const char *path, const struct plot_panel panels[2])
{
	CLEANUP(free_pointer) char *text = NULL;
	vres_device_info device = vres_device_info_init();
	char subtitle[256];
	size_t n = 0;
	vres_error err;
	FILE *f;

	if (vres_device_describe(b->manager, b->device, &device, &err) != VRES_OK)
		return output_fail(b->o, NULL, &err);
	snprintf(subtitle, sizeof(subtitle), "%s %u, %s%s; median of %u runs", device.backend,
	         (unsigned)b->device, device.name,
	         device.simulated ? " (SIMULATED: host memory, one core hashes)" : "",
	         (unsigned)b->runs);
	f = open_memstream(&text, &n);
	if (f != NULL)
		plot_write(f, "vres bench", subtitle, panels, 2);
	if (f == NULL || fclose(f) != 0)
		return output_no_memory(b->o, path);
	return file_publish(b->o, path, text, n);
}

bool bench_curve(struct bench *b, const char *path)
{
	struct plot_panel panels[2];

	return measure_sizes(b, &panels[0]) && measure_latency(b, &panels[1]) &&
	       write_plot(b, path, panels);
}
