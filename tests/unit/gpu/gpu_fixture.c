/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gpu_fixture.h"

#include <string.h>

vres_status driver_open(const char *path, vres_bself **self, vres_error *err)
{
	const vres_backend_open params = {.struct_size = sizeof(params), .library_path = path};

	return FAKE_BACKEND()->open(&params, self, err);
}

void ck_no_open(const char *path, vres_status want, const char *word)
{
	vres_bself *self = NULL;
	vres_error err;

	ck_status(driver_open(path, &self, &err), want);
	ck_assert_ptr_null(self);
	ck_assert_msg(strstr(err.message, word) != NULL, "nothing of %s in: %s", word, err.message);
}

struct gpu_fixture gpu_fixture_open(const struct fake_params *params, uint64_t bytes,
                                    size_t staging, uint32_t flags)
{
	struct gpu_fixture b = {.ops = FAKE_BACKEND()};
	vres_device_props props = {.struct_size = sizeof(props)};
	void *buffer = NULL;
	vres_error err;

	fake_reset(params);
	ck_ok(driver_open(FAKE_LIBRARY, &b.self, &err));
	ck_ok(b.ops->device_open(b.self, 0, &props, &b.dev, &err));
	ck_ok(b.ops->mem_alloc(b.dev, bytes, &b.mem, &b.info, &err));
	ck_ok(b.ops->lane_open(b.dev, staging, flags, &b.lane, &buffer, &err));
	b.staging = buffer;
	return b;
}

void gpu_fixture_close(struct gpu_fixture *b)
{
	vres_error err;

	b->ops->lane_close(b->lane);
	(void)b->ops->mem_release(b->mem, &err);
	b->ops->device_close(b->dev);
	b->ops->close(b->self);
	ck_assert_uint_eq(fake_live(), 0);
	ck_assert_uint_eq(fake_depth(), 0);
}
