/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vres seal: seal files in VRAM, verify them once in full, print what was signed, release.
 *
 * All files are opened before any is sealed, and all are verified before anything is printed or
 * written: a receipt exists only for what was verified.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "command.h"
#include "session/session.h"
#include "shards/damage.h"
#include "shards/file_command.h"
#include "shards/receipt.h"
#include "shards/refuse_overwrite.h"
#include "shards/seal_inputs.h"
#include "shards/verification.h"
#include "ui/options.h"
#include "ui/reader.h"
#include "ui/units.h"

struct own_options {
	const char *receipt;
};

static const struct option_spec specs[] = {
	{"receipt", "F", OPTION(OPTION_TEXT, struct own_options, receipt),
         "write the signed record to F, readable by its owner alone; with several FILEs %d in F "
         "becomes the number of the FILE, from 0"},
};

static const struct option_set own_set = {"Evidence", specs, COUNT_OF(specs)};

static const char *receipt_option(const struct file_command *c)
{
	return ((const struct own_options *)c->own)->receipt;
}

/* @pattern with its first %d replaced by @number, allocated. */
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

/* Write the receipt of one file; before there is a shard, only check that it could be written. */
static bool do_receipt(const struct file_command *c, const struct inputs *in, size_t number)
{
	const struct precious precious = {in, &c->key, &c->audit};
	const vres_shard *shard = in->items[number].shard;
	CLEANUP(free_pointer) char *name = receipt_name(receipt_option(c), number);

	if (name == NULL)
		return output_no_memory(c->o, NULL);
	return shard != NULL ? receipt_save(c->o, shard, name) : can_write(c->o, &precious, name);
}

static bool do_receipts(const struct file_command *c, const struct inputs *in)
{
	for (size_t i = 0; receipt_option(c) != NULL && i < in->count; i++) {
		if (!do_receipt(c, in, i))
			return false;
	}
	return true;
}

static bool check_usage(const struct file_command *c, const struct inputs *in)
{
	const char *receipt = receipt_option(c);

	if (receipt != NULL && in->count > 1 && strstr(receipt, "%d") == NULL)
		return output_refuse(c->o, EXIT_USAGE, NULL,
		                     "--receipt for %zu FILEs needs a %%d in its name", in->count);
	return do_receipts(c, in);
}

static bool verify_each(struct output *o, const struct inputs *in, struct verification *found)
{
	bool is_good = true;

	for (size_t i = 0; i < in->count; i++) {
		vres_verify_params params = vres_verify_params_init();
		vres_error err;

		if (verification_run(&found[i], &in->items[i], &params, &err) != VRES_OK)
			is_good = output_fail(o, in->items[i].name, &err);
	}
	return is_good;
}

/* Each shard is good by now; this checks that together they are the whole model. */
static bool verify_set(struct output *o, const struct session *s, const struct inputs *in)
{
	vres_set_report report = vres_set_report_init();
	vres_verify_params params = vres_verify_params_init();
	CLEANUP(free_pointer) vres_shard **shards = calloc(in->count, sizeof(*shards));
	vres_error err;

	if (shards == NULL)
		return output_no_memory(o, NULL);
	for (size_t i = 0; i < in->count; i++)
		shards[i] = in->items[i].shard;
	params.mode = VRES_VERIFY_SIGNATURE;
	if (vres_set_verify(s->manager, shards, in->count, &params, &report, &err) == VRES_OK)
		return true;
	return output_fail(o, report.first_failed >= 0 ? in->items[report.first_failed].name : NULL,
	                   &err);
}

/* The handle as the library writes it; the caller adds what the tool knows. */
static json_t *handle_to_json(const vres_shard *shard)
{
	CLEANUP(free_pointer) char *text = NULL;
	size_t n = 0;

	if (vres_shard_to_json(shard, NULL, 0, &n, NULL) == VRES_E_BUFFER)
		text = malloc(n + 1);
	if (text == NULL || vres_shard_to_json(shard, text, n + 1, &n, NULL) != VRES_OK)
		return NULL;
	return json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
}

