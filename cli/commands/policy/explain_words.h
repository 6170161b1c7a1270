/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The dictionary of the policy, in the order in which it is shown. */
#ifndef VRES_CLI_COMMANDS_POLICY_EXPLAIN_WORDS_H
#define VRES_CLI_COMMANDS_POLICY_EXPLAIN_WORDS_H

#include <stddef.h>

enum policy_term { TERM_ALLOW, TERM_REQUIRE, TERM_FACT };

struct explanation {
	enum policy_term term;
	const char *name;
	const char *meaning;
	const char *fix; /* of a bit: when to use it */
};

extern const struct explanation explanations[];
extern const size_t explanations_count;

#endif
