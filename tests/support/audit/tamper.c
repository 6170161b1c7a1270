/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Changes to audit logs, kind by kind. */
#include "support/audit/tamper.h"

#include <check.h>
#include <string.h>

#include "support/suite/alloc.h"
#include "support/suite/content.h"

void tamper_split(struct tamper_log *log, const struct audit_maker *m)
{
	memset(log, 0, sizeof(*log));
	for (size_t i = 0; i < m->lines; i++) {
		const struct tamper_line line = {m->bytes + m->starts[i],
		                                 m->starts[i + 1] - m->starts[i]};

		log->files += memmem(line.text, line.n, "\"log_header\"", 12) != NULL;
		log->lines[log->files - 1][log->counts[log->files - 1]++] = line;
	}
}

static uint32_t random_below(uint64_t *state, size_t n)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)((*state >> 33) % n);
}

/*
 * Changes
 * ----------------------------------------------------------------------------------------
 */

static char *changeable(struct tamper_log *log, struct tamper_line *line)
{
	char *text = log->spare + log->spare_n;

	ck_assert_uint_lt(log->spare_n + line->n, sizeof(log->spare));
	memcpy(text, line->text, line->n);
	log->spare_n += line->n;
	line->text = text;
	return text;
}

/* Give the line another content and the hash that it has under @key. */
static void forge(struct tamper_log *log, struct tamper_line *line, const uint8_t key[32],
                  maker_hmac_fn hmac)
{
	char *text = changeable(log, line), *hash, digits[65], without[4096];
	uint8_t mac[32];
	size_t at;

	hash = memmem(text, line->n, ",\"hash\":\"", 9);
	at = (size_t)(hash - text) + 9;
	*(char *)memmem(text, line->n, "worker-7", 8) = 'W';
	memcpy(without, text, at);
	memcpy(without + at, text + at + 64, line->n - at - 65);
	hmac(key, without, line->n - 65, mac);
	hex_of(mac, 32, digits);
	memcpy(text + at, digits, 64);
}

static void put_in(struct tamper_log *log, size_t file, size_t at, struct tamper_line line)
{
	struct tamper_line *lines = log->lines[file];

	memmove(lines + at + 1, lines + at, (log->counts[file]++ - at) * sizeof(*lines));
	lines[at] = line;
}

static struct tamper_line take_from(struct tamper_log *log, size_t file, size_t at)
{
	struct tamper_line *lines = log->lines[file], line = lines[at];

	memmove(lines + at, lines + at + 1, (--log->counts[file] - at) * sizeof(*lines));
	return line;
}

static void copy_file(struct tamper_log *log, size_t to, const struct tamper_log *from, size_t file)
{
	memcpy(log->lines[to], from->lines[file], sizeof(log->lines[to]));
	log->counts[to] = from->counts[file];
}

static const char *const names[] = {
	[TAMPER_FLIP] = "flip",
	[TAMPER_DELETE] = "delete",
	[TAMPER_DOUBLE] = "double",
	[TAMPER_INSERT] = "insert",
	[TAMPER_SWAP] = "swap",
	[TAMPER_MOVE] = "move",
	[TAMPER_CUT] = "cut",
	[TAMPER_TEAR] = "tear",
	[TAMPER_FORGE] = "forge",
	[TAMPER_FORGE_REST] = "forge rest",
	[TAMPER_OTHER_EPOCH] = "other epoch",
	[TAMPER_OTHER_HISTORY] = "other history",
	[TAMPER_DROP_FILE] = "drop file",
	[TAMPER_SWAP_FILES] = "swap files",
	[TAMPER_REPEAT_FILE] = "repeat file",
	[TAMPER_EMPTY_FILE] = "empty file",
	[TAMPER_JOIN_FILES] = "join files",
};

const char *tamper_name(enum tamper kind)
{
	return names[kind];
}

/* The key of an epoch, in mode forward. */
static void epoch_key(const struct audit_maker *m, uint64_t epoch, uint8_t key[32])
{
	struct audit_maker *copy = test_alloc(sizeof(*copy));

	maker_forward(copy, m->hmac, m->first);
	while (copy->epoch < epoch)
		maker_epoch(copy);
	memcpy(key, copy->key, 32);
	test_free(copy);
}

