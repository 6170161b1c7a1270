/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which backend is opened, and for the mock with how much memory. */
#include "session/session.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <vres/backend.h>
#include "ui/message.h"

/* The worker id in seals and events of the tool. */
#define WORKER_ID "vres"

/* The mock's capacity unless said otherwise, and what it is rounded up to. */
#define MOCK_DEFAULT_BYTES (UINT64_C(1) << 30)
#define MOCK_GRANULARITY   UINT64_C(4096)

static uint64_t mock_bytes(const struct device_options *options, uint64_t needed)
{
	if (options->mock_vram != 0)
		return options->mock_vram;
	if (needed <= MOCK_DEFAULT_BYTES || needed > UINT64_MAX - MOCK_GRANULARITY)
		return MOCK_DEFAULT_BYTES;
	return (needed + MOCK_GRANULARITY - 1) / MOCK_GRANULARITY * MOCK_GRANULARITY;
}

static void print_log(void *command, int level, const char *event, const char *const *keys,
                      const char *const *values, size_t n)
{
	static const char *const levels[] = {[VRES_LOG_ERROR] = "error",
	                                     [VRES_LOG_WARN] = "warn",
	                                     [VRES_LOG_INFO] = "info",
	                                     [VRES_LOG_DEBUG] = "debug"};
	char text[896] = "";
	size_t used = 0;

	for (size_t i = 0; i < n && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, " %s=%s", keys[i],
		                         values[i]);
	message(command, NULL, "%s: %s%s", levels[level], event, text);
}

void session_listen(vres_config *config, const struct output *o)
{
	if (!o->is_verbose)
		return;
	config->log = print_log;
	/* The name is a literal, and print_log() only reads it. */
	config->log_ctx = (void *)(uintptr_t)o->command;
}

static const vres_backend *backend_table(enum backend_choice choice)
{
	switch (choice) {
	case BACKEND_CUDA: return vres_backend_cuda();
	case BACKEND_HIP: return vres_backend_hip();
	case BACKEND_MOCK: return vres_backend_mock();
	case BACKEND_AUTO: break;
	}
	return NULL;
}

static vres_status fail(vres_error *err, vres_status status, const char *text)
{
	*err = (vres_error){.status = status, .gpu_device = VRES_NO_DEVICE};
	snprintf(err->message, sizeof(err->message), "%s", text);
	return status;
}

vres_status session_try(struct session *s, enum backend_choice choice, const vres_config *config,
                        vres_error *err)
{
	const vres_backend *table = backend_table(choice);
	vres_config wanted = *config;
	vres_manager *manager;
	vres_status status;
	uint32_t count;

	if (table == NULL)
		return fail(err, VRES_E_NO_BACKEND, "not built in");
	wanted.backend = table;
	wanted.backend_arg = s->mock;
	wanted.worker_id = WORKER_ID;
	status = vres_manager_create(&wanted, &manager, err);
	if (status != VRES_OK)
		return status;
	status = vres_device_count(manager, &count, err);
	if (status == VRES_OK && count == 0)
		status = fail(err, VRES_E_NO_DEVICE, "no device");
	if (status != VRES_OK) {
		vres_manager_destroy(manager);
		return status;
	}
	s->manager = manager;
	s->backend = table->name;
	s->is_simulated = (table->flags & VRES_BACKEND_SIMULATED) != 0;
	return VRES_OK;
}

/*
 * Only trouble with a backend (class 3) is a reason to try the other one: a policy that contradicts
 * itself does so everywhere.
 */
static bool open_auto(struct session *s, struct output *o, const vres_config *config)
{
	vres_error cuda, hip;

	if (session_try(s, BACKEND_CUDA, config, &cuda) == VRES_OK)
		return true;
	if (vres_status_class(cuda.status) != 3)
		return output_fail(o, NULL, &cuda);
	if (session_try(s, BACKEND_HIP, config, &hip) == VRES_OK)
		return true;
	if (vres_status_class(hip.status) != 3)
		return output_fail(o, NULL, &hip);
	return output_refuse_as(
		o, VRES_E_NO_DEVICE, NULL,
		"no GPU to use (cuda: %s; hip: %s); without one, try --backend mock", cuda.message,
		hip.message);
}

