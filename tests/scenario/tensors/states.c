/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every call on a shard of tensors in every state, as docs/DESIGN.md has it in a table. */
#include "support/fixture/engine.h"

enum state { SEALED, SUSPENDED, DAMAGED, DAMAGED_SUSPENDED, LOST, LOST_SUSPENDED, STATES };

struct stage {
	struct fixture *f;
	struct engine *e;
	vres_shard *shard;
	uint8_t *receipt;
	size_t receipt_n;
};

/* clang-format off */
static vres_status verify(struct stage *s, vres_error *err) { return vres_shard_verify(s->shard, NULL, NULL, err); }
static vres_status verify_many(struct stage *s, vres_error *err) { return vres_verify_many(s->f->manager, &s->shard, 1, NULL, NULL, err); }
static vres_status scrub(struct stage *s, vres_error *err) { return vres_scrub_step(s->f->manager, UINT64_MAX, NULL, err); }
static vres_status suspend(struct stage *s, vres_error *err) { return vres_shard_suspend(s->shard, err); }
static vres_status resume(struct stage *s, vres_error *err) { return vres_shard_resume(s->shard, NULL, NULL, err); }
static vres_status repair(struct stage *s, vres_error *err) { const vres_repair_params p = {.struct_size = sizeof(p), .source = content_read_at}; return vres_shard_repair(s->shard, &p, NULL, err); }
static vres_status tensor(struct stage *s, vres_error *err) { vres_tensor_info i = vres_tensor_info_init(); return vres_shard_tensor(s->shard, 0, &i, err); }
static vres_status describe(struct stage *s, vres_error *err) { vres_shard_info i = vres_shard_info_init(); return vres_shard_describe(s->shard, &i, err); }
/* clang-format on */

static vres_status lease(struct stage *s, vres_error *err)
{
	vres_lease *lease = NULL;
	const vres_status status = vres_lease_acquire(s->shard, &lease, err);

	release_lease(&lease);
	return status;
}

static vres_status receipt(struct stage *s, vres_error *err)
{
	uint8_t bytes[2048];
	size_t n;

	return vres_shard_receipt(s->shard, bytes, sizeof(bytes), &n, err);
}

static vres_status receipt_open(struct stage *s, vres_error *err)
{
	vres_shard *found = NULL;
	const vres_status status =
		vres_receipt_open(s->f->manager, s->receipt, s->receipt_n, &found, err);

	release_shard(&found);
	return status;
}

static vres_status match(struct stage *s, vres_error *err)
{
	const vres_shard_info claimed = info_of(s->shard);

	return vres_shard_match(s->shard, &claimed, err);
}

static vres_status find(struct stage *s, vres_error *err)
{
	vres_shard *found = NULL;
	const vres_status status = vres_manager_find(s->f->manager, "weights", &found, err);

	release_shard(&found);
	return status;
}

static vres_status json(struct stage *s, vres_error *err)
{
	char text[2048];
	size_t n;

	return vres_shard_to_json(s->shard, text, sizeof(text), &n, err);
}

static vres_status manifest(struct stage *s, vres_error *err)
{
	char text[4096];
	size_t n;

	return vres_shard_manifest(s->shard, text, sizeof(text), &n, err);
}

static vres_status close_it(struct stage *s, vres_error *err)
{
	const vres_status status = vres_shard_close(s->shard, err);

	if (status == VRES_OK)
		s->shard = NULL;
	return status;
}

#define OK                                                                                         \
	{                                                                                          \
		VRES_OK, VRES_REASON_NONE                                                          \
	}
#define QUARANT                                                                                    \
	{                                                                                          \
		VRES_E_SEAL_VERIFICATION_FAILED, VRES_REASON_QUARANTINED                           \
	}
#define ASLEEP                                                                                     \
	{                                                                                          \
		VRES_E_STATE, VRES_REASON_SUSPENDED                                                \
	}
#define AWAKE                                                                                      \
	{                                                                                          \
		VRES_E_STATE, VRES_REASON_NONE                                                     \
	}

#define FOREIGN                                                                                    \
	{                                                                                          \
		VRES_E_UNSUPPORTED, VRES_REASON_NONE                                               \
	}

/*
 * What each call returns in each state.  The damage of bring_into() is undone, so a resume finds
 * good bytes and lifts the quarantine.
 */
static const struct verb {
	const char *name;
	vres_status (*run)(struct stage *s, vres_error *err);
	struct {
		vres_status status;
		vres_reason reason;
	} in[STATES];
} verbs[] = {
	{"verify", verify, {OK, ASLEEP, QUARANT, QUARANT, QUARANT, QUARANT}},
	{"verify_many", verify_many, {OK, ASLEEP, QUARANT, QUARANT, QUARANT, QUARANT}},
	{"lease", lease, {OK, ASLEEP, QUARANT, QUARANT, QUARANT, QUARANT}},
	{"receipt", receipt, {OK, ASLEEP, QUARANT, QUARANT, QUARANT, QUARANT}},
	{"receipt_open", receipt_open, {OK, ASLEEP, QUARANT, QUARANT, QUARANT, QUARANT}},
	{"match", match, {OK, ASLEEP, QUARANT, QUARANT, QUARANT, QUARANT}},
	{"scrub", scrub, {OK, OK, OK, OK, OK, OK}},
	{"find", find, {OK, OK, OK, OK, OK, OK}},
	{"describe", describe, {OK, OK, OK, OK, OK, OK}},
	{"json", json, {OK, OK, OK, OK, OK, OK}},
	{"manifest", manifest, {OK, OK, OK, OK, OK, OK}},
	{"tensor", tensor, {OK, OK, OK, OK, OK, OK}},
	{"suspend", suspend, {OK, ASLEEP, OK, ASLEEP, OK, ASLEEP}},
	{"resume", resume, {AWAKE, OK, AWAKE, OK, QUARANT, QUARANT}},
	{"repair", repair, {FOREIGN, ASLEEP, FOREIGN, ASLEEP, QUARANT, QUARANT}},
	{"close", close_it, {OK, OK, OK, OK, OK, OK}},
};

