/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "driver_fixture.h"

#include <vres/backend.h>

struct fixture *driver_fixture_begin(const struct fake_params *params, uint64_t allow,
                                     uint64_t require, bool with_manager)
{
	struct setup s = setup_init();
	struct fixture *f;
	vres_error err;

	fake_reset(params);
	fake_engine_enter();
	s.backend = FAKE_BACKEND();
	s.no_manager = true;
	s.policy.allow = VRES_ALLOW_SIMULATED | FAKE_ALLOW | allow;
	s.policy.require = require;
	f = begin(&s);
	suite_backend(s.backend->name); /* begin() set the mock's values */
	if (with_manager)
		ck_ok(driver_fixture_manager(f, &err));
	return f;
}

vres_config driver_fixture_config(struct fixture *f)
{
	vres_config config = config_of(f);

	config.library_path = FAKE_LIBRARY;
	return config;
}

vres_status driver_fixture_manager(struct fixture *f, vres_error *err)
{
	const vres_config config = driver_fixture_config(f);

	return manager_create(f, &config, &f->manager, err);
}

void ck_context_restored(void)
{
	ck_assert_uint_eq(fake_depth(), 1);
	ck_assert_ptr_nonnull(fake_current());
}

void driver_fixture_finish(struct fixture **f)
{
	finish(f);
	ck_assert_uint_eq(fake_live(), 0);
	ck_context_restored();
}
