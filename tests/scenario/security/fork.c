/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Forked children: they may only destroy, which touches neither device nor log; the parent goes on
 * undisturbed.
 */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "support/fixture/support.h"

/* What a child inherits. */
struct inherited {
	struct fixture *f;
	vres_shard *shard;
	vres_lease *lease;
	uint8_t *receipt;
	size_t len;
};

/*
 * A child cannot assert: it leaves with the line of the first thing that was wrong, modulo what an
 * exit status can hold.
 */
#define EXPECT(condition)                                                                          \
	do {                                                                                       \
		if (!(condition))                                                                  \
			return __LINE__;                                                           \
	} while (0)

static void in_child(int (*run)(struct inherited *in), struct inherited *in)
{
	int status, result;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		result = run(in);
		if (result != 0)
			fprintf(stderr, "%s:%d: not as expected in the child\n", __FILE__, result);
		_exit(result != 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with %x",
	              (unsigned)status);
}

static struct inherited inherit(struct fixture *f)
{
	struct inherited in = {.f = f, .shard = sealed_as(f, "inherited", 3 * BLOCK, 1)};

	ck_assert_int_eq(vres_lease_acquire(in.shard, &in.lease, NULL), VRES_OK);
	in.receipt = receipt_of(in.shard, &in.len);
	return in;
}

static void give_back(struct inherited *in)
{
	release_lease(&in->lease);
	release_shard(&in->shard);
	free_bytes(&in->receipt);
}

static bool is_forked(vres_status status, const vres_error *err)
{
	return status == VRES_E_STATE && err->reason == VRES_REASON_FORKED &&
	       status_flaw(status, err) == NULL;
}

static int every_call_is_refused(struct inherited *in)
{
	struct fixture *f = in->f;
	const uint64_t calls = test_device_calls(f->test_device, VRES_MOCK_ANY);
	const size_t events = record_count(&f->record, 0), lines = f->record.lines_count;
	vres_shard_info info = vres_shard_info_init();
	vres_device_info device = vres_device_info_init();
	vres_metrics metrics = vres_metrics_init();
	vres_policy_report policy = vres_policy_report_init();
	struct content_source source = {.seed = 1};
	vres_seal_params adopt = *PLAIN;
	vres_shard *shard = NULL;
	vres_lease *lease = NULL;
	vres_error err;
	uint32_t n;
	size_t len;
	char buf[4096];

	adopt.digest_alg = VRES_DIGEST_VERITY;
	memset(&err, 0, sizeof(err));
	EXPECT(is_forked(vres_manager_find(f->manager, "inherited", &shard, &err), &err));
	EXPECT(is_forked(vres_manager_metrics(f->manager, &metrics, &err), &err));
	EXPECT(is_forked(vres_metrics_prometheus(f->manager, NULL, 0, &len, &err), &err));
	EXPECT(is_forked(vres_device_count(f->manager, &n, &err), &err));
	EXPECT(is_forked(vres_device_describe(f->manager, 0, &device, &err), &err));
	EXPECT(is_forked(vres_enforce_vram_only(f->manager, 0, &policy, &err), &err));
	EXPECT(is_forked(vres_seal_memory(f->manager, PLAIN, "abc", 3, &shard, &err), &err));
	EXPECT(is_forked(vres_seal_fd(f->manager, PLAIN, 0, 0, 3, &shard, &err), &err));
	EXPECT(is_forked(
		vres_seal_stream(f->manager, PLAIN, content_read, &source, 3, &shard, &err), &err));
	EXPECT(is_forked(vres_seal_adopt(f->manager, &adopt, 4096, 3, &shard, &err), &err));
	EXPECT(is_forked(vres_shard_verify(in->shard, NULL, NULL, &err), &err));
	EXPECT(is_forked(vres_verify_many(f->manager, &in->shard, 1, NULL, NULL, &err), &err));
	EXPECT(is_forked(vres_set_verify(f->manager, &in->shard, 1, NULL, NULL, &err), &err));
	EXPECT(is_forked(vres_scrub_step(f->manager, 1, NULL, &err), &err));
	EXPECT(is_forked(vres_shard_describe(in->shard, &info, &err), &err));
	EXPECT(is_forked(vres_shard_to_json(in->shard, buf, sizeof(buf), &len, &err), &err));
	EXPECT(is_forked(vres_shard_receipt(in->shard, buf, sizeof(buf), &len, &err), &err));
	EXPECT(is_forked(vres_receipt_open(f->manager, in->receipt, in->len, &shard, &err), &err));
	EXPECT(is_forked(vres_lease_acquire(in->shard, &lease, &err), &err));
	EXPECT(is_forked(vres_lease_check(in->lease, &err), &err));
	EXPECT(vres_lease_device_ptr(in->lease) == 0);
	EXPECT(shard == NULL && lease == NULL && source.calls == 0);
	EXPECT(test_device_calls(f->test_device, VRES_MOCK_ANY) == calls);
	EXPECT(record_count(&f->record, 0) == events && f->record.lines_count == lines &&
	       f->record.incidents_count == 0);
	return 0;
}

