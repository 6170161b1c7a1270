/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vres watch: seal files, keep them resident, and verify them again and again, until told to stop
 * or until a check fails.
 *
 * The source file can be read again at each check, so damage is named by the block.  A round is
 * finished even when a file of it has failed, so that the state of all files is known at the end.
 */
#include <inttypes.h>
#include "command.h"
#include "commands/watch_repair.h"
#include "session/metrics_file.h"
#include "session/session.h"
#include "shards/damage.h"
#include "shards/file_command.h"
#include "shards/refuse_overwrite.h"
#include "shards/seal_inputs.h"
#include "shards/verification.h"
#include "ui/options.h"
#include "ui/reader.h"
#include "ui/units.h"

#define INTERVAL_DEFAULT UINT64_C(1000000000)

/*
 * How long to wait for the reader of standard output before it counts as stuck.  A stuck reader
 * loses lines; it does not stop the checks.
 */
#define PATIENCE UINT64_C(1000000000)

struct watch_options {
	uint64_t interval, mode, count, sample_units;
	bool repairs;
	const char *metrics_file;
};

static const struct option_spec specs[] = {
	{"interval", "TIME", OPTION(OPTION_TIME, struct watch_options, interval),
         "from the start of one round of checks to the next; default 1s"},
	{"verify", "MODE", OPTION(OPTION_CHOICE, struct watch_options, mode),
         "full (the default), signature, sampled, or readback, which needs --allow readback",
         .words = verify_mode_words},
	{"sample-units", "N", OPTION(OPTION_COUNT, struct watch_options, sample_units),
         "units of 128 blocks to check with --verify sampled; default 64", .least = 1,
         .most = UINT32_MAX},
	{"count", "N", OPTION(OPTION_COUNT, struct watch_options, count),
         "stop after N rounds; default: when told to", .least = 1},
	{"repair", NULL, OPTION(OPTION_FLAG, struct watch_options, repairs),
         "when bytes in VRAM are damaged, read them again from FILE, verify everything, and go on; "
         "FILE must still be what was sealed"},
	{"metrics-file", "F", OPTION(OPTION_TEXT, struct watch_options, metrics_file),
         "after sealing and after every round, write the metrics to F as Prometheus text, for "
         "node_exporter's textfile collector (a name that ends in .prom)"},
};

static const struct option_set own_set = {"Watching", specs, COUNT_OF(specs)};

static void check_one(const struct watch_options *options, struct watched *w)
{
	vres_verify_params params = vres_verify_params_init();

	params.mode = (uint32_t)options->mode;
	params.sample_units = (uint32_t)options->sample_units;
	w->checks++;
	if (verification_run(&w->last, w->input, &params, &w->error) != VRES_OK) {
		w->is_bad = true;
		if (options->repairs && w->error.reason == VRES_REASON_DIGEST)
			watch_repair(w);
		return;
	}
	w->bytes_hashed += w->last.report.bytes_hashed;
	w->verify_ns += w->last.report.duration;
}

static bool is_read(struct watch_view *view, struct stop *stop)
{
	view->is_stuck = !reader_wait_for(stop, view->is_stuck ? 0 : PATIENCE);
	return !view->is_stuck;
}

/* Check every file once; false when any is not good, or standard output cannot be written. */
static bool check_all(struct output *o, const struct watch_options *options,
                      struct watch_view *view, struct stop *stop)
{
	bool is_good = true, is_shown = true;

	for (size_t i = 0; i < view->count; i++) {
		check_one(options, &view->items[i]);
		is_good &= !view->items[i].is_bad;
		is_shown = is_shown && is_read(view, stop);
		watch_view_checked(view, o, &view->items[i], is_shown);
		watch_repair_told(o, &view->items[i], is_shown && !view->is_table);
	}
	watch_view_round(view, o, is_shown && is_read(view, stop));
	return (!output_has_room() || output_flush(o)) && is_good;
}

static void watch(struct output *o, const struct watch_options *options, struct faults *faults,
                  struct watch_view *view, struct stop *stop, struct metrics_file *metrics,
                  struct audit_sink *audit)
{
	uint64_t due = clock_now();

	metrics_file_write(metrics, o);
	for (uint64_t round = 1;; round++) {
		bool is_good;
		uint64_t now;

		if (stop_requested(stop) || !faults_inject(faults, o, round))
			return;
		is_good = check_all(o, options, view, stop);
		metrics_file_write(metrics, o);
		audit_sink_report_loss(audit, o);
		if (!is_good)
			return;
		if (options->count != 0 && round == options->count)
			return;
		/*
		 * After a round that took longer than the interval the next begins at once; rounds
		 * that were missed are not made up for.
		 */
		now = clock_now();
		if (__builtin_add_overflow(due, options->interval, &due))
			due = UINT64_MAX; /* never */
		due = due > now ? due : now;
		if (stop_wait(stop, due - now))
			return;
	}
}

static json_t *watched_to_json(struct output *o, struct watched *w, bool repairs)
{
	json_t *object = json_object();

	output_put_file(o, object, "file", w->input->name);
	input_describe(w->input, o, object);
	output_put_text(o, object, "state", w->is_bad ? "bad" : "good");
	output_put_u64(o, object, "bytes", w->input->bytes);
	output_put_u64(o, object, "checks", w->checks);
	output_put_u64(o, object, "bytes_hashed", w->bytes_hashed);
	output_put_u64(o, object, "verify_ns", w->verify_ns);
	if (repairs)
		watch_repairs_to_json(o, object, w);
	output_put(o, object, "last",
	           w->checks != 0 ? verification_to_json(o, &w->last) : json_null());
	return object;
}

