/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What damage costs beside a FULL verification of the same shard: finding it, naming all of it to
 * the block, repairing one block, and a hundred.  By processor time, the least of a few rounds.
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 3, MANY = 100 };

struct patient {
	struct bench b;
	uint64_t address;
	vres_damage damage[MANY];
	bool names; /* a verification that names what it finds */
};

static vres_status source(void *ctx, uint64_t offset, void *buf, size_t n)
{
	const struct patient *p = ctx;

	memcpy(buf, p->b.data + offset, n);
	return VRES_OK;
}

static void repair(struct patient *p)
{
	vres_repair_params how = vres_repair_params_init();

	how.source = source;
	how.source_ctx = p;
	must(vres_shard_repair(p->b.shard, &how, NULL, NULL) == VRES_OK, "no repair");
}

static void verify_good(struct patient *p)
{
	bench_verify(&p->b, VRES_VERIFY_FULL);
}

static void verify_bad(struct patient *p)
{
	vres_verify_params how = vres_verify_params_init();

	if (p->names) {
		p->damage[0] = vres_damage_init();
		how.damage = p->damage;
		how.damage_cap = MANY;
		how.source = source;
		how.source_ctx = p;
	}
	must(vres_shard_verify(p->b.shard, &how, NULL, NULL) == VRES_E_SEAL_VERIFICATION_FAILED,
	     "damage was missed");
}

/* @blocks damaged blocks, as far apart as can be.  Milliseconds; the shard is good afterwards. */
static double least(struct patient *p, void (*work)(struct patient *), unsigned blocks)
{
	uint64_t ns[ROUNDS];

	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t start;

		for (unsigned at = 0; at < blocks; at++)
			must(vres_mock_flip(p->b.mock, p->address + p->b.bytes / blocks * at, 1) ==
			             VRES_OK,
			     "nothing was flipped");
		start = processor_time();
		work(p);
		ns[i] = processor_time() - start;
		if (blocks > 0)
			repair(p);
	}
	return percentile(ns, ROUNDS, 0) / 1e6;
}

static uint64_t address_of(struct bench *b)
{
	vres_lease *lease = NULL;
	uint64_t address;

	must(vres_lease_acquire(b->shard, &lease, NULL) == VRES_OK, "no lease");
	address = vres_lease_device_ptr(lease);
	vres_lease_release(lease);
	return address;
}

void bench_repair(struct figures *f, uint64_t bytes)
{
	struct patient p = {.b = {.bytes = bytes, .data = malloc(bytes)}};

	must(p.b.data != NULL, "no memory");
	memset(p.b.data, 0x5a, bytes);
	bench_open(&p.b, bytes, 0);
	bench_seal(&p.b, VRES_DIGEST_VERITY, NULL);
	p.address = address_of(&p.b);
	figures_add(f, "verify_full", least(&p, verify_good, 0), "ms", NULL, NULL);
	figures_add(f, "repair_1_block", least(&p, repair, 1), "ms", "verify_full", NULL);
	figures_add(f, "repair_100_blocks", least(&p, repair, MANY), "ms", "verify_full", NULL);
	figures_add(f, "verify_damaged", least(&p, verify_bad, 1), "ms", "verify_full", NULL);
	p.names = true;
	figures_add(f, "name_1_block", least(&p, verify_bad, 1), "ms", "verify_damaged",
	            "verify_full");
	figures_add(f, "name_100_blocks", least(&p, verify_bad, MANY), "ms", "verify_damaged",
	            "verify_full");
	bench_release(&p.b);
	bench_close(&p.b);
	free(p.b.data);
}
