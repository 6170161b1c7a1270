/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Events that an audit log could not take, for want of space or because there were too many: none
 * is lost unseen.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/audit/temp_log.h"
#include "support/fixture/support.h"

/*
 * Take the free space of a folder away, and give it back: a small file system where root or a user
 * namespace may mount one, otherwise a limit on the size of this process's files.
 */
struct scarcity {
	bool has_mount;
	char ballast[128];
	struct temp_log place;
};

static bool put_text(const char *path, const char *text)
{
	const int fd = open(path, O_WRONLY | O_CLOEXEC);
	const bool is_put = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return is_put;
}

/* Enter a namespace in which this process may mount and keeps its user id. */
static bool may_mount(void)
{
	char users[64], groups[64];

	(void)snprintf(users, sizeof(users), "%u %u 1", geteuid(), geteuid());
	(void)snprintf(groups, sizeof(groups), "%u %u 1", getegid(), getegid());
	if (geteuid() == 0 && unshare(CLONE_NEWNS) == 0)
		return true;
	return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
	       put_text("/proc/self/setgroups", "deny") && put_text("/proc/self/gid_map", groups) &&
	       put_text("/proc/self/uid_map", users);
}

static struct scarcity scarce(void)
{
	struct scarcity s = {.place = temp_log_begin(NULL)};

	(void)signal(SIGXFSZ, SIG_IGN);
	s.has_mount = may_mount() && mount("none", "/", "none", MS_REC | MS_PRIVATE, "") == 0 &&
	              mount("vres", s.place.folder, "tmpfs", 0, "size=256k,mode=0700") == 0;
	(void)snprintf(s.ballast, sizeof(s.ballast), "%s/ballast", s.place.folder);
	suite_value("own_file_system", s.has_mount);
	return s;
}

/*
 * The limit holds for every file of this process, and Check writes each assertion to one.  So the
 * log is made longer than that file first.  Returns how many events it took.
 */
