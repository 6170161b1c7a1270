/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An audit log in trouble: half a line, no space, somebody else's hands, a forked child, more events than it can take. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "place.h"
#include "support.h"

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, what)) != NULL; at++)
		n++;
	return n;
}

/* Half a line --------------------------------------------------------------------------------------------------------------------- */

/* What a crash may leave: lines behind the checkpoint. */
struct leftovers {
	char *log, *checkpoint, *key;
	size_t log_n, checkpoint_n, key_n, header_n;
};

static struct leftovers leave(struct place *p, bool forward)
{
	const vres_audit_file_options o = place_options(p, forward);
	CLEANUP(place_close) vres_audit_file *log = place_open(p, &o);
	struct leftovers left = {.log = NULL};

	left.checkpoint = place_read(p->checkpoint, &left.checkpoint_n);
	left.key = place_read(p->key, &left.key_n);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(place_record(log, VRES_EVENT_SEAL_VERIFIED, "shard"), VRES_OK);
	for (unsigned tries = 0; tries < 1000; tries++) { /* until the writer has written them, which it does before it brings them to disk */
		test_free(left.log);
		left.log = place_read(p->log, &left.log_n);
		if (count(left.log, "\n") == 4)
			break;
		usleep(1000);
	}
	left.header_n = (size_t)(strchr(left.log, '\n') - left.log) + 1;
	return left;
}

START_TEST(a_torn_last_line_is_cut_off_and_recorded_wherever_it_was_torn)
{
	CLEANUP(place_end) struct place p = place_begin(access("/dev/shm", W_OK) == 0 ? "/dev/shm" : NULL);
	struct leftovers left = leave(&p, _i);
	const vres_audit_file_options o = place_options(&p, _i);
	struct lines *lines = test_alloc(sizeof(*lines));

	ck_assert_uint_eq(count(left.log, "\n"), 4);
	for (size_t cut = left.header_n; cut <= left.log_n; cut += cut + 400 < left.log_n ? 19 : 1) {
		const size_t whole = (size_t)((char *)memrchr(left.log, '\n', cut) - left.log) + 1;
		char digest[65], want[192];
		vres_audit_file *log;

		place_write(p.log, left.log, cut);
		place_write(p.checkpoint, left.checkpoint, left.checkpoint_n);
		if (_i)
			place_write(p.key, left.key, left.key_n);
		log = place_open(&p, &o);
		place_close(&log);
		lines->n = 0;
		(void)place_chain(&p, _i, lines_keep, lines);
		sha256_hex(left.log + whole, cut - whole, digest);
		(void)snprintf(want, sizeof(want), "{\"event_type\":\"log_repaired\",\"removed_bytes\":%zu,\"removed_sha256\":\"%s\"}",
		               cut - whole, digest);
		ck_assert_str_eq(strstr(lines_types(lines), "log_opened"),
		                 cut == whole ? _i ? "log_opened log_epoch log_closed" : "log_opened log_closed"
		                 : _i         ? "log_opened log_repaired log_epoch log_closed"
		                              : "log_opened log_repaired log_closed");
		ck_assert(cut == whole || strstr(lines->text[lines->n - (_i ? 3 : 2)], want) != NULL);
	}
	test_free(lines);
	test_free(left.log);
	test_free(left.checkpoint);
	test_free(left.key);
}
END_TEST

/* Where an epoch of few lines would end just there. */
START_TEST(a_repair_is_told_before_anything_else_is)
{
	CLEANUP(place_end) struct place p = place_begin(NULL);
	vres_audit_file_options o = place_options(&p, true);
	struct lines *lines = test_alloc(sizeof(*lines));

	lines->n = 0;
	o.epoch_lines = 2 + (uint32_t)_i;
	for (unsigned session = 0; session < 4; session++) {
		vres_audit_file *log;
		char *text, longer[8192];
		size_t n = 0;

		o.simulated = session & 1; /* another file, with a header of its own */
		log = place_open(&p, &o);
		place_close(&log);
		if (session == 3)
			break;
		text = place_read(p.log, &n);
		ck_assert_uint_lt(n, sizeof(longer) - 32);
		memcpy(longer, text, n);
		memcpy(longer + n, "{\"audit_id\":\"audit-", 19);
		place_write(p.log, longer, n + 19);
		test_free(text);
	}
	(void)place_chain(&p, true, lines_keep, lines);
	ck_assert_uint_eq(count(lines_types(lines), "log_header log_repaired"), 3);
	test_free(lines);
}
END_TEST

