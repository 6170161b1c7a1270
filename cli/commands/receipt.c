/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vres receipt show|check: what a receipt says, and whether it was signed with this key.
 *
 * Nothing of a receipt is decoded or shown before its MAC is good under the caller's key.
 */
#include <inttypes.h>
#include <string.h>
#include "command.h"
#include "session/key.h"
#include "shards/receipt.h"
#include "ui/files.h"
#include "ui/options.h"
#include "ui/units.h"

/* A record has less than 2 KiB; a larger file is something else. */
#define RECEIPT_MAX ((size_t)64 * 1024)

struct receipt_options {
	bool is_json;
};

static const struct option_spec specs[] = {
	{"json", NULL, OPTION(OPTION_FLAG, struct receipt_options, is_json),
         "print one JSON document"},
};

static const struct option_set set = {"Options", specs, COUNT_OF(specs)};

static bool check_file(struct output *o, const char *path, const vres_key *key,
                       vres_shard_info *info)
{
	unsigned char bytes[RECEIPT_MAX];
	size_t n;
	vres_error err;

	if (!file_load(o, path, bytes, sizeof(bytes), &n))
		return false;
	if (vres_receipt_check(bytes, n, key, info, &err) == VRES_OK)
		return true;
	output_name(o, path);
	output_text(o, ": NOT GOOD: %s\n", err.message);
	return output_fail(o, path, &err);
}

static void print_verdict(struct output *o, const char *path, const vres_shard_info *info)
{
	char bytes[UNITS_TEXT], clock[UNITS_TEXT];

	output_name(o, path);
	output_text(o, ": good: shard %s, %s, sealed %s on ", info->shard_id,
	            format_bytes(bytes, info->vram_bytes), format_clock(clock, info->sealed_at));
	output_name(o, info->device_uuid);
	output_text(o, " (%s%s)\n", info->backend, info->simulated ? ", SIMULATED" : "");
}

static void print_receipt(struct output *o, const char *path, const vres_shard_info *info)
{
	output_name(o, path);
	output_text(o, "\n");
	print_shard_info(o, info);
}

/* The document is marked as simulated when one of its receipts is. */
static void do_files(struct output *o, const vres_key *key, bool is_show, char **names,
                     size_t count)
{
	json_t *receipts = json_array();
	bool is_simulated = false;

	for (size_t i = 0; i < count; i++) {
		vres_shard_info info = vres_shard_info_init();
		json_t *entry = json_object();
		const bool is_good = check_file(o, names[i], key, &info);

		output_put_file(o, entry, "file", names[i]);
		output_put_bool(o, entry, "good", is_good);
		if (is_good) {
			if (is_show)
				print_receipt(o, names[i], &info);
			else
				print_verdict(o, names[i], &info);
			output_put(o, entry, "record", shard_info_to_json(o, &info));
			is_simulated |= info.simulated != 0;
		}
		output_add(o, receipts, entry);
	}
	output_put_bool(o, o->document, "simulated", is_simulated);
	output_put(o, o->document, "receipts", receipts);
}

static bool check_usage(struct output *o, const struct key_options *key, char **arguments,
                        size_t count)
{
	if (count == 0 || (strcmp(arguments[0], "show") != 0 && strcmp(arguments[0], "check") != 0))
		return output_refuse(o, EXIT_USAGE, NULL,
		                     "say show or check (see `vres receipt --help`)");
	if (count < 2)
		return output_refuse(o, EXIT_USAGE, NULL, "no FILE given (- is standard input)");
	if (!key_is_named(key))
		return output_refuse(o, EXIT_USAGE, NULL,
		                     "nothing of a receipt is decoded before its signature is "
		                     "checked: give --token-file or --credential");
	return true;
}

static int run(const struct command *self, int argc, char **argv)
{
	struct receipt_options options = {0};
	struct key_options key_options = {0};
	void *const targets[] = {&options, &key_options};
	CLEANUP(key_destroy) vres_key *key = NULL;
	struct output o;
	int first, status = options_parse(self, targets, argc, argv, &first);

	if (status >= 0)
		return status;
	output_begin(&o, self->name, options.is_json);
	if (check_usage(&o, &key_options, argv + first, (size_t)(argc - first)) &&
	    key_environment_is_clean(&o) && key_load(&o, &key_options, &key))
		do_files(&o, key, strcmp(argv[first], "show") == 0, argv + first + 1,
		         (size_t)(argc - first - 1));
	return output_end(&o);
}

const struct command cmd_receipt = {
	.name = "receipt",
	.arguments = "show|check FILE...",
	.summary = "show or check the signed record of a seal",
	.description =
		"check: was each FILE signed with this key? One line each; a forged or damaged one "
		"is exit status 1. show: the same, and all that it says.\n"
		"\n"
		"A good receipt proves where it comes from, not that the shard is still in VRAM. "
		"Nothing of it is decoded before its signature is good, so a key must be named.",
	.sets = (const struct option_set *const[]){&set, &key_option_set, NULL},
	.run = run,
};
