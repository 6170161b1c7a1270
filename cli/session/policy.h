/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The policy that the options ask for, and saying so. */
#ifndef VRES_CLI_SESSION_POLICY_H
#define VRES_CLI_SESSION_POLICY_H

#include "session/device_options.h"
#include "ui/failure.h"

vres_policy session_policy(const struct device_options *options);

/*
 * Begin the output of a command that uses a device: policy and "simulated" follow from the options
 * alone, so they are in the document even if no device can be opened.
 */
void session_announce(struct output *o, const char *command, const struct device_options *options);

#endif
