/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vres audit export: a log as a table or as one JSON array, for other programs.
 *
 * CSV is RFC 4180: comma, CRLF, a quoted cell where one needs it.  A cell that a spreadsheet would
 * take for a formula gets an apostrophe in front.  Columns and their order are fixed; a field
 * without a column of its own is in "other", as JSON.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "commands/audit/audit_log.h"
#include "ui/files.h"

enum export_format { FORMAT_NONE, FORMAT_CSV, FORMAT_JSON };

struct export_options {
	uint64_t format;
};

static const struct option_word format_words[] = {
	{"csv", FORMAT_CSV}, {"json", FORMAT_JSON}, {NULL, 0}};

static const struct option_spec specs[] = {
	{.name = "format",
         .argument = "FORMAT",
         .kind = OPTION_CHOICE,
         .offset = offsetof(struct export_options, format),
         .words = format_words,
         .help = "csv: a table with a header line; json: one array of all lines"},
};

static const struct option_set own_set = {"Exporting", specs, COUNT_OF(specs)};

/* Columns of the line, and of its event, as vres(1) lists them.  Append new ones at the end. */
static const char *const line_columns[] = {"seq",      "timestamp", "worker_id",
                                           "audit_id", "prev_hash", "hash"};
static const char *const event_columns[] = {
	"event_type",      "severity",
	"simulated",       "shard_id",
	"gpu_device",      "mode",
	"reason",          "digest",
	"vram_bytes",      "expected_digest",
	"actual_digest",   "requested_bytes",
	"allocated_bytes", "used_bytes",
	"freed_bytes",     "available_bytes",
	"remaining_used",  "policy",
	"violation",       "details",
	"action_taken",    "format",
	"key_mode",        "epoch",
	"session",         "lost_events",
	"removed_bytes",   "removed_sha256",
	"damage_count",    "bad_tensors",
	"tensor",          "tensors",
	"changed_tensors", "expected_tensors",
	"moved_tensors",   "previous_digest",
	"label",           "lifted",
	"ranges",          "repaired_bytes",
};

struct export
{
	struct output *o;
	const char *name;
	uint64_t format, written;
	struct audit_lines lines;
};

/* A spreadsheet takes these for the beginning of a formula. */
static bool is_formula(const char *text)
{
	return text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL;
}

static void put_cell(const char *text, bool is_first)
{
	const bool is_quoted = strpbrk(text, ",\"\r\n") != NULL || is_formula(text);

	if (!is_first)
		putchar(',');
	if (is_quoted)
		putchar('"');
	if (is_formula(text))
		putchar('\'');
	for (; *text != '\0'; text++) {
		if (*text == '"')
			putchar('"');
		putchar(*text);
	}
	if (is_quoted)
		putchar('"');
}

/* Numbers and true look as in JSON; an absent value is an empty cell. */
static void put_value(const json_t *value, bool is_first)
{
	char number[32];

	if (json_is_integer(value)) {
		snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
		         json_integer_value(value));
		/* The library writes no negative numbers; put_cell() guards against those of
		 * other writers. */
		put_cell(number, is_first);
	} else {
		put_cell(json_is_string(value) ? json_string_value(value)
		         : json_is_true(value) ? "true"
		                               : "",
		         is_first);
	}
}

static bool is_event_column(const char *key)
{
	for (size_t i = 0; i < COUNT_OF(event_columns); i++) {
		if (strcmp(event_columns[i], key) == 0)
			return true;
	}
	return false;
}

/* Fields of the event without a column, or whose value is not a string, an integer or true. */
static bool put_other(struct output *o, json_t *event)
{
	json_t *other = json_object(), *value;
	const char *key;
	char *text;

	json_object_foreach(event, key, value)
	{
		if (!is_event_column(key) ||
		    !(json_is_string(value) || json_is_integer(value) || json_is_true(value)))
			(void)json_object_set(other, key, value);
	}
	text = json_object_size(other) > 0 ? json_dumps(other, JSON_COMPACT | JSON_SORT_KEYS)
	                                   : NULL;
	if (json_object_size(other) > 0 && text == NULL) {
		json_decref(other);
		return output_refuse(o, EXIT_TROUBLE, NULL, "out of memory");
	}
	put_cell(text != NULL ? text : "", false);
	free(text);
	json_decref(other);
	return true;
}

