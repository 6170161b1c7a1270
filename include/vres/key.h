/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Keys: secrets to sign with, and how well this process can keep them.
 */
#ifndef VRES_KEY_H
#define VRES_KEY_H

#include <vres/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A secret: 32 bytes in locked memory that is not dumped, not inherited by fork, and wiped when it
 * is destroyed.  It has no printer.
 */
typedef struct vres_key vres_key;

/**
 * vres_key_derive() - a key from a token in memory
 * @token:  the secret; the caller keeps it and should wipe it
 * @bytes:  its length, 1 to 1 MiB
 * @domain: what the key is for, at most 64 bytes of printable ASCII; NULL: "llorch-vram-seal-v1"
 * @out:    the key, to be given to vres_key_destroy()
 *
 * HKDF-SHA256 (RFC 5869), no salt, info = @domain, 32 bytes: the same token and domain give the
 * same key everywhere.
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT for an empty token or a bad domain.
 */
VRES_API VRES_MUST_CHECK vres_status vres_key_derive(const void *token, size_t bytes,
                                                     const char *domain, vres_key **out,
                                                     vres_error *err);

/**
 * vres_key_from_token_file() - a key from a token file
 * @path:   a regular file that its owner alone can read (mode & 077 == 0), owned by this user or
 *          root; symbolic links are refused
 * @domain: as for vres_key_derive()
 * @out:    the key, to be given to vres_key_destroy()
 *
 * The folder it is in may not be one that others can write to, unless it is sticky.  The file is
 * text of at most 1 MiB; white space at both ends (Unicode's) is not part of the token.
 *
 * Return: VRES_OK; VRES_E_NOT_FOUND; VRES_E_INVALID_INPUT for a link, a file that is not regular,
 *         empty, too large, not UTF-8, of another
 * owner, readable by others, or in a folder they can write to (the message says which); VRES_E_IO.
 */
VRES_API VRES_MUST_CHECK vres_status vres_key_from_token_file(const char *path, const char *domain,
                                                              vres_key **out, vres_error *err);

/**
 * vres_key_from_credential() - a key from a systemd credential
 * @name:   [A-Za-z0-9_.-], at most 255 bytes, not starting with a dot: a file in
 *          $CREDENTIALS_DIRECTORY
 * @domain: as for vres_key_derive()
 * @out:    the key, to be given to vres_key_destroy()
 *
 * As vres_key_from_token_file(); systemd may deliver the file readable by its group, which is
 * accepted when root owns it.
 *
 * Return: as vres_key_from_token_file(); VRES_E_NOT_FOUND also when the environment has no
 *         $CREDENTIALS_DIRECTORY, VRES_E_INVALID_INPUT
 * also when it is not an absolute path.
 */
VRES_API VRES_MUST_CHECK vres_status vres_key_from_credential(const char *name, const char *domain,
                                                              vres_key **out, vres_error *err);

/**
 * vres_key_destroy() - wipe and free a key
 * @key: NULL is allowed.  Managers made with it keep working: they hold subkeys of their own.
 */
VRES_API void vres_key_destroy(vres_key *key);

/**
 * struct vres_self_report - what this library runs on, and how well this process can keep a secret
 * @crypto:             name and version of the libcrypto in use
 * @secret_memory:      1: keys lie in memory of memfd_secret(2), which only this process can read
 * @locked:             1: their pages are never written to a swap device; 0: RLIMIT_MEMLOCK forbids
 *           it
 * @undumped:           1: they are left out of core files
 * @kept_from_children: 1: a forked child has no copy of them
 */
typedef struct vres_self_report {
	size_t struct_size;
	char crypto[64];
	uint32_t secret_memory, locked, undumped, kept_from_children;
} vres_self_report;

VRES_DEFINE_INIT(vres_self_report)

/**
 * vres_self_check() - look at the libraries, and try what the system grants to the pages of a key
 * @out: from vres_self_report_init()
 *
 * Return: VRES_OK.
 */
VRES_API VRES_MUST_CHECK vres_status vres_self_check(vres_self_report *out, vres_error *err);

#ifdef __cplusplus
}
#endif

#endif