static unsigned take_space(const struct scarcity *s, vres_audit_file *log)
{
	static const char block[4096];
	struct rlimit limit;
	unsigned events = 0;
	struct stat file;
	vres_error err;

	if (s->has_mount) {
		const int fd = open(s->ballast, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

		while (write(fd, block, sizeof(block)) > 0)
			;
		close(fd);
		return 0;
	}
	do {
		for (unsigned i = 0; i < 100; i++)
			events +=
				temp_log_record(log, VRES_EVENT_SEAL_VERIFIED, "shard") == VRES_OK;
		ck_ok(vres_audit_file_flush(log, &err));
		ck_assert_int_eq(stat(s->place.log, &file), 0);
	} while (file.st_size < 128 * 1024);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = (rlim_t)file.st_size + 1000;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	return events;
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
	temp_log_end(&s->place);
}

/* Records critical events until one is refused; returns how many were recorded. */
static unsigned record_until_lost(vres_audit_file *log, vres_status want)
{
	for (unsigned n = 0; n < 1000; n++) {
		const vres_status status =
			temp_log_record(log, VRES_EVENT_SEAL_VERIFICATION_FAILED, "shard");

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
	vres_audit_file_options o = temp_log_options(&s.place, forward);
	CLEANUP(temp_log_close) vres_audit_file *log = NULL;
	unsigned recorded;
	struct chain c;
	vres_error err;

	o.required = required;
	log = temp_log_open(&s.place, &o);
	recorded = take_space(&s, log);
	recorded += record_until_lost(log, required ? VRES_E_AUDIT : VRES_OK);
	for (unsigned i = 0; i < 10; i++)
		ck_assert_int_eq(temp_log_record(log, VRES_EVENT_SEAL_VERIFIED, "shard"),
		                 required ? VRES_E_AUDIT : VRES_OK);
	ck_status(vres_audit_file_flush(log, &err), VRES_E_AUDIT);
	c = temp_log_chain(&s.place, forward, NULL, NULL);
	ck_assert_uint_eq(c.torn, 0);
	ck_assert_uint_eq(c.events, recorded);
	ck_assert_uint_eq(vres_audit_file_lost(log), 11);
	give_space(&s);
	ck_assert_int_eq(temp_log_record(log, VRES_EVENT_SEAL_VERIFICATION_FAILED, "shard"),
	                 VRES_OK);
	ck_assert_int_eq(temp_log_record(log, VRES_EVENT_SEAL_VERIFIED, "shard"), VRES_OK);
	ck_ok(vres_audit_file_flush(log, &err));
	c = temp_log_chain(&s.place, forward, NULL, NULL);
	ck_assert_uint_eq(c.events, recorded + 2);
	ck_assert_uint_eq(c.lost, 11);
	ck_assert_uint_eq(vres_audit_file_lost(log), 11);
}
END_TEST

START_TEST(the_loss_is_recorded_by_itself_when_there_is_space_again)
{
	CLEANUP(end_scarcity) struct scarcity s = scarce();
	const vres_audit_file_options o = temp_log_options(&s.place, false);
	CLEANUP(temp_log_close) vres_audit_file *log = temp_log_open(&s.place, &o);
	char *text;
	size_t n;

	(void)take_space(&s, log);
	(void)record_until_lost(log, VRES_OK);
	give_space(&s);
	text = temp_log_read(s.place.log, &n);
	/* Check ends a test that waits in vain. */
	while (strstr(text, "\"lost_events\":1}") == NULL) {
		usleep(10000);
		test_free(text);
		text = temp_log_read(s.place.log, &n);
	}
	test_free(text);
}
END_TEST

START_TEST(more_events_than_the_queue_takes_are_counted_and_the_count_is_a_line)
{
	CLEANUP(temp_log_end) struct temp_log p = temp_log_begin(NULL);
	vres_audit_file_options o = temp_log_options(&p, false);
	CLEANUP(temp_log_close) vres_audit_file *log = NULL;
	uint64_t refused = 0;
	struct chain c;
	vres_error err;

	o.queue_events = 4;
	o.required = (uint32_t)_i;
	log = temp_log_open(&p, &o);
	for (unsigned i = 0; i < 20000; i++)
		refused += temp_log_record(log, VRES_EVENT_SEAL_VERIFIED, "shard") != VRES_OK;
	/* Waits for room. */
	ck_assert_int_eq(temp_log_record(log, VRES_EVENT_SEAL_VERIFICATION_FAILED, "shard"),
	                 VRES_OK);
	ck_ok(vres_audit_file_flush(log, &err));
	c = temp_log_chain(&p, false, NULL, NULL);
	ck_assert_uint_gt(c.lost, 0);
	ck_assert_uint_eq(c.lost + c.events, 20001);
	ck_assert_uint_eq(vres_audit_file_lost(log), c.lost);
	ck_assert_uint_eq(refused, _i ? c.lost : 0);
}
END_TEST

START_TEST(a_manager_counts_what_its_log_lost_once_whether_it_was_told_or_not)
{
	struct setup s = setup_init();
	CLEANUP(temp_log_end) struct temp_log p = temp_log_begin(NULL);
	CLEANUP(finish) struct fixture *f = NULL;
	vres_audit_file_options o = temp_log_options(&p, false);
	CLEANUP(temp_log_close) vres_audit_file *log = NULL;
	vres_metrics now = vres_metrics_init();
	vres_shard *shard = NULL;
	vres_manager *m = NULL;
	vres_config config;
	vres_error err;

	s.no_manager = true;
	f = begin(&s);
	o.required = (uint32_t)_i;
	log = temp_log_open(&p, &o);
	config = config_of(f);
	config.audit = vres_audit_file_sink(log);
	ck_ok(manager_create(f, &config, &m, &err));
	ck_assert_int_eq(unlink(p.log), 0);
	if (_i) /* so that the log knows */
		ck_status(vres_audit_file_flush(log, &err), VRES_OK);
	ck_assert_int_eq(temp_log_record(log, VRES_EVENT_SEAL_VERIFICATION_FAILED, "shard"),
	                 _i ? VRES_E_AUDIT : VRES_OK);
	ck_assert_int_eq(vres_seal_memory(m, PLAIN, "abc", 3, &shard, &err),
	                 _i ? VRES_E_AUDIT : VRES_OK);
	ck_assert_int_eq(vres_audit_file_flush(log, &err), VRES_E_AUDIT);
	ck_ok(vres_manager_metrics(m, &now, &err));
	/* One was not the manager's and its maker was told. */
	ck_assert_uint_eq(now.audit_lost + (unsigned)_i, vres_audit_file_lost(log));
	ck_assert_uint_ge(now.audit_lost, 2);
	release_shard(&shard);
	destroy_manager(&m);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(
			a_full_disk_loses_no_line_and_the_loss_is_a_line_when_there_is_space_again,
			4, "WORKER-4150 D-58", "accountability",
			"events that vanish on a full disk"),
		CASE(the_loss_is_recorded_by_itself_when_there_is_space_again, "", "accountability",
	             ""),
		CASE_LOOP(more_events_than_the_queue_takes_are_counted_and_the_count_is_a_line, 2,
	                  "", "accountability", "a flood that hides an event"),
		CASE_LOOP(a_manager_counts_what_its_log_lost_once_whether_it_was_told_or_not, 2, "",
	                  "accountability", "losses that nobody sees"),
	};

	return suite_run("audit_loss", "audit_loss", cases, COUNT(cases));
}
