/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Line keys: derived from the token, or ratcheted forward through a file. */
#include "audit/format/keys.h"

#include <inttypes.h>
#include <stdio.h>
#include <vres/audit_file.h>

#include "audit/format/line_read.h"
#include "base/validate.h"
#include "os/durable_file.h"
#include "os/private_file.h"
#include "os/secret_pages.h"
#include "sign/key.h"

/* "vres-audit-key/1 ", at most 16 digits, a blank, 64 digits, a newline. */
#define KEY_FILE_MAX 120u

void vres_audit_keys_destroy(struct audit_keys **slot)
{
	vres_secret_free(*slot, sizeof(**slot));
	*slot = NULL;
}

static vres_status keys_create(bool is_forward, struct audit_keys **out, vres_error *err)
{
	void *page = NULL;

	TRY(vres_secret_alloc(sizeof(**out), &page, err));
	*out = page;
	(*out)->is_forward = is_forward;
	return VRES_OK;
}

static vres_status expand(const uint8_t key[VRES_SHA256_BYTES], const char *label,
                          uint8_t out[VRES_SHA256_BYTES], vres_error *err)
{
	return vres_crypto_hkdf(false, key, VRES_SHA256_BYTES, label, strlen(label), out, err);
}

vres_status vres_audit_keys_token(const vres_key *key, struct audit_keys **out, vres_error *err)
{
	CLEANUP(vres_audit_keys_destroy) struct audit_keys *keys = NULL;

	TRY(vres_key_check(key, err));
	TRY(keys_create(false, &keys, err));
	TRY(expand(key->root, "vres/audit/v1", keys->line[0], err));
	*out = TAKE(keys);
	return VRES_OK;
}

/* Fill in what follows from chain[0]. */
static vres_status derive(struct audit_keys *keys, vres_error *err)
{
	TRY(expand(keys->chain[0], "vres/audit/line/v1", keys->line[0], err));
	TRY(expand(keys->chain[0], "vres/audit/next/v1", keys->chain[1], err));
	return expand(keys->chain[1], "vres/audit/line/v1", keys->line[1], err);
}

/* The key in an open file, which was found private. */
static vres_status key_read(int fd, const char *what, struct audit_keys **out, vres_error *err)
{
	CLEANUP(vres_audit_keys_destroy) struct audit_keys *keys = NULL;
	size_t n = 0;

	TRY(keys_create(true, &keys, err));
	TRY(vres_os_read(fd, 0, keys->text, KEY_FILE_MAX, &n, err));
	if (!audit_key_scan(keys->text, n, &keys->epoch, keys->chain[0]))
		return vres_fail(err, VRES_E_INVALID_INPUT, "%s is not an audit key file", what);
	vres_crypto_wipe(keys->text, sizeof(keys->text));
	TRY(derive(keys, err));
	*out = TAKE(keys);
	return VRES_OK;
}

vres_status vres_audit_keys_load(int folder, const char *name, struct audit_keys **out,
                                 vres_error *err)
{
	static const char what[] = "the log's key file";
	CLEANUP(vres_os_closep) int fd = -1;
	uint64_t bytes;

	TRY(vres_file_open(folder, name, FILE_READ, what, &fd, err));
	TRY(vres_private_check(fd, false, what, &bytes, err));
	return key_read(fd, what, out, err);
}

vres_status vres_audit_keys_read(const char *path, struct audit_keys **out, vres_error *err)
{
	static const char what[] = "the forward key file";
	CLEANUP(vres_os_closep) int fd = -1;
	uint64_t bytes;

	TRY(vres_private_open(path, what, &fd, &bytes, err));
	return key_read(fd, what, out, err);
}

vres_status vres_audit_keys_copy(const struct audit_keys *keys, struct audit_keys **out,
                                 vres_error *err)
{
	TRY(keys_create(keys->is_forward, out, err));
	memcpy(*out, keys, sizeof(*keys));
	return VRES_OK;
}

vres_status vres_audit_keys_move(struct audit_keys *keys, uint64_t epoch, vres_error *err)
{
	for (; keys->epoch < epoch; keys->epoch++)
		TRY(expand(keys->chain[0], "vres/audit/next/v1", keys->chain[0], err));
	return derive(keys, err);
}

static size_t key_text(uint64_t epoch, const uint8_t key[VRES_SHA256_BYTES],
                       char text[KEY_FILE_MAX])
{
	const int head = snprintf(text, KEY_FILE_MAX, "vres-audit-key/1 %" PRIu64 " ", epoch);

	vres_hex(key, text + head);
	text[head + 64] = '\n';
	return (size_t)head + 65;
}

/*
 * Is this what an unfinished step of ours left behind?  In a sticky folder another user can put a
 * hard link to some other file of this user here, which must not be overwritten.
 */
static bool is_leftover(int fd)
{
	struct os_file file;

	return vres_os_stat(fd, &file, NULL) == VRES_OK && file.is_regular &&
	       file.owner == vres_os_user() && (file.mode & 077u) == 0 && file.links == 1 &&
	       file.bytes <= KEY_FILE_MAX;
}

