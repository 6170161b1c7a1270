/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vres audit verify: is this log the one that was written, and all of it?
 *
 * The end of a log is vouched for by its checkpoint, or by a head that somebody kept; a log with
 * neither does not verify unless the user says that this is known, because cutting its end would go
 * unseen.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "commands/audit/audit_log.h"
#include "ui/files.h"
#include "ui/units.h"

/* A checkpoint is not longer than a line; the checker refuses one that is. */
#define CHECKPOINT_MAX ((size_t)8192 + 1)

struct verify_options {
	const char *head, *checkpoint;
	bool no_checkpoint, is_from_later, is_json;
};

static const struct option_spec specs[] = {
	{.name = "head",
         .argument = "SEQ:HASH",
         .kind = OPTION_TEXT,
         .offset = offsetof(struct verify_options, head),
         .help = "a line that the log must have: kept elsewhere, it shows a log that was put back "
                 "as it once was"},
	{.name = "checkpoint",
         .argument = "FILE",
         .kind = OPTION_TEXT,
         .offset = offsetof(struct verify_options, checkpoint),
         .help = "the log's checkpoint; default: the last FILE's name and .checkpoint"},
	{.name = "no-checkpoint",
         .kind = OPTION_FLAG,
         .offset = offsetof(struct verify_options, no_checkpoint),
         .help = "do without a checkpoint: a log whose end was cut is then good"},
	{.name = "from-later",
         .kind = OPTION_FLAG,
         .offset = offsetof(struct verify_options, is_from_later),
         .help = "the oldest files are left out on purpose: with --forward-key a log that does not "
                 "begin with seq 1 is else not good"},
	{.name = "json",
         .kind = OPTION_FLAG,
         .offset = offsetof(struct verify_options, is_json),
         .help = "print one JSON document"},
};

static const struct option_set own_set = {"Verifying", specs, COUNT_OF(specs)};

struct verification {
	struct output *o;
	char **names;
	json_t *findings;
	vres_audit_checker *checker;
};

static void on_finding(void *ctx, const vres_audit_finding *f)
{
	const struct verification *v = ctx;
	struct output *o = v->o;
	json_t *entry = json_object();

	output_name(o, v->names[f->file]);
	if (f->line != 0)
		output_text(o, ":%" PRIu64, f->line);
	output_text(o, ": %s", vres_audit_fault_name(f->fault));
	if (f->seq != 0)
		output_text(o, ", seq %" PRIu64, f->seq);
	if (f->lines > 1)
		output_text(o, " (%" PRIu64 " lines)", f->lines);
	output_text(o, ": %s\n", f->message);
	output_put_text(o, entry, "fault", vres_audit_fault_name(f->fault));
	output_put_file(o, entry, "file", v->names[f->file]);
	output_put_u64(o, entry, "line", f->line);
	output_put_u64(o, entry, "seq", f->seq);
	output_put_u64(o, entry, "lines", f->lines);
	output_put_text(o, entry, "message", f->message);
	output_add(o, v->findings, entry);
}

/* "SEQ:HASH" */
static bool give_head(struct verification *v, const char *text)
{
	uint64_t seq = 0;
	const size_t n = parse_digits(text, &seq);
	vres_error err;

	if (n == 0 || text[n] != ':')
		return output_refuse(v->o, EXIT_USAGE, NULL,
		                     "--head takes SEQ:HASH, as 17:9f86d0...");
	return vres_audit_checker_head(v->checker, seq, text + n + 1, &err) == VRES_OK ||
	       output_fail(v->o, NULL, &err);
}

static bool give_checkpoint(struct verification *v, const char *path, bool is_optional,
                            bool *is_there)
{
	CLEANUP(file_close) int fd = -1;
	char bytes[CHECKPOINT_MAX];
	struct stat file;
	ssize_t got = 1;
	size_t n = 0;
	vres_error err;

	*is_there = !is_optional || lstat(path, &file) == 0 || errno != ENOENT;
	if (!*is_there)
		return true;
	fd = audit_open_file(v->o, path);
	if (fd < 0)
		return false;
	while (got > 0 && n < sizeof(bytes)) {
		got = file_read(fd, bytes + n, sizeof(bytes) - n);
		n += got > 0 ? (size_t)got : 0;
	}
	if (got < 0)
		return output_fail_errno(v->o, path, "cannot be read", errno);
	return vres_audit_checker_checkpoint(v->checker, bytes, n, &err) == VRES_OK ||
	       output_fail(v->o, path, &err);
}

