/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A session: backend, key and manager, made from options.
 *
 * auto takes CUDA, then HIP; never the mock, which is taken by name alone and is announced.  Naming
 * it is the consent to a simulated device: the two bits it needs (simulated, no-ecc) are added, and
 * reported; every other bit is the user's word.
 */
#ifndef VRES_CLI_SESSION_SESSION_H
#define VRES_CLI_SESSION_SESSION_H

#include <vres/mock.h>
#include "session/audit_sink.h"
#include "session/key.h"
#include "ui/options.h"
#include "ui/output.h"

enum backend_choice { BACKEND_AUTO, BACKEND_CUDA, BACKEND_HIP, BACKEND_MOCK };

struct device_options {
	uint64_t backend, device, allow, require, headroom, max_model_bytes, max_seal_age,
		mock_vram;
	bool is_json, is_verbose;
};

extern const struct option_set device_option_set;
extern const struct option_word allow_words[], require_words[];

struct session {
	vres_mock *mock;
	vres_manager *manager;
	struct audit_sink audit;
	const char *backend;
	bool is_simulated;
};

struct session_needs {
	/* NULL: an ephemeral one, of which nobody needs to know. */
	const struct key_options *key;
	/* To be sealed: the mock's default capacity is at least this. */
	uint64_t bytes;
	uint32_t threads;                       /* of the host's hashing; 0: every core */
	const struct audit_sink_options *audit; /* NULL: events are recorded nowhere */
};

/*
 * Begin the output of a command that uses a device: what the options alone already tell,
 * "simulated" above all.
 */
void session_announce(struct output *o, const char *command, const struct device_options *options);

bool session_open(struct session *s, struct output *o, const struct device_options *options,
                  const struct session_needs *needs);

/* For CLEANUP; every shard and lease is gone before. */
void session_close(struct session *s);

/* With --verbose the log of @config goes to stderr. */
void session_listen(vres_config *config, const struct output *o);

/* Try one backend: VRES_E_NO_BACKEND when it is not built in, VRES_E_NO_DEVICE when it has none. */
vres_status session_try(struct session *s, enum backend_choice choice, const vres_config *config,
                        vres_error *err);

/* The policy that the options ask for. */
vres_policy session_policy(const struct device_options *options);

#endif