static void put_csv_header(void)
{
	for (size_t i = 0; i < COUNT_OF(line_columns); i++)
		put_cell(line_columns[i], i == 0);
	for (size_t i = 0; i < COUNT_OF(event_columns); i++)
		put_cell(event_columns[i], false);
	put_cell("other", false);
	fputs("\r\n", stdout);
}

static bool put_csv(struct output *o, json_t *object)
{
	json_t *event = json_object_get(object, "event");

	for (size_t i = 0; i < COUNT_OF(line_columns); i++)
		put_value(json_object_get(object, line_columns[i]), i == 0);
	for (size_t i = 0; i < COUNT_OF(event_columns); i++)
		put_value(json_object_get(event, event_columns[i]), false);
	if (!put_other(o, event))
		return false;
	fputs("\r\n", stdout);
	return true;
}

/* A line that cannot be read is left out and reported, and the exit status is 1. */
static bool on_line(void *ctx, uint64_t number, const char *text, size_t n, json_t *object)
{
	struct export *e = ctx;

	if (object == NULL) {
		output_refuse(e->o, EXIT_UNVERIFIED, e->name,
		              "line %" PRIu64 " is torn, or no line of an audit log: left out",
		              number);
		return true;
	}
	if (e->format == FORMAT_CSV && !put_csv(e->o, object))
		return false;
	if (e->format == FORMAT_JSON) {
		fputs(e->written == 0 ? "\n" : ",\n", stdout);
		fwrite(text, 1, n, stdout);
	}
	e->written++;
	return !ferror(stdout);
}

static void export_all(struct export *e, char **names, size_t count)
{
	if (e->format == FORMAT_CSV)
		put_csv_header();
	else
		putchar('[');
	for (size_t i = 0; i < count; i++) {
		CLEANUP(file_close) int fd = audit_open(e->o, names[i]);

		e->name = names[i];
		e->lines = (struct audit_lines){.line = on_line, .ctx = e};
		if (fd < 0 || !audit_read(e->o, names[i], fd, audit_lines_add, &e->lines) ||
		    !audit_lines_end(&e->lines))
			break;
	}
	if (e->format == FORMAT_JSON)
		fputs("\n]\n", stdout);
}

static int run(const struct command *self, int argc, char **argv)
{
	struct export_options options = {0};
	void *const targets[] = {&options};
	struct output o;
	struct export e = {.o = &o};
	int first, status = options_parse(self, targets, argc, argv, &first);

	if (status >= 0)
		return status;
	e.format = options.format;
	output_begin(&o, self->name, false);
	if (first == argc || options.format == FORMAT_NONE) {
		output_refuse(&o, EXIT_USAGE, NULL,
		              options.format == FORMAT_NONE
		                      ? "say --format csv or --format json"
		                      : "no FILE given (- is standard input)");
	} else {
		output_note(&o, "nothing is verified here (see `vres audit verify`)");
		export_all(&e, argv + first, (size_t)(argc - first));
	}
	return output_end(&o);
}

const struct command cmd_audit_export = {
	.name = "audit export",
	.arguments = "FILE...",
	.summary = "a log as CSV or JSON",
	.description = "Print the lines of all FILEs, in order, as a table (RFC 4180; a cell that "
		       "a spreadsheet would take for a formula begins with "
		       "an apostrophe) or as one JSON array. A line that cannot be read is left "
		       "out, reported, and exit status 1.\n"
		       "\n"
		       "Nothing is verified: that is `vres audit verify`.",
	.sets = (const struct option_set *const[]){&own_set, NULL},
	.run = run,
};
