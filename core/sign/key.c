/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Keys and the files they come from.
 *
 * root = HKDF-SHA256(token, no salt, info = domain); every buffer a token passes through lies in a
 * secret page and is wiped on every path.
 */
#include "sign/key.h"

#include <stdio.h>
#include <vres/vres.h>

#include "base/validate.h"
#include "os/os.h"
#include "os/private_file.h"
#include "os/secret_pages.h"

#define TOKEN_MAX      ((size_t)1 << 20)
#define DOMAIN_MAX     64
#define CREDENTIAL_MAX 255
#define FINGERPRINTED  ((size_t)8192)

static const char default_domain[] = "llorch-vram-seal-v1";

static void key_destroy(struct vres_key **slot)
{
	vres_secret_free(*slot, sizeof(**slot));
}

void vres_key_destroy(vres_key *key)
{
	PUBLIC_RELEASE;

	key_destroy(&key);
}

static vres_status domain_check(const char *domain, vres_error *err)
{
	const size_t n = strnlen(domain, DOMAIN_MAX + 1);

	if (n == 0 || n > DOMAIN_MAX)
		return vres_fail(err, VRES_E_INVALID_INPUT, "domain is %s",
		                 n == 0 ? "empty" : "longer than 64 bytes");
	for (size_t i = 0; i < n; i++)
		if (domain[i] < 0x20 || domain[i] > 0x7e)
			return vres_fail(
				err, VRES_E_INVALID_INPUT,
				"domain has a character that is not printable ASCII at byte %zu",
				i);
	return VRES_OK;
}

/*
 * The first 6 hex digits of SHA-256(token), to tell tokens apart in logs; of a token above 8192
 * bytes, of its start and a mark.
 */
static vres_status fingerprint(const void *token, size_t bytes, char out[7], vres_error *err)
{
	static const char mark[] = "[truncated]";
	CLEANUP(vres_sha256_close) struct sha256 h = {0};
	uint8_t digest[VRES_SHA256_BYTES];
	char hex[2 * VRES_SHA256_BYTES + 1];

	TRY(vres_sha256_open(&h, err));
	TRY(vres_sha256_add(&h, token, bytes < FINGERPRINTED ? bytes : FINGERPRINTED, err));
	if (bytes > FINGERPRINTED)
		TRY(vres_sha256_add(&h, mark, sizeof(mark) - 1, err));
	TRY(vres_sha256_end(&h, digest, err));
	vres_hex(digest, hex);
	memcpy(out, hex, 6);
	out[6] = '\0';
	/* The rest of it would tell a guesser more than 24 bits. */
	vres_crypto_wipe(digest, sizeof(digest));
	vres_crypto_wipe(hex, sizeof(hex));
	return VRES_OK;
}

vres_status vres_key_derive(const void *token, size_t bytes, const char *domain, vres_key **out,
                            vres_error *err)
{
	PUBLIC_CALL;
	CLEANUP(key_destroy) struct vres_key *key = NULL;
	void *page = NULL;

	TRY(vres_check_given(out, "out", err));
	if (bytes > 0)
		TRY(vres_check_given(token, "token", err));
	if (bytes == 0 || bytes > TOKEN_MAX)
		return vres_fail(err, VRES_E_INVALID_INPUT, "token is %s",
		                 bytes == 0 ? "empty" : "longer than 1 MiB");
	if (domain == NULL)
		domain = default_domain;
	TRY(domain_check(domain, err));
	TRY(vres_secret_alloc(sizeof(*key), &page, err));
	key = page;
	TRY(fingerprint(token, bytes, key->fingerprint, err));
	TRY(vres_crypto_hkdf(true, token, bytes, domain, strlen(domain), key->root, err));
	*out = TAKE(key);
	return VRES_OK;
}

static void token_free(unsigned char **text)
{
	vres_secret_free(*text, TOKEN_MAX + 1);
}

