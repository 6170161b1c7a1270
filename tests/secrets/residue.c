/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A process that makes every kind of object that a key is given to, for residue.py to look into
 * after each call.  usage: residue TOKEN-FILE FORWARD-KEY-FILE [--no-secret-memory]
 *
 * After each call it forks a child that only waits, writes the call's name and the child's id, and
 * waits for a byte.  It does so with system calls alone: anything more would write over what the
 * call left on the stack.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vres/audit_check.h>
#include <vres/audit_file.h>
#include <vres/mock.h>
#include <vres/vres.h>

/* From here on the kernel has no memfd_secret(2), as an older one. */
static int forbid_secret_memory(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_memfd_secret, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* @call is padded with blanks to 40 bytes, where the child's id goes. */
static int look(const char *call)
{
	char line[64], byte;
	const pid_t child = (pid_t)syscall(SYS_fork);
	size_t at = sizeof(line);
	pid_t rest = child;

	if (child == 0 && syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0)
		for (;;)
			(void)syscall(SYS_pause);
	line[--at] = '\n';
	do
		line[--at] = (char)('0' + rest % 10);
	while ((rest /= 10) > 0);
	while (at > 40)
		line[--at] = ' ';
	for (size_t i = strlen(call); at > 0; at--)
		line[at - 1] = at - 1 < i ? call[at - 1] : ' ';
	if (child < 0 || write(1, line, sizeof(line)) != sizeof(line) || read(0, &byte, 1) != 1)
		return 0;
	(void)kill(child, SIGKILL);
	return waitpid(child, NULL, 0) == child;
}

#define STEP(call)                                                                                 \
	do {                                                                                       \
		if ((call) != VRES_OK || !look(strncmp(#call, "vres_", 5) == 0 ? #call : "?")) {   \
			fprintf(stderr, "residue: %s failed: %s\n", #call, err.message);           \
			return 1;                                                                  \
		}                                                                                  \
	} while (0)

/* For functions that return nothing. */
#define STEP_VOID(call) STEP(((call), VRES_OK))

int main(int argc, char **argv)
{
	const char token[] = "another secret, in memory";
	vres_mock_params params = vres_mock_params_init();
	vres_policy policy = vres_policy_init();
	vres_config config = vres_config_init();
	vres_seal_params seal = vres_seal_params_init();
	vres_audit_file_options options = vres_audit_file_options_init();
	vres_audit_check_options check = vres_audit_check_options_init();
	vres_shard_info info = vres_shard_info_init();
	vres_audit_file *audit = NULL, *forward = NULL;
	vres_audit_checker *checker = NULL, *forward_checker = NULL;
	vres_shard *shard = NULL, *opened = NULL;
	vres_manager *manager = NULL;
	vres_lease *lease = NULL;
	vres_mock *mock = NULL;
	vres_key *key = NULL, *derived = NULL;
	unsigned char receipt[2048], log[8192];
	size_t n = 0;
	ssize_t log_n = 0;
	vres_error err;
	int fd;

	if (argc < 3 || (argc > 3 && !forbid_secret_memory()) ||
	    vres_mock_create(&params, &mock, &err) != VRES_OK)
		return 1;
	STEP(vres_key_derive(token, sizeof(token) - 1, "residue", &derived, &err));
	STEP(vres_key_from_token_file(argv[1], NULL, &key, &err));
	options.worker_id = "residue";
	STEP(vres_audit_file_open("audit.log", key, &options, &audit, &err));
	options.mode = VRES_AUDIT_FORWARD;
	options.forward_key = argv[2];
	STEP(vres_audit_file_open("forward.log", NULL, &options, &forward, &err));
	policy.allow = VRES_ALLOW_SIMULATED | VRES_ALLOW_NO_ECC;
	config.backend = vres_backend_mock();
	config.backend_arg = mock;
	config.key = key;
	config.worker_id = "residue";
	config.policy = &policy;
	config.audit = vres_audit_file_sink(audit);
	STEP(vres_manager_create(&config, &manager, &err));
	STEP(vres_seal_memory(manager, &seal, "weights", 7, &shard, &err));
	STEP(vres_shard_verify(shard, NULL, NULL, &err));
	STEP(vres_lease_acquire(shard, &lease, &err));
	STEP(vres_shard_receipt(shard, receipt, sizeof(receipt), &n, &err));
	STEP(vres_receipt_check(receipt, n, key, &info, &err));
	STEP(vres_receipt_open(manager, receipt, n, &opened, &err));
	STEP(vres_audit_file_flush(audit, &err));
	check.key = key;
	STEP(vres_audit_checker_create(&check, &checker, &err));
	fd = open("audit.log", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || (log_n = read(fd, log, sizeof(log))) <= 0 || close(fd) != 0)
		return 1;
	STEP(vres_audit_checker_file(checker, &err));
	STEP(vres_audit_checker_feed(checker, log, (size_t)log_n, &err));
	check.key = NULL;
	check.forward_key = argv[2];
	STEP(vres_audit_checker_create(&check, &forward_checker, &err));

	STEP_VOID(vres_key_destroy(key));
	STEP_VOID(vres_key_destroy(derived));
	STEP_VOID(vres_audit_checker_destroy(checker));
	STEP_VOID(vres_audit_checker_destroy(forward_checker));
	STEP_VOID(vres_lease_release(lease));
	STEP_VOID(vres_shard_release(opened));
	STEP_VOID(vres_shard_release(shard));
	STEP_VOID(vres_manager_destroy(manager));
	STEP_VOID(vres_audit_file_close(audit));
	STEP_VOID(vres_audit_file_close(forward));
	vres_mock_destroy(mock);
	return 0;
}
