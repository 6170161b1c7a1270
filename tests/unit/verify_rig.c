/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A manager, a shard and the puppet below them. */
#include "verify_rig.h"

#include "alloc.h"
#include "content.h"
#include "puppet.h"
#include "status.h"

static void count_incident(void *ctx, const vres_event *event)
{
	(void)event;
	++*(unsigned *)ctx;
}

struct verify_rig *verify_begin_with(uint64_t allow, uint64_t require, uint32_t keep_leaves)
{
	struct verify_rig *rig = test_alloc(sizeof(*rig));
	uint8_t *data = content((size_t)BYTES, 1);
	vres_seal_params params = vres_seal_params_init();
	vres_config config = vres_config_init();
	vres_policy policy = vres_policy_init();
	vres_key *key = NULL;
	vres_error err;

	rig->puppet = puppet_make();
	rig->puppet->props.facts |= VRES_DEVICE_CAN_PROTECT;
	policy.allow = VRES_ALLOW_SIMULATED | allow;
	policy.require = require;
	config.backend = &rig->puppet->table;
	config.backend_arg = rig->puppet;
	config.worker_id = "worker";
	config.policy = &policy;
	config.block_size = (uint32_t)BLOCK;
	config.keep_leaves = keep_leaves;
	config.on_incident = count_incident;
	config.incident_ctx = &rig->incidents;
	ck_ok(vres_key_derive("token", 5, NULL, &key, &err));
	config.key = key;
	ck_ok(vres_manager_create(&config, &rig->manager, &err));
	vres_key_destroy(key);
	ck_ok(vres_seal_memory(rig->manager, &params, data, BYTES, &rig->shard, &err));
	test_free(data);
	return rig;
}

struct verify_rig *verify_begin(uint64_t allow, uint32_t keep_leaves)
{
	struct verify_rig *rig = verify_begin_with(allow, 0, keep_leaves);

	rig->puppet->hashed_count = 0;
	return rig;
}

void verify_end(struct verify_rig **rig)
{
	vres_shard_release((*rig)->shard);
	vres_manager_destroy((*rig)->manager);
	puppet_drop(&(*rig)->puppet);
	test_free(*rig);
}

vres_status verify_as(struct verify_rig *rig, uint32_t mode, uint32_t units, vres_verify_report *report, vres_error *err)
{
	vres_verify_params p = vres_verify_params_init();

	p.mode = mode;
	p.sample_units = units;
	*report = vres_verify_report_init();
	return vres_shard_verify(rig->shard, &p, report, err);
}