/* Read it before the log: a writer may be at work, and the log only grows. */
static bool find_checkpoint(struct verification *v, const struct verify_options *options,
                            const char *last, bool *is_there)
{
	char *path = NULL;
	bool is_good;

	*is_there = false;
	if (options->no_checkpoint)
		return true;
	if (options->checkpoint != NULL)
		return give_checkpoint(v, options->checkpoint, false, is_there);
	if (strcmp(last, "-") == 0)
		return true;
	if (asprintf(&path, "%s.checkpoint", last) < 0)
		return output_refuse(v->o, EXIT_TROUBLE, NULL, "out of memory");
	is_good = give_checkpoint(v, path, true, is_there);
	free(path);
	return is_good;
}

static bool feed(void *ctx, const char *bytes, size_t n)
{
	const struct verification *v = ctx;
	vres_error err;

	return vres_audit_checker_feed(v->checker, bytes, n, &err) == VRES_OK ||
	       output_fail(v->o, NULL, &err);
}

static bool read_file(struct verification *v, const char *name)
{
	CLEANUP(file_close) int fd = audit_open(v->o, name);
	vres_error err;

	if (fd < 0)
		return false;
	if (vres_audit_checker_file(v->checker, &err) != VRES_OK)
		return output_fail(v->o, name, &err);
	return audit_read(v->o, name, fd, feed, v);
}

static const char *word_of(const char *const *words, uint32_t i)
{
	return i < 4 ? words[i] : "unknown";
}

static const char *const keyed_words[] = {"links", "token", "forward", "unproved"};
static const char *const ending_words[] = {"open", "closed", "rotated", "unknown"};
static const char *const mark_words[] = {"none", "met", "older", "bad"};

static void put_summary(struct output *o, const vres_audit_summary *s)
{
	output_put_text(o, o->document, "keyed", word_of(keyed_words, s->keyed));
	output_put_text(o, o->document, "ending", word_of(ending_words, s->ending));
	output_put_text(o, o->document, "checkpoint", word_of(mark_words, s->checkpoint));
	output_put_text(o, o->document, "head", word_of(mark_words, s->head));
	output_put_bool(o, o->document, "simulated", s->simulated != 0);
	output_put_u64(o, o->document, "files", s->files);
	output_put_u64(o, o->document, "lines", s->lines);
	output_put_u64(o, o->document, "bytes", s->bytes);
	output_put_u64(o, o->document, "first_seq", s->first_seq);
	output_put_u64(o, o->document, "last_seq", s->last_seq);
	output_put_text(o, o->document, "last_hash", s->last_hash);
	output_put_text(o, o->document, "first_time", s->first_time);
	output_put_text(o, o->document, "last_time", s->last_time);
	output_put_u64(o, o->document, "faults", s->faults);
	output_put_u64(o, o->document, "sessions", s->sessions);
	output_put_u64(o, o->document, "epochs", s->epochs);
	output_put_u64(o, o->document, "repairs", s->repairs);
	output_put_u64(o, o->document, "lost_events", s->lost_events);
	output_put_u64(o, o->document, "backward_clock_steps", s->backward_clock_steps);
}

/* What is worth knowing even of a good log, and what was not checked. */
static void print_remarks(struct output *o, const vres_audit_summary *s)
{
	if (s->keyed == VRES_AUDIT_KEYED_LINKS)
		output_text(o, "  no key was given: form and links alone were checked, and whoever "
		               "can write the file can mend those\n");
	if (s->first_seq > 1)
		output_text(o, "  begins with seq %" PRIu64 ": the files before were not given\n",
		            s->first_seq);
	if (s->ending == VRES_AUDIT_ROTATED)
		output_text(o, "  goes on in a file that was not given\n");
	if (s->checkpoint == VRES_AUDIT_MARK_OLDER)
		output_text(
			o,
			"  the checkpoint is older than these files, and says nothing of them\n");
	if (s->lost_events > 0)
		output_text(o, "  %" PRIu64 " event%s could not be recorded\n", s->lost_events,
		            s->lost_events == 1 ? "" : "s");
	if (s->repairs > 0)
		output_text(o, "  %" PRIu64 " torn line%s cut off when the log was opened again\n",
		            s->repairs, s->repairs == 1 ? " was" : "s were");
	if (s->backward_clock_steps > 0)
		output_text(o, "  the clock went backwards %" PRIu64 " time%s\n",
		            s->backward_clock_steps, s->backward_clock_steps == 1 ? "" : "s");
	if (s->simulated)
		output_text(o, "  SIMULATED: of VRAM that is none\n");
}