/* White_Space of Unicode 15 (PropList.txt). */
static bool is_space(uint32_t c)
{
	return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
	       (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
	       c == 0x205f || c == 0x3000;
}

/* Cut white space off both ends of UTF-8 text. */
static vres_status trim(const unsigned char *text, size_t n, const char *what, size_t *start,
                        size_t *end, vres_error *err)
{
	uint32_t c = 0;

	*start = n;
	*end = n;
	for (size_t i = 0, step; i < n; i += step) {
		step = vres_utf8_next(text + i, n - i, &c);
		if (step == 0)
			return vres_fail(err, VRES_E_INVALID_INPUT,
			                 "%s is not valid UTF-8 at byte %zu", what, i);
		if (is_space(c))
			continue;
		*start = *start == n ? i : *start;
		*end = i + step;
	}
	if (*start == n)
		return vres_fail(err, VRES_E_INVALID_INPUT, "%s is empty", what);
	return VRES_OK;
}

/* What a private file holds, in secret pages for token_free(). */
static vres_status secret_read(const char *path, const char *what, unsigned char **text, size_t *n,
                               vres_error *err)
{
	CLEANUP(vres_os_closep) int fd = -1;
	uint64_t bytes;
	void *page = NULL;

	TRY(vres_private_open(path, what, &fd, &bytes, err));
	if (bytes <= TOKEN_MAX) {
		TRY(vres_secret_alloc(TOKEN_MAX + 1, &page, err));
		*text = page;
		TRY(vres_os_read(fd, 0, *text, TOKEN_MAX + 1, n, err));
	}
	if (bytes > TOKEN_MAX || *n > TOKEN_MAX) /* the file may have grown */
		return vres_fail(err, VRES_E_INVALID_INPUT, "%s is longer than 1 MiB", what);
	return VRES_OK;
}

static vres_status key_from_file(const char *path, const char *domain, vres_key **out,
                                 vres_error *err)
{
	CLEANUP(token_free) unsigned char *text = NULL;
	size_t n, start, end;

	TRY(secret_read(path, "the token file", &text, &n, err));
	TRY(trim(text, n, "the token file", &start, &end, err));
	/* An editor's byte order mark or a stray control character would give another key. */
	TRY(vres_check_line((const char *)text + start, end - start, TOKEN_MAX, "the token", err));
	return vres_key_derive(text + start, end - start, domain, out, err);
}

vres_status vres_key_from_token_file(const char *path, const char *domain, vres_key **out,
                                     vres_error *err)
{
	PUBLIC_CALL;

	TRY(vres_check_given(path, "path", err));
	TRY(vres_check_given(out, "out", err));
	return key_from_file(path, domain, out, err);
}

/* Is it the file of a key that was never made? */
static bool is_zero(const uint8_t key[VRES_SHA256_BYTES])
{
	uint8_t all = 0;

	for (size_t i = 0; i < VRES_SHA256_BYTES; i++)
		all |= key[i];
	return all == 0;
}

/* The key in @n bytes of a file: itself, or in hex digits. */
static vres_status key_scan(const unsigned char *text, size_t n, uint8_t root[VRES_SHA256_BYTES],
                            vres_error *err)
{
	size_t start, end;

	if (n == VRES_SHA256_BYTES) {
		memcpy(root, text, n);
		return VRES_OK;
	}
	TRY(trim(text, n, "the key file", &start, &end, err));
	return vres_check_hex((const char *)text + start, end - start, root, "the key", err);
}

vres_status vres_key_from_key_file(const char *path, vres_key **out, vres_error *err)
{
	PUBLIC_CALL;
	CLEANUP(token_free) unsigned char *text = NULL;
	CLEANUP(key_destroy) struct vres_key *key = NULL;
	void *page = NULL;
	size_t n;

	TRY(vres_check_given(path, "path", err));
	TRY(vres_check_given(out, "out", err));
	TRY(secret_read(path, "the key file", &text, &n, err));
	TRY(vres_secret_alloc(sizeof(*key), &page, err));
	key = page;
	TRY(key_scan(text, n, key->root, err));
	if (is_zero(key->root))
		return vres_fail(err, VRES_E_INVALID_INPUT, "the key is zero");
	TRY(fingerprint(key->root, sizeof(key->root), key->fingerprint, err));
	*out = TAKE(key);
	return VRES_OK;
}

static vres_status credential_name_check(const char *name, vres_error *err)
{
	const size_t n = strnlen(name, CREDENTIAL_MAX + 1);

	if (n == 0 || n > CREDENTIAL_MAX)
		return vres_fail(err, VRES_E_INVALID_INPUT, "the credential's name is %s",
		                 n == 0 ? "empty" : "longer than 255 bytes");
	for (size_t i = 0; i < n; i++) {
		if (!vres_is_identifier_char(name[i]) && !(name[i] == '.' && i > 0))
			return vres_fail(err, VRES_E_INVALID_INPUT,
			                 "the credential's name has a character outside "
			                 "[A-Za-z0-9_.-] at byte %zu",
			                 i);
	}
	return VRES_OK;
}

vres_status vres_key_from_credential(const char *name, const char *domain, vres_key **out,
                                     vres_error *err)
{
	PUBLIC_CALL;
	const char *folder;
	char path[4096];
	int n;

	TRY(vres_check_given(name, "name", err));
	TRY(vres_check_given(out, "out", err));
	TRY(credential_name_check(name, err));
	folder = vres_os_environment("CREDENTIALS_DIRECTORY");
	if (folder == NULL)
		return vres_fail(err, VRES_E_NOT_FOUND, "$CREDENTIALS_DIRECTORY is %s",
		                 vres_os_is_privileged()
		                         ? "ignored: this program has rights that its caller lacks "
		                           "(setuid, setgid or file capabilities), so the caller's "
		                           "environment is not trusted; give a token file"
		                         : "not set");
	n = snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (folder[0] != '/' || n < 0 || (size_t)n >= sizeof(path))
		return vres_fail(err, VRES_E_INVALID_INPUT, "$CREDENTIALS_DIRECTORY is %s",
		                 folder[0] != '/' ? "not an absolute path" : "too long");
	return key_from_file(path, domain, out, err);
}

void vres_wipe(void *memory, size_t n)
{
	if (n > 0)
		explicit_bzero(memory, n);
}

vres_status vres_key_check(const struct vres_key *key, vres_error *err)
{
	if (!vres_secret_is_here(key))
		return vres_fail_at(err, VRES_E_STATE, VRES_REASON_FORKED, VRES_NO_DEVICE,
		                    "the key belongs to the parent process");
	return VRES_OK;
}

static vres_status subkey(const struct vres_key *key, const char *label,
                          uint8_t out[VRES_SHA256_BYTES], vres_error *err)
{
	return vres_crypto_hkdf(false, key->root, sizeof(key->root), label, strlen(label), out,
	                        err);
}

void vres_subkeys_destroy(struct vres_subkeys **slot)
{
	vres_secret_free(*slot, sizeof(**slot));
}

vres_status vres_subkeys_create(const struct vres_key *key, struct vres_subkeys **out,
                                vres_error *err)
{
	CLEANUP(vres_subkeys_destroy) struct vres_subkeys *keys = NULL;
	void *page = NULL;

	TRY(vres_key_check(key, err));
	TRY(vres_secret_alloc(sizeof(*keys), &page, err));
	keys = page;
	TRY(subkey(key, "vres/seal/v1", keys->seal, err));
	TRY(subkey(key, "vres/id/v1", keys->id, err));
	*out = TAKE(keys);
	return VRES_OK;
}
