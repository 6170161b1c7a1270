/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options that every command on a device has. */
#ifndef VRES_CLI_SESSION_DEVICE_OPTIONS_H
#define VRES_CLI_SESSION_DEVICE_OPTIONS_H

#include "ui/command_spec.h"

enum backend_choice { BACKEND_AUTO, BACKEND_CUDA, BACKEND_HIP, BACKEND_MOCK };

struct device_options {
	uint64_t backend; /* enum backend_choice */
	uint64_t device, allow, require, headroom, max_model_bytes, max_seal_age, mock_vram;
	bool is_json, is_verbose;
};

extern const struct option_set device_option_set;

/* The names of the policy bits, as --allow and --require take them. */
extern const struct option_word allow_words[], require_words[];

#endif
