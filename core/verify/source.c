/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asking the caller's source. */
#include "verify/source.h"

static void count(struct vres_shard *s, bool begins)
{
	vres_manager_lock(s->manager);
	begins ? s->sources++ : s->sources--;
	vres_manager_unlock(s->manager);
}

vres_status vres_verify_read_source(const struct verification *v, uint64_t at, void *buffer,
                                    size_t n, vres_error *err)
{
	vres_status status;

	count(v->shard, true);
	status = v->params.source(v->params.source_ctx, at, buffer, n);
	count(v->shard, false);
	return vres_check_source(status, at, err);
}
