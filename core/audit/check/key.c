/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Line keys, from a token's key or from a key file, and MACs under them. */
#include "audit/check/key.h"

#include "audit/format/line_read.h"
#include "os/os.h"
#include "base/validate.h"

static const char token_label[] = "vres/audit/v1";
static const char next_label[] = "vres/audit/next/v1";
static const char line_label[] = "vres/audit/line/v1";

/* "vres-audit-key/1 ", 16 digits, a blank, 64 digits, a newline. */
#define KEY_FILE_MAX 128u

/* One page holds both; the line key is there only while HMAC is set up with it. */
struct chain {
	uint8_t key[VRES_SHA256_BYTES];
	uint8_t line[VRES_SHA256_BYTES];
};

void audit_key_close(struct audit_key *k)
{
	vres_hmac_close(&k->line);
	vres_secret_free(k->chain, sizeof(*k->chain));
	k->chain = NULL;
}

static vres_status chain_alloc(struct audit_key *k, vres_error *err)
{
	void *page = NULL;

	if (k->chain)
		return VRES_OK;
	TRY(vres_secret_alloc(sizeof(*k->chain), &page, err));
	k->chain = page;
	return VRES_OK;
}

/* The line key that @label makes of @root, in place of the one that is open. */
static vres_status line_open(struct audit_key *k, const uint8_t root[VRES_SHA256_BYTES],
                             const char *label, vres_error *err)
{
	vres_status status;

	vres_hmac_close(&k->line);
	status = vres_crypto_hkdf(false, root, VRES_SHA256_BYTES, label, strlen(label),
	                          k->chain->line, err);
	if (status == VRES_OK)
		status = vres_hmac_open(&k->line, k->chain->line, err);
	vres_crypto_wipe(k->chain->line, sizeof(k->chain->line));
	return status;
}

static void file_close(const int *fd)
{
	if (*fd >= 0)
		vres_os_close(*fd);
}

static vres_status key_file_check(const char *path, int fd, vres_error *err)
{
	struct os_file file;
	bool is_private = false;

	TRY(vres_os_stat(fd, &file, err));
	if (!file.is_regular)
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "the audit key is not in a regular file");
	if (file.owner != 0 && file.owner != vres_os_user())
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "the audit key file belongs to another user");
	if (file.mode & 077u)
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "the audit key file has mode %04o, expected 0600", file.mode);
	TRY(vres_os_parent_is_private(path, &is_private, err));
	if (!is_private)
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "the folder of the audit key file can be written by others");
	return VRES_OK;
}

struct text {
	char *bytes;
};

static void text_free(struct text *t)
{
	vres_secret_free(t->bytes, KEY_FILE_MAX);
}

static vres_status forward_open(struct audit_key *k, const char *path, vres_error *err)
{
	CLEANUP(text_free) struct text text = {NULL};
	CLEANUP(file_close) int fd = -1;
	void *page = NULL;
	size_t n = 0;

	TRY(vres_os_open(path, &fd, err));
	TRY(key_file_check(path, fd, err));
	TRY(vres_secret_alloc(KEY_FILE_MAX, &page, err));
	text.bytes = page;
	TRY(vres_os_read(fd, 0, text.bytes, KEY_FILE_MAX, &n, err));
	if (!audit_key_scan(text.bytes, n, &k->epoch, k->chain->key))
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "the file is not an audit key of version 1");
	k->is_forward = true;
	return line_open(k, k->chain->key, line_label, err);
}

vres_status audit_key_open(struct audit_key *k, const struct vres_key *token,
                           const char *forward_path, vres_error *err)
{
	if (token)
		TRY(vres_key_check(token, err));
	TRY(chain_alloc(k, err));
	return token ? line_open(k, token->root, token_label, err)
	             : forward_open(k, forward_path, err);
}

vres_status audit_key_at(struct audit_key *to, const struct audit_key *from, uint64_t epoch,
                         vres_error *err)
{
	const uint64_t first = from->epoch;

	TRY(chain_alloc(to, err));
	memmove(to->chain->key, from->chain->key, VRES_SHA256_BYTES);
	for (uint64_t e = first; e < epoch; e++)
		TRY(vres_crypto_hkdf(false, to->chain->key, VRES_SHA256_BYTES, next_label,
		                     strlen(next_label), to->chain->key, err));
	to->is_forward = true;
	to->epoch = epoch;
	return line_open(to, to->chain->key, line_label, err);
}

vres_status audit_key_mac(struct audit_key *k, const char *text, size_t n, size_t gap, char hex[65],
                          vres_error *err)
{
	uint8_t mac[VRES_SHA256_BYTES];

	TRY(vres_hmac_begin(&k->line, err));
	TRY(vres_hmac_add(&k->line, text, gap, err));
	TRY(vres_hmac_add(&k->line, text + gap + AUDIT_HEX, n - gap - AUDIT_HEX, err));
	TRY(vres_hmac_end(&k->line, mac, err));
	vres_hex(mac, hex);
	return VRES_OK;
}
