/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a fake driver reports as done without doing it. */
#include "fake/driver/model.h"

/* The backend launches threads in groups of so many. */
#define GROUP UINT64_C(128)

static const char *const names[] = {
	[FAKE_PUSHES] = "a copy to the device",
	[FAKE_PULLS] = "a copy from the device",
	[FAKE_ZEROS] = "zeros",
	[FAKE_LAUNCHES] = "a launch",
	[FAKE_WAITS] = "a wait",
};

static const enum fake_effort efforts[] = {
	[WORK_PUSH] = FAKE_PUSHES,   [WORK_PULL] = FAKE_PULLS,     [WORK_ZERO] = FAKE_ZEROS,
	[WORK_HASH] = FAKE_LAUNCHES, [WORK_STAMP] = FAKE_LAUNCHES, [WORK_WAIT] = FAKE_WAITS,
};

void fake_omissions_forget(void)
{
	fake.omission = (struct fake_omission){.nth = 0};
	fake.omissions = 0;
	fake.omitted_weights = false;
}

void fake_leave_out(const struct fake_omission *omission)
{
	(void)pthread_mutex_lock(&fake.lock);
	fake_omissions_forget();
	fake.omission = *omission;
	(void)pthread_mutex_unlock(&fake.lock);
}

const char *fake_left_out(bool *weights)
{
	const char *name;

	(void)pthread_mutex_lock(&fake.lock);
	name = fake.omissions > 0 ? names[fake.omission.effort] : NULL;
	*weights = fake.omitted_weights;
	(void)pthread_mutex_unlock(&fake.lock);
	return name;
}

/* Is this work to be left out?  If any kind would do, the first one found decides the kind. */
static bool is_due(enum fake_effort effort)
{
	struct fake_omission *o = &fake.omission;

	if (o->nth == 0 || (o->effort != effort && o->effort != FAKE_ANY_EFFORT))
		return false;
	if (fake.omissions > 0)
		return o->goes_on;
	o->nth--;
	if (o->nth > 0)
		return false;
	o->nth = 1;
	o->effort = effort;
	return true;
}

void fake_leave_out_of(struct fake_work *work)
{
	uint64_t beginning;

	if (!is_due(efforts[work->kind]))
		return;
	fake.omissions++;
	fake.omitted_weights |= work->kind == WORK_PUSH && work->all % 32 != 0;
	beginning = work->kind == WORK_HASH && work->args.threads > GROUP ? GROUP : work->all / 2;
	if (work->kind == WORK_HASH && work->args.threads <= GROUP)
		beginning = work->args.threads / 2;
	work->from = fake.omission.share == FAKE_END ? beginning : 0;
	work->to = fake.omission.share == FAKE_END         ? work->all
	           : fake.omission.share == FAKE_BEGINNING ? beginning
	                                                   : 0;
}

bool fake_wait_is_left_out(void)
{
	const bool is_left_out = is_due(FAKE_WAITS);

	fake.omissions += is_left_out;
	return is_left_out;
}
