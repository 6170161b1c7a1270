/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vres policy: enforce the VRAM-only policy on one device now, and show each fact. */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>
#include "command.h"
#include "commands/policy/explain.h"
#include "session/session.h"
#include "ui/options.h"
#include "ui/terminal.h"

static const char *verdict_name(uint32_t verdict)
{
	return verdict == VRES_FACT_GOOD    ? "good"
	       : verdict == VRES_FACT_NOTED ? "noted"
	                                    : "violation";
}

static void print_fact(struct output *o, const vres_policy_fact *fact, bool is_coloured)
{
	const bool is_bad = is_coloured && fact->verdict == VRES_FACT_VIOLATION;

	output_text(o, "%s%-10s%s %-20s ", is_bad ? "\x1b[31m" : "", verdict_name(fact->verdict),
	            is_bad ? "\x1b[0m" : "", fact->name);
	output_name(o, fact->value);
	output_text(o, "\n");
}

static json_t *fact_to_json(struct output *o, const vres_policy_fact *fact)
{
	json_t *object = json_object();

	output_put_text(o, object, "name", fact->name);
	output_put_text(o, object, "value", fact->value);
	output_put_text(o, object, "verdict", verdict_name(fact->verdict));
	return object;
}

static void report_facts(struct output *o, const vres_policy_report *report)
{
	const bool is_coloured = terminal_wants_colour(STDOUT_FILENO);
	json_t *facts = json_array();

	for (uint32_t i = 0; i < report->facts_count; i++) {
		print_fact(o, &report->facts[i], is_coloured);
		output_add(o, facts, fact_to_json(o, &report->facts[i]));
	}
	output_put(o, o->document, "facts", facts);
}

static void report_violations(struct output *o, uint64_t violations)
{
	char bits[256];

	output_put_bits(o, o->document, "violations", allow_words, violations);
	output_put_bool(o, o->document, "violation_never_allowed",
	                (violations & VRES_VIOLATION_NEVER) != 0);
	if (violations == 0)
		return;
	options_bits_text(bits, sizeof(bits), allow_words, violations);
	if (violations & VRES_VIOLATION_NEVER)
		output_text(o, "no --allow would permit this device\n");
	else
		output_text(o, "it would take --allow %s\n", bits);
}

static void enforce(struct output *o, const struct device_options *options)
{
	const struct session_needs needs = {0};
	CLEANUP(session_close) struct session s = {0};
	vres_policy_report report = vres_policy_report_init();
	vres_error err;
	vres_status status;

	if (!session_open(&s, o, options, &needs))
		return;
	status = vres_enforce_vram_only(s.manager, (uint32_t)options->device, &report, &err);
	if (status == VRES_OK || status == VRES_E_POLICY_VIOLATION) {
		report_facts(o, &report);
		report_violations(o, report.violations);
	}
	if (status != VRES_OK)
		output_fail(o, NULL, &err);
	else
		output_text(o, "device %" PRIu64 " of backend %s satisfies the policy\n",
		            options->device, s.backend);
}

static int run(const struct command *self, int argc, char **argv)
{
	struct device_options options = {0};
	void *const targets[] = {&options};
	struct output o;
	int first, status = options_parse(self, targets, argc, argv, &first);

	if (status >= 0)
		return status;
	session_announce(&o, self->name, &options);
	if (first == argc)
		enforce(&o, &options);
	else if (strcmp(argv[first], "explain") != 0 || argc - first > 2)
		output_refuse(&o, EXIT_USAGE, NULL,
		              "takes no argument but \"explain\" and one NAME after it");
	else
		explain_policy(&o, &options, argc - first == 2 ? argv[first + 1] : NULL);
	return output_end(&o);
}

const struct command cmd_policy = {
	.name = "policy",
	.arguments = "[explain [NAME]]",
	.summary = "enforce the VRAM-only policy on a device, fact by fact",
	.description =
		"Ask the driver about the device, judge each fact by the policy, and print both. A "
		"violation is exit status 4; the facts are printed all the same.\n"
		"\n"
		"explain: what each bit and each fact means, its verdict here, and what to do "
		"about it; or of one NAME alone. The exit status is 0 whatever the verdicts are.",
	.sets = (const struct option_set *const[]){&device_option_set, NULL},
	.run = run,
};
