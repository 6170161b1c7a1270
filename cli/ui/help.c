/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text is wrapped at words; nothing here depends on what is described. */
#include "ui/help.h"

#include <stdio.h>
#include <string.h>

/* Where the help of an option starts, and where every line ends. */
#define HELP_COLUMN 28
#define LINE_END    79

/*
 * Print one paragraph, wrapped between @column and the end of the line.  The cursor stands at
 * @column already.
 */
static void put_wrapped(const char *text, size_t n, size_t column)
{
	size_t at = column;

	for (size_t i = 0; i < n;) {
		const size_t word = strcspn(text + i, " \n");
		const size_t take = word < n - i ? word : n - i;

		if (at != column && at + 1 + take > LINE_END) {
			printf("\n%*s", (int)column, "");
			at = column;
		}
		at += (size_t)printf("%s%.*s", at == column ? "" : " ", (int)take, text + i);
		i += take;
		while (i < n && text[i] == ' ')
			i++;
	}
	putchar('\n');
}

static void put_option(const struct option_spec *spec)
{
	int n;

	if (spec->kind == OPTION_REFUSED)
		return;
	n = spec->letter != 0 ? printf("  -%c, ", spec->letter) : printf("  ");
	n += printf("--%s%s%s", spec->name, spec->argument ? " " : "",
	            spec->argument ? spec->argument : "");
	if (n + 2 > HELP_COLUMN) {
		putchar('\n');
		n = 0;
	}
	printf("%*s", HELP_COLUMN - n, "");
	put_wrapped(spec->help, strlen(spec->help), HELP_COLUMN);
}

void help_print(const struct command *command)
{
	printf("Usage: vres %s [OPTION]...%s%s\n\n", command->name,
	       command->arguments[0] ? " " : "", command->arguments);
	for (const char *line = command->description; *line != '\0';) {
		const size_t n = strcspn(line, "\n");

		put_wrapped(line, n, 0);
		line += n + (line[n] == '\n');
	}
	for (size_t i = 0; command->sets[i] != NULL; i++) {
		printf("\n%s:\n", command->sets[i]->title);
		for (size_t j = 0; j < command->sets[i]->count; j++)
			put_option(&command->sets[i]->specs[j]);
	}
	puts("\nExit status: 0 good; 1 verification failed; 2 usage or invalid input; 3 not\n"
	     "enough VRAM; 4 policy violation; 5 device, driver or I/O trouble.");
}
