/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libcrypto runs out of memory: each allocation that it makes for us fails in turn, once alone and
 * once with all that follow.
 *
 * Getting the library context ready is tried in children, since a process does it once.  What comes
 * after is tried on one manager: an operation succeeds all the same or says VRES_E_NO_MEMORY, keeps
 * no memory of libcrypto's, no handle and no grudge against the shard, and leaves nothing in the
 * calling thread's error queue, which is its application's.
 */
#include <openssl/err.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "crypto_heap.h"
#include "sign/key.h"
#include "support/audit/small_log.h"
#include "support/fixture/support.h"

enum { BYTES = 3 * 4096 + 17 };

/* What a child found, as its exit status. */
enum finding { REFUSED = 1, SURVIVED, NOT_REACHED, WRONG_STATUS, WRONG_KEY, NO_RECOVERY };

/* docs/FORMAT.md, "Keys": what the token of the tests gives. */
static bool is_right(const vres_key *key)
{
	char hex[65];

	hex_of(key->root, sizeof(key->root), hex);
	return strcmp(hex, "14a07e02a665cb5b74d2825937e34cb1b382ba3ad02f19d7e0f65862a3b1e26c") == 0;
}

static enum finding first_use(uint64_t nth, bool all_after)
{
	vres_key *key = NULL, *again = NULL;
	vres_status status;
	bool failed;

	crypto_heap_fail(nth, all_after);
	status = vres_key_derive(TOKEN, strlen(TOKEN), NULL, &key, NULL);
	failed = crypto_heap_disarm();
	if (status == VRES_OK && !is_right(key))
		return WRONG_KEY;
	vres_key_destroy(key);
	if (status != VRES_OK && (status != VRES_E_NO_MEMORY || !failed))
		return WRONG_STATUS;
	if (vres_key_derive(TOKEN, strlen(TOKEN), NULL, &again, NULL) != VRES_OK ||
	    !is_right(again))
		return NO_RECOVERY;
	vres_key_destroy(again);
	return !failed ? NOT_REACHED : status == VRES_OK ? SURVIVED : REFUSED;
}

static enum finding first_use_in_a_child(uint64_t nth, bool all_after)
{
	const pid_t child = fork();
	int status = 0;

	if (child == 0)
		_exit((int)first_use(nth, all_after));
	ck_assert_int_gt(child, 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(WIFEXITED(status), "allocation %ju: ended by signal %d", (uintmax_t)nth,
	              WTERMSIG(status));
	return (enum finding)WEXITSTATUS(status);
}

/* Every one where that is quick; elsewhere so many, evenly spread. */
static void sweep_first_use(bool all_after)
{
	uint64_t n = 1, refused = 0, survived = 0, step = 5000 / suite_scaled(5000, 50);
	enum finding found;

	while ((found = first_use_in_a_child(n, all_after)) != NOT_REACHED) {
		ck_assert_msg(found != WRONG_STATUS,
		              "allocation %ju: neither success nor VRES_E_NO_MEMORY", (uintmax_t)n);
		ck_assert_msg(found != WRONG_KEY, "allocation %ju: success with a wrong key",
		              (uintmax_t)n);
		ck_assert_msg(found != NO_RECOVERY, "allocation %ju: no use after the shortage",
		              (uintmax_t)n);
		refused += found == REFUSED;
		survived += found == SURVIVED;
		n += step;
	}
	ck_assert_uint_gt(refused, 0);
	printf("first use: %ju libcrypto allocations, %ju refusals, %ju survived\n",
	       (uintmax_t)n - 1, (uintmax_t)refused, (uintmax_t)survived);
	suite_value(all_after ? "first_use_all_after" : "first_use", (double)(n - 1));
}

START_TEST(getting_ready_survives_the_loss_of_any_allocation)
{
	sweep_first_use(_i == 1);
}
END_TEST

/* What is left of a log in mode forward whose first files are gone: it begins in epoch 5. */
static struct audit_maker *later_log(void)
{
	struct audit_maker *m = small_log(true);

