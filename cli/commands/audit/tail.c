/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vres audit tail: print the last lines of a log and, with --follow, the ones that come.
 *
 * With a key the whole file is checked on the way to its end, and what follows as it comes; without
 * one nothing is, and that is said.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "commands/audit/audit_log.h"
#include "ui/escape.h"
#include "ui/files.h"
#include "ui/reader.h"

#define LINES_DEFAULT 10
#define LINES_MOST    100000
#define POLL_NS       UINT64_C(250000000)

struct tail_options {
	uint64_t lines;
	bool is_following, is_json;
};

static const struct option_spec specs[] = {
	{.name = "lines",
         .letter = 'n',
         .argument = "N",
         .kind = OPTION_COUNT,
         .offset = offsetof(struct tail_options, lines),
         .most = LINES_MOST,
         .help = "how many lines, up to 100000; default 10"},
	{.name = "follow",
         .letter = 'f',
         .kind = OPTION_FLAG,
         .offset = offsetof(struct tail_options, is_following),
         .help = "go on with lines as they are written, over rotation, until told to stop"},
	{.name = "json",
         .kind = OPTION_FLAG,
         .offset = offsetof(struct tail_options, is_json),
         .help = "print one JSON document; not with --follow"},
};

static const struct option_set own_set = {"Showing", specs, COUNT_OF(specs)};

struct tail {
	struct output *o;
	struct stop *stop; /* while following; else NULL */
	const char *name;
	vres_audit_checker *checker; /* NULL: nothing is verified */
	uint64_t faults;             /* that were reported */
	json_t *shown;               /* the document's lines */
	struct audit_lines lines;
	char **kept; /* a ring of the last lines until they are shown; then NULL */
	uint64_t room, seen;
};

static void put_member(struct output *o, const char *key, const json_t *value)
{
	output_text(o, " ");
	output_name(o, key);
	output_text(o, "=");
	if (json_is_string(value))
		output_name(o, json_string_value(value));
	else if (json_is_integer(value))
		output_text(o, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else
		output_text(o, "%s", json_is_true(value) ? "true" : "?");
}

static const char *text_of(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_string(value) ? json_string_value(value) : "?";
}

/* "2026-01-31T12:00:00.000000000Z 17 worker-1 vram_sealed shard_id=... " */
static void put_line(struct output *o, json_t *object)
{
	json_t *event = json_object_get(object, "event"), *value;
	const char *key;

	output_name(o, text_of(object, "timestamp"));
	output_text(o, " %" JSON_INTEGER_FORMAT " ",
	            json_integer_value(json_object_get(object, "seq")));
	output_name(o, text_of(object, "worker_id"));
	output_text(o, " ");
	output_name(o, text_of(event, "event_type"));
	json_object_foreach(event, key, value)
	{
		if (strcmp(key, "event_type") != 0)
			put_member(o, key, value);
	}
	output_text(o, "\n");
}

/* Without --follow signals are left as they are. */
static void wait_for_reader(const struct tail *t)
{
	if (t->stop != NULL)
		reader_wait(t->o, t->stop);
}

static bool flush(const struct tail *t)
{
	wait_for_reader(t);
	return output_flush(t->o);
}

static void show_line(struct tail *t, const char *text, size_t n)
{
	json_t *object = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);

	wait_for_reader(t);
	if (json_is_object(json_object_get(object, "event")))
		put_line(t->o, object);
	else
		output_text(t->o, "(no line of an audit log)\n");
	if (t->o->is_json)
		output_add(t->o, t->shown, object != NULL ? json_incref(object) : json_null());
	json_decref(object);
}

static bool on_line(void *ctx, uint64_t number, const char *text, size_t n, json_t *object)
{
	struct tail *t = ctx;
	char **slot;

	(void)number;
	if (t->kept == NULL) {
		show_line(t, object != NULL ? text : "", object != NULL ? n : 0);
		return true;
	}
	if (t->room == 0)
		return true;
	slot = &t->kept[t->seen++ % t->room];
	free(*slot);
	*slot = strndup(object != NULL ? text : "", n);
	return *slot != NULL || output_refuse(t->o, EXIT_TROUBLE, NULL, "out of memory");
}

