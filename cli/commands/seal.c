/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vres seal: seal files in VRAM, verify them once in full, print what was signed, release.
 *
 * Everything is opened before anything is sealed, and everything verified before anything is
 * printed or written, so a receipt exists only for what was verified.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "shards/damage.h"
#include "shards/fault_injection.h"
#include "ui/files.h"
#include "ui/reader.h"
#include "shards/receipt.h"
#include "session/session.h"
#include "ui/units.h"

struct own_options {
	const char *receipt;
};

static const struct option_spec specs[] = {
	{.name = "receipt",
         .argument = "F",
         .kind = OPTION_TEXT,
         .offset = offsetof(struct own_options, receipt),
         .help = "write the signed record to F, readable by its owner alone; with several FILEs %d "
                 "in F becomes the number of the FILE, from 0"},
};

static const struct option_set own_set = {"Evidence", specs, COUNT_OF(specs)};

struct run {
	struct device_options device;
	struct key_options key;
	struct seal_options seal;
	struct drill_options drill;
	struct own_options own;
	struct audit_sink_options audit;
};

/* @pattern with the first %d replaced by @number; to be freed. */
static char *receipt_name(const char *pattern, size_t number)
{
	const char *at = strstr(pattern, "%d");
	char *name = NULL;

	if (at == NULL)
		return strdup(pattern);
	return asprintf(&name, "%.*s%zu%s", (int)(at - pattern), pattern, number, at + 2) < 0
	               ? NULL
	               : name;
}

/* May a receipt go there?  A slip of the hand must not cost a model, a token or a log. */
static bool can_save(struct output *o, const struct run *r, const struct inputs *in,
                     const char *name)
{
	return audit_sink_spare(&r->audit, o, name) && file_can_save(o, name) &&
	       inputs_spare(in, o, name) && key_spare(&r->key, o, name);
}

/* The receipt of one file: written when there is a shard, else only whether it could be. */
static bool do_receipt(struct output *o, const struct run *r, const struct inputs *in,
                       size_t number)
{
	const vres_shard *shard = in->items[number].shard;
	char *name = receipt_name(r->own.receipt, number);
	bool is_good;

	if (name == NULL)
		return output_refuse(o, EXIT_TROUBLE, NULL, "out of memory");
	is_good = shard != NULL ? receipt_save(o, shard, name) : can_save(o, r, in, name);
	free(name);
	return is_good;
}

static bool check_usage(struct output *o, const struct run *r, const struct inputs *in)
{
	const char *receipt = r->own.receipt;

	if (receipt != NULL && in->count > 1 && strstr(receipt, "%d") == NULL)
		return output_refuse(o, EXIT_USAGE, NULL,
		                     "--receipt for %zu FILEs needs a %%d in its name", in->count);
	for (size_t i = 0; receipt != NULL && i < in->count; i++) {
		if (!do_receipt(o, r, in, i))
			return false;
	}
	return true;
}

static bool write_receipts(struct output *o, const struct run *r, const struct inputs *in)
{
	for (size_t i = 0; r->own.receipt != NULL && i < in->count; i++) {
		if (!do_receipt(o, r, in, i))
			return false;
	}
	return true;
}

static bool verify_each(struct output *o, const struct inputs *in, vres_verify_report *reports)
{
	bool is_good = true;

	for (size_t i = 0; i < in->count; i++) {
		struct input *one = &in->items[i];
		vres_verify_params params = vres_verify_params_init();
		vres_error err;

		params.source = one->is_stream ? NULL : input_read_at;
		params.source_ctx = one;
		reports[i] = vres_verify_report_init();
		if (vres_shard_verify(one->shard, &params, &reports[i], &err) == VRES_OK)
			continue;
		is_good = output_fail(o, one->name, &err);
	}
	return is_good;
}

/* Each shard is good by now; this says that together they are the whole model. */
static bool verify_set(struct output *o, const struct session *s, const struct inputs *in)
{
	vres_set_report report = vres_set_report_init();
	vres_verify_params params = vres_verify_params_init();
	vres_shard **shards = calloc(in->count, sizeof(*shards));
	vres_status status;
	vres_error err;

	if (shards == NULL)
		return output_refuse(o, EXIT_TROUBLE, NULL, "out of memory");
	for (size_t i = 0; i < in->count; i++)
		shards[i] = in->items[i].shard;
	params.mode = VRES_VERIFY_SIGNATURE;
	status = vres_set_verify(s->manager, shards, in->count, &params, &report, &err);
	free(shards);
	if (status == VRES_OK)
		return true;
	return output_fail(o, report.first_failed >= 0 ? in->items[report.first_failed].name : NULL,
	                   &err);
}

/* The handle as the library writes it, with what the tool knows beside it. */
static json_t *handle_to_json(const vres_shard *shard)
{
	char *text = NULL;
	size_t n = 0;
	json_t *object = NULL;

	if (vres_shard_to_json(shard, NULL, 0, &n, NULL) == VRES_E_BUFFER)
		text = malloc(n + 1);
	if (text != NULL && vres_shard_to_json(shard, text, n + 1, &n, NULL) == VRES_OK)
		object = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
	free(text);
	return object;
}