START_TEST(a_log_whose_first_line_was_torn_begins_again)
{
	CLEANUP(place_end) struct place p = place_begin(access("/dev/shm", W_OK) == 0 ? "/dev/shm" : NULL);
	struct leftovers left = leave(&p, _i);
	const vres_audit_file_options o = place_options(&p, _i);

	for (size_t cut = 0; cut < left.header_n; cut += 11) {
		vres_audit_file *log;

		place_write(p.log, left.log, cut);
		(void)unlink(p.checkpoint);
		if (_i)
			place_write(p.key, left.key, left.key_n);
		log = place_open(&p, &o);
		place_close(&log);
		ck_assert_uint_eq(place_chain(&p, _i, NULL, NULL).lines, 2u + (cut > 0) + (unsigned)_i);
	}
	test_free(left.log);
	test_free(left.checkpoint);
	test_free(left.key);
}
END_TEST

/* No space ------------------------------------------------------------------------------------------------------------------------ */

/* Take the space away from a place, and give it back: a small file system of its own where that is allowed, else a limit for this process. */
struct scarcity {
	bool has_mount;
	char ballast[128];
	struct place place;
};

static struct scarcity scarce(void)
{
	struct scarcity s = {.place = place_begin(NULL)};

	(void)signal(SIGXFSZ, SIG_IGN);
	s.has_mount = unshare(CLONE_NEWNS) == 0 && mount("none", "/", "none", MS_REC | MS_PRIVATE, "") == 0 &&
	              mount("vres", s.place.folder, "tmpfs", 0, "size=256k,mode=0700") == 0;
	(void)snprintf(s.ballast, sizeof(s.ballast), "%s/ballast", s.place.folder);
	suite_value("own_file_system", s.has_mount);
	return s;
}