/* Remove what an unfinished step left behind.  It may hold a key, so overwrite it first. */
static void remove_leftover(int folder, const char *name)
{
	CLEANUP(vres_os_closep) int fd = -1;

	if (vres_file_open(folder, name, FILE_MODIFY, "a key file", &fd, NULL) == VRES_OK &&
	    is_leftover(fd))
		(void)vres_file_overwrite(fd, KEY_FILE_MAX, NULL);
	vres_file_unlink(folder, name);
}

/*
 * Rename @temporary to LOG.key.  The old key is still in the old file, which has no name any more:
 * overwrite it through a descriptor that was opened before.
 */
static vres_status key_replace(int folder, const char *name, const char *temporary, vres_error *err)
{
	CLEANUP(vres_os_closep) int old = -1;
	uint64_t bytes = 0;

	if (vres_file_open(folder, name, FILE_MODIFY, "the log's key file", &old, NULL) == VRES_OK)
		TRY(vres_private_check(old, false, "the log's key file", &bytes, err));
	TRY(vres_file_rename(folder, temporary, name, true, err));
	TRY(vres_folder_sync(folder, err));
	if (old >= 0)
		/* The new key is in force already, so a failure here changes nothing. */
		(void)vres_file_overwrite(old, min_u64(bytes, KEY_FILE_MAX), NULL);
	return VRES_OK;
}

static vres_status store(struct audit_keys *keys, unsigned which, int folder, const char *name,
                         vres_error *err)
{
	char temporary[FILE_NAME_MAX + 32];
	vres_status status;
	size_t n;

	(void)snprintf(temporary, sizeof(temporary), "%s.tmp", name);
	remove_leftover(folder, temporary);
	n = key_text(keys->epoch + which, keys->chain[which], keys->text);
	status = vres_file_write_new(folder, temporary, "the key file", keys->text, n, err);
	vres_crypto_wipe(keys->text, sizeof(keys->text));
	if (status == VRES_OK)
		status = key_replace(folder, name, temporary, err);
	if (status != VRES_OK)
		remove_leftover(folder, temporary);
	return status;
}

vres_status vres_audit_keys_store(struct audit_keys *keys, int folder, const char *name,
                                  vres_error *err)
{
	return store(keys, 0, folder, name, err);
}

vres_status vres_audit_keys_advance(struct audit_keys *keys, int folder, const char *name,
                                    vres_error *err)
{
	CLEANUP(vres_audit_keys_destroy) struct audit_keys *next = NULL;

	TRY(vres_audit_keys_copy(keys, &next, err));
	TRY(vres_audit_keys_move(next, keys->epoch + 1, err));
	TRY(store(keys, 1, folder, name, err));
	memcpy(keys, next, sizeof(*keys));
	return VRES_OK;
}

const uint8_t *vres_audit_keys_line(const struct audit_keys *keys, uint64_t epoch)
{
	if (!keys->is_forward)
		return epoch == 0 ? keys->line[0] : NULL;
	return epoch == keys->epoch       ? keys->line[0]
	       : epoch == keys->epoch + 1 ? keys->line[1]
	                                  : NULL;
}

vres_status vres_audit_mac_check(struct hmac *h, const uint8_t key[VRES_SHA256_BYTES],
                                 const char *text, size_t n, size_t at, bool *is_good,
                                 vres_error *err)
{
	const size_t after = at + AUDIT_HEX;
	uint8_t mac[VRES_SHA256_BYTES];
	char hex[AUDIT_HEX + 1];

	if (h->context == NULL)
		TRY(vres_hmac_open(h, key, err));
	TRY(vres_hmac_begin(h, err));
	TRY(vres_hmac_add(h, text, at, err));
	TRY(vres_hmac_add(h, text + after, n - after, err));
	TRY(vres_hmac_end(h, mac, err));
	vres_hex(mac, hex);
	*is_good = vres_crypto_equal(hex, text + at, AUDIT_HEX);
	return VRES_OK;
}

vres_status vres_audit_keygen(const char *path, vres_error *err)
{
	PUBLIC_CALL;
	CLEANUP(vres_audit_keys_destroy) struct audit_keys *keys = NULL;
	CLEANUP(vres_os_closep) int folder = -1;
	const char *name;
	vres_status status;

	TRY(vres_check_given(path, "path", err));
	TRY(vres_private_folder(path, FILE_NAME_MAX, "the key file", &folder, &name, err));
	TRY(keys_create(true, &keys, err));
	TRY(vres_os_random(keys->chain[0], VRES_SHA256_BYTES, err));
	TRY(vres_file_write_new(folder, name, "the key file", keys->text,
	                        key_text(0, keys->chain[0], keys->text), err));
	status = vres_folder_sync(folder, err);
	if (status != VRES_OK)
		vres_file_unlink(folder, name);
	return status;
}
