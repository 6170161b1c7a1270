/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asking the caller's source. */
#include "verify/source.h"

#include <inttypes.h>

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
	if (status == VRES_E_CANCELLED)
		return vres_fail(err, VRES_E_CANCELLED, "the source cancelled at byte %" PRIu64,
		                 at);
	if (status != VRES_OK)
		return vres_fail(err, VRES_E_IO,
		                 "the source failed at byte %" PRIu64 " with status %d", at,
		                 (int)status);
	return VRES_OK;
}