static void show_kept(struct tail *t)
{
	const uint64_t count = t->seen < t->room ? t->seen : t->room;

	for (uint64_t i = t->seen - count; i < t->seen; i++) {
		char **slot = &t->kept[i % t->room];

		show_line(t, *slot, strlen(*slot));
		free(*slot);
		*slot = NULL;
	}
	free(t->kept);
	t->kept = NULL;
}

static bool on_piece(void *ctx, const char *bytes, size_t n)
{
	struct tail *t = ctx;
	vres_error err;

	if (t->checker != NULL && vres_audit_checker_feed(t->checker, bytes, n, &err) != VRES_OK)
		return output_fail(t->o, t->name, &err);
	return audit_lines_add(&t->lines, bytes, n);
}

/* Report findings that are new since the last call. */
static bool report_findings(struct tail *t)
{
	vres_audit_summary s = vres_audit_summary_init();
	vres_error err;

	if (t->checker == NULL)
		return true;
	if (vres_audit_checker_summary(t->checker, &s, &err) != VRES_OK)
		return output_fail(t->o, t->name, &err);
	if (s.faults > t->faults)
		output_refuse(t->o, EXIT_UNVERIFIED, t->name,
		              "does not verify up to line %" PRIu64 " (see `vres audit verify`)",
		              t->lines.number);
	t->faults = s.faults;
	return true;
}

/* tail reads one file, so a log that begins later is no finding here. */
static bool open_checker(struct tail *t, const struct key_options *token,
                         const struct audit_key_options *forward)
{
	vres_error err;

	if (!audit_checker_open(t->o, token, forward, NULL, NULL, &t->checker))
		return false;
	return vres_audit_checker_from_later(t->checker, &err) == VRES_OK ||
	       output_fail(t->o, NULL, &err);
}

static bool begin_file(struct tail *t)
{
	vres_error err;

	if (t->checker == NULL || vres_audit_checker_file(t->checker, &err) == VRES_OK)
		return true;
	return output_fail(t->o, t->name, &err);
}

/*
 * If nothing is verified, only the last part of the file needs to be read.  No line is longer than
 * 8 KiB, so the wanted lines are in it.
 */
static void skip_to_end(const struct tail *t, int fd)
{
	struct stat file;
	const off_t most = (off_t)((t->room + 1) * 8192);
	char byte = 0;

	if (t->checker != NULL || fstat(fd, &file) != 0 || !S_ISREG(file.st_mode) ||
	    file.st_size <= most || lseek(fd, file.st_size - most, SEEK_SET) < 0)
		return;
	while (byte != '\n' && file_read(fd, &byte, 1) == 1)
		;
}

/* Does the name now stand for another file than @fd? */
static bool is_rotated(const struct tail *t, int fd)
{
	struct stat open_file, named;

	return fstat(fd, &open_file) == 0 && stat(t->name, &named) == 0 &&
	       (open_file.st_ino != named.st_ino || open_file.st_dev != named.st_dev);
}

/* Show lines as they come.  A file that was renamed is read to its end before the next one. */
static bool follow(struct tail *t, int *fd)
{
	for (;;) {
		const bool was_rotated = is_rotated(t, *fd);

		if (!audit_read(t->o, t->name, *fd, on_piece, t) || !report_findings(t) ||
		    !flush(t) || !output_has_reader(t->o))
			return false;
		if (was_rotated) {
			file_close(fd);
			*fd = audit_open_file(t->o, t->name);
			if (*fd < 0 || !audit_lines_end(&t->lines) || !begin_file(t))
				return false;
			continue;
		}
		if (stop_wait(t->stop, POLL_NS))
			return true;
	}
}

