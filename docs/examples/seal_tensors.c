/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An engine seals the tensors that it has loaded, takes new weights for one of them, and finds the
 * one that was damaged.
 *
 * The engine's memory is host memory that a simulated device has mapped; on a GPU the addresses
 * are those of its tensors, and the lines with vres_mock_ go away.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <vres/mock.h>
#include <vres/vres.h>

enum { EMBED, NORM, HEAD, TENSORS };

static unsigned char segment[3 << 20]; /* as a caching allocator hands it out: several in one */

static vres_tensor tensors[TENSORS];

static void load(void)
{
	memset(segment, 0x5a, sizeof(segment));
	for (int i = 0; i < TENSORS; i++)
		tensors[i] = vres_tensor_init();
	tensors[EMBED].name = "embed.weight";
	tensors[EMBED].device_ptr = (uint64_t)(uintptr_t)segment;
	tensors[EMBED].bytes = 2 << 20;
	tensors[NORM].name = "norm.weight";
	tensors[NORM].device_ptr = (uint64_t)(uintptr_t)segment + (2 << 20) + 512;
	tensors[NORM].bytes = 8192;
	tensors[HEAD] = tensors[EMBED]; /* tied: one range, two names, hashed once */
	tensors[HEAD].name = "lm_head.weight";
}

static bool seal(vres_manager *m, vres_shard **out, vres_error *err)
{
	vres_seal_params params = vres_seal_params_init();
	char manifest[1024];
	size_t bytes;

	params.shard_id = "example-tp0";
	params.digest_alg = VRES_DIGEST_TENSORS;
	if (vres_seal_tensors(m, &params, tensors, TENSORS, out, err) ||
	    vres_shard_manifest(*out, manifest, sizeof(manifest), &bytes, err))
		return false;
	fputs(manifest, stdout);
	return true;
}

/* Training has a new norm.weight: nobody but the engine touches memory between the two calls. */
static bool update(vres_shard *s, vres_error *err)
{
	vres_resume_params params = vres_resume_params_init();
	vres_shard_info info = vres_shard_info_init();
	vres_change change = vres_change_init();

	change.tensor = NORM; /* expected_digest: as found */
	params.changes = &change;
	params.changes_n = 1;
	params.label = "step 120";
	if (vres_shard_suspend(s, err))
		return false;
	memset(segment + (2 << 20) + 512, 0x3c, 8192);
	if (vres_shard_resume(s, &params, NULL, err) || vres_shard_describe(s, &info, err))
		return false;
	printf("epoch %" PRIu32 ", manifest sha256:%s\n", info.epoch, info.digest);
	return true;
}

/* A bit flips where norm.weight is. */
static bool find_damage(vres_mock *mock, vres_shard *s, vres_error *err)
{
	vres_verify_params params = vres_verify_params_init();
	vres_verify_report report = vres_verify_report_init();
	vres_damage damage = vres_damage_init();

	params.damage = &damage;
	params.damage_cap = 1;
	if (vres_mock_flip(mock, tensors[NORM].device_ptr + 5000, 3))
		return false;
	if (vres_shard_verify(s, &params, &report, err) != VRES_E_SEAL_VERIFICATION_FAILED)
		return false;
	printf("%s is damaged: %s, bytes %" PRIu64 " to %" PRIu64 "\n", tensors[damage.tensor].name,
	       err->message, damage.offset, damage.offset + damage.bytes - 1);
	return damage.tensor == NORM;
}

int main(void)
{
	vres_policy policy = vres_policy_init();
	vres_config config = vres_config_init();
	vres_mock *mock = NULL;
	vres_key *key = NULL;
	vres_manager *manager = NULL;
	vres_shard *shard = NULL;
	vres_error err = {0};
	uint64_t address;
	bool is_good = false;

	load();
	/* What the mock needs, and memory that does not come from cuMemCreate. */
	policy.allow = VRES_ALLOW_SIMULATED | VRES_ALLOW_NO_ECC | VRES_ALLOW_EXPORTABLE;
	if (vres_mock_create(NULL, &mock, &err) == VRES_OK &&
	    vres_mock_map(mock, 0, segment, sizeof(segment), &address) == VRES_OK &&
	    vres_key_derive("test-token-42", 13, NULL, &key, &err) == VRES_OK) {
		config.policy = &policy;
		config.backend = vres_backend_mock();
		config.backend_arg = mock;
		config.key = key;
		is_good = vres_manager_create(&config, &manager, &err) == VRES_OK &&
		          seal(manager, &shard, &err) && update(shard, &err) &&
		          find_damage(mock, shard, &err);
	}
	if (!is_good)
		fprintf(stderr, "%s: %s\n", vres_status_name(err.status), err.message);
	if (shard && vres_shard_close(shard, &err)) /* from here on the memory is the engine's */
		is_good = false;
	vres_manager_destroy(manager);
	vres_key_destroy(key);
	vres_mock_destroy(mock);
	return !is_good;
}
