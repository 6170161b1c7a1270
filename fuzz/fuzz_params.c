/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Under test: vres_seal_memory(), vres_shard_verify(), with parameters made of whatever the input
 * says.
 *
 * As in fuzz_config.c.  What is accepted is sealed for good bytes, never for others, and what is
 * refused leaves nothing behind.
 */
#include "fuzz.h"
#include "structs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct world *w = world();
	const uint64_t live = vres_mock_live_handles(w->mock);
	struct input in = {data, size};
	struct seal_block b;
	struct verify_block v;
	vres_shard *shard = NULL;
	vres_error err = untouched();

	seal_block_make(&b, &in);
	verify_block_make(&v, &in);
	vres_status status = vres_seal_memory(w->manager, b.given, b.data, b.bytes, &shard, &err);
	claim_outcome(status, &err);
	CLAIM(answers_include(&b.answers, status) && (shard != NULL) == (status == VRES_OK));
	err = untouched();
	status = vres_shard_verify(shard ? shard : w->shard, v.given, NULL, &err);
	claim_outcome(status, &err);
	CLAIM(answers_include(&v.answers, status));
	vres_shard_release(shard);
	seal_block_free(&b);
	free(v.given);
	CLAIM(vres_mock_live_handles(w->mock) == live && vres_mock_unwiped(w->mock) == 0);
	return 0;
}
