/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Descriptions are turned into tables of getopt_long(), and its answers into fields. */
#include "ui/options.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "ui/help.h"
#include "ui/message.h"
#include "ui/units.h"

/* The most options of one command, all sets together. */
#define OPTIONS_MAX 40

/* getopt returns i + FIRST for our option i: no character has such a value. */
#define FIRST 256

struct parser {
	const struct command *command;
	const struct option_spec *specs[OPTIONS_MAX];
	void *targets[OPTIONS_MAX];
	struct option table[OPTIONS_MAX + 1];
	/* For getopt: ":" and the short forms, each with ":" that takes a value. */
	char letters[2 * OPTIONS_MAX + 2];
	size_t count, letters_count;
};

static void parser_add(struct parser *p, const struct option_spec *spec, void *target)
{
	if (p->count == OPTIONS_MAX)
		return;
	p->specs[p->count] = spec;
	p->targets[p->count] = target;
	p->table[p->count] = (struct option){
		.name = spec->name,
		.has_arg = spec->kind == OPTION_FLAG      ? no_argument
	                   : spec->kind == OPTION_REFUSED ? optional_argument
	                                                  : required_argument,
		.val = FIRST + (int)p->count,
	};
	if (spec->letter != 0)
		p->letters[p->letters_count++] = spec->letter;
	if (spec->letter != 0 && spec->kind != OPTION_FLAG)
		p->letters[p->letters_count++] = ':';
	p->count++;
}

static const struct option_spec help_spec = {
	.name = "help", .letter = 'h', .kind = OPTION_FLAG, .help = "print this and stop"};

static void parser_init(struct parser *p, const struct command *command, void *const *targets)
{
	memset(p, 0, sizeof(*p));
	p->command = command;
	p->letters[p->letters_count++] = ':';
	parser_add(p, &help_spec, NULL);
	for (size_t i = 0; command->sets[i] != NULL; i++) {
		for (size_t j = 0; j < command->sets[i]->count; j++)
			parser_add(p, &command->sets[i]->specs[j], targets[i]);
	}
}

static bool complain_words(const struct command *c, const struct option_spec *spec)
{
	char words[512] = "";
	size_t used = 0;

	for (const struct option_word *w = spec->words; w->word != NULL && used < sizeof(words);
	     w++)
		used += (size_t)snprintf(words + used, sizeof(words) - used, "%s%s",
		                         used == 0 ? "" : ", ", w->word);
	message(c->name, NULL, "--%s takes %s %s", spec->name,
	        spec->kind == OPTION_BITS ? "a comma-separated list of" : "one of", words);
	return false;
}

static const struct option_word *word_find(const struct option_word *words, const char *text,
                                           size_t n)
{
	for (; words->word != NULL; words++) {
		if (strlen(words->word) == n && memcmp(words->word, text, n) == 0)
			return words;
	}
	return NULL;
}

/* A later --allow adds to an earlier one. */
static bool set_bits(const struct command *c, const struct option_spec *spec, const char *text,
                     uint64_t *field)
{
	for (;;) {
		const size_t n = strcspn(text, ",");
		const struct option_word *w = word_find(spec->words, text, n);

		if (w == NULL)
			return complain_words(c, spec);
		*field |= w->value;
		if (text[n] == '\0')
			return true;
		text += n + 1;
	}
}

static bool set_choice(const struct command *c, const struct option_spec *spec, const char *text,
                       uint64_t *field)
{
	const struct option_word *w = word_find(spec->words, text, strlen(text));

	if (w == NULL)
		return complain_words(c, spec);
	*field = w->value;
	return true;
}

static bool complain_number(const struct command *c, const struct option_spec *spec)
{
	static const char *const examples[] = {
		[OPTION_COUNT] = "a whole number, such as 3",
		[OPTION_BYTES] = "a size below 16 EiB, such as 4096, 64MiB or 1GiB",
		[OPTION_TIME] = "a time with its unit, such as 500ms, 1s or 5m",
	};

	message(c->name, NULL, "--%s takes %s", spec->name, examples[spec->kind]);
	return false;
}

