/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One pass over a source: read, digest, copy to VRAM. */
#ifndef VRES_CORE_UPLOAD_H
#define VRES_CORE_UPLOAD_H

#include "device.h"
#include "source.h"
#include "tree.h"

struct upload {
	struct source *source;
	const struct vres_mem *destination;
	struct sha256 *flat;       /* fed with every byte, or NULL */
	struct tree_builder *tree; /* fed with every byte, or NULL */
	vres_progress_fn progress;
	void *progress_ctx;
	uint64_t deadline;
	bool pinned;
};

vres_status vres_upload(const struct upload *u, vres_error *err);

#endif
