/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening a log again, and seeing that a refusal changes nothing. */
#include "support/audit/reopen.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

#include "support/fixture/support.h"

struct temp_log log_of_three(bool forward)
{
	struct temp_log p = temp_log_begin(NULL);
	const vres_audit_file_options o = temp_log_options(&p, forward);
	CLEANUP(temp_log_close) vres_audit_file *log = temp_log_open(&p, &o);

	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(temp_log_record(log, VRES_EVENT_SEAL_VERIFIED, "shard"), VRES_OK);
	return p;
}

vres_status reopen_with(struct temp_log *p, const char *token, const vres_audit_file_options *o,
                        vres_error *err)
{
	vres_audit_file *log = (void *)p;
	vres_key *key = NULL;
	vres_status status;

	ck_assert_int_eq(vres_key_derive(token, strlen(token), NULL, &key, NULL), VRES_OK);
	status = vres_audit_file_open(p->log, key, o, &log, err);
	if (status == VRES_OK)
		vres_audit_file_close(log);
	else
		ck_assert_ptr_eq(log, (void *)p);
	vres_key_destroy(key);
	return status;
}

vres_status reopen(struct temp_log *p, bool forward, vres_error *err)
{
	const vres_audit_file_options o = temp_log_options(p, forward);

	return reopen_with(p, TOKEN, &o, err);
}

void files_digest(const struct temp_log *p, char hex[65])
{
	DIR *folder = opendir(p->folder);
	const struct dirent *entry;
	uint8_t sum[32] = {0};

	ck_assert_ptr_nonnull(folder);
	while ((entry = readdir(folder)) != NULL) {
		char path[384], text[512];
		uint8_t digest[32];
		struct stat s;
		char *bytes;
		size_t n = 0;

		(void)snprintf(path, sizeof(path), "%s/%s", p->folder, entry->d_name);
		if (strcmp(path, p->lock) == 0 || lstat(path, &s) != 0 || S_ISDIR(s.st_mode))
			continue;
		bytes = S_ISREG(s.st_mode) ? temp_log_read(path, &n) : NULL;
		(void)snprintf(text, sizeof(text), "%s %o ", entry->d_name, s.st_mode);
		if (bytes)
			sha256_hex(bytes, n, text + strlen(text));
		sha256_of(text, strlen(text), digest);
		for (size_t i = 0; i < 32; i++)
			sum[i] ^= digest[i];
		test_free(bytes);
	}
	closedir(folder);
	hex_of(sum, 32, hex);
}

void ck_reopen_refused(struct temp_log *p, bool forward, vres_status want, const char *message)
{
	char before[65], after[65];
	vres_error err;

	files_digest(p, before);
	ck_status(reopen(p, forward, &err), want);
	ck_assert_msg(strstr(err.message, message) != NULL, "\"%s\" does not say \"%s\"",
	              err.message, message);
	files_digest(p, after);
	ck_assert_str_eq(before, after);
}
