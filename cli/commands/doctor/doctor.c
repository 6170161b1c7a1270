/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vres doctor: is this machine fit to keep weights in VRAM, and what would make it so? */
#include <unistd.h>
#include "command.h"
#include "commands/doctor/findings.h"
#include "ui/options.h"
#include "ui/terminal.h"

struct doctor_options {
	const char *audit;
};

static const struct option_spec specs[] = {
	{"audit", "FILE", OPTION(OPTION_TEXT, struct doctor_options, audit),
         "look also at the place of this audit log: the folder, its rights, its room"},
};

static const struct option_set own_set = {"Examination", specs, COUNT_OF(specs)};

static void examine(struct output *o, const struct doctor_options *options,
                    const struct device_options *device)
{
	static void (*const looks[])(struct doctor * d) = {
		doctor_look_at_secrets, doctor_look_at_build, doctor_look_at_device,
		doctor_look_at_dumps,   doctor_look_at_clock, doctor_look_at_environment,
		doctor_look_at_audit,
	};
	struct doctor d = {.o = o,
	                   .device = device,
	                   .audit = options->audit,
	                   .findings = json_array(),
	                   .is_coloured = terminal_wants_colour(STDOUT_FILENO)};

	for (size_t i = 0; i < COUNT_OF(looks); i++)
		looks[i](&d);
	output_text(o, "%u good, %u warn, %u bad\n", d.count[FINDING_GOOD], d.count[FINDING_WARN],
	            d.count[FINDING_BAD]);
	output_put(o, o->document, "findings", d.findings);
	output_put_u64(o, o->document, "good", d.count[FINDING_GOOD]);
	output_put_u64(o, o->document, "warn", d.count[FINDING_WARN]);
	output_put_u64(o, o->document, "bad", d.count[FINDING_BAD]);
	if (d.is_refused)
		output_refuse(o, EXIT_POLICY, NULL,
		              "policy would refuse what was found: see the findings that are bad");
	else if (d.count[FINDING_BAD] != 0 && o->exit == EXIT_GOOD)
		output_refuse(o, EXIT_TROUBLE, NULL, "not fit yet: see the findings that are bad");
}

static int run(const struct command *self, int argc, char **argv)
{
	struct doctor_options options = {0};
	struct device_options device = {0};
	void *const targets[] = {&options, &device};
	struct output o;
	int first, status = options_parse(self, targets, argc, argv, &first);

	if (status >= 0)
		return status;
	session_announce(&o, self->name, &device);
	if (first < argc)
		output_refuse(&o, EXIT_USAGE, NULL, "takes no argument");
	else
		examine(&o, &options, &device);
	return output_end(&o);
}

const struct command cmd_doctor = {
	.name = "doctor",
	.arguments = "",
	.summary = "is this machine fit for it, and what would make it so?",
	.description = "Look at the libraries, where keys lie, the driver, the device and what "
		       "policy makes of it, core files, the clock, and the environment variables "
		       "that work against the policy. Every finding is good, warn or bad; what is "
		       "not good comes with its fix.\n"
		       "\n"
		       "Exit status 0: nothing is bad; 4: policy would refuse; 5: there is no "
		       "device, or something else is bad.",
	.sets = (const struct option_set *const[]){&own_set, &device_option_set, NULL},
	.run = run,
};
