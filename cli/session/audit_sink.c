/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The audit log of a session.  In mode token it needs a key that outlives the run, or nobody could
 * ever check it.
 */
#include "session/audit_sink.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "ui/same_file.h"

static const struct option_word mode_words[] = {
	{"token", VRES_AUDIT_TOKEN}, {"forward", VRES_AUDIT_FORWARD}, {NULL, 0}};

static const struct option_spec specs[] = {
	{.name = "audit",
         .argument = "LOG",
         .kind = OPTION_TEXT,
         .offset = offsetof(struct audit_sink_options, path),
         .help = "record every event in LOG, a hash-chained and signed log that goes on where it "
                 "ended (see `vres audit`)"},
	{.name = "audit-mode",
         .argument = "MODE",
         .kind = OPTION_CHOICE,
         .offset = offsetof(struct audit_sink_options, mode),
         .words = mode_words,
         .help = "token (the default): signed with the token's key; forward: with keys that are "
                 "forgotten one after the other"},
	{.name = "forward-key",
         .argument = "FILE",
         .kind = OPTION_TEXT,
         .offset = offsetof(struct audit_sink_options, forward_key),
         .help = "the key that a log in mode forward begins with, from `vres audit keygen`; needed "
                 "once"},
};

const struct option_set audit_sink_option_set = {"Audit log", specs, COUNT_OF(specs)};

/* Is @path LOG or one of the files beside it (docs/OPERATIONS.md)? */
static bool is_of_log(const char *path, const char *log)
{
	static const char *const suffixes[] = {"", ".checkpoint", ".checkpoint.tmp", ".key",
	                                       ".lock"};
	const size_t n = strlen(path), tail = strlen(".0000000000000001");
	char name[PATH_MAX];

	for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
		snprintf(name, sizeof(name), "%s%s", log, suffixes[i]);
		if (file_is_same(path, name))
			return true;
	}
	if (n < tail || n >= sizeof(name) || path[n - tail] != '.' ||
	    strspn(path + n - tail + 1, "0123456789abcdef") != tail - 1)
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)(n - tail), path);
	return file_is_same(name, log);
}

bool audit_sink_refuse_overwrite(const struct audit_sink_options *options, struct output *o,
                                 const char *path)
{
	if (options->path != NULL && is_of_log(path, options->path))
		return output_refuse(
			o, EXIT_USAGE, path,
			"is the audit log or a file that belongs to it, and would be overwritten");
	return !file_is_same(path, options->forward_key) ||
	       output_refuse(o, EXIT_USAGE, path,
	                     "is the key of the audit log, and would be overwritten");
}

/* A first key that lies at LOG.key would be overwritten when the first epoch ends. */
static bool check_first_key(struct output *o, const struct audit_sink_options *options)
{
	char key[PATH_MAX];

	snprintf(key, sizeof(key), "%s.key", options->path);
	if (file_is_same(key, options->forward_key))
		return output_refuse(o, EXIT_USAGE, options->forward_key,
		                     "is where the log keeps its key in force, and would be "
		                     "replaced: give the first key under another name");
	if (options->forward_key == NULL && access(options->path, F_OK) != 0 && errno == ENOENT)
		return output_refuse(o, EXIT_USAGE, options->path,
		                     "is not there, and a log in mode forward begins with a key: "
		                     "give --forward-key (see `vres audit keygen`)");
	return true;
}

static bool check_usage(struct output *o, const struct audit_sink_options *options,
                        const struct audit_sink_needs *needs)
{
	if (options->path == NULL &&
	    (options->forward_key != NULL || options->mode != VRES_AUDIT_TOKEN))
		return output_refuse(o, EXIT_USAGE, NULL, "--%s needs --audit",
		                     options->forward_key != NULL ? "forward-key" : "audit-mode");
	if (options->path == NULL)
		return true;
	if (options->forward_key != NULL && options->mode != VRES_AUDIT_FORWARD)
		return output_refuse(o, EXIT_USAGE, NULL,
		                     "--forward-key needs --audit-mode forward");
	if (options->mode == VRES_AUDIT_TOKEN && !needs->is_key_named)
		return output_refuse(o, EXIT_USAGE, NULL,
		                     "--audit needs --token-file, --credential or --audit-mode "
		                     "forward: nobody could check a log that is signed with a "
		                     "key of this run");
	return options->mode == VRES_AUDIT_TOKEN || check_first_key(o, options);
}

bool audit_sink_open(struct audit_sink *sink, struct output *o,
                     const struct audit_sink_options *options, const struct audit_sink_needs *needs)
{
	vres_audit_file_options file = vres_audit_file_options_init();
	vres_error err;

	if (!check_usage(o, options, needs))
		return false;
	if (options->path == NULL)
		return true;
	file.worker_id = needs->worker_id;
	file.mode = (uint32_t)options->mode;
	file.forward_key = options->forward_key;
	file.required = needs->is_required;
	file.simulated = needs->is_simulated;
	sink->path = options->path;
	return vres_audit_file_open(options->path, needs->key, &file, &sink->file, &err) ==
	               VRES_OK ||
	       output_fail(o, options->path, &err);
}

void audit_sink_report_loss(struct audit_sink *sink, struct output *o)
{
	const uint64_t lost = vres_audit_file_lost(sink->file);

	if (lost == 0 || sink->is_loss_told)
		return;
	sink->is_loss_told = true;
	output_note(o,
	            "%" PRIu64 " event%s could not be recorded in the audit log so far (see `vres "
	            "doctor --audit`)",
	            lost, lost == 1 ? "" : "s");
}

void audit_sink_report(const struct audit_sink *sink, struct output *o)
{
	uint64_t seq = 0, lost;
	json_t *entry;
	char hash[65];
	vres_error err;

	if (sink->file == NULL)
		return;
	if (vres_audit_file_flush(sink->file, &err) != VRES_OK ||
	    vres_audit_file_head(sink->file, &seq, hash, &err) != VRES_OK) {
		output_fail(o, sink->path, &err);
		return;
	}
	lost = vres_audit_file_lost(sink->file);
	entry = json_object();
	output_put_file(o, entry, "file", sink->path);
	output_put_u64(o, entry, "seq", seq);
	output_put_text(o, entry, "hash", hash);
	output_put_u64(o, entry, "lost_events", lost);
	output_put(o, o->document, "audit", entry);
	output_text(o, "audit log ");
	output_name(o, sink->path);
	output_text(o, ": head %" PRIu64 ":%s\n", seq, hash);
	if (lost > 0)
		output_note(o, "%" PRIu64 " event%s could not be recorded in the audit log", lost,
		            lost == 1 ? "" : "s");
}

void audit_sink_close(struct audit_sink *sink)
{
	vres_audit_file_close(sink->file);
	*sink = (struct audit_sink){0};
}