static void take_space(const struct scarcity *s)
{
	static const char block[4096];
	struct rlimit limit;
	struct stat log;

	if (s->has_mount) {
		const int fd = open(s->ballast, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

		while (write(fd, block, sizeof(block)) > 0)
			;
		close(fd);
		return;
	}
	ck_assert_int_eq(stat(s->place.log, &log), 0);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = (rlim_t)log.st_size + 1000;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void give_space(const struct scarcity *s)
{
	struct rlimit limit;

	(void)unlink(s->ballast);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void end_scarcity(struct scarcity *s)
{
	if (s->has_mount)
		ck_assert_int_eq(umount2(s->place.folder, MNT_DETACH), 0);
	place_end(&s->place);
}

/* Critical events until one is not recorded; how many were. */
static unsigned record_until_lost(vres_audit_file *log, vres_status want)
{
	for (unsigned n = 0; n < 1000; n++) {
		const vres_status status = place_record(log, VRES_EVENT_SEAL_VERIFICATION_FAILED, "shard");

		if (vres_audit_file_lost(log) > 0) {
			ck_assert_int_eq(status, want);
			return n;
		}
		ck_assert_int_eq(status, VRES_OK);
	}
	ck_abort_msg("there was always space");
	return 0;
}

START_TEST(a_full_disk_loses_no_line_and_the_loss_is_a_line_when_there_is_space_again)
{
	const bool forward = _i & 1, required = _i & 2;
	CLEANUP(end_scarcity) struct scarcity s = scarce();
	vres_audit_file_options o = place_options(&s.place, forward);
	CLEANUP(place_close) vres_audit_file *log = NULL;
	unsigned recorded;
	struct chain c;
	vres_error err;

	o.required = required;
	log = place_open(&s.place, &o);
	take_space(&s);
	recorded = record_until_lost(log, required ? VRES_E_AUDIT : VRES_OK);
	for (unsigned i = 0; i < 10; i++)
		ck_assert_int_eq(place_record(log, VRES_EVENT_SEAL_VERIFIED, "shard"), required ? VRES_E_AUDIT : VRES_OK);
	ck_status(vres_audit_file_flush(log, &err), VRES_E_AUDIT);
	c = place_chain(&s.place, forward, NULL, NULL);
	ck_assert_uint_eq(c.torn, 0);
	ck_assert_uint_eq(c.events, recorded);
	ck_assert_uint_eq(vres_audit_file_lost(log), 11);
	give_space(&s);
	ck_assert_int_eq(place_record(log, VRES_EVENT_SEAL_VERIFICATION_FAILED, "shard"), VRES_OK);
	ck_assert_int_eq(place_record(log, VRES_EVENT_SEAL_VERIFIED, "shard"), VRES_OK);
	ck_ok(vres_audit_file_flush(log, &err));
	c = place_chain(&s.place, forward, NULL, NULL);
	ck_assert_uint_eq(c.events, recorded + 2);
	ck_assert_uint_eq(c.lost, 11);
	ck_assert_uint_eq(vres_audit_file_lost(log), 11);
}
END_TEST

START_TEST(the_loss_is_recorded_by_itself_when_there_is_space_again)
{
	CLEANUP(end_scarcity) struct scarcity s = scarce();
	const vres_audit_file_options o = place_options(&s.place, false);
	CLEANUP(place_close) vres_audit_file *log = place_open(&s.place, &o);
	char *text = NULL;
	size_t n;

	take_space(&s);
	(void)record_until_lost(log, VRES_OK);
	give_space(&s);
	for (unsigned tries = 0; tries < 100 && (text == NULL || strstr(text, "\"lost_events\":1}") == NULL); tries++) {
		test_free(text);
		usleep(100000);
		text = place_read(s.place.log, &n);
	}
	ck_assert_ptr_nonnull(strstr(text, "\"lost_events\":1}"));
	test_free(text);
}
END_TEST

START_TEST(a_log_in_a_folder_that_cannot_be_written_is_not_opened)
{
	CLEANUP(place_end) struct place p = place_begin(NULL);
	const vres_audit_file_options o = place_options(&p, false);
	int status;
	pid_t pid;

	fflush(NULL);
	ck_assert_int_eq(chmod(p.folder, 0500), 0);
	if (geteuid() == 0)
		ck_assert_int_eq(chown(p.folder, 12345, 12345), 0);
	pid = fork();
	if (pid == 0) {
		vres_audit_file *log = NULL;
		vres_key *key = NULL;

		if (geteuid() == 0 && setresuid(12345, 12345, 12345) != 0)
			_exit(2);
		_exit(vres_key_derive("t", 1, NULL, &key, NULL) == VRES_OK && vres_audit_file_open(p.log, key, &o, &log, NULL) == VRES_E_IO ? 0
		                                                                                                                            : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(chmod(p.folder, 0700), 0);
}
END_TEST

/* Somebody else's hands ------------------------------------------------------------------------------------------------------------ */

static void unlink_it(const struct place *p)
{
	ck_assert_int_eq(unlink(p->log), 0);
}

static void replace_it(const struct place *p)
{
	unlink_it(p);
	place_write(p->log, "somebody else's\n", 16);
}

static void move_it(const struct place *p)
{
	char aside[128];

	(void)snprintf(aside, sizeof(aside), "%s.aside", p->log);
	ck_assert_int_eq(rename(p->log, aside), 0);
}

static void cut_it(const struct place *p)
{
	ck_assert_int_eq(truncate(p->log, 100), 0);
}

static void lengthen_it(const struct place *p)
{
	const int fd = open(p->log, O_WRONLY | O_APPEND | O_CLOEXEC);

	ck_assert_int_eq(write(fd, "x\n", 2), 2);
	close(fd);
}

START_TEST(a_file_that_somebody_else_changes_is_not_written_any_more)
{
	static void (*const harms[])(const struct place *) = {unlink_it, replace_it, move_it, cut_it, lengthen_it};
	CLEANUP(place_end) struct place p = place_begin(NULL);
	vres_audit_file_options o = place_options(&p, false);
	vres_audit_file *log;
	char *before, *after;
	size_t before_n, after_n;
	vres_error err;

	o.required = 1;
	log = place_open(&p, &o);
	ck_assert_int_eq(place_record(log, VRES_EVENT_SEAL_VERIFICATION_FAILED, "shard"), VRES_OK);
	harms[_i](&p);
	before = place_read(p.log, &before_n);
	for (unsigned i = 1; i <= 3; i++) {
		ck_assert_int_eq(place_record(log, VRES_EVENT_SEAL_VERIFICATION_FAILED, "shard"), VRES_E_AUDIT);
		ck_assert_int_eq(place_record(log, VRES_EVENT_SEAL_VERIFIED, "shard"), VRES_E_AUDIT);
		ck_assert_uint_eq(vres_audit_file_lost(log), 2 * i);
	}
	ck_status(vres_audit_file_flush(log, &err), VRES_E_AUDIT);
	ck_assert_str_eq(err.message, "the audit log was replaced or changed by somebody else");
	place_close(&log);
	after = place_read(p.log, &after_n);
	ck_assert_uint_eq(before_n, after_n);
	ck_assert((before == NULL) == (after == NULL) && (before == NULL || memcmp(before, after, before_n) == 0));
	test_free(before);
	test_free(after);
}
END_TEST

/* A forked child ------------------------------------------------------------------------------------------------------------------- */

START_TEST(a_forked_child_can_only_close_which_touches_no_file)
{
	CLEANUP(place_end) struct place p = place_begin(NULL);
	const vres_audit_file_options o = place_options(&p, _i);
	CLEANUP(place_close) vres_audit_file *log = place_open(&p, &o);
	vres_error err;
	uint64_t seq;
	char hash[65], *before, *after;
	size_t before_n, after_n;
	int status;
	pid_t pid;

	ck_assert_int_eq(place_record(log, VRES_EVENT_SEAL_VERIFICATION_FAILED, "shard"), VRES_OK);
	ck_ok(vres_audit_file_flush(log, &err));
	before = place_read(p.log, &before_n);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (place_record(log, VRES_EVENT_SEAL_VERIFICATION_FAILED, "child") != VRES_E_STATE ||
		    vres_audit_file_flush(log, &err) != VRES_E_STATE || err.reason != VRES_REASON_FORKED ||
		    vres_audit_file_head(log, &seq, hash, &err) != VRES_E_STATE || vres_audit_file_lost(log) != 0)
			_exit(1);
		vres_audit_file_close(log);
		(void)raise(SIGKILL); /* all is well; no way to look for leaks in a process whose other threads are gone */
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	after = place_read(p.log, &after_n);
	ck_assert_uint_eq(before_n, after_n);
	ck_assert_mem_eq(before, after, after_n);
	ck_assert_int_eq(place_record(log, VRES_EVENT_SEAL_VERIFICATION_FAILED, "parent"), VRES_OK);
	ck_assert_uint_eq(place_chain(&p, _i, NULL, NULL).events, 2);
	test_free(before);
	test_free(after);
}
END_TEST

START_TEST(a_closed_log_can_be_opened_again_while_a_child_lives_that_had_it)
{
	CLEANUP(place_end) struct place p = place_begin(NULL);
	const vres_audit_file_options o = place_options(&p, false);
	vres_audit_file *log = place_open(&p, &o);
	const pid_t pid = fork();
	int status;

	if (pid == 0) {
		pause();
		_exit(0);
	}
	place_close(&log);
	log = place_open(&p, &o);
	place_close(&log);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
}
END_TEST

/* Too much ------------------------------------------------------------------------------------------------------------------------- */

START_TEST(more_events_than_the_queue_takes_are_counted_and_the_count_is_a_line)
{
	CLEANUP(place_end) struct place p = place_begin(NULL);
	vres_audit_file_options o = place_options(&p, false);
	CLEANUP(place_close) vres_audit_file *log = NULL;
	uint64_t refused = 0;
	struct chain c;
	vres_error err;

	o.queue_events = 4;
	o.required = (uint32_t)_i;
	log = place_open(&p, &o);
	for (unsigned i = 0; i < 20000; i++)
		refused += place_record(log, VRES_EVENT_SEAL_VERIFIED, "shard") != VRES_OK;
	ck_assert_int_eq(place_record(log, VRES_EVENT_SEAL_VERIFICATION_FAILED, "shard"), VRES_OK); /* waits for room */
	ck_ok(vres_audit_file_flush(log, &err));
	c = place_chain(&p, false, NULL, NULL);
	ck_assert_uint_gt(c.lost, 0);
	ck_assert_uint_eq(c.lost + c.events, 20001);
	ck_assert_uint_eq(vres_audit_file_lost(log), c.lost);
	ck_assert_uint_eq(refused, _i ? c.lost : 0);
}
END_TEST

START_TEST(a_manager_counts_what_its_log_lost_once_whether_it_was_told_or_not)
{
	struct setup s = setup_init();
	CLEANUP(place_end) struct place p = place_begin(NULL);
	CLEANUP(finish) struct fixture *f = NULL;
	vres_audit_file_options o = place_options(&p, false);
	CLEANUP(place_close) vres_audit_file *log = NULL;
	vres_metrics now = vres_metrics_init();
	vres_shard *shard = NULL;
	vres_manager *m = NULL;
	vres_config config;
	vres_error err;

	s.no_manager = true;
	f = begin(&s);
	o.required = (uint32_t)_i;
	log = place_open(&p, &o);
	config = config_of(f);
	config.audit = vres_audit_file_sink(log);
	ck_ok(manager_create(f, &config, &m, &err));
	unlink_it(&p);
	if (_i) /* so that the log knows */
		ck_status(vres_audit_file_flush(log, &err), VRES_OK);
	ck_assert_int_eq(place_record(log, VRES_EVENT_SEAL_VERIFICATION_FAILED, "shard"), _i ? VRES_E_AUDIT : VRES_OK);
	ck_assert_int_eq(vres_seal_memory(m, PLAIN, "abc", 3, &shard, &err), _i ? VRES_E_AUDIT : VRES_OK);
	ck_assert_int_eq(vres_audit_file_flush(log, &err), VRES_E_AUDIT);
	ck_ok(vres_manager_metrics(m, &now, &err));
	ck_assert_uint_eq(now.audit_lost + (unsigned)_i, vres_audit_file_lost(log)); /* one was not the manager's and its maker was told */
	ck_assert_uint_ge(now.audit_lost, 2);
	release_shard(&shard);
	destroy_manager(&m);
}
END_TEST

/* No memory ------------------------------------------------------------------------------------------------------------------------ */

static vres_status whole_life(struct place *p, const vres_audit_file_options *o, const vres_key *key, vres_error *err)
{
	vres_audit_file *log = NULL;
	const vres_status status = vres_audit_file_open(p->log, key, o, &log, err);

	if (status != VRES_OK)
		return status;
	(void)place_record(log, VRES_EVENT_SEAL_VERIFIED, "shard");
	(void)place_record(log, VRES_EVENT_SEAL_VERIFICATION_FAILED, "shard");
	vres_audit_file_close(log);
	return VRES_OK;
}

START_TEST(no_allocation_that_fails_leaves_anything_behind_or_harms_the_log)
{
	CLEANUP(place_end) struct place p = place_begin(NULL);
	const vres_audit_file_options o = place_options(&p, _i);
	vres_key *key = NULL;
	unsigned failed = 0;
	vres_error err;

	ck_ok(vres_key_derive(TOKEN, strlen(TOKEN), NULL, &key, &err));
	for (uint64_t n = 1;; n++) {
		const uint64_t live = alloc_live();
		vres_status status;
		bool fired;

		status_poison(&err);
		alloc_fail(n, false);
		status = whole_life(&p, &o, key, &err);
		fired = alloc_disarm();
		ck_assert_msg(status_flaw(status, &err) == NULL, "allocation %u: %s", (unsigned)n, status_flaw(status, &err));
		ck_assert_int_eq(status, fired ? VRES_E_NO_MEMORY : VRES_OK);
		ck_assert_uint_eq(alloc_live(), live);
		if (!fired)
			break;
		failed++;
	}
	ck_assert_uint_ge(failed, 3);
	ck_assert_uint_eq(place_chain(&p, _i, NULL, NULL).events, 2);
	vres_key_destroy(key);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(a_torn_last_line_is_cut_off_and_recorded_wherever_it_was_torn, 2, "", "integrity", "half a line after a crash"),
		CASE_LOOP(a_repair_is_told_before_anything_else_is, 3, "", "integrity", "a repair that a checker takes for a fault"),
		CASE_LOOP(a_log_whose_first_line_was_torn_begins_again, 2, "", "availability", "a crash at the very beginning"),
		CASE_LOOP(a_full_disk_loses_no_line_and_the_loss_is_a_line_when_there_is_space_again, 4, "WORKER-4150", "accountability",
	                  "events that vanish on a full disk"),
		CASE(the_loss_is_recorded_by_itself_when_there_is_space_again, "", "accountability", ""),
		CASE(a_log_in_a_folder_that_cannot_be_written_is_not_opened, "", "availability", ""),
		CASE_LOOP(a_file_that_somebody_else_changes_is_not_written_any_more, 5, "SEC-AUDIT-020", "integrity",
	                  "a log replaced under its writer"),
		CASE_LOOP(a_forked_child_can_only_close_which_touches_no_file, 2, "WORKER-4020", "integrity", "two writers of one chain"),
		CASE(a_closed_log_can_be_opened_again_while_a_child_lives_that_had_it, "", "availability", ""),
		CASE_LOOP(more_events_than_the_queue_takes_are_counted_and_the_count_is_a_line, 2, "", "accountability",
	                  "a flood that hides an event"),
		CASE_LOOP(a_manager_counts_what_its_log_lost_once_whether_it_was_told_or_not, 2, "", "accountability",
	                  "losses that nobody sees"),
		CASE_LOOP(no_allocation_that_fails_leaves_anything_behind_or_harms_the_log, 2, "", "availability", ""),
	};
	return suite_run("audit_trouble", "audit_trouble", cases, COUNT(cases));
}