static bool open_named(struct session *s, struct output *o, enum backend_choice choice,
                       const vres_config *config)
{
	static const char *const names[] = {
		[BACKEND_CUDA] = "cuda", [BACKEND_HIP] = "hip", [BACKEND_MOCK] = "mock"};
	vres_error err;

	if (session_try(s, choice, config, &err) == VRES_OK)
		return true;
	if (err.status == VRES_E_NO_BACKEND || err.status == VRES_E_NO_DEVICE)
		return output_refuse_as(o, err.status, NULL,
		                        "backend %s: %s; without a GPU, try --backend mock",
		                        names[choice], err.message);
	return output_fail(o, NULL, &err);
}

/* More memory than the machine has would not fail here, but later get some process killed. */
static bool fits_host(struct output *o, uint64_t needed)
{
	const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
	vres_error err = {.status = VRES_E_INSUFFICIENT_VRAM,
	                  .gpu_device = VRES_NO_DEVICE,
	                  .needed_bytes = needed};

	if (pages <= 0 || page <= 0 || needed <= (uint64_t)pages * (uint64_t)page)
		return true;
	err.available_bytes = (uint64_t)pages * (uint64_t)page;
	snprintf(err.message, sizeof(err.message),
	         "VRAM of the mock is host memory, which has %" PRIu64 " bytes, and %" PRIu64
	         " are needed",
	         err.available_bytes, needed);
	return output_fail(o, NULL, &err);
}

static bool make_mock(struct session *s, struct output *o, const struct device_options *options,
                      uint64_t needed)
{
	vres_mock_params params = vres_mock_params_init();
	vres_error err;

	if (options->backend != BACKEND_MOCK)
		return options->mock_vram == 0 ||
		       output_refuse(o, EXIT_USAGE, NULL, "--mock-vram needs --backend mock");
	if (options->mock_vram % MOCK_GRANULARITY != 0)
		return output_refuse(o, EXIT_USAGE, NULL,
		                     "--mock-vram must be a multiple of %" PRIu64,
		                     MOCK_GRANULARITY);
	if (!fits_host(o, needed))
		return false;
	params.bytes_per_device = mock_bytes(options, needed);
	params.granularity = MOCK_GRANULARITY;
	return vres_mock_create(&params, &s->mock, &err) == VRES_OK || output_fail(o, NULL, &err);
}

static bool open_audit(struct session *s, struct output *o, const struct device_options *options,
                       const struct session_needs *needs, const vres_key *key)
{
	const struct audit_sink_needs log = {
		.key = key,
		.worker_id = WORKER_ID,
		.is_key_named = needs->key != NULL && key_is_named(needs->key),
		.is_required = (options->require & VRES_REQUIRE_AUDIT) != 0,
		.is_simulated = options->backend == BACKEND_MOCK,
	};

	return needs->audit == NULL || audit_sink_open(&s->audit, o, needs->audit, &log);
}

bool session_open(struct session *s, struct output *o, const struct device_options *options,
                  const struct session_needs *needs)
{
	static const struct key_options no_key = {0};
	const vres_policy policy = session_policy(options);
	CLEANUP(key_destroy) vres_key *key = NULL;
	vres_config config = vres_config_init();

	if (needs->key != NULL && !key_environment_is_clean(o))
		return false;
	if ((options->require & VRES_REQUIRE_AUDIT) &&
	    (needs->audit == NULL || needs->audit->path == NULL))
		return output_refuse(
			o, EXIT_USAGE, NULL,
			"--require audit needs a log: --audit, of `vres seal` and `vres watch`");
	if (!make_mock(s, o, options, needs->bytes) ||
	    !key_load_or_make(o, needs->key != NULL ? needs->key : &no_key, &key))
		return false;
	if (!open_audit(s, o, options, needs, key))
		return false;
	config.key = key;
	config.audit = vres_audit_file_sink(s->audit.file);
	config.policy = &policy;
	config.threads = needs->threads;
	session_listen(&config, o);
	if (options->backend == BACKEND_AUTO
	            ? !open_auto(s, o, &config)
	            : !open_named(s, o, (enum backend_choice)options->backend, &config))
		return false;
	if (needs->key != NULL && !key_is_named(needs->key))
		output_note(o, "ephemeral key of this run: nobody can check its receipts later "
		               "(see --token-file and --credential)");
	output_put_text(o, o->document, "backend", s->backend);
	output_put_u64(o, o->document, "device", options->device);
	return true;
}

void session_close(struct session *s)
{
	vres_manager_destroy(s->manager);
	vres_mock_destroy(s->mock);
	audit_sink_close(&s->audit); /* destroying the manager recorded the last event */
	*s = (struct session){0};
}
