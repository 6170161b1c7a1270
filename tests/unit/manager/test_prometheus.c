/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The metrics as text: its lines, and the size that is asked for.  tests/cli/metrics.py has
 * promtool check that Prometheus takes the text.
 */
#include <stdio.h>

#include "fresh_metrics.h"
#include "manager/metrics.h"
#include "support/fixture/support.h"

#define ROOM 16384u

/* The whole text.  The caller frees it with test_free(). */
static char *text_of(struct fixture *f)
{
	char *text = test_alloc(ROOM);
	size_t len = 0;
	vres_error err;

	ck_ok(vres_metrics_prometheus(f->manager, text, ROOM, &len, &err));
	ck_assert_uint_eq(strlen(text), len);
	return text;
}

static void free_text(char **text)
{
	test_free(*text);
}

START_TEST(new_manager_shows_every_metric_at_zero)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(free_text) char *text = text_of(f);

	ck_assert_str_eq(text, fresh_text);
}
END_TEST

/* Asserts that the text has this line. */
static void ck_line(const char *text, const char *line)
{
	const size_t n = strlen(line);

	for (const char *at = strstr(text, line); at; at = strstr(at + 1, line))
		if ((at == text || at[-1] == '\n') && at[n] == '\n')
			return;
	ck_abort_msg("there is no line %s in\n%s", line, text);
}

START_TEST(every_counter_stands_in_its_own_line)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	struct vres_counters *c = &f->manager->counters;
	struct vres_listeners *l = &f->manager->listeners;
	uint64_t next = 1;

	for (unsigned i = 0; i < OUTCOMES; i++)
		atomic_store(&c->seals[i], next++);
	for (unsigned i = 0; i < OUTCOMES; i++)
		for (unsigned mode = 0; mode < VERIFY_MODES; mode++)
			atomic_store(&c->verifies[i][mode], next++);
	atomic_store(&c->no_room, 20);
	atomic_store(&c->allocation_failures, 21);
	atomic_store(&c->verified_bytes, UINT64_MAX);
	atomic_store(&c->last_verify, UINT64_C(1700000000000000042));
	atomic_store(&c->shards, 22);
	atomic_store(&c->quarantined, 23);
	atomic_store(&c->leases, 24);
	atomic_store(&c->suspended, 28);
	atomic_store(&c->tensors, 29);
	atomic_store(&c->repaired_bytes, 33);
	for (unsigned i = 0; i < OUTCOMES; i++)
		atomic_store(&c->reseals[i], 30 + i);
	atomic_store(&l->policy_violations, 25);
	atomic_store(&l->audit_events, 26);
	atomic_store(&l->audit_lost, 27);
	CLEANUP(free_text) char *text = text_of(f);

	ck_line(text, "vram_seal_operations_total{result=\"ok\"} 1");
	ck_line(text, "vram_seal_operations_total{result=\"failed\"} 2");
	ck_line(text, "vram_seal_operations_total{result=\"error\"} 3");
	ck_line(text, "vram_verify_operations_total{result=\"ok\",mode=\"full\"} 4");
	ck_line(text, "vram_verify_operations_total{result=\"ok\",mode=\"signature\"} 5");
	ck_line(text, "vram_verify_operations_total{result=\"failed\",mode=\"full\"} 8");
	ck_line(text, "vram_verify_operations_total{result=\"failed\",mode=\"sampled\"} 10");
	ck_line(text, "vram_verify_operations_total{result=\"error\",mode=\"readback\"} 15");
	ck_line(text, "vram_allocation_failures_total{reason=\"insufficient_vram\"} 20");
	ck_line(text, "vram_allocation_failures_total{reason=\"allocation_failed\"} 21");
	ck_line(text, "vram_verified_bytes_total 18446744073709551615");
	ck_line(text, "vram_last_verify_timestamp_seconds 1700000000.000000042");
	ck_line(text, "vram_shards 22");
	ck_line(text, "vram_quarantined_shards 23");
	ck_line(text, "vram_leases 24");
	ck_line(text, "vram_suspended_shards 28");
	ck_line(text, "vram_tensors 29");
	ck_line(text, "vram_reseals_total{result=\"failed\"} 31");
	ck_line(text, "vram_repaired_bytes_total 33");
	ck_line(text, "vram_policy_violations_total 25");
	ck_line(text, "vram_audit_events_total 26");
	ck_line(text, "vram_audit_lost_total 27");
	vres_manager_stop(f->manager);
	{
		CLEANUP(free_text) char *stopped = text_of(f);

		ck_line(stopped, "vram_stopped 1");
	}
}
END_TEST

