/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "session/policy.h"

/*
 * The bits that naming the mock consents to.  With --require ecc, no-ecc is not added: the policy
 * then refuses the mock, as it should, and does not contradict itself.
 */
static uint64_t added_bits(const struct device_options *options)
{
	if (options->backend != BACKEND_MOCK)
		return 0;
	return options->require & VRES_REQUIRE_ECC ? VRES_ALLOW_SIMULATED
	                                           : VRES_ALLOW_SIMULATED | VRES_ALLOW_NO_ECC;
}

vres_policy session_policy(const struct device_options *options)
{
	vres_policy policy = vres_policy_init();

	policy.allow = options->allow | added_bits(options);
	policy.require = options->require;
	policy.headroom_bytes = options->headroom;
	/*
	 * Without an option the device's capacity is the limit: a larger file is then refused for
	 * lack of VRAM, with both numbers.
	 */
	policy.max_model_bytes =
		options->max_model_bytes != 0 ? options->max_model_bytes : UINT64_MAX;
	policy.max_seal_age = options->max_seal_age;
	return policy;
}

void session_announce(struct output *o, const char *command, const struct device_options *options)
{
	const vres_policy policy = session_policy(options);
	json_t *bits = json_object();

	output_begin(o, command, options->is_json);
	o->is_verbose = options->is_verbose;
	output_put_bool(o, o->document, "simulated", options->backend == BACKEND_MOCK);
	output_put_bits(o, bits, "allow", allow_words, policy.allow);
	output_put_bits(o, bits, "require", require_words, policy.require);
	output_put(o, o->document, "policy", bits);
	if (options->backend == BACKEND_MOCK)
		output_note(
			o,
			"SIMULATED: mock VRAM, host memory that only pretends (policy allows %s)",
			added_bits(options) & VRES_ALLOW_NO_ECC ? "simulated,no-ecc" : "simulated");
}
