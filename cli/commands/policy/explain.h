/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The policy in words: what each bit and each fact means, and what to do about a bad fact. */
#ifndef VRES_CLI_COMMANDS_POLICY_EXPLAIN_H
#define VRES_CLI_COMMANDS_POLICY_EXPLAIN_H

#include "commands/policy/explain_words.h"
#include "session/session.h"

/* The words about a fact; NULL: it is a note that no policy judges. */
const struct explanation *explain_fact(const char *name);

/* `vres policy explain [NAME]`: everything (@name NULL) or what has this name, with its verdict. */
void explain_policy(struct output *o, const struct device_options *options, const char *name);

#endif