START_TEST(operations_are_counted_by_how_they_ended_and_by_mode)
{
	struct setup setup = setup_init();

	setup.policy.allow |= VRES_ALLOW_READBACK;
	CLEANUP(finish) struct fixture *f = begin(&setup);
	CLEANUP(release_shard) vres_shard *good = sealed(f, 3 * BLOCK, 1);
	/* damaged() verifies once to learn the address, which counts as a good verification. */
	CLEANUP(release_shard) vres_shard *bad = damaged(f, BLOCK, 0);
	vres_seal_params params = vres_seal_params_init();
	vres_verify_params mode;
	vres_shard *none = NULL;
	vres_error err;

	for (uint32_t m = VRES_VERIFY_FULL; m <= VRES_VERIFY_READBACK; m++) {
		mode = mode_of(m);
		ck_ok(vres_shard_verify(good, &mode, NULL, &err));
	}
	ck_refused(vres_shard_verify(bad, NULL, NULL, &err), VRES_REASON_DIGEST);
	ck_refused(vres_shard_verify(bad, NULL, NULL, &err), VRES_REASON_QUARANTINED);
	vres_mock_fail(f->mock, VRES_MOCK_OP_MEM_RESIDENCY, 1, VRES_E_BACKEND);
	mode = mode_of(VRES_VERIFY_SIGNATURE);
	ck_status(vres_shard_verify(good, &mode, NULL, &err), VRES_E_BACKEND);
	params.expected_digest = "00000000000000000000000000000000000000000000000000000000000000ff";
	ck_status(vres_seal_memory(f->manager, &params, "abc", 3, &none, &err),
	          VRES_E_INTEGRITY_VIOLATION);
	vres_mock_fail(f->mock, VRES_MOCK_OP_MEM_ALLOC, 1, VRES_E_ALLOCATION_FAILED);
	ck_status(vres_seal_memory(f->manager, PLAIN, "abc", 3, &none, &err),
	          VRES_E_ALLOCATION_FAILED);
	CLEANUP(free_text) char *text = text_of(f);

	ck_line(text, "vram_seal_operations_total{result=\"ok\"} 2");
	ck_line(text, "vram_seal_operations_total{result=\"failed\"} 1");
	ck_line(text, "vram_seal_operations_total{result=\"error\"} 1");
	ck_line(text, "vram_verify_operations_total{result=\"ok\",mode=\"full\"} 2");
	ck_line(text, "vram_verify_operations_total{result=\"ok\",mode=\"signature\"} 1");
	ck_line(text, "vram_verify_operations_total{result=\"ok\",mode=\"sampled\"} 1");
	ck_line(text, "vram_verify_operations_total{result=\"ok\",mode=\"readback\"} 1");
	ck_line(text, "vram_verify_operations_total{result=\"failed\",mode=\"full\"} 1");
	ck_line(text, "vram_verify_operations_total{result=\"error\",mode=\"signature\"} 1");
	ck_line(text, "vram_verify_duration_seconds_bucket{le=\"+Inf\"} 7");
	ck_line(text, "vram_verify_duration_seconds_count 7");
	ck_line(text, "vram_allocation_failures_total{reason=\"allocation_failed\"} 1");
	ck_line(text, "vram_allocation_failures_total{reason=\"insufficient_vram\"} 0");
	ck_line(text, "vram_shards 2");
	ck_line(text, "vram_quarantined_shards 1");
}
END_TEST