	while (m->epoch < 5)
		maker_epoch(m);
	m->n = 0;
	m->lines = 0;
	maker_header(m);
	maker_opened(m);
	return m;
}

struct use {
	struct fixture *f;
	vres_shard *shard;
	uint8_t *receipt, *data;
	size_t receipt_bytes;
	struct audit_maker *log, *later; /* in mode forward */
	char key_file[32];
};

static vres_status verify(struct use *u, uint32_t mode)
{
	const vres_verify_params p = mode_of(mode);

	return vres_shard_verify(u->shard, &p, NULL, NULL);
}

static vres_status use_seal(struct use *u)
{
	vres_shard *shard = NULL;
	const vres_status status =
		vres_seal_memory(u->f->manager, PLAIN, u->data, BYTES, &shard, NULL);

	vres_shard_release(shard);
	return status;
}

static vres_status use_full(struct use *u)
{
	return verify(u, VRES_VERIFY_FULL);
}

static vres_status use_signature(struct use *u)
{
	return verify(u, VRES_VERIFY_SIGNATURE);
}

static vres_status use_sampled(struct use *u)
{
	return verify(u, VRES_VERIFY_SAMPLED);
}

static vres_status use_readback(struct use *u)
{
	return verify(u, VRES_VERIFY_READBACK);
}

static vres_status use_lease(struct use *u)
{
	vres_lease *lease = NULL;
	const vres_status status = vres_lease_acquire(u->shard, &lease, NULL);

	vres_lease_release(lease);
	return status;
}

static vres_status use_receipt_check(struct use *u)
{
	vres_shard_info info = vres_shard_info_init();

	return vres_receipt_check(u->receipt, u->receipt_bytes, u->f->key, &info, NULL);
}

static vres_status use_receipt_open(struct use *u)
{
	vres_shard *shard = NULL;
	const vres_status status =
		vres_receipt_open(u->f->manager, u->receipt, u->receipt_bytes, &shard, NULL);

	vres_shard_release(shard);
	return status;
}

static vres_status use_digester(struct use *u)
{
	vres_digester *d = NULL;
	vres_status status = vres_digester_create(VRES_DIGEST_VERITY, 0, &d, NULL);
	char hex[65];

	if (status == VRES_OK)
		status = vres_digester_update(d, u->data, BYTES, NULL);
	if (status == VRES_OK)
		status = vres_digester_final(d, hex, NULL);
	vres_digester_destroy(d);
	return status;
}

static vres_status use_manager(struct use *u)
{
	vres_manager *m = NULL;
	const vres_status status = manager_create(u->f, NULL, &m, NULL);

	vres_manager_destroy(m);
	return status;
}

/* Anything but good is an error of its own here: a shortage must not look like tampering. */
static vres_status check_log(const struct audit_maker *m, bool from_later, const char *key_file)
{
	vres_audit_check_options o = vres_audit_check_options_init();
	vres_audit_checker *c = NULL;
	vres_status status;

	o.forward_key = key_file;
	status = vres_audit_checker_create(&o, &c, NULL);
	if (status == VRES_OK && from_later)
		status = vres_audit_checker_from_later(c, NULL);
	if (status == VRES_OK)
		status = vres_audit_checker_file(c, NULL);
	if (status == VRES_OK)
		status = vres_audit_checker_feed(c, m->bytes, m->n, NULL);
	if (status == VRES_OK)
		status = vres_audit_checker_end(c, NULL, NULL);
	vres_audit_checker_destroy(c);
	return status;
}

static vres_status use_audit_check(struct use *u)
{
	return check_log(u->log, false, u->key_file);
}

/* The key is of epoch 0, the first line of a later one: the checker works out the keys between. */
static vres_status use_audit_jump(struct use *u)
{
	return check_log(u->later, true, u->key_file);
}

static const struct {
	const char *name;
	vres_status (*use)(struct use *);
} uses[] = {
	{"seal", use_seal},
	{"verify_full", use_full},
	{"verify_signature", use_signature},
	{"verify_sampled", use_sampled},
	{"verify_readback", use_readback},
	{"lease", use_lease},
	{"receipt_check", use_receipt_check},
	{"receipt_open", use_receipt_open},
	{"digest", use_digester},
	{"manager_create", use_manager},
	{"audit_check", use_audit_check},
	{"audit_jump", use_audit_jump},
};

/* One use with the nth allocation refused; true if it was reached. */
static bool use_without(struct use *u, vres_status (*use)(struct use *), uint64_t nth,
                        bool all_after, uint64_t *refused)
{
	const int64_t before = crypto_heap_live();
	const uint64_t handles = vres_mock_live_handles(u->f->mock);
	vres_status status;
	bool failed;

	crypto_heap_fail(nth, all_after);
	status = use(u);
	failed = crypto_heap_disarm();
	ck_assert_msg(ERR_peek_error() == 0,
	              "allocation %ju: the thread's error queue is not empty", (uintmax_t)nth);
	ck_assert_msg(status == VRES_OK || (failed && status == VRES_E_NO_MEMORY),
	              "allocation %ju: %s", (uintmax_t)nth, vres_status_name(status));
	ck_assert_msg(crypto_heap_live() == before,
	              "allocation %ju: %jd blocks of libcrypto's are kept", (uintmax_t)nth,
	              (intmax_t)(crypto_heap_live() - before));
	ck_assert_uint_eq(vres_mock_live_handles(u->f->mock), handles);
	ck_assert_uint_eq(info_of(u->shard).state, VRES_SHARD_SEALED);
	*refused += status != VRES_OK;
	return failed;
}

START_TEST(a_use_survives_the_loss_of_any_allocation_and_keeps_nothing)
{
	struct setup setup = setup_init();
	uint64_t n, refused = 0, tried = 0;

	setup.policy.allow |= VRES_ALLOW_READBACK;
	CLEANUP(finish) struct fixture *f = begin(&setup);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, BYTES, 1);
	struct use u = {.f = f,
	                .shard = shard,
	                .data = content(BYTES, 2),
	                .key_file = "/tmp/vres-oom-XXXXXX"};