static void change_lines(struct tamper_log *log, enum tamper kind, const struct audit_maker *other,
                         uint64_t *seed)
{
	const size_t file = random_below(seed, log->files), n = log->counts[file];
	const size_t a = random_below(seed, n), b = random_below(seed, n);
	const uint8_t foreign[32] = {'?'};
	struct tamper_line *line = &log->lines[file][a], copy = *line;
	uint8_t key[32];

	switch (kind) {
	case TAMPER_FLIP:
		changeable(log, line)[random_below(seed, line->n)] ^=
			(char)(1u << random_below(seed, 8));
		break;
	case TAMPER_DELETE:
		for (size_t i = random_below(seed, 4); i < 4 && a < log->counts[file]; i++)
			(void)take_from(log, file, a);
		break;
	case TAMPER_DOUBLE: put_in(log, file, b, copy); break;
	case TAMPER_INSERT:
		forge(log, &copy, foreign, other->hmac);
		put_in(log, file, b, copy);
		break;
	case TAMPER_SWAP:
		*line = log->lines[file][b];
		log->lines[file][b] = copy;
		break;
	case TAMPER_MOVE:
		copy = take_from(log, file, a);
		put_in(log, file, b < n - 1 ? b : n - 1, copy);
		break;
	case TAMPER_CUT:
		log->files = file + 1;
		log->counts[file] = a;
		break;
	case TAMPER_TEAR:
		log->files = file + 1;
		log->counts[file] = a + 1;
		line->n = 1 + random_below(seed, line->n - 1);
		break;
	case TAMPER_FORGE: forge(log, line, foreign, other->hmac); break;
	case TAMPER_FORGE_REST:
		for (size_t i = a; i < n && i < a + 4; i++)
			forge(log, &log->lines[file][i], foreign, other->hmac);
		break;
	case TAMPER_OTHER_EPOCH:
		epoch_key(other, random_below(seed, other->epoch + 3), key);
		forge(log, line, other->is_forward ? key : foreign, other->hmac);
		break;
	default: break;
	}
}

static void change_files(struct tamper_log *log, enum tamper kind, const struct audit_maker *other,
                         uint64_t *seed)
{
	const size_t a = random_below(seed, log->files), b = random_below(seed, log->files);
	struct tamper_log *spare = test_alloc(2 * sizeof(*spare)), *theirs = spare,
			  *whole = spare + 1;

	tamper_split(theirs, other);
	*whole = *log;
	switch (kind) {
	case TAMPER_OTHER_HISTORY: /* the same lines, from somewhere on, of another session */
		for (size_t file = a, at = random_below(seed, log->counts[a]); file < log->files;
		     file++, at = 0)
			for (; at < log->counts[file]; at++)
				log->lines[file][at] = theirs->lines[file][at];
		break;
	case TAMPER_DROP_FILE:
		for (size_t i = a ? a : 1; i + 1 < log->files; i++) /* the oldest may be gone */
			copy_file(log, i, log, i + 1);
		log->files--;
		break;
	case TAMPER_SWAP_FILES:
		copy_file(log, a, whole, b);
		copy_file(log, b, whole, a);
		break;
	case TAMPER_REPEAT_FILE:
		for (size_t i = log->files++; i > a; i--)
			copy_file(log, i, log, i - 1);
		break;
	case TAMPER_EMPTY_FILE:
		for (size_t i = log->files++; i > a; i--)
			copy_file(log, i, log, i - 1);
		log->counts[a] = 0;
		break;
	case TAMPER_JOIN_FILES:
		for (size_t i = 0; i < log->counts[1]; i++)
			put_in(log, 0, log->counts[0], log->lines[1][i]);
		copy_file(log, 1, log, 2);
		log->files--;
		break;
	default: break;
	}
	test_free(spare);
}

void tamper_apply(struct tamper_log *log, enum tamper kind, const struct audit_maker *other,
                  uint64_t *seed)
{
	if (kind < TAMPER_OTHER_HISTORY)
		change_lines(log, kind, other, seed);
	else
		change_files(log, kind, other, seed);
}

void tamper_flatten(const struct tamper_log *log, struct tamper_image *image)
{
	memset(image->n, 0, sizeof(image->n));
	image->files = log->files;
	for (size_t file = 0; file < log->files; file++) {
		for (size_t i = 0; i < log->counts[file]; i++) {
			const struct tamper_line line = log->lines[file][i];

			memcpy(image->bytes[file] + image->n[file], line.text, line.n);
			image->n[file] += line.n;
		}
	}
}

/* File and line of the first byte that differs; false: none does. */
bool tamper_differs(const struct tamper_image *a, const struct tamper_image *b, size_t *file,
                    size_t *line)
{
	const size_t files = a->files > b->files ? a->files : b->files;

	for (*file = 0; *file < files; ++*file) {
		const size_t f = *file, n = a->n[f] < b->n[f] ? a->n[f] : b->n[f];
		size_t at = 0;

		*line = 1;
		while (at < n && a->bytes[f][at] == b->bytes[f][at])
			*line += a->bytes[f][at++] == '\n';
		if (at < n || a->n[f] != b->n[f] || f >= a->files || f >= b->files)
			return true;
	}
	return false;
}