static void report_one(struct output *o, const struct input *in, const struct verification *v,
                       json_t *shards)
{
	vres_shard_info info = vres_shard_info_init();
	const vres_verify_report *report = &v->report;
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
			options_word(verify_mode_words, report->mode), report->blocks_checked,
			report->blocks_total, format_span(verified, report->duration),
			gigabytes_a_second(report->bytes_hashed, report->duration));
	else
		output_text(o, "  verified   NO: %s\n", vres_reason_name(report->reason));
	output_put_file(o, object, "file", in->name);
	input_describe(in, o, object);
	output_put_u64(o, object, "seal_ns", in->seal_ns);
	output_put(o, object, "verify", verification_to_json(o, v));
	damage_report(o, object, in, v);
	output_add(o, shards, object);
}

static void report_all(struct output *o, const struct inputs *in, const struct verification *found,
                       struct stop *stop)
{
	json_t *shards = json_array();

	for (size_t i = 0; i < in->count; i++) {
		reader_wait(o, stop);
		report_one(o, &in->items[i], &found[i], shards);
	}
	output_put(o, o->document, "shards", shards);
}

static bool verify_and_report(const struct file_command *c, const struct session *s,
                              const struct inputs *in, struct stop *stop)
{
	struct verification *found = calloc(in->count, sizeof(*found));
	bool is_good;

	if (found == NULL)
		return output_no_memory(c->o, NULL);
	is_good = verify_each(c->o, in, found) && (!c->seal.is_set || verify_set(c->o, s, in));
	report_all(c->o, in, found, stop);
	for (size_t i = 0; i < in->count; i++)
		verification_free(&found[i]);
	free(found);
	return is_good && do_receipts(c, in);
}

/* Always false: a stop is never the good end of a seal. */
static bool seal(void *arguments, struct stop *stop)
{
	const struct file_command *c = arguments;
	struct output *o = c->o;
	struct session_needs needs = {
		.key = &c->key, .audit = &c->audit, .threads = (uint32_t)c->seal.threads};
	CLEANUP(session_close) struct session s = {0};
	CLEANUP(inputs_close) struct inputs in = {0};
	struct faults faults = {.count = 0};

	if (!inputs_open(&in, o, c->names, c->count, &c->seal) || !check_usage(c, &in) ||
	    !faults_parse(&faults, o, &c->faults, c->device.backend, &in, 1))
		return false;
	needs.bytes = in.room;
	if (!session_open(&s, o, &c->device, &needs))
		return false;
	if (inputs_seal(&in, o, s.manager, (uint32_t)c->device.device, &c->seal, stop) &&
	    faults_prepare(&faults, o, s.mock, &in) && faults_inject(&faults, o, 1))
		verify_and_report(c, &s, &in, stop);
	audit_sink_report(&s.audit, o);
	return false;
}

static int run(const struct command *self, int argc, char **argv)
{
	struct own_options own = {0};

	return file_command_run(self, argc, argv, &own, seal);
}

const struct command cmd_seal = {
	.name = "seal",
	.arguments = "FILE|DIR|INDEX...",
	.summary = "seal files in VRAM, verify them once, print their handles",
	.description = "Copy each FILE to VRAM, seal it there, verify it once in full, print its "
		       "handle, and release it. All FILEs are resident together. A FILE that is - "
		       "is standard input and needs --bytes. A DIR or an INDEX "
		       "(*.safetensors.index.json) stands for the files of its model, which are "
		       "sealed as a set.\n"
		       "\n"
		       "What is sealed lives as long as this process; to keep it and check it, see "
		       "`vres watch`.",
	.sets = (const struct option_set *const[])FILE_COMMAND_SETS(own_set),
	.run = run,
};