START_TEST(device_that_was_used_has_a_line_and_its_uuid_is_escaped)
{
	struct setup setup = setup_init();
	vres_seal_params params = vres_seal_params_init();

	setup.mock.devices = 3;
	CLEANUP(finish) struct fixture *f = begin(&setup);
	CLEANUP(release_shard) vres_shard *shard = NULL;

	params.gpu_device = 2;
	shard = sealed_with(f, &params, BLOCK, 1);
	memcpy(vres_manager_open_device(f->manager, 2)->props.uuid, "GPU-\"\\\n7", 9);
	CLEANUP(free_text) char *text = text_of(f);

	ck_line(text, "vram_total_bytes{gpu_device=\"2\",uuid=\"GPU-\\\"\\\\\\n7\"} 67108864");
	ck_line(text, "vram_used_bytes{gpu_device=\"2\",uuid=\"GPU-\\\"\\\\\\n7\"} 4096");
	ck_line(text, "vram_available_bytes{gpu_device=\"2\",uuid=\"GPU-\\\"\\\\\\n7\"} 67104768");
	ck_assert_ptr_null(strstr(text, "gpu_device=\"0\""));
	vres_mock_fail(f->mock, VRES_MOCK_OP_DEVICE_STATUS, 1, VRES_E_BACKEND);
	{
		CLEANUP(free_text) char *silent = text_of(f);

		ck_line(silent,
		        "vram_available_bytes{gpu_device=\"2\",uuid=\"GPU-\\\"\\\\\\n7\"} 0");
	}
}
END_TEST

START_TEST(size_that_is_asked_for_is_enough_however_the_counters_grow)
{
	struct setup setup = setup_init();
	size_t need = 0, len = 0;
	vres_error err;

	setup.mock.devices = 2;
	CLEANUP(finish) struct fixture *f = begin(&setup);
	CLEANUP(release_shard) vres_shard *shard = NULL;
	char *text;

	ck_status(vres_metrics_prometheus(f->manager, NULL, 0, &need, &err), VRES_E_BUFFER);
	shard = sealed(f, BLOCK, 1);
	memset(vres_manager_open_device(f->manager, 0)->props.uuid, '"', 47);
	for (unsigned i = 0; i < OUTCOMES; i++)
		for (unsigned mode = 0; mode < VERIFY_MODES; mode++)
			atomic_store(&f->manager->counters.verifies[i][mode], UINT64_MAX);
	atomic_store(&f->manager->counters.verify_ns, UINT64_MAX);
	atomic_store(&f->manager->counters.verify_durations[0], UINT64_MAX);
	text = test_alloc(need + 1);
	ck_ok(vres_metrics_prometheus(f->manager, text, need + 1, &len, &err));
	ck_assert_uint_le(len, need);
	test_free(text);
}
END_TEST

START_TEST(text_is_whole_or_not_there)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(free_text) char *text = text_of(f);
	const size_t n = strlen(text);
	char *small = test_alloc(n + 1), *before = test_alloc(n + 1);
	size_t len = 0;
	vres_error err;

	memset(small, 0xa5, n + 1);
	memset(before, 0xa5, n + 1);
	ck_status(vres_metrics_prometheus(f->manager, small, n, &len, &err), VRES_E_BUFFER);
	ck_assert_mem_eq(small, before, n + 1);
	ck_assert_uint_gt(len, n);
	ck_ok(vres_metrics_prometheus(f->manager, small, n + 1, &len, &err));
	ck_assert_uint_eq(len, n);
	ck_assert_mem_eq(small, text, n + 1);
	ck_status(vres_metrics_prometheus(f->manager, NULL, 5, &len, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_metrics_prometheus(f->manager, small, n, NULL, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_metrics_prometheus(NULL, small, n, &len, &err), VRES_E_INVALID_INPUT);
	test_free(small);
	test_free(before);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(new_manager_shows_every_metric_at_zero, "WORKER-4810", "accountability", ""),
		CASE(every_counter_stands_in_its_own_line, "WORKER-4810", "accountability", ""),
		CASE(operations_are_counted_by_how_they_ended_and_by_mode, "WORKER-4810",
	             "accountability", "damage counted as trouble"),
		CASE(device_that_was_used_has_a_line_and_its_uuid_is_escaped, "WORKER-4810",
	             "integrity", "metrics forged by a device's name"),
		CASE(size_that_is_asked_for_is_enough_however_the_counters_grow, "WORKER-4810",
	             "availability", "a text that is cut"),
		CASE(text_is_whole_or_not_there, "MS-007 VR-006", "integrity",
	             "a write past a buffer"),
	};

	return suite_run("unit.prometheus", "unit", cases, COUNT(cases));
}
