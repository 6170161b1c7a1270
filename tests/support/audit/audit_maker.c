/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines with snprintf and an HMAC. */
#include "support/audit/audit_maker.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void hex(const uint8_t bytes[32], char text[65])
{
	for (size_t i = 0; i < 32; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

/* RFC 5869, expand to one block. */
static void expand(maker_hmac_fn hmac, const uint8_t key[32], const char *label, uint8_t out[32])
{
	uint8_t input[64], result[32];
	const size_t n = strlen(label);

	memcpy(input, label, n);
	input[n] = 1;
	hmac(key, input, n + 1, result);
	memcpy(out, result, 32);
}

void maker_token(struct audit_maker *m, maker_hmac_fn hmac, const char *token)
{
	static const uint8_t no_salt[32];
	uint8_t extracted[32], root[32];

	memset(m, 0, sizeof(*m));
	m->hmac = hmac;
	memset(m->prev, '0', 64);
	hmac(no_salt, token, strlen(token), extracted);
	expand(hmac, extracted, "llorch-vram-seal-v1", root);
	expand(hmac, root, "vres/audit/v1", m->key);
}

void maker_forward(struct audit_maker *m, maker_hmac_fn hmac, const uint8_t first[32])
{
	memset(m, 0, sizeof(*m));
	m->hmac = hmac;
	memset(m->prev, '0', 64);
	m->is_forward = true;
	memcpy(m->first, first, 32);
	memcpy(m->chain, first, 32);
	expand(hmac, m->chain, "vres/audit/line/v1", m->key);
}

static void session_of(const struct audit_maker *m, char text[33])
{
	(void)snprintf(text, 33, "%032x", m->session);
}

void maker_line(struct audit_maker *m, const char *event)
{
	char *const line = m->bytes + m->n;
	const size_t room = sizeof(m->bytes) - m->n;
	char session[33], mac_hex[65] = "";
	uint8_t mac[32];
	int n = 0;

	if (m->lines == MAKER_LINES || room < 4096)
		return;
	session_of(m, session);
	m->seq++;
	/* First with no hash, which is what is signed; then with it. */
	for (int round = 0; round < 2; round++) {
		n = snprintf(line, room,
		             "{\"audit_id\":\"audit-%s-%016" PRIx64
		             "\",\"event\":%s,\"hash\":\"%s\",\"prev_hash\":\"%s\",\"seq\":%" PRIu64
		             ",\"timestamp\":\"2026-01-31T23:59:%02u.000000000Z\",\"worker_id\":"
		             "\"worker-7\"}",
		             session, m->seq, event, mac_hex, m->prev, m->seq,
		             (unsigned)(m->seq % 60));
		m->hmac(m->key, line, (size_t)n, mac);
		if (round == 0)
			hex(mac, mac_hex);
	}
	line[n] = '\n';
	memcpy(m->prev, mac_hex, sizeof(mac_hex));
	m->starts[m->lines++] = m->n;
	m->n += (size_t)n + 1;
	m->starts[m->lines] = m->n;
}

void maker_header(struct audit_maker *m)
{
	char event[256], epoch[40] = "", session[33];

	session_of(m, session);
	if (m->is_forward)
		(void)snprintf(epoch, sizeof(epoch), "\"epoch\":%" PRIu64 ",", m->epoch);
	(void)snprintf(event, sizeof(event),
	               "{%s\"event_type\":\"log_header\",\"format\":\"vres-audit/"
	               "1\",\"key_mode\":\"%s\",\"session\":\"%s\"}",
	               epoch, m->is_forward ? "forward" : "token", session);
	maker_line(m, event);
}

void maker_opened(struct audit_maker *m)
{
	char event[128], session[33];

	m->session++;
	session_of(m, session);
	(void)snprintf(event, sizeof(event), "{\"event_type\":\"log_opened\",\"session\":\"%s\"}",
	               session);
	maker_line(m, event);
}

void maker_epoch(struct audit_maker *m)
{
	char event[128];

	(void)snprintf(event, sizeof(event), "{\"epoch\":%" PRIu64 ",\"event_type\":\"log_epoch\"}",
	               m->epoch + 1);
	maker_line(m, event);
	m->epoch++;
	expand(m->hmac, m->chain, "vres/audit/next/v1", m->chain);
	expand(m->hmac, m->chain, "vres/audit/line/v1", m->key);
}

size_t maker_checkpoint(const struct audit_maker *m, char text[512])
{
	char mac_hex[65] = "";
	uint8_t mac[32];
	int n = 0;

	for (int round = 0; round < 2; round++) {
		n = snprintf(text, 512,
		             "{\"epoch\":%" PRIu64 ",\"format\":\"vres-audit-checkpoint/"
		             "1\",\"hash\":\"%s\",\"mac\":\"%s\",\"seq\":%" PRIu64
		             ",\"worker_id\":\"worker-7\"}",
		             m->epoch, m->prev, mac_hex, m->seq);
		m->hmac(m->key, text, (size_t)n, mac);
		if (round == 0)
			hex(mac, mac_hex);
	}
	text[n] = '\n';
	return (size_t)n + 1;
}

size_t maker_key_file(const struct audit_maker *m, char text[128])
{
	char chain[65];

	hex(m->chain, chain);
	return (size_t)snprintf(text, 128, "vres-audit-key/1 %" PRIu64 " %s\n", m->epoch, chain);
}