static bool set_number(const struct command *c, const struct option_spec *spec, const char *text,
                       uint64_t *field)
{
	uint64_t value;
	bool good;

	good = spec->kind == OPTION_COUNT   ? parse_count(text, &value)
	       : spec->kind == OPTION_BYTES ? parse_bytes(text, &value)
	                                    : parse_time(text, &value);
	if (!good)
		return complain_number(c, spec);
	if (value < spec->least) {
		message(c->name, NULL, "--%s must be at least %" PRIu64, spec->name, spec->least);
		return false;
	}
	if (spec->most != 0 && value > spec->most) {
		message(c->name, NULL, "--%s must be at most %" PRIu64, spec->name, spec->most);
		return false;
	}
	*field = value;
	return true;
}

static bool set_list(const struct command *c, const struct option_spec *spec, const char *text,
                     struct option_list *list)
{
	if (list->count == OPTION_LIST_MAX) {
		message(c->name, NULL, "--%s may be given at most %d times", spec->name,
		        OPTION_LIST_MAX);
		return false;
	}
	list->items[list->count++] = text;
	return true;
}

static bool set_option(const struct command *c, const struct option_spec *spec, void *target,
                       const char *text)
{
	void *const field = (char *)target + spec->offset;

	switch (spec->kind) {
	case OPTION_FLAG: *(bool *)field = true; return true;
	case OPTION_TEXT: *(const char **)field = text; return true;
	case OPTION_CHOICE: return set_choice(c, spec, text, field);
	case OPTION_BITS: return set_bits(c, spec, text, field);
	case OPTION_LIST: return set_list(c, spec, text, field);
	case OPTION_COUNT:
	case OPTION_BYTES:
	case OPTION_TIME: return set_number(c, spec, text, field);
	case OPTION_REFUSED: break;
	}
	message(c->name, NULL, "there is no --%s: %s", spec->name, spec->help);
	return false;
}

/* The index of the option that getopt answered with. */
static size_t option_of(const struct parser *p, int answer)
{
	size_t i = 0;

	if (answer >= FIRST)
		return (size_t)(answer - FIRST);
	while (p->specs[i]->letter != answer) /* it is one of ours: getopt knows no others */
		i++;
	return i;
}

/*
 * What getopt itself complains about.  The argument is not repeated: after "=" there may be a
 * secret that was given by mistake.
 */
static int complain_getopt(const struct parser *p, int answer, const char *argument)
{
	const char *name = p->command->name;

	if (answer == ':')
		message(name, NULL, "--%s needs a value", p->specs[option_of(p, optopt)]->name);
	else if (optopt >= FIRST)
		message(name, NULL, "--%s takes no value", p->specs[optopt - FIRST]->name);
	else if (optopt != 0)
		message(name, NULL, "unknown option -%c (see `vres %s --help`)", optopt, name);
	else
		message(name, NULL, "unknown or ambiguous option %.*s (see `vres %s --help`)",
		        (int)strcspn(argument, "="), argument, name);
	return EXIT_USAGE;
}

int options_parse(const struct command *command, void *const *targets, int argc, char **argv,
                  int *first)
{
	struct parser p;

	parser_init(&p, command, targets);
	optind = 0; /* glibc: start anew */
	for (;;) {
		const int answer = getopt_long(argc, argv, p.letters, p.table, NULL);
		size_t i;

		if (answer == -1)
			break;
		if (answer == '?' || answer == ':')
			return complain_getopt(&p, answer, argv[optind - 1]);
		i = option_of(&p, answer);
		if (p.specs[i] == &help_spec) {
			help_print(command);
			return EXIT_GOOD;
		}
		if (!set_option(command, p.specs[i], p.targets[i], optarg))
			return EXIT_USAGE;
	}
	*first = optind;
	return -1;
}

void options_bits_text(char *text, size_t size, const struct option_word *words, uint64_t bits)
{
	size_t used = 0;

	snprintf(text, size, "none");
	for (; words->word != NULL && used < size; words++) {
		if (bits & words->value)
			used += (size_t)snprintf(text + used, size - used, "%s%s",
			                         used == 0 ? "" : ",", words->word);
	}
}

const char *options_word(const struct option_word *words, uint64_t value)
{
	while (words->word != NULL && words->value != value)
		words++;
	return words->word != NULL ? words->word : "unknown";
}
