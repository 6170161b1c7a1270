/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a verification costs other work on the device.  Filling memory with zeros stands for
 * inference: like decoding, it is bound by memory, which hashing leaves alone.  It goes on by
 * itself, beside a verification that gives way to it, and beside one that does not.
 */
#include "bench.h"
#include "vres/backend.h"

#include <pthread.h>
#include <stdatomic.h>
#include "support/fixture/test_device.h"

struct beside {
	struct device_bench *b;
	vres_shard *shard;
	bool background;
	atomic_bool is_over;
	uint64_t verified, ns; /* bytes; that it took */
};

static void *verify_again_and_again(void *arg)
{
	struct beside *s = arg;

	do {
		s->ns += time_verify(s->shard, VRES_VERIFY_FULL, s->background);
		s->verified += s->b->host_bytes;
	} while (!atomic_load(&s->is_over));
	return NULL;
}

static double wipe_rate(const vres_backend *ops, vres_bmem *mem, uint64_t bytes)
{
	uint64_t ns[ROUNDS];
	vres_error err;

	for (int i = 0; i < ROUNDS; i++) {
		const uint64_t start = now();

		must(ops->mem_wipe(mem, &err) == VRES_OK, "memory was not filled");
		ns[i] = now() - start;
	}
	return rate_of(bytes, ns);
}

/* The rate of the other work; *ours is that of the verifications. */
static double rate_beside(struct beside *s, const vres_backend *ops, vres_bmem *mem,
                          bool background, double *ours)
{
	pthread_t thread;
	double rate;

	s->background = background;
	s->verified = s->ns = 0;
	atomic_store(&s->is_over, false);
	must(pthread_create(&thread, NULL, verify_again_and_again, s) == 0, "no thread");
	rate = wipe_rate(ops, mem, s->b->host_bytes);
	atomic_store(&s->is_over, true);
	(void)pthread_join(thread, NULL);
	*ours = gb_per_s(s->verified, s->ns);
	return rate;
}

void bench_beside(struct device_bench *b)
{
	const vres_backend_open params = {.struct_size = sizeof(params),
	                                  .library_path = test_device_library()};
	const vres_backend *ops = test_device_kind()->backend();
	vres_device_props props = {.struct_size = sizeof(props)};
	struct beside s = {.b = b,
	                   .shard = seal_memory(b, b->host_bytes, VRES_DIGEST_VERITY, NULL)};
	double beside_low, beside_full, low, full;
	vres_mem_info info;
	vres_bself *self;
	vres_bdev *dev;
	vres_bmem *mem;
	vres_error err;

	must(ops->open(&params, &self, &err) == VRES_OK &&
	             ops->device_open(self, 0, &props, &dev, &err) == VRES_OK &&
	             ops->mem_alloc(dev, b->host_bytes, &mem, &info, &err) == VRES_OK,
	     "no device memory for other work");
	figures_add(&b->figures, "other_work", wipe_rate(ops, mem, b->host_bytes), "GB/s", NULL,
	            NULL);
	beside_low = rate_beside(&s, ops, mem, true, &low);
	beside_full = rate_beside(&s, ops, mem, false, &full);
	figures_add(&b->figures, "other_work_beside_background", beside_low, "GB/s", "other_work",
	            NULL);
	figures_add(&b->figures, "other_work_beside_verify", beside_full, "GB/s", "other_work",
	            NULL);
	figures_add(&b->figures, "verify_background_beside_work", low, "GB/s", "verify_full", NULL);
	figures_add(&b->figures, "verify_full_beside_work", full, "GB/s", "verify_full", NULL);
	(void)ops->mem_release(mem, &err);
	ops->device_close(dev);
	ops->close(self);
	vres_shard_release(s.shard);
}