static void bring_into(struct stage *s, enum state state)
{
	vres_error err;

	if (state == DAMAGED || state == DAMAGED_SUSPENDED) {
		engine_flip(s->e, 3, 1);
		ck_refused(vres_shard_verify(s->shard, NULL, NULL, &err), VRES_REASON_DIGEST);
		engine_flip(s->e, 3, 1);
	}
	if (state == LOST || state == LOST_SUSPENDED) {
		test_device_pretend(s->f->test_device, s->e->addresses[0], VRES_MOCK_MOVED);
		ck_refused(vres_shard_verify(s->shard, NULL, NULL, &err), VRES_REASON_RESIDENCY);
		test_device_pretend(s->f->test_device, s->e->addresses[0], 0);
	}
	if (state == SUSPENDED || state == DAMAGED_SUSPENDED || state == LOST_SUSPENDED)
		ck_ok(vres_shard_suspend(s->shard, &err));
}

START_TEST(every_call_answers_in_every_state_as_the_table_says)
{
	const struct verb *verb = &verbs[_i / STATES];
	const enum state state = (enum state)(_i % STATES);
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	struct stage s = {.f = f, .e = e, .shard = engine_sealed(e)};
	vres_status status;
	vres_error err = {0};

	s.receipt = receipt_of(s.shard, &s.receipt_n);
	bring_into(&s, state);
	status = verb->run(&s, &err);
	ck_assert_msg(status == verb->in[state].status &&
	                      (status == VRES_OK || err.reason == verb->in[state].reason),
	              "%s in state %d: %d, reason %u: %s", verb->name, (int)state, (int)status,
	              (unsigned)err.reason, err.message);
	test_free(s.receipt);
	release_shard(&s.shard);
}
END_TEST

/* Its report says how many it has passed by. */
START_TEST(enforcement_passes_suspended_shards_by_and_says_so)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = engine_sealed(e), *own = sealed(f, BLOCK, 1);
	vres_policy_report report = vres_policy_report_init();
	vres_error err;

	ck_ok(vres_shard_suspend(shard, &err));
	test_device_pretend(f->test_device, e->addresses[0], VRES_MOCK_MANAGED);
	ck_ok(vres_enforce_vram_only(f->manager, 0, &report, &err));
	ck_assert_str_eq(report.facts[report.facts_count - 1].value, "1 of 1, 1 suspended");
	test_device_pretend(f->test_device, e->addresses[0], 0);
}
END_TEST

START_TEST(stopped_manager_still_suspends_and_does_not_resume)
{
	struct setup setup = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(engine_end) struct engine *e = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_error err;

	setup.policy.require |= VRES_REQUIRE_STOP;
	f = begin(&setup);
	e = engine_with_weights(f);
	shard = engine_sealed(e);
	engine_flip(e, 3, 1);
	ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_DIGEST);
	ck_ok(vres_shard_suspend(shard, &err));
	ck_status_reason(vres_shard_resume(shard, NULL, NULL, &err), VRES_E_POLICY_VIOLATION,
	                 VRES_REASON_STOPPED);
	ck_ok(vres_shard_close(shard, &err));
	shard = NULL;
}
END_TEST

/* The number of shards that the scrub still looks at. */
static uint64_t scrubbed(struct fixture *f)
{
	vres_scrub_report report = vres_scrub_report_init();
	vres_error err;

	ck_ok(vres_scrub_step(f->manager, UINT64_MAX, &report, &err));
	return report.shards;
}

START_TEST(sink_that_refuses_leaves_the_state_as_it_was)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = engine_sealed(e);
	vres_error err;

	f->record.refuse = UINT64_C(1) << VRES_EVENT_VRAM_SUSPENDED;
	ck_status(vres_shard_suspend(shard, &err), VRES_E_AUDIT);
	ck_assert_uint_eq(info_of(shard).suspended, 0);
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
	ck_assert_uint_eq(scrubbed(f), 1);
	f->record.refuse = UINT64_C(1) << VRES_EVENT_VRAM_RESUMED;
	ck_ok(vres_shard_suspend(shard, &err));
	ck_status(vres_shard_resume(shard, NULL, NULL, &err), VRES_E_AUDIT);
	ck_assert_uint_eq(info_of(shard).suspended, 1);
	ck_assert_uint_eq(scrubbed(f), 0);
	f->record.refuse = 0;
	ck_ok(vres_shard_resume(shard, NULL, NULL, &err));
	ck_assert_uint_eq(scrubbed(f), 1);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(every_call_answers_in_every_state_as_the_table_says,
	                  COUNT(verbs) * STATES, "WORKER-4150 WORKER-4122", "integrity",
	                  "a state in which a call is forgotten"),
		CASE(enforcement_passes_suspended_shards_by_and_says_so, "VP-005", "", ""),
		CASE(stopped_manager_still_suspends_and_does_not_resume, "WORKER-4122", "", ""),
		CASE(sink_that_refuses_leaves_the_state_as_it_was, "WORKER-4150", "accountability",
	             "a change that nobody recorded"),
	};

	return suite_run("tensors_states", "verify", cases, COUNT(cases));
}
