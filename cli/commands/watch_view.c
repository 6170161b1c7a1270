/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A table that is drawn over itself, or a line for each check. */
#include "commands/watch_view.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>
#include "ui/escape.h"
#include "ui/options.h"
#include "ui/terminal.h"
#include "ui/units.h"

/* Columns of checks, mode, duration, rate and state, each with its blank. */
#define OTHER_COLUMNS 50
#define NAME_LEAST    12
#define NAME_MOST     60

/* Lines of the screen that are needed beside the rows: the heading, and the summary below. */
#define LINES_BESIDE 3

void watch_view_begin(struct watch_view *v, struct output *o)
{
	unsigned rows, columns;

	terminal_size(STDOUT_FILENO, &rows, &columns);
	/* A table that does not fit cannot be drawn over itself. */
	v->is_table = !o->is_json && !o->is_verbose && terminal_can_move(STDOUT_FILENO) &&
	              v->count + LINES_BESIDE <= rows && columns >= OTHER_COLUMNS + NAME_LEAST;
	v->is_coloured = v->is_table && terminal_wants_colour(STDOUT_FILENO);
}

static const char *state_name(const struct watched *w)
{
	return w->is_repair_tried && !w->is_bad          ? "repaired"
	       : !w->is_bad                              ? "good"
	       : vres_status_class(w->error.status) == 4 ? "BAD"
	                                                 : "not checked";
}

void watch_view_checked(struct watch_view *v, struct output *o, const struct watched *w,
                        bool is_shown)
{
	char span[UNITS_TEXT];

	v->lines_lost += !is_shown;
	if (v->is_table || !is_shown)
		return;
	output_text(o, "check %" PRIu64 ": ", w->checks);
	output_name(o, w->input->name);
	output_text(o, ": %s, %s in %s, %.2f GB/s\n", state_name(w),
	            options_word(verify_mode_words, w->last.report.mode),
	            format_span(span, w->last.report.duration),
	            gigabytes_a_second(w->last.report.bytes_hashed, w->last.report.duration));
}

static void draw_row(const struct watch_view *v, struct output *o, const struct watched *w,
                     size_t columns)
{
	char name[4 * NAME_MOST + 1], span[UNITS_TEXT];
	const char *colour = !v->is_coloured ? "" : w->is_bad ? "\x1b[31m" : "\x1b[32m";

	escape_fit(name, columns, w->input->name);
	output_text(o, "%s %8" PRIu64 " %-9s %9s %7.2f %s%s%s\x1b[K\n", name, w->checks,
	            options_word(verify_mode_words, w->last.report.mode),
	            format_span(span, w->last.report.duration),
	            gigabytes_a_second(w->last.report.bytes_hashed, w->last.report.duration),
	            colour, state_name(w), v->is_coloured ? "\x1b[0m" : "");
}

static void draw_table(struct watch_view *v, struct output *o)
{
	unsigned rows, columns;
	size_t name;

	terminal_size(STDOUT_FILENO, &rows, &columns);
	name = columns < OTHER_COLUMNS + NAME_LEAST ? NAME_LEAST : columns - OTHER_COLUMNS;
	name = name > NAME_MOST ? NAME_MOST : name;
	/* After a line on stderr the cursor is no longer below the table: it is drawn anew there.
	 */
	if (v->is_drawn && v->said == o->said)
		output_text(o, "\x1b[%zuA", v->count + 1);
	output_text(o, "\r%-*s %8s %-9s %9s %7s %s\x1b[K\n", (int)name, "FILE", "CHECKS", "MODE",
	            "TOOK", "GB/S", "STATE");
	for (size_t i = 0; i < v->count; i++)
		draw_row(v, o, &v->items[i], name);
	v->is_drawn = true;
	v->said = o->said;
}

void watch_view_round(struct watch_view *v, struct output *o, bool is_shown)
{
	if (!is_shown)
		return;
	if (v->is_table)
		draw_table(v, o);
	else if (v->lines_lost != 0)
		output_note(o, "%" PRIu64 " line%s of checks were not printed: nobody read them",
		            v->lines_lost, v->lines_lost == 1 ? "" : "s");
	v->lines_lost = 0;
}

void watch_view_end(struct watch_view *v)
{
	for (size_t i = 0; i < v->count && v->items != NULL; i++) {
		verification_free(&v->items[i].last);
		json_decref(v->items[i].repaired);
	}
	free(v->items);
	v->items = NULL;
}
