/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * kill -9 at random moments: a child writes to a log and reports through a pipe which critical
 * events were acknowledged.  The parent kills it, reads the log with a reader of its own (chain.h),
 * and lets the next child continue the log.  No acknowledged event may be missing, and the chain
 * must hold.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/audit/temp_log.h"
#include "support/fixture/support.h"

/*
 * Most rounds use a log in memory, where a child gets far before it is killed; some use a disk,
 * where it mostly waits.  In both, what a killed process has written stays written.
 */
#define ROUNDS         600u
#define ROUNDS_ON_DISK 60u

static vres_event event_of(vres_event_type type, const char *id, vres_shard_info *shard)
{
	vres_event e = {.struct_size = sizeof(e),
	                .type = type,
	                .shard = shard,
	                .time = UINT64_C(1700000000) * 1000000000};

	*shard = vres_shard_info_init();
	(void)snprintf(shard->shard_id, sizeof(shard->shard_id), "%s", id);
	e.critical = type == VRES_EVENT_SEAL_VERIFICATION_FAILED;
	return e;
}

/* Ends when it is killed, or with a status that says that something was wrong. */
_Noreturn static void write_until_killed(const struct temp_log *p, vres_audit_file_options o,
                                         unsigned round, int pipe_end)
{
	vres_audit_file *log = NULL;
	vres_key *key = NULL;
	vres_audit_sink sink;
	vres_shard_info shard;
	vres_error err;
	char id[64];

	o.rotate_bytes = KIB(64);
	o.epoch_lines = 32;
	o.required = 1;
	if (vres_key_derive(TOKEN, strlen(TOKEN), NULL, &key, &err) != VRES_OK ||
	    vres_audit_file_open(p->log, key, &o, &log, &err) != VRES_OK) {
		(void)dprintf(2, "round %u: %s\n", round, err.message);
		_exit(1);
	}
	sink = vres_audit_file_sink(log);
	for (uint32_t k = 1;; k++) {
		for (unsigned i = 0; i < k % 40; i++) {
			const vres_event e = event_of(VRES_EVENT_SEAL_VERIFIED, "routine", &shard);

			if (sink.record(sink.ctx, &e) != VRES_OK)
				_exit(2);
		}
		(void)snprintf(id, sizeof(id), "ack-%u-%u", round, k);
		const vres_event e = event_of(VRES_EVENT_SEAL_VERIFICATION_FAILED, id, &shard);

		if (sink.record(sink.ctx, &e) != VRES_OK ||
		    write(pipe_end, &k, sizeof(k)) != sizeof(k))
			_exit(3);
	}
}

/* What the log holds of one round. */
struct seen {
	unsigned round;
	uint32_t last; /* critical events 1 to last are there, in order */
	bool is_wrong;
};

static void look(void *ctx, const char *line)
{
	struct seen *seen = ctx;
	char id[64];
	unsigned round, k;

	if (!chain_string(line, "shard_id", id, sizeof(id)) ||
	    sscanf(id, "ack-%u-%u", &round, &k) != 2 || round != seen->round)
		return;
	seen->is_wrong |= k != seen->last + 1;
	seen->last = k;
}

/* Run a child and kill it after a random while; the last event that it acknowledged. */
static uint32_t killed(const struct temp_log *p, const vres_audit_file_options *o, unsigned round,
                       unsigned most_us, unsigned *random)
{
	const struct timespec while_ = {.tv_nsec =
	                                        (long)((unsigned)rand_r(random) % most_us) * 1000};
	uint32_t k, last = 0;
	int ends[2], status;
	pid_t pid;

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	fflush(NULL);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		write_until_killed(p, *o, round, ends[1]);
	close(ends[1]);
	nanosleep(&while_, NULL);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFSIGNALED(status), "round %u: the child ended by itself with %d", round,
	              WEXITSTATUS(status));
	while (read(ends[0], &k, sizeof(k)) == sizeof(k))
		last = k;
	close(ends[0]);
	return last;
}

START_TEST(no_acknowledged_event_is_lost_when_the_process_is_killed)
{
	const bool is_forward = _i & 1, is_on_disk = _i & 2;
	CLEANUP(temp_log_end)
	struct temp_log p =
		temp_log_begin(is_on_disk || access("/dev/shm", W_OK) != 0 ? NULL : "/dev/shm");
	const vres_audit_file_options o = temp_log_options(&p, is_forward);
	const unsigned rounds =
		suite_scaled((is_on_disk ? ROUNDS_ON_DISK : ROUNDS - ROUNDS_ON_DISK) / 2, 5);
	unsigned random = suite_seed() + (unsigned)_i, acknowledged = 0, torn = 0;

	struct chain full = is_forward ? chain_forward(p.key0) : chain_token(TOKEN), all;
	size_t files = 0;

	for (unsigned round = 1; round <= rounds; round++) {
		struct seen seen = {.round = round};
		const uint32_t last = killed(&p, &o, round, is_on_disk ? 100000 : 10000, &random);
		const char *wrong;

		full.line = look;
		full.ctx = &seen;
		if (access(p.log, F_OK) != 0 && access(p.checkpoint, F_OK) != 0)
			/* Killed before there was a log. */
			continue;
		/* None yet: nothing was acknowledged. */
		wrong = access(p.checkpoint, F_OK) == 0 ? temp_log_check(&p, &full, &files, &all)
		                                        : NULL;
		ck_assert_msg(wrong == NULL, "round %u: %s", round, wrong);
		ck_assert_msg(!seen.is_wrong && seen.last >= last && seen.last <= last + 1,
		              "round %u: acknowledged %u, in the log %u", round, last, seen.last);
		acknowledged += last;
		torn += all.torn > 0;
	}
	ck_assert_uint_gt(acknowledged, 0);
	suite_add("rounds", rounds);
	suite_add("acknowledged", acknowledged);
	suite_add("torn", torn);
	suite_add("files", (double)files);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		{&no_acknowledged_event_is_lost_when_the_process_is_killed, "WORKER-4161",
	         "accountability", "an incident that is lost in a crash", 4, 240},
	};
	return suite_run("crash_kill", "crash", cases, COUNT(cases));
}
