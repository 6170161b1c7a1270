/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The dictionary of the policy, in the order in which it is shown. */
#ifndef VRES_CLI_COMMANDS_POLICY_EXPLAIN_WORDS_H
#define VRES_CLI_COMMANDS_POLICY_EXPLAIN_WORDS_H

#include "commands/policy/explain.h"

extern const struct explanation explanations[];
extern const size_t explanations_count;

#endif
