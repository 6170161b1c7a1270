/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Looking at every live shard.  A reference to each is taken at once, under the lock; then the
 * caller is told without it, so that it may seal, release or look for shards meanwhile.
 */
#include "manager/shard.h"

struct snapshot {
	struct vres_shard **shards;
	uint64_t count;
};

static void snapshot_end(struct snapshot *all)
{
	for (uint64_t i = 0; i < all->count; i++)
		vres_shard_release(all->shards[i]);
	vres_os_free((void *)all->shards);
}

static void shard_add(struct snapshot *all, struct vres_shard *s)
{
	if (s->is_published && s->references > 0) {
		s->references++;
		all->shards[all->count++] = s;
	}
}

/* The counter knows every shard before it is published, and until nobody can find it any more. */
static bool snapshot_take(vres_manager *m, struct snapshot *all)
{
	vres_manager_lock(m);
	all->shards = vres_os_alloc((atomic_load(&m->counters.shards) + 1) * sizeof(*all->shards));
	for (size_t bucket = 0; all->shards && bucket < BUCKETS; bucket++)
		for (struct vres_shard *s = m->buckets[bucket]; s; s = s->next)
			shard_add(all, s);
	vres_manager_unlock(m);
	return all->shards != NULL;
}

vres_status vres_manager_each(vres_manager *m, vres_each_fn fn, void *ctx, vres_error *err)
{
	PUBLIC_CALL;
	CLEANUP(snapshot_end) struct snapshot all = {.shards = NULL};

	TRY(vres_manager_enter_stopped(m, err));
	if (fn == NULL)
		return vres_fail(err, VRES_E_INVALID_INPUT, "fn is NULL");
	if (!snapshot_take(m, &all))
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for a list of the shards");
	for (uint64_t i = 0; i < all.count; i++)
		if (!fn(ctx, all.shards[i]))
			break;
	return VRES_OK;
}
