/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parsing a command line by the command's own description of its options. */
#ifndef VRES_CLI_UI_OPTIONS_H
#define VRES_CLI_UI_OPTIONS_H

#include "ui/command_spec.h"

/*
 * Fill @targets, one struct for each of the command's sets.  -1: go on, and *first is the index of
 * the first argument that is no option (argv is reordered).  Else the exit status to leave with:
 * help was printed, or a complaint.
 */
int options_parse(const struct command *command, void *const *targets, int argc, char **argv,
                  int *first);

/*
 * Names of the bits that are set in @bits, in the order of @words, separated by commas; "none" when
 * there are none.
 */
void options_bits_text(char *text, size_t size, const struct option_word *words, uint64_t bits);

/* The word whose value is @value; "unknown" when there is none. */
const char *options_word(const struct option_word *words, uint64_t value);

#endif
