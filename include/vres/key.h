/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Keys: the secrets that sign seals and audit logs, and how well this process can protect them.
 */
#ifndef VRES_KEY_H
#define VRES_KEY_H

#include <vres/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A secret of 32 bytes.  It lies in locked memory that is left out of core files, is not inherited
 * by a forked child, and is wiped when the key is destroyed.  No function prints it.
 */
typedef struct vres_key vres_key;

/**
 * vres_key_derive() - derive a key from a token in memory
 * @token:  the secret; it stays the caller's, who should wipe it afterwards
 * @bytes:  length of the token, 1 to 1 MiB
 * @domain: what the key is for: 1 to 64 bytes of printable ASCII; NULL: "llorch-vram-seal-v1"
 * @out:    the key, to be given to vres_key_destroy()
 *
 * HKDF-SHA256 (RFC 5869) without salt, info = @domain, 32 bytes of output.  The same token and
 * domain give the same key everywhere.
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT for an empty or too long token, or a bad domain.
 */
VRES_API VRES_MUST_CHECK vres_status vres_key_derive(const void *token, size_t bytes,
                                                     const char *domain, vres_key **out,
                                                     vres_error *err);

/**
 * vres_key_from_token_file() - derive a key from a file that holds a token
 * @path:   a private file: regular, owned by this user or by root, and nobody else may read or
 *          write it (mode 0600 or stricter); a file of root may also be readable by root's group or
 *          a group of this process (0640 or stricter)
 * @domain: as for vres_key_derive()
 * @out:    the key, to be given to vres_key_destroy()
 *
 * The folder of the file must belong to this user or to root, and must not be writable by others,
 * unless it has the sticky bit.  A symbolic link is refused, unless root made it in a folder of
 * root and it leads to a place inside that folder, as those do in a secret volume of Kubernetes.
 * The file is UTF-8 text of at most 1 MiB.  White space, as Unicode defines it, is removed at both
 * ends.  What remains is the token; it has no byte order mark, control character or bidirectional
 * override.
 *
 * Return: VRES_OK; VRES_E_NOT_FOUND; VRES_E_IO; VRES_E_INVALID_INPUT, with the cause in the
 *         message: a symbolic link; a file that is not regular, is empty, too large or not UTF-8,
 *         has a character that a token may not have, has another owner, or can be read by others; a
 *         folder that others can write to.
 */
VRES_API VRES_MUST_CHECK vres_status vres_key_from_token_file(const char *path, const char *domain,
                                                              vres_key **out, vres_error *err);

/**
 * vres_key_from_key_file() - take a key from a file that holds it
 * @path: a private file, in the sense of vres_key_from_token_file(): either exactly 32 bytes, or 64
 *        hex digits of either case with white space around them
 * @out:  the key, to be given to vres_key_destroy()
 *
 * The 32 bytes are the key itself: nothing is derived, and there is no domain.  They should be
 * random, as `head -c 32 /dev/urandom` makes them.  A file of 32 bytes is never read as text.
 *
 * Return: as vres_key_from_token_file(); VRES_E_INVALID_INPUT also for a file of any other content
 *         and for a key of zeros.
 */
VRES_API VRES_MUST_CHECK vres_status vres_key_from_key_file(const char *path, vres_key **out,
                                                            vres_error *err);

/**
 * vres_key_from_credential() - derive a key from a systemd credential
 * @name:   name of a file in the folder $CREDENTIALS_DIRECTORY: [A-Za-z0-9_.-], 1 to 255 bytes, not
 *          starting with a dot
 * @domain: as for vres_key_derive()
 * @out:    the key, to be given to vres_key_destroy()
 *
 * The file is checked and read as vres_key_from_token_file() does.
 *
 * Return: as vres_key_from_token_file(); VRES_E_NOT_FOUND also when $CREDENTIALS_DIRECTORY is not
 *         set, or is ignored because this program has rights that its caller lacks (setuid, setgid
 *         or file capabilities); VRES_E_INVALID_INPUT also when it is not an absolute path.
 */
VRES_API VRES_MUST_CHECK vres_status vres_key_from_credential(const char *name, const char *domain,
                                                              vres_key **out, vres_error *err);

/**
 * vres_key_destroy() - wipe and free a key
 * @key: NULL does nothing
 *
 * Managers made with the key keep working: they hold keys derived from it.
 */
VRES_API void vres_key_destroy(vres_key *key);

/**
 * vres_wipe() - overwrite memory that held a secret
 * @memory: any memory of the caller's: a token, a file that was read; NULL does nothing if @n is 0
 * @n:      how many bytes of it become zero
 *
 * Unlike memset(), a compiler never leaves it out because nobody reads the memory afterwards.
 */
VRES_API void vres_wipe(void *memory, size_t n);

/**
 * struct vres_self_report - the libraries in use, and how well this process can keep a secret
 * @crypto:             name and version of the libcrypto in use
 * @secret_memory:      1: keys lie in memory of memfd_secret(2), which only this process can read
 * @locked:             1: their pages are never written to swap; 0: RLIMIT_MEMLOCK is too low
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
 * vres_self_check() - report the libraries in use and the protection that keys get
 * @out: from vres_self_report_init()
 *
 * Allocates the memory of a key and reports what the system granted for it.  Makes a child process
 * that looks at this memory and ends; it runs no handler of pthread_atfork() and sends no SIGCHLD.
 *
 * Return: VRES_OK.
 */
VRES_API VRES_MUST_CHECK vres_status vres_self_check(vres_self_report *out, vres_error *err);

#ifdef __cplusplus
}
#endif

#endif
