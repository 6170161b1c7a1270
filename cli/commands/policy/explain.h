/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The policy in words: what each bit and each fact means, and what to do about a bad fact. */
#ifndef VRES_CLI_COMMANDS_POLICY_EXPLAIN_H
#define VRES_CLI_COMMANDS_POLICY_EXPLAIN_H

#include "session/session.h"

enum policy_term { TERM_ALLOW, TERM_REQUIRE, TERM_FACT };

struct explanation {
	enum policy_term term;
	const char *name;
	const char *meaning;
	const char *fix; /* of a bit: when to use it */
};

/* The words about a fact; NULL: it is a note that no policy judges. */
const struct explanation *explain_fact(const char *name);

/* `vres policy explain [NAME]`: everything (@name NULL) or what has this name, with its verdict. */
void explain_policy(struct output *o, const struct device_options *options, const char *name);

#endif