/* What was found, file by file.  It comes last, so that it stays on the screen. */
static void report_all(struct output *o, const struct watch_view *view, bool repairs,
                       bool is_stopped)
{
	json_t *files = json_array();
	uint64_t rounds = view->count != 0 ? view->items[0].checks : 0;
	uint64_t repaired = 0;
	size_t bad = 0;

	for (size_t i = 0; i < view->count; i++) {
		struct watched *w = &view->items[i];
		json_t *entry = watched_to_json(o, w, repairs);

		repaired += w->repairs;
		if (w->is_bad) {
			bad++;
			output_fail(o, w->input->name, &w->error);
			damage_report(o, entry, w->input, &w->last);
		}
		output_add(o, files, entry);
	}
	output_text(o, "%" PRIu64 " round%s of %zu file%s, %zu not good", rounds,
	            rounds == 1 ? "" : "s", view->count, view->count == 1 ? "" : "s", bad);
	if (repairs)
		output_text(o, ", %" PRIu64 " repair%s", repaired, repaired == 1 ? "" : "s");
	output_text(o, "%s\n", is_stopped ? "; stopped when asked to" : "");
	output_put_u64(o, o->document, "rounds", rounds);
	output_put_bool(o, o->document, "stopped", is_stopped);
	output_put(o, o->document, "files", files);
}

static bool make_view(struct watch_view *view, struct output *o, const struct inputs *in)
{
	*view = (struct watch_view){.items = calloc(in->count, sizeof(*view->items)),
	                            .count = in->count};
	if (view->items == NULL)
		return output_no_memory(o, NULL);
	for (size_t i = 0; i < in->count; i++)
		view->items[i].input = &in->items[i];
	watch_view_begin(view, o);
	return true;
}

static bool all_can_be_read_again(struct output *o, const struct inputs *in)
{
	for (size_t i = 0; i < in->count; i++)
		if (in->items[i].is_stream)
			return output_refuse(o, EXIT_USAGE, in->items[i].name,
			                     "--repair needs a file: a stream cannot be read "
			                     "again");
	return true;
}

/* True: it was watching when it was told to stop, which is how a watch ends well. */
static bool seal_and_watch(void *arguments, struct stop *stop)
{
	const struct file_command *c = arguments;
	const struct watch_options *options = c->own;
	struct output *o = c->o;
	struct session_needs needs = {
		.key = &c->key, .audit = &c->audit, .threads = (uint32_t)c->seal.threads};
	struct metrics_file metrics = {.path = options->metrics_file};
	CLEANUP(session_close) struct session s = {0};
	CLEANUP(inputs_close) struct inputs in = {0};
	struct faults faults = {.count = 0};
	CLEANUP(watch_view_end) struct watch_view view = {0};
	const struct precious precious = {&in, &c->key, &c->audit};
	bool is_watched;

	if (options->mode == VRES_VERIFY_READBACK && !(c->device.allow & VRES_ALLOW_READBACK))
		return output_refuse(o, EXIT_USAGE, NULL,
		                     "--verify readback needs --allow readback: the weights travel "
		                     "back to host memory");
	if (!inputs_open(&in, o, c->names, c->count, &c->seal) ||
	    (metrics.path != NULL && !can_write(o, &precious, metrics.path)) ||
	    !faults_parse(&faults, o, &c->faults, c->device.backend, &in, options->count))
		return false;
	if (options->repairs && !all_can_be_read_again(o, &in))
		return false;
	needs.bytes = in.room;
	if (!session_open(&s, o, &c->device, &needs))
		return false;
	is_watched = inputs_seal(&in, o, s.manager, (uint32_t)c->device.device, &c->seal, stop) &&
	             faults_prepare(&faults, o, s.mock, &in) && make_view(&view, o, &in);
	if (is_watched) {
		metrics.manager = s.manager;
		watch(o, options, &faults, &view, stop, &metrics, &s.audit);
		if (!reader_wait_last(stop))
			output_abandon(o);
		report_all(o, &view, options->repairs, stop_requested(stop));
	}
	audit_sink_report(&s.audit, o);
	return is_watched;
}

static int run(const struct command *self, int argc, char **argv)
{
	struct watch_options options = {.interval = INTERVAL_DEFAULT};

	return file_command_run(self, argc, argv, &options, seal_and_watch);
}

const struct command cmd_watch = {
	.name = "watch",
	.arguments = "FILE|DIR|INDEX...",
	.summary = "seal files, keep them in VRAM, verify them until stopped",
	.description = "Seal each FILE, keep it in VRAM, and verify it every --interval, until "
		       "SIGINT, SIGTERM or SIGHUP (exit status 0), --count rounds, or a "
		       "verification that fails (exit status 1): then the damaged bytes are named, "
		       "and the tensors they belong to if FILE is a safetensors or GGUF file. With "
		       "--repair they are read again from FILE instead, and the watch goes on.\n"
		       "\n"
		       "On a terminal: a live table. Else: a line for every check. With --json: "
		       "one document at the end.",
	.sets = (const struct option_set *const[])FILE_COMMAND_SETS(own_set),
	.run = run,
};
