/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See chain.h. */
#include "support/sweep/chain.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/suite/alloc.h"
#include "support/suite/content.h"

static void expand(const uint8_t key[32], const char *label, uint8_t out[32])
{
	uint8_t block[64];
	const size_t n = strlen(label);

	memcpy(block, label, n);
	block[n] = 1;
	hmac_sha256(key, 32, block, n + 1, out);
}

struct chain chain_token(const char *token)
{
	static const uint8_t no_salt[32];
	struct chain c = {.is_forward = false};
	uint8_t prk[32], root[32];

	hmac_sha256(no_salt, sizeof(no_salt), token, strlen(token), prk);
	expand(prk, "llorch-vram-seal-v1", root);
	expand(root, "vres/audit/v1", c.line_key);
	memset(c.hash, '0', 64);
	return c;
}

struct chain chain_forward(const uint8_t key[32])
{
	struct chain c = {.is_forward = true};

	memcpy(c.key, key, 32);
	expand(c.key, "vres/audit/line/v1", c.line_key);
	memset(c.hash, '0', 64);
	return c;
}

static void next_epoch(struct chain *c)
{
	uint8_t next[32];

	expand(c->key, "vres/audit/next/v1", next);
	memcpy(c->key, next, 32);
	expand(c->key, "vres/audit/line/v1", c->line_key);
	c->epoch++;
}

static const char *after(const char *line, const char *key)
{
	char mark[64];
	const char *found = NULL, *next = line;

	(void)snprintf(mark, sizeof(mark), "\"%s\":", key);
	while ((next = strstr(next, mark)) != NULL)
		/* The last occurrence: the event comes before the fields that surround it. */
		found = next++;
	return found ? found + strlen(mark) : NULL;
}

uint64_t chain_number(const char *line, const char *key)
{
	const char *at = after(line, key);

	return at && *at >= '0' && *at <= '9' ? strtoull(at, NULL, 10) : UINT64_MAX;
}

bool chain_string(const char *line, const char *key, char *out, size_t room)
{
	const char *at = after(line, key), *end;
	size_t n;

	if (at == NULL || *at != '"')
		return false;
	end = strchr(at + 1, '"');
	n = end ? (size_t)(end - at - 1) : room;
	if (n >= room)
		return false;
	memcpy(out, at + 1, n);
	out[n] = '\0';
	return true;
}

/* The HMAC of a line with the 64 digits of @key taken out. */
static void mac_without(const uint8_t key[32], const char *line, const char *name, char hex[65])
{
	const size_t n = strlen(line);
	const size_t at = (size_t)(after(line, name) - line) + 1;
	char copy[8192];
	uint8_t mac[32];

	memcpy(copy, line, at);
	memcpy(copy + at, line + at + 64, n - at - 64);
	hmac_sha256(key, 32, copy, n - 64, mac);
	hex_of(mac, 32, hex);
}

static const char *flaw(struct chain *c, const char *what)
{
	(void)snprintf(c->flaw, sizeof(c->flaw), "after seq %llu: %s", (unsigned long long)c->seq,
	               what);
	return c->flaw;
}

static const char *one_line(struct chain *c, const char *line, bool is_first)
{
	char prev[65], hash[65], want[65], id[80], tail[20];

	if (strlen(line) >= 8192)
		return flaw(c, "the line is too long");
	if (!chain_string(line, "hash", hash, sizeof(hash)) ||
	    !chain_string(line, "prev_hash", prev, sizeof(prev)) || strlen(hash) != 64 ||
	    !chain_string(line, "event_type", c->type, sizeof(c->type)) ||
	    !chain_string(line, "audit_id", id, sizeof(id)))
		return flaw(c, "the line lacks fields");
	if (chain_number(line, "seq") != c->seq + 1)
		return flaw(c, "the line has another seq");
	if (strcmp(prev, c->hash) != 0)
		return flaw(c, "the line follows another");
	(void)snprintf(tail, sizeof(tail), "-%016llx", (unsigned long long)c->seq + 1);
	if (strlen(id) != 55 || strcmp(id + 38, tail) != 0)
		return flaw(c, "the line has another audit_id");
	mac_without(c->line_key, line, "hash", want);
	if (strcmp(hash, want) != 0)
		return flaw(c, "the line's MAC is wrong");
	if (is_first != (strcmp(c->type, "log_header") == 0))
		return flaw(c, is_first ? "the file has no header"
		                        : "there is a header within the file");
	if (is_first && c->is_forward && chain_number(line, "epoch") != c->epoch)
		return flaw(c, "the header has another epoch");
	memcpy(c->hash, hash, 65);
	c->seq++;
	c->lines++;
	c->line_epoch = c->epoch;
	c->events += strncmp(c->type, "log_", 4) != 0;
	if (strcmp(c->type, "log_lost") == 0)
		c->lost += chain_number(line, "lost_events");
	if (strcmp(c->type, "log_epoch") == 0) {
		if (chain_number(line, "epoch") != c->epoch + 1)
			return flaw(c, "the epoch is not the next");
		next_epoch(c);
	}
	if (c->line)
		c->line(c->ctx, line);
	return NULL;
}

static char *read_all(const char *path, size_t *n)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat s;
	char *text;
	ssize_t got;

	if (fd < 0 || fstat(fd, &s) != 0)
		return NULL;
	text = test_alloc((size_t)s.st_size + 1);
	got = read(fd, text, (size_t)s.st_size);
	close(fd);
	*n = got > 0 ? (size_t)got : 0;
	return text;
}

const char *chain_file(struct chain *c, const char *path)
{
	const char *wrong = NULL;
	size_t n = 0;
	char *text = read_all(path, &n), *at = text, *end;

	if (text == NULL)
		return flaw(c, "the file cannot be read");
	while (wrong == NULL && (end = memchr(at, '\n', n - (size_t)(at - text))) != NULL) {
		*end = '\0';
		wrong = strlen(at) == (size_t)(end - at) ? one_line(c, at, at == text)
		                                         : flaw(c, "the line has a NUL");
		at = end + 1;
	}
	c->torn = n - (size_t)(at - text);
	test_free(text);
	return wrong;
}

const char *chain_checkpoint(struct chain *c, const char *path)
{
	char mac[65], hash[65], want[65];
	const char *wrong = NULL;
	size_t n = 0;
	char *text = read_all(path, &n);

	if (text == NULL)
		return flaw(c, "there is no checkpoint");
	if (n == 0 || text[n - 1] != '\n' || !chain_string(text, "mac", mac, sizeof(mac)) ||
	    strlen(mac) != 64) {
		wrong = flaw(c, "the checkpoint is damaged");
	} else {
		text[n - 1] = '\0';
		(void)chain_string(text, "hash", hash, sizeof(hash));
		mac_without(c->line_key, text, "mac", want);
		if (chain_number(text, "seq") > c->seq)
			wrong = flaw(c, "the checkpoint speaks of a later line");
		else if (chain_number(text, "seq") == c->seq && strcmp(hash, c->hash) != 0)
			wrong = flaw(c, "the checkpoint speaks of another line");
		else if (chain_number(text, "epoch") == c->epoch && strcmp(mac, want) != 0)
			wrong = flaw(c, "the checkpoint's MAC is wrong");
	}
	test_free(text);
	return wrong;
}
