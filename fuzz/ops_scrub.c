/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Scrubbing: steps find damage and nothing else, and with time to spare they leave none. */
#include "ops.h"
#include "manager/shard.h"

#define TINY  UINT64_C(1)            /* one shard a step: none has more than a part */
#define AMPLE UINT64_C(600000000000) /* all of them */

static bool is_scrubbed(const struct model_shard *s)
{
	return model_is_alive(s) && !s->quarantined && !s->suspended;
}

/*
 * Like a sample that leaves nothing out, except that a good result has no event, so the audit sink
 * cannot refuse it.
 */
static struct answer model_scrub(const struct run *r, const struct model_shard *s)
{
	struct answer wanted = model_verify(r, s, VRES_VERIFY_SAMPLED, UINT32_MAX);

	if (wanted.status == VRES_E_AUDIT)
		wanted.status = VRES_OK;
	return wanted;
}

static void claim_totals(const struct run *r, const vres_scrub_report *report, vres_status got)
{
	uint64_t bytes = 0;
	uint32_t shards = 0;

	for (unsigned i = 0; i < SHARDS; i++) {
		bytes += is_scrubbed(&r->shards[i]) ? r->shards[i].bytes : 0;
		shards += is_scrubbed(&r->shards[i]);
	}
	CLAIM(report->bytes_total == bytes && report->shards == shards && report->failed <= shards);
	CLAIM(got != VRES_OK || report->bytes_hashed <= bytes);
	CLAIM(got != VRES_OK || (report->bytes_hashed > 0) == (shards > 0));
}

/*
 * Counts the shards that were quarantined, and checks that each was damaged.  A shard that only a
 * lease holds has no handle, so it cannot be asked.
 */
static uint32_t conclude_quarantined(struct run *r, const struct answer wanted[SHARDS])
{
	uint32_t found = 0;

	for (unsigned i = 0; i < SHARDS; i++) {
		struct model_shard *s = &r->shards[i];
		const bool is_damaged = wanted[i].status == VRES_E_SEAL_VERIFICATION_FAILED;

		if (!is_scrubbed(s) || atomic_load(&s->shard->state) != VRES_SHARD_QUARANTINED)
			continue;
		found++;
		model_conclude(r, s, wanted[i], VRES_E_SEAL_VERIFICATION_FAILED,
		               is_damaged ? wanted[i].reason : VRES_REASON_DIGEST,
		               VRES_VERIFY_SAMPLED);
	}
	return found;
}

static bool is_wanted_by_one(const struct answer wanted[SHARDS], vres_status status)
{
	bool is_wanted = false;

	for (unsigned i = 0; i < SHARDS; i++)
		is_wanted |= wanted[i].status == status;
	return is_wanted;
}

static vres_status step(struct run *r, uint64_t budget, vres_scrub_report *report)
{
	struct answer wanted[SHARDS] = {{VRES_OK, VRES_REASON_NONE, false}};
	vres_error err = untouched();

	*report = vres_scrub_report_init();
	for (unsigned i = 0; i < SHARDS; i++)
		if (is_scrubbed(&r->shards[i]))
			wanted[i] = model_scrub(r, &r->shards[i]);
	const vres_status got = vres_scrub_step(r->manager, budget, report, &err);
	claim_outcome(got, &err);
	if (r->stopped) {
		CLAIM(got == VRES_E_POLICY_VIOLATION && err.reason == VRES_REASON_STOPPED &&
		      report->shards == 0);
		return got;
	}
	claim_totals(r, report, got);
	CLAIM(conclude_quarantined(r, wanted) == report->failed);
	CLAIM((got == VRES_E_SEAL_VERIFICATION_FAILED) == (report->failed > 0));
	CLAIM(got == VRES_OK || report->failed > 0 || is_wanted_by_one(wanted, got) ||
	      model_is_trouble(r, got));
	return got;
}

/*
 * Each step tries one of the shards again that could not be checked before, so as many steps as
 * there are shards reach all of them.
 */
static void all_steps(struct run *r)
{
	vres_scrub_report report;
	vres_status got = VRES_OK;

	for (unsigned i = 0; i < SHARDS && !r->stopped; i++)
		got = step(r, AMPLE, &report);
	if (r->stopped)
		return;
	for (unsigned i = 0; i < SHARDS; i++)
		CLAIM(!is_scrubbed(&r->shards[i]) ||
		      model_scrub(r, &r->shards[i]).status != VRES_E_SEAL_VERIFICATION_FAILED);
	CLAIM(got != VRES_OK || report.bytes_hashed == report.bytes_total);
}

void op_scrub(struct run *r)
{
	const uint32_t how = input_below(&r->in, 3);
	vres_scrub_report report;

	if (r->manager == NULL)
		return;
	if (how == 0 && !r->fault.armed)
		all_steps(r);
	else
		(void)step(r, how == 1 ? TINY : AMPLE, &report);
}
