/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Decisions from the input, claims, and the world. */
#include "fuzz.h"

#include <stdio.h>

#define POISON 0xa5

_Noreturn void fuzz_refute(const char *claim, const char *file, int line)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, claim);
	abort();
}

void *fuzz_alloc(size_t bytes)
{
	void *block = malloc(bytes);

	CLAIM(block != NULL || bytes == 0);
	return block;
}

uint64_t input_number(struct input *in, size_t bytes)
{
	uint64_t number = 0;

	for (size_t i = 0; i < bytes && in->left > 0; i++, in->left--)
		number |= (uint64_t)*in->next++ << (8 * i);
	return number;
}

uint32_t input_below(struct input *in, uint32_t n)
{
	return (uint32_t)input_number(in, n > 256 ? 2 : 1) % n;
}

bool input_flag(struct input *in)
{
	return input_number(in, 1) & 1;
}

uint8_t *input_block(struct input *in, size_t most, size_t *n)
{
	const size_t taken = in->left < most ? in->left : most;
	uint8_t *block = fuzz_alloc(taken);

	if (taken > 0)
		memcpy(block, in->next, taken);
	in->next += taken;
	in->left -= taken;
	*n = taken;
	return block;
}

uint8_t *input_edits(struct input *in, const uint8_t *original, size_t *n)
{
	uint8_t *bytes = fuzz_alloc(*n);

	memcpy(bytes, original, *n);
	while (in->left > 0) {
		const size_t at = (size_t)input_number(in, 2);

		if (at < *n)
			bytes[at] ^= (uint8_t)input_number(in, 1);
		else
			*n -= at % *n;
	}
	return bytes;
}

char *input_string(struct input *in, size_t most)
{
	const size_t room = in->left < most ? in->left : most,
		     n = room > 0 ? strnlen((const char *)in->next, room) : 0;
	char *string = fuzz_alloc(n + 1);

	if (n > 0)
		memcpy(string, in->next, n);
	string[n] = '\0';
	in->next += n;
	in->left -= n;
	(void)input_number(in, n < most ? 1 : 0); /* the NUL itself */
	return string;
}

vres_error untouched(void)
{
	vres_error err;

	memset(&err, POISON, sizeof(err));
	return err;
}

void claim_outcome(vres_status status, const vres_error *err)
{
	const vres_error poison = untouched();
	const size_t n = strnlen(err->message, sizeof(err->message));

	if (status == VRES_OK) {
		CLAIM(memcmp(err, &poison, sizeof(poison)) == 0);
		return;
	}
	CLAIM(err->status == status);
	CLAIM(strcmp(vres_status_name(status), "VRES_E_UNKNOWN") != 0 &&
	      vres_status_class(status) != 9);
	CLAIM(err->reason <= VRES_REASON_SUPERSEDED);
	CLAIM(n > 0 && n < sizeof(err->message));
	for (size_t i = 0; i < n; i++)
		CLAIM(err->message[i] >= 0x20 && err->message[i] < 0x7f);
	CLAIM((status == VRES_E_INSUFFICIENT_VRAM) == (err->needed_bytes != 0));
}

static void world_make(struct world *w)
{
	static const char content[] = "what is sealed here does not matter";
	vres_mock_params mock = vres_mock_params_init();
	vres_seal_params p = vres_seal_params_init();
	vres_policy policy = vres_policy_init();
	vres_config c = vres_config_init();

	mock.bytes_per_device = 1 << 20;
	policy.allow = VRES_ALLOW_SIMULATED | VRES_ALLOW_NO_ECC | VRES_ALLOW_READBACK;
	p.shard_id = "shard";
	p.model_ref = "model";
	CLAIM(vres_mock_create(&mock, &w->mock, NULL) == VRES_OK);
	CLAIM(vres_key_derive(TOKEN, strlen(TOKEN), NULL, &w->key, NULL) == VRES_OK);
	c.backend = vres_backend_mock();
	c.backend_arg = w->mock;
	c.key = w->key;
	c.worker_id = "worker";
	c.policy = &policy;
	CLAIM(vres_manager_create(&c, &w->manager, NULL) == VRES_OK);
	CLAIM(vres_seal_memory(w->manager, &p, content, sizeof(content), &w->shard, NULL) ==
	      VRES_OK);
	CLAIM(vres_shard_receipt(w->shard, w->receipt, sizeof(w->receipt), &w->receipt_bytes,
	                         NULL) == VRES_OK);
	reference_seal_key(TOKEN, w->seal_key);
}

const struct world *world(void)
{
	static struct world *made;

	if (made == NULL) {
		made = calloc(1, sizeof(*made));
		CLAIM(made != NULL);
		world_make(made);
	}
	return made;
}