static bool tail(struct tail *t)
{
	const bool is_following = t->stop != NULL;

	CLEANUP(file_close)
	int fd = is_following ? audit_open_file(t->o, t->name) : audit_open(t->o, t->name);

	if (fd < 0 || !begin_file(t))
		return false;
	skip_to_end(t, fd);
	t->kept = calloc(t->room ? t->room : 1, sizeof(*t->kept));
	if (t->kept == NULL)
		return output_refuse(t->o, EXIT_TROUBLE, NULL, "out of memory");
	if (!audit_read(t->o, t->name, fd, on_piece, t))
		return false;
	if (!is_following && !audit_lines_end(&t->lines))
		return false;
	show_kept(t);
	if (!report_findings(t) || !flush(t) || !is_following)
		return false;
	return follow(t, &fd);
}

static void tail_close(struct tail *t)
{
	for (uint64_t i = 0; t->kept != NULL && i < t->room; i++)
		free(t->kept[i]);
	free(t->kept);
	audit_checker_close(&t->checker);
}

/* What can be found only at the end: a torn line, a last line that is not genuine. */
static void end_check(struct tail *t)
{
	vres_audit_summary s = vres_audit_summary_init();
	vres_error err;

	if (t->checker == NULL || t->o->exit != EXIT_GOOD)
		return;
	if (vres_audit_checker_end(t->checker, &s, &err) != VRES_OK)
		output_fail(t->o, t->name, &err);
	else
		output_note(t->o,
		            "%" PRIu64
		            " line%s verified; whether the beginning or the end was cut is not "
		            "known here",
		            s.lines, s.lines == 1 ? "" : "s");
}

static int run(const struct command *self, int argc, char **argv)
{
	struct tail_options options = {.lines = LINES_DEFAULT};
	struct key_options token = {0};
	struct audit_key_options forward = {0};
	void *const targets[] = {&options, &token, &forward};
	struct stop stop = {.fd = -1};
	struct output o;
	CLEANUP(tail_close) struct tail t = {.o = &o};
	int first, status = options_parse(self, targets, argc, argv, &first);
	const bool is_keyed = key_is_named(&token) || forward.forward_key != NULL;

	if (status >= 0)
		return status;
	output_begin(&o, self->name, options.is_json);
	t.shown = json_array();
	t.name = argv[first];
	t.room = options.lines;
	t.lines = (struct audit_lines){.line = on_line, .ctx = &t};
	if (argc - first != 1)
		output_refuse(&o, EXIT_USAGE, NULL, "give one FILE");
	else if (options.is_json && options.is_following)
		output_refuse(&o, EXIT_USAGE, NULL,
		              "a document has an end: give --json or --follow, not both");
	/* Without --follow a signal ends the tool as it ends any program. */
	else if (options.is_following && !stop_open(&stop))
		output_fail_errno(&o, NULL, "signals cannot be watched", errno);
	else if (!is_keyed || open_checker(&t, &token, &forward)) {
		if (!is_keyed)
			output_note(&o, "no key given: nothing is verified");
		t.stop = options.is_following ? &stop : NULL;
		(void)tail(&t);
		end_check(&t);
	}
	stop_close(&stop);
	output_put_bool(&o, o.document, "verified", t.checker != NULL && o.exit == EXIT_GOOD);
	output_put(&o, o.document, "lines", t.shown);
	return output_end(&o);
}

const struct command cmd_audit_tail = {
	.name = "audit tail",
	.arguments = "FILE",
	.summary = "the last lines of a log, for people",
	.description = "Print the last lines of FILE: time, seq, worker, event and its fields; "
		       "what could act on a terminal is escaped. With --follow, "
		       "go on with what is written, also after FILE was renamed and begun anew, "
		       "until SIGINT, SIGTERM or SIGHUP (exit status 0).\n"
		       "\n"
		       "Without a key nothing is verified. With one, FILE is checked from its "
		       "beginning, and what does not verify is told once and "
		       "is exit status 1; that the end of a log was cut is what `vres audit "
		       "verify` finds.",
	.sets = (const struct option_set *const[]){&own_set, &key_option_set, &audit_key_option_set,
                                                   NULL},
	.run = run,
};
