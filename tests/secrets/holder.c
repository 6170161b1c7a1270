/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A process that holds keys as a worker does, for dump.py to look into.  usage: holder TOKEN-FILE
 * [--no-secret-memory]
 *
 * It never touches the token itself: the library reads it.  After each step it prints a word and
 * waits for a line.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
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

static int step(const char *word)
{
	char line[16];

	return printf("%s\n", word) > 0 && fflush(stdout) == 0 &&
	       fgets(line, sizeof(line), stdin) != NULL;
}

#define NEED(call)                                                                                 \
	do {                                                                                       \
		if (!(call)) {                                                                     \
			fprintf(stderr, "holder: %s failed\n", #call);                             \
			return 1;                                                                  \
		}                                                                                  \
	} while (0)

int main(int argc, char **argv)
{
	vres_mock_params params = vres_mock_params_init();
	vres_self_report self = vres_self_report_init();
	vres_policy policy = vres_policy_init();
	vres_config config = vres_config_init();
	vres_shard *shard = NULL, *opened = NULL;
	unsigned char receipt[2048];
	vres_audit_file_options options = vres_audit_file_options_init();
	vres_audit_file *audit = NULL;
	vres_manager *manager = NULL;
	vres_mock *mock = NULL;
	vres_key *key = NULL;
	vres_shard_info info = vres_shard_info_init();
	char *marker = malloc(64);
	vres_error err;
	size_t n = 0;

	NEED(argc >= 2 && marker != NULL);
	NEED(argc < 3 || forbid_secret_memory());
	/* Where only a parent may look. */
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
	/* Shows that the dump has the heap, and that the search works. */
	snprintf(marker, 64, "%s-%s", "what the search must", "find");
	NEED(vres_self_check(&self, &err) == VRES_OK && self.secret_memory == (argc < 3));

	NEED(vres_key_from_token_file(argv[1], NULL, &key, &err) == VRES_OK);
	options.worker_id = "holder";
	NEED(vres_audit_file_open("audit.log", key, &options, &audit, &err) == VRES_OK);
	params.bytes_per_device = 1 << 20;
	NEED(vres_mock_create(&params, &mock, &err) == VRES_OK);
	policy.allow = VRES_ALLOW_SIMULATED | VRES_ALLOW_NO_ECC;
	config.backend = vres_backend_mock();
	config.backend_arg = mock;
	config.key = key;
	config.worker_id = "holder";
	config.policy = &policy;
	config.audit = vres_audit_file_sink(audit);
	NEED(vres_manager_create(&config, &manager, &err) == VRES_OK);
	NEED(vres_seal_memory(manager, &(vres_seal_params){.struct_size = sizeof(vres_seal_params)},
	                      "weights", 7, &shard, &err) == VRES_OK);
	NEED(vres_shard_verify(shard, NULL, NULL, &err) == VRES_OK);
	NEED(vres_shard_receipt(shard, receipt, sizeof(receipt), &n, &err) == VRES_OK);
	NEED(vres_receipt_check(receipt, n, key, &info, &err) == VRES_OK);
	NEED(vres_receipt_open(manager, receipt, n, &opened, &err) == VRES_OK);
	/* Its writer thread has signed lines. */
	NEED(vres_audit_file_flush(audit, &err) == VRES_OK);
	NEED(step("holding"));

	vres_key_destroy(key);
	NEED(step("without the key"));

	vres_shard_release(opened);
	vres_shard_release(shard);
	vres_manager_destroy(manager);
	NEED(step("without the manager"));
	vres_audit_file_close(audit);
	NEED(step("without the audit log"));
	vres_mock_destroy(mock);
	free(marker);
	return 0;
}
