/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A session: backend, key and manager, made from options.
 *
 * --backend auto tries CUDA, then HIP, never the mock: that one has to be named, and is announced.
 * Naming it is consent to a simulated device: the two policy bits it needs (simulated, no-ecc) are
 * added, and reported; all other bits are as the options say.
 */
#ifndef VRES_CLI_SESSION_SESSION_H
#define VRES_CLI_SESSION_SESSION_H

#include <vres/mock.h>
#include "session/audit_sink.h"
#include "session/device_options.h"
#include "session/key.h"
#include "session/policy.h"

struct session {
	vres_mock *mock;
	vres_manager *manager;
	struct audit_sink audit;
	const char *backend;
	bool is_simulated;
};

struct session_needs {
	const struct key_options *key; /* NULL: an ephemeral key, about which nothing is said */
	uint64_t bytes;                /* the mock's default capacity is at least this */
	uint32_t threads;              /* that hash on the host; 0: one for each core */
	const struct audit_sink_options *audit; /* NULL: events are recorded nowhere */
};

bool session_open(struct session *s, struct output *o, const struct device_options *options,
                  const struct session_needs *needs);

/* For CLEANUP; shards and leases must have been released. */
void session_close(struct session *s);

/* With --verbose the log of @config goes to stderr. */
void session_listen(vres_config *config, const struct output *o);

/* Try one backend: VRES_E_NO_BACKEND when it is not built in, VRES_E_NO_DEVICE when it has none. */
vres_status session_try(struct session *s, enum backend_choice choice, const vres_config *config,
                        vres_error *err);

#endif
