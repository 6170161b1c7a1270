/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Under test: vres_manager_create(), vres_manager_destroy(), vres_mock_create(), with structures
 * made of whatever the input says.
 *
 * Each structure lies in a heap block of exactly the size it claims, with its pointers patched to
 * things that exist or to NULL.  Nothing is read past that size, nothing leaks, and each status is
 * one that the headers name for what is wrong (structs.c).
 */
#include "fuzz.h"
#include "structs.h"

static void try_mock(struct input *in)
{
	struct mock_block b;
	vres_mock *mock = NULL;
	vres_error err = untouched();

	mock_block_make(&b, in);
	const vres_status status = vres_mock_create(b.given, &mock, &err);
	claim_outcome(status, &err);
	CLAIM(answers_include(&b.answers, status) && (mock != NULL) == (status == VRES_OK));
	vres_mock_destroy(mock);
	free(b.given);
}

static void try_manager(struct input *in)
{
	struct config_block b;
	vres_manager *m = NULL;
	vres_error err = untouched();

	config_block_make(&b, in);
	const vres_status status = vres_manager_create(b.given, &m, &err);
	claim_outcome(status, &err);
	CLAIM(answers_include(&b.answers, status) && (m != NULL) == (status == VRES_OK) &&
	      b.closed == 0);
	vres_manager_destroy(m);
	CLAIM(b.closed == (status == VRES_OK && b.seen.closed != NULL));
	config_block_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	const uint64_t live = vres_mock_live_handles(world()->mock);

	input_flag(&in) ? try_mock(&in) : try_manager(&in);
	CLAIM(vres_mock_live_handles(world()->mock) == live);
	return 0;
}