	u.receipt = receipt_of(shard, &u.receipt_bytes);
	u.log = small_log(true);
	u.later = later_log();
	small_log_key_file(u.key_file);
	/* The thread's error state comes into being with its first question. */
	(void)ERR_peek_error();
	for (unsigned all_after = 0; all_after <= 1; all_after++) {
		for (n = 1; use_without(&u, uses[_i].use, n, all_after, &refused); n++)
			tried++;
		ck_assert_int_eq(uses[_i].use(&u), VRES_OK);
	}
	ck_assert_uint_gt(refused, 0);
	printf("%s: %ju libcrypto allocations, %ju failed, %ju refusals\n", uses[_i].name,
	       (uintmax_t)n - 1, (uintmax_t)tried, (uintmax_t)refused);
	suite_value(uses[_i].name, (double)(n - 1));
	ck_assert_int_eq(unlink(u.key_file), 0);
	test_free(u.log);
	test_free(u.later);
	test_free(u.receipt);
	test_free(u.data);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		{&getting_ready_survives_the_loss_of_any_allocation, "WORKER-4150 WORKER-4952",
	         "availability", "libcrypto out of memory at first use", 2, 280},
		CASE_LOOP(a_use_survives_the_loss_of_any_allocation_and_keeps_nothing, COUNT(uses),
	                  "WORKER-4150 WORKER-4952", "availability",
	                  "libcrypto out of memory later"),
	};

	if (!crypto_heap_install())
		return 2;
	return suite_run("oom", "oom", cases, COUNT(cases));
}
