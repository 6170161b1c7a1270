/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vres devices: which backends there are, and what their devices say of themselves. */
#include <inttypes.h>
#include "command.h"
#include "session/session.h"
#include "ui/options.h"
#include "ui/units.h"

static const char *ecc_name(uint32_t ecc)
{
	return ecc == VRES_ECC_ON ? "on" : ecc == VRES_ECC_OFF ? "off" : "unknown";
}

static const char *assurance_name(uint32_t assurance)
{
	return assurance == VRES_ASSURANCE_VMM     ? "vmm"
	       : assurance == VRES_ASSURANCE_PLAIN ? "plain"
	                                           : "none";
}

static json_t *device_to_json(struct output *o, const vres_device_info *d)
{
	json_t *object = json_object();

	output_put_text(o, object, "backend", d->backend);
	output_put_u64(o, object, "device", d->gpu_device);
	output_put_text(o, object, "name", d->name);
	output_put_text(o, object, "uuid", d->uuid);
	output_put_bool(o, object, "simulated", d->simulated != 0);
	output_put_bool(o, object, "integrated", d->integrated != 0);
	output_put_bool(o, object, "healthy", d->healthy != 0);
	output_put_text(o, object, "ecc", ecc_name(d->ecc));
	output_put_text(o, object, "assurance", assurance_name(d->assurance));
	output_put_u64(o, object, "total_bytes", d->total_bytes);
	output_put_u64(o, object, "free_bytes", d->free_bytes);
	output_put_u64(o, object, "available_bytes", d->available_bytes);
	return object;
}

static void print_device(struct output *o, const vres_device_info *d)
{
	char total[UNITS_TEXT], available[UNITS_TEXT];

	output_text(o, "%s %" PRIu32 ": ", d->backend, d->gpu_device);
	output_name(o, d->name);
	output_text(o, "%s\n  uuid       ", d->simulated ? " (SIMULATED)" : "");
	output_name(o, d->uuid);
	output_text(o, "\n  capacity   %s (%" PRIu64 " bytes)\n",
	            format_bytes(total, d->total_bytes), d->total_bytes);
	output_text(o, "  available  %s (%" PRIu64 " bytes)\n",
	            format_bytes(available, d->available_bytes), d->available_bytes);
	output_text(o, "  assurance  %s%s\n", assurance_name(d->assurance),
	            d->integrated ? ", but its memory is the host's" : "");
	output_text(o, "  ecc        %s\n  healthy    %s\n", ecc_name(d->ecc),
	            d->healthy ? "yes" : "NO");
}

static bool list_devices(struct output *o, const struct session *s, json_t *devices)
{
	uint32_t count;
	vres_error err;

	if (vres_device_count(s->manager, &count, &err) != VRES_OK)
		return output_fail(o, s->backend, &err);
	for (uint32_t i = 0; i < count; i++) {
		vres_device_info info = vres_device_info_init();

		/* One that does not answer is reported, and the others are still listed. */
		if (vres_device_describe(s->manager, i, &info, &err) != VRES_OK) {
			output_fail(o, s->backend, &err);
			continue;
		}
		print_device(o, &info);
		output_add(o, devices, device_to_json(o, &info));
	}
	return true;
}

static void add_backend(struct output *o, json_t *backends, const char *name, const char *state)
{
	json_t *backend = json_object();

	output_put_text(o, backend, "backend", name);
	output_put_text(o, backend, "state", state);
	output_add(o, backends, backend);
}

/* One backend that auto would try; true when it has a device. */
static bool list_backend(struct output *o, enum backend_choice choice, const char *name,
                         const vres_config *config, json_t *lists[2])
{
	CLEANUP(session_close) struct session s = {0};
	vres_error err;
	const bool is_found = session_try(&s, choice, config, &err) == VRES_OK;

	add_backend(o, lists[0], name, is_found ? "ok" : err.message);
	if (!is_found)
		output_text(o, "%s: %s\n", name, err.message);
	else
		list_devices(o, &s, lists[1]);
	return is_found;
}

static void list_auto(struct output *o, const struct device_options *options, json_t *lists[2])
{
	const vres_policy policy = session_policy(options);
	static const struct key_options no_key = {0};
	CLEANUP(key_destroy) vres_key *key = NULL;
	vres_config config = vres_config_init();
	bool is_any;

	if (!key_load_or_make(o, &no_key, &key))
		return;
	config.key = key;
	config.policy = &policy;
	session_listen(&config, o);
	is_any = list_backend(o, BACKEND_CUDA, "cuda", &config, lists);
	is_any |= list_backend(o, BACKEND_HIP, "hip", &config, lists);
	add_backend(o, lists[0], "mock", "by name only");
	output_text(o, "mock: by name only (--backend mock)\n");
	if (!is_any)
		output_refuse_as(o, VRES_E_NO_DEVICE, NULL,
		                 "no GPU to use; without one, try --backend mock");
}

static void list_named(struct output *o, const struct device_options *options, json_t *lists[2])
{
	const struct session_needs needs = {0};
	CLEANUP(session_close) struct session s = {0};

	if (!session_open(&s, o, options, &needs))
		return;
	add_backend(o, lists[0], s.backend, "ok");
	list_devices(o, &s, lists[1]);
}

static int run(const struct command *self, int argc, char **argv)
{
	struct device_options options = {0};
	void *const targets[] = {&options};
	struct output o;
	json_t *lists[2];
	int first, status = options_parse(self, targets, argc, argv, &first);

	if (status >= 0)
		return status;
	session_announce(&o, self->name, &options);
	lists[0] = json_array();
	lists[1] = json_array();
	output_put(&o, o.document, "backends", json_incref(lists[0]));
	output_put(&o, o.document, "devices", json_incref(lists[1]));
	if (first < argc)
		output_refuse(&o, EXIT_USAGE, NULL, "takes no argument");
	else if (options.backend == BACKEND_AUTO)
		list_auto(&o, &options, lists);
	else
		list_named(&o, &options, lists);
	json_decref(lists[0]);
	json_decref(lists[1]);
	return output_end(&o);
}

const struct command cmd_devices = {
	.name = "devices",
	.arguments = "",
	.summary = "backends built in, devices, capacity, assurance, ECC",
	.description =
		"List the backends of this build and their devices. Without --backend: CUDA and "
		"HIP; the mock only when it is named.\n"
		"\n"
		"Assurance is how memory is held: vmm (an explicit device location that cannot "
		"migrate), plain (an ordinary device allocation) or none (simulated).",
	.sets = (const struct option_set *const[]){&device_option_set, NULL},
	.run = run,
};
