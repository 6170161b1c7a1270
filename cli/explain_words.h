/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The dictionary of the policy, in the order in which it is shown. */
#ifndef CLI_EXPLAIN_WORDS_H
#define CLI_EXPLAIN_WORDS_H

#include "explain.h"

extern const struct explanation explanations[];
extern const size_t explanations_count;

#endif