static void print_verdict(struct output *o, const vres_audit_summary *s, bool is_good)
{
	char bytes[UNITS_TEXT];

	output_text(o,
	            "%s: %" PRIu64 " line%s, %s, in %u file%s, seq %" PRIu64 " to %" PRIu64
	            ", %" PRIu64 " session%s",
	            is_good ? "good" : "NOT GOOD", s->lines, s->lines == 1 ? "" : "s",
	            format_bytes(bytes, s->bytes), (unsigned)s->files, s->files == 1 ? "" : "s",
	            s->first_seq, s->last_seq, s->sessions, s->sessions == 1 ? "" : "s");
	if (s->keyed == VRES_AUDIT_KEYED_FORWARD)
		output_text(o, ", %" PRIu64 " epoch%s", s->epochs, s->epochs == 1 ? "" : "s");
	if (s->last_seq > 0)
		output_text(o, "; head %" PRIu64 ":%s", s->last_seq, s->last_hash);
	output_text(o, "\n");
	print_remarks(o, s);
}

/*
 * Is it a LOG.SEQ, a full file, which needs no checkpoint if it ends with log_rotated?  A LOG that
 * ends so may be an older file in the place of one that was removed.
 */
static bool is_full_file(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot != NULL && strlen(dot + 1) == 16 && strspn(dot + 1, "0123456789abcdef") == 16;
}

static void verify(struct verification *v, const struct verify_options *options, size_t count)
{
	vres_audit_summary s = vres_audit_summary_init();
	vres_status status;
	bool is_vouched, is_older;
	vres_error err;

	if (options->is_from_later && vres_audit_checker_from_later(v->checker, &err) != VRES_OK) {
		output_fail(v->o, NULL, &err);
		return;
	}
	if ((options->head != NULL && !give_head(v, options->head)) ||
	    !find_checkpoint(v, options, v->names[count - 1], &is_vouched))
		return;
	for (size_t i = 0; i < count; i++) {
		if (!read_file(v, v->names[i]))
			return;
	}
	status = vres_audit_checker_end(v->checker, &s, &err);
	if (status != VRES_OK)
		output_fail(v->o, NULL, &err);
	if (status != VRES_OK && status != VRES_E_INTEGRITY_VIOLATION)
		return;
	is_older = s.checkpoint == VRES_AUDIT_MARK_OLDER;
	is_vouched = (is_vouched && !is_older) || options->no_checkpoint || options->head != NULL ||
	             (s.ending == VRES_AUDIT_ROTATED && is_full_file(v->names[count - 1]));
	if (!is_vouched)
		output_refuse(v->o, EXIT_UNVERIFIED, v->names[count - 1],
		              "has %s: nothing would show that its end was cut (--no-checkpoint: "
		              "verify it without)",
		              is_older ? "only a checkpoint that is older than it"
		                       : "no checkpoint");
	put_summary(v->o, &s);
	print_verdict(v->o, &s, v->o->exit == EXIT_GOOD);
}

static int run(const struct command *self, int argc, char **argv)
{
	struct verify_options options = {0};
	struct key_options token = {0};
	struct audit_key_options forward = {0};
	void *const targets[] = {&options, &token, &forward};
	struct output o;
	int first, status = options_parse(self, targets, argc, argv, &first);
	struct verification v = {.o = &o};

	if (status >= 0)
		return status;
	v.names = argv + first;
	output_begin(&o, self->name, options.is_json);
	v.findings = json_array();
	if (first == argc)
		output_refuse(&o, EXIT_USAGE, NULL, "no FILE given (- is standard input)");
	else if (options.no_checkpoint && options.checkpoint != NULL)
		output_refuse(&o, EXIT_USAGE, NULL,
		              "give --checkpoint or --no-checkpoint, not both");
	else if (audit_checker_open(&o, &token, &forward, on_finding, &v, &v.checker))
		verify(&v, &options, (size_t)(argc - first));
	audit_checker_close(&v.checker);
	output_put(&o, o.document, "findings", v.findings);
	return output_end(&o);
}

const struct command cmd_audit_verify = {
	.name = "audit verify",
	.arguments = "FILE...",
	.summary = "is the log the one that was written?",
	.description = "Check a log of one or more FILEs, from the oldest to the newest: form, "
		       "chain, MACs, sequence, rotation, and its end against "
		       "the checkpoint beside the last FILE. Each place at which the log does not "
		       "go on as it should is a line: file, line, kind, what is expected, what "
		       "is there. Exit status 1 when there is one, a torn last line too.\n"
		       "\n"
		       "Without a key form and links alone are checked. The last words of the "
		       "first line of a good report, SEQ:HASH, are worth "
		       "keeping elsewhere: given with --head, they show a log that was put back as "
		       "it once was.",
	.sets = (const struct option_set *const[]){&own_set, &key_option_set, &audit_key_option_set,
                                                   NULL},
	.run = run,
};
