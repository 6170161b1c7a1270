/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a verification did, as `vres seal` and `vres watch` tell it. */
#ifndef VRES_CLI_SHARDS_VERIFY_REPORT_H
#define VRES_CLI_SHARDS_VERIFY_REPORT_H

#include "ui/failure.h"

json_t *verify_to_json(struct output *o, const vres_verify_report *report);

/* The names of the modes. */
extern const struct option_word verify_mode_words[];

#endif