static void report_one(struct output *o, const struct input *in, const vres_verify_report *report,
                       json_t *shards)
{
	vres_shard_info info = vres_shard_info_init();
	json_t *object = handle_to_json(in->shard);
	char span[UNITS_TEXT], verified[UNITS_TEXT];
	vres_error err;

	if (vres_shard_describe(in->shard, &info, &err) != VRES_OK) {
		output_fail(o, in->name, &err);
	} else {
		output_name(o, in->name);
		output_text(o, "\n");
		print_shard_info(o, &info);
	}
	output_text(o, "  seal took  %s (%.2f GB/s)\n", format_span(span, in->seal_ns),
	            gigabytes_a_second(in->bytes, in->seal_ns));
	if (report->status == VRES_OK)
		output_text(
			o, "  verified   %s, %" PRIu64 " of %" PRIu64 " blocks in %s (%.2f GB/s)\n",
			verify_mode_name(report->mode), report->blocks_checked,
			report->blocks_total, format_span(verified, report->duration),
			gigabytes_a_second(report->bytes_hashed, report->duration));
	else
		output_text(o, "  verified   NO: %s\n", vres_reason_name(report->reason));
	output_put_file(o, object, "file", in->name);
	output_put_u64(o, object, "seal_ns", in->seal_ns);
	output_put(o, object, "verify", verify_to_json(o, report));
	damage_report(o, object, in, report);
	output_add(o, shards, object);
}

static void report_all(struct output *o, const struct inputs *in, const vres_verify_report *reports,
                       struct stop *stop)
{
	json_t *shards = json_array();

	for (size_t i = 0; i < in->count; i++) {
		reader_wait(o, stop);
		report_one(o, &in->items[i], &reports[i], shards);
	}
	output_put(o, o->document, "shards", shards);
}

static bool verify_and_report(struct output *o, const struct run *r, const struct session *s,
                              const struct inputs *in, struct stop *stop)
{
	vres_verify_report *reports = calloc(in->count, sizeof(*reports));
	bool is_good;

	if (reports == NULL)
		return output_refuse(o, EXIT_TROUBLE, NULL, "out of memory");
	is_good = verify_each(o, in, reports) && (!r->seal.is_set || verify_set(o, s, in));
	report_all(o, in, reports, stop);
	free(reports);
	return is_good && write_receipts(o, r, in);
}

static void seal(struct output *o, const struct run *r, struct stop *stop, char **names,
                 size_t count)
{
	struct session_needs needs = {.key = &r->key, .audit = &r->audit};
	CLEANUP(session_close) struct session s = {0};
	CLEANUP(inputs_close) struct inputs in = {0};
	CLEANUP(drill_close) struct drill drill = {.count = 0};

	if (!inputs_open(&in, o, names, count, &r->seal) || !check_usage(o, r, &in) ||
	    !drill_plan(&drill, o, &r->drill, r->device.backend, &in, 1))
		return;
	needs.bytes = in.room;
	if (!session_open(&s, o, &r->device, &needs))
		return;
	if (inputs_seal(&in, o, s.manager, (uint32_t)r->device.device, &r->seal, stop) &&
	    drill_arm(&drill, o, s.mock, &in) && drill_strike(&drill, o, 1))
		verify_and_report(o, r, &s, &in, stop);
	audit_sink_report(&s.audit, o);
}

static int run(const struct command *self, int argc, char **argv)
{
	struct run r = {0};
	void *const targets[] = {&r.seal, &r.own, &r.key, &r.device, &r.drill, &r.audit};
	struct stop stop;
	struct output o;
	int first, status = options_parse(self, targets, argc, argv, &first);

	if (status >= 0)
		return status;
	session_announce(&o, self->name, &r.device);
	if (stop_open(&stop))
		seal(&o, &r, &stop, argv + first, (size_t)(argc - first));
	else
		output_fail_errno(&o, NULL, "signals cannot be watched", errno);
	stop_close(&stop);
	status = output_end(&o);
	stop_die(&stop);
	return status;
}

const struct command cmd_seal = {
	.name = "seal",
	.arguments = "FILE...",
	.summary = "seal files in VRAM, verify them once, print their handles",
	.description = "Copy each FILE to VRAM, seal it there, verify it once in full, print its "
		       "handle, and release it. All FILEs are resident "
		       "together. A FILE that is - is standard input and needs --bytes.\n"
		       "\n"
		       "What is sealed lives as long as this process; to keep it and check it, see "
		       "`vres watch`.",
	.sets = (const struct option_set *const[]){&seal_option_set, &own_set, &key_option_set,
                                                   &device_option_set, &drill_option_set,
                                                   &audit_sink_option_set, NULL},
	.run = run,
};
