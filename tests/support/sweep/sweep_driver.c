/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One failure of the driver at a time, at every one of its calls. */
#include <string.h>
#include "support/sweep/sweep.h"

/* How a failure shows. */
struct injection {
	const char *use, *function;
	uint64_t n;
	int code;
	bool had_manager, heals;
};

static bool is_listed(const char *const *list, const char *name)
{
	while (*list && strcmp(*list, name) != 0)
		list++;
	return *list != NULL;
}

/*
 * A failed call may go unreported only if it has no effect.  A driver's failure is never reported
 * as tampering or as the caller's error; and as a shortage only if the driver says that it is out
 * of memory.
 */
static void judge(struct fixture *f, const struct injection *i, vres_status got,
                  const vres_error *err)
{
	const struct fake_driver *fake = test_device_fake();
	const bool is_told = record_count(&f->record, VRES_EVENT_VRAM_DEALLOCATION_FAILED) > 0;
	const char *flaw = status_flaw(got, err);
	const int class = vres_status_class(got);

	ck_assert_msg(flaw == NULL, "%s call %lu, %s: %s", i->use, (unsigned long)i->n, i->function,
	              flaw);
	ck_assert_msg(got != VRES_OK || is_told || i->heals ||
	                      is_listed(fake->harmless, i->function),
	              "%s call %lu: %s gives %d and nobody hears of it", i->use,
	              (unsigned long)i->n, i->function, i->code);
	ck_assert_msg(class == 0 || class == 3 || (class == 2 && i->code == fake->code_memory),
	              "%s call %lu: %s gives %d, which becomes %s: %s", i->use, (unsigned long)i->n,
	              i->function, i->code, vres_status_name(got), err->message);
	if (i->code == fake->code_lost && got != VRES_OK)
		ck_assert_msg(got == VRES_E_DEVICE_LOST || !i->had_manager,
		              "%s call %lu: %s loses the device, which becomes %s", i->use,
		              (unsigned long)i->n, i->function, vres_status_name(got));
	ck_assert_msg(record_critical(&f->record) == 0 && f->record.incidents_count == 0,
	              "%s call %lu: %s is called an incident", i->use, (unsigned long)i->n,
	              i->function);
}

static void run_again(const struct scenario *s, struct fixture *f, const struct injection *i)
{
	vres_status got;
	vres_error err;

	status_poison(&err);
	got = s->run(f, &err);
	ck_assert_msg(got == VRES_OK, "%s: after %s (call %lu) gave %d, the next run gives %s: %s",
	              i->use, i->function, (unsigned long)i->n, i->code, vres_status_name(got),
	              got != VRES_OK ? err.message : "");
}

/* One run with the nth call failing; false: there is no nth. */
static bool fail_nth(const struct scenario *s, const char *use, uint64_t n, int code)
{
	const struct fake_driver *fake = test_device_fake();
	struct injection i = {.use = use, .n = n, .code = code, .heals = s->tries_again};
	struct setup setup = s->setup;
	CLEANUP(finish) struct fixture *f = NULL;
	vres_status got;
	vres_error err;

	setup.no_manager = true;
	setup.threads = 1; /* the nth call must be the same one in every run */
	f = begin(&setup);
	test_device_bare(f->test_device);
	status_poison(&err);
	fake->fail_nth(n, code);
	got = s->run(f, &err);
	i.had_manager = f->manager != NULL;
	i.function = fake->failed();
	if (i.function && code != fake->code_lost)
		run_again(s, f, &i);
	destroy_manager(&f->manager);
	i.function = fake->failed();
	if (i.function == NULL)
		ck_assert_msg(got == VRES_OK, "%s undisturbed gives %s: %s", use,
		              vres_status_name(got), err.message);
	else
		judge(f, &i, got, &err);
	ck_assert_msg(fake->live() == 0, "%s call %lu: %s gives %d and leaves %lu driver objects",
	              use, (unsigned long)n, i.function, code, (unsigned long)fake->live());
	ck_assert_msg(fake->engine_is_current(),
	              "%s call %lu: %s gives %d and the engine's context is not current", use,
	              (unsigned long)n, i.function, code);
	return i.function != NULL;
}

uint64_t sweep_driver(const struct scenario *s, const char *use)
{
	const int codes[] = {test_device_fake()->code_unknown, test_device_fake()->code_memory,
	                     test_device_fake()->code_lost};
	const uint64_t stride = suite_scaled(100, 5) == 100 ? 1 : 17;
	uint64_t injections = 0;

	for (size_t c = 0; c < COUNT(codes); c++)
		for (uint64_t n = 1; fail_nth(s, use, n, codes[c]); n += stride)
			injections++;
	ck_assert_uint_gt(injections, 100 / stride);
	return injections;
}