START_TEST(every_call_in_a_child_is_refused_and_reaches_no_device)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(give_back) struct inherited in = inherit(f);
	vres_error err;

	in_child(every_call_is_refused, &in);
	ck_ok(vres_shard_verify(in.shard, NULL, NULL, &err));
	ck_works(f);
}
END_TEST

static int destroying_is_quiet(struct inherited *in)
{
	struct fixture *f = in->f;
	const uint64_t calls = test_device_calls(f->test_device, VRES_MOCK_ANY),
		       handles = test_device_live_handles(f->test_device);
	const size_t events = record_count(&f->record, 0), lines = f->record.lines_count;

	release_lease(&in->lease);
	release_shard(&in->shard);
	destroy_manager(&f->manager);
	destroy_key(&f->key);
	EXPECT(test_device_calls(f->test_device, VRES_MOCK_ANY) == calls);
	/* Nothing was closed: the driver is the parent's. */
	EXPECT(test_device_live_handles(f->test_device) == handles);
	EXPECT(record_count(&f->record, 0) == events && f->record.lines_count == lines);
	EXPECT(atomic_load(&f->closed) == 0);
	return 0;
}

START_TEST(destroying_in_a_child_touches_neither_device_nor_log)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(give_back) struct inherited in = inherit(f);
	vres_error err;

	in_child(destroying_is_quiet, &in);
	ck_ok(vres_lease_check(in.lease, &err));
	ck_ok(vres_shard_verify(in.shard, NULL, NULL, &err));
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_DEALLOCATED), 0);
}
END_TEST

static int host_memory_is_freed(struct inherited *in)
{
	const uint64_t live = alloc_live();

	release_lease(&in->lease);
	release_shard(&in->shard);
	destroy_manager(&in->f->manager);
	EXPECT(alloc_live() < live);
	return 0;
}

START_TEST(destroying_in_a_child_frees_host_memory)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(give_back) struct inherited in = inherit(f);

	in_child(host_memory_is_freed, &in);
}
END_TEST

/* The pages of an inherited key are zeros there: nothing may be signed or judged with them. */
static int an_inherited_key_is_no_key(struct inherited *in)
{
	struct fixture *f = in->f;
	const vres_config config = config_of(f);
	vres_shard_info info = vres_shard_info_init();
	vres_manager *manager = NULL;
	vres_error err;

	memset(&err, 0, sizeof(err));
	EXPECT(is_forked(vres_manager_create(&config, &manager, &err), &err));
	EXPECT(manager == NULL);
	memset(&err, 0, sizeof(err));
	EXPECT(is_forked(vres_receipt_check(in->receipt, in->len, f->key, &info, &err), &err));
	return 0;
}

START_TEST(a_key_does_not_come_along_into_a_child)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(give_back) struct inherited in = inherit(f);

	in_child(an_inherited_key_is_no_key, &in);
}
END_TEST

/* A child that makes its own is a process like any other. */
static int its_own_manager_works(struct inherited *in)
{
	vres_mock *mock = NULL;
	vres_key *key = NULL;
	vres_manager *manager = NULL;
	vres_shard *shard = NULL;
	vres_config config = config_of(in->f);

	EXPECT(vres_mock_create(NULL, &mock, NULL) == VRES_OK);
	EXPECT(vres_key_derive(TOKEN, strlen(TOKEN), NULL, &key, NULL) == VRES_OK);
	config.backend_arg = mock;
	config.key = key;
	config.closed = NULL;
	EXPECT(vres_manager_create(&config, &manager, NULL) == VRES_OK);
	EXPECT(vres_seal_memory(manager, PLAIN, "abc", 3, &shard, NULL) == VRES_OK);
	EXPECT(vres_shard_verify(shard, NULL, NULL, NULL) == VRES_OK);
	vres_shard_release(shard);
	vres_manager_destroy(manager);
	vres_key_destroy(key);
	EXPECT(vres_mock_live_handles(mock) == 0);
	vres_mock_destroy(mock);
	return 0;
}

START_TEST(a_child_may_make_a_manager_of_its_own)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(give_back) struct inherited in = inherit(f);

	in_child(its_own_manager_works, &in);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(every_call_in_a_child_is_refused_and_reaches_no_device,
	             "WORKER-4922 WORKER-4150", "integrity",
	             "two processes driving one device, audit chain forked"),
		CASE(destroying_in_a_child_touches_neither_device_nor_log, "WORKER-4922 MS-005",
	             "integrity", "child frees the parent's memory"),
		CASE(destroying_in_a_child_frees_host_memory, "MS-004", "availability", ""),
		CASE(a_key_does_not_come_along_into_a_child, "CI-006 CI-005", "confidentiality",
	             "key copied by fork, signing with a key of zeros"),
		CASE(a_child_may_make_a_manager_of_its_own, "WORKER-4150", "availability", ""),
	};

	return suite_run("security_fork", "security", cases, COUNT(cases));
}
