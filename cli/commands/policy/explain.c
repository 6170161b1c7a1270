/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The words are in explain_words.c; here they are looked up, and the verdicts put beside them. */
#include "commands/policy/explain.h"

#include <string.h>

const struct explanation *explain_fact(const char *name)
{
	for (size_t i = 0; i < explanations_count; i++) {
		if (explanations[i].term == TERM_FACT && strcmp(explanations[i].name, name) == 0)
			return &explanations[i];
	}
	return NULL;
}

/* Open a device to ask.  Unless a backend is named, it is no failure that there is none. */
static bool find_device(struct session *s, struct output *o, const struct device_options *options)
{
	static const struct key_options no_key = {0};
	const struct session_needs needs = {0};
	const vres_policy policy = session_policy(options);
	CLEANUP(key_destroy) vres_key *key = NULL;
	vres_config config = vres_config_init();
	vres_error err;

	if (options->backend != BACKEND_AUTO)
		return session_open(s, o, options, &needs);
	if (!key_load_or_make(o, &no_key, &key))
		return false;
	config.key = key;
	config.policy = &policy;
	return session_try(s, BACKEND_CUDA, &config, &err) == VRES_OK ||
	       session_try(s, BACKEND_HIP, &config, &err) == VRES_OK;
}

static const char *fact_verdict(const vres_policy_report *report, const char *name)
{
	for (uint32_t i = 0; i < report->facts_count; i++) {
		if (strcmp(report->facts[i].name, name) == 0)
			return report->facts[i].verdict == VRES_FACT_GOOD    ? "good"
			       : report->facts[i].verdict == VRES_FACT_NOTED ? "noted"
			                                                     : "violation";
	}
	/* Facts about memory can only be had for memory that is sealed. */
	return report->facts_count != 0 ? "nothing sealed" : "no device";
}

static const char *bit_verdict(const struct option_word *words, uint64_t bits, const char *name,
                               const char *set, const char *unset)
{
	for (; words->word != NULL; words++) {
		if (strcmp(words->word, name) == 0)
			return bits & words->value ? set : unset;
	}
	return unset;
}

static const char *verdict_of(const struct explanation *e, const vres_policy *policy,
                              const vres_policy_report *report)
{
	switch (e->term) {
	case TERM_ALLOW:
		return bit_verdict(allow_words, policy->allow, e->name, "allowed", "not allowed");
	case TERM_REQUIRE:
		return bit_verdict(require_words, policy->require, e->name, "required",
		                   "not required");
	case TERM_FACT: break;
	}
	return fact_verdict(report, e->name);
}

static void show(struct output *o, json_t *array, const struct explanation *e, const char *verdict)
{
	static const char *const terms[] = {
		[TERM_ALLOW] = "allow", [TERM_REQUIRE] = "require", [TERM_FACT] = "fact"};
	json_t *object = json_object();

	output_text(o, "%s %s: %s\n  %s\n  %s%s\n", terms[e->term], e->name, verdict, e->meaning,
	            e->term == TERM_FACT ? "if not good: " : "when: ", e->fix);
	output_put_text(o, object, "term", terms[e->term]);
	output_put_text(o, object, "name", e->name);
	output_put_text(o, object, "verdict", verdict);
	output_put_text(o, object, "meaning", e->meaning);
	output_put_text(o, object, "advice", e->fix);
	output_add(o, array, object);
}

void explain_policy(struct output *o, const struct device_options *options, const char *name)
{
	CLEANUP(session_close) struct session s = {0};
	const vres_policy policy = session_policy(options);
	vres_policy_report report = vres_policy_report_init();
	json_t *array = json_array();
	size_t shown = 0;
	vres_error err;

	if (find_device(&s, o, options)) {
		const vres_status status =
			vres_enforce_vram_only(s.manager, (uint32_t)options->device, &report, &err);

		/* A violation is no failure here: it is an answer. */
		if (status != VRES_OK && status != VRES_E_POLICY_VIOLATION)
			output_fail(o, s.backend, &err);
	}
	for (size_t i = 0; i < explanations_count; i++) {
		if (name != NULL && strcmp(explanations[i].name, name) != 0)
			continue;
		show(o, array, &explanations[i], verdict_of(&explanations[i], &policy, &report));
		shown++;
	}
	output_put(o, o->document, "terms", array);
	if (shown == 0)
		output_refuse(o, EXIT_USAGE, NULL,
		              "no bit and no fact of the policy has this name (see `vres policy "
		              "explain`)");
}
