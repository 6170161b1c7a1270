/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Under test: vres_audit_checker_*() and what is behind them: lines, keys, the chain, marks.
 *
 * The first byte chooses the key (none, a token's, a forward one) and the log: the input's bytes as
 * they are, a genuine log whose bytes the input edits, or one whose lines it deletes, doubles,
 * swaps and changes.  Whatever comes: the verdict does not depend on the pieces in which the log
 * comes; findings are bounded, well-formed and in order; with the key and the checkpoint a log is
 * good only if it is the genuine one; and a line that is canonical is put together again from its
 * parts.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vres/audit_check.h>

#include "support/audit/audit_maker.h"
#include "audit/format/line_read.h"

enum { NO_KEY, TOKEN_KEY, FORWARD_KEY, MOST_FINDINGS = 20 };

struct logs {
	struct audit_maker log[2]; /* mode token, mode forward */
	char checkpoint[2][512];
	size_t checkpoint_bytes[2];
	char key_path[64];
};

static void fill(struct audit_maker *m)
{
	maker_header(m);
	maker_line(m, "{\"digest\":\"d1\",\"event_type\":\"vram_sealed\",\"gpu_device\":0,\"shard_"
	              "id\":\"a\"}");
	maker_line(m, "{\"details\":\"\\\"\\\\\xc3\xbc\",\"event_type\":\"policy_violation\","
	              "\"simulated\":true}");
	if (m->is_forward)
		maker_epoch(m);
	maker_line(m, "{\"event_type\":\"log_lost\",\"lost_events\":7}");
	maker_line(m, "{\"event_type\":\"log_closed\"}");
	maker_opened(m);
	maker_line(m, "{\"event_type\":\"log_repaired\",\"removed_bytes\":1,\"removed_sha256\":"
	              "\"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb\"}");
	if (m->is_forward)
		maker_epoch(m);
	maker_line(m, "{\"event_type\":\"seal_verified\",\"mode\":\"full\"}");
	maker_line(m, "{\"event_type\":\"seal_verified\",\"mode\":\"sampled\"}");
}

static const struct logs *logs(void);

/* The key file lies there while the process lives. */
static void remove_key(void)
{
	(void)unlink(logs()->key_path);
}

static const struct logs *logs(void)
{
	static struct logs *made;
	char text[128];
	size_t n;
	int fd;

	if (made)
		return made;
	made = calloc(1, sizeof(*made));
	CLAIM(made != NULL);
	maker_token(&made->log[0], reference_hmac, TOKEN);
	maker_forward(&made->log[1], reference_hmac,
	              (const uint8_t *)"an epoch's first key of 32 bytes");
	n = maker_key_file(&made->log[1], text);
	snprintf(made->key_path, sizeof(made->key_path), "/tmp/vres-fuzz-%d", (int)getpid());
	fd = open(made->key_path, O_CREAT | O_EXCL | O_WRONLY, 0600);
	CLAIM(fd >= 0 && write(fd, text, n) == (ssize_t)n && close(fd) == 0);
	(void)atexit(remove_key);
	for (int i = 0; i < 2; i++) {
		fill(&made->log[i]);
		made->checkpoint_bytes[i] = maker_checkpoint(&made->log[i], made->checkpoint[i]);
	}
	return made;
}

struct told {
	uint64_t count, sum;
	uint32_t file;
	uint64_t line;
};

static void on_finding(void *ctx, const vres_audit_finding *f)
{
	struct told *t = ctx;
	const size_t n = strnlen(f->message, sizeof(f->message));

	CLAIM(strcmp(vres_audit_fault_name(f->fault), "unknown") != 0);
	CLAIM(f->line == 0 || f->file > t->file || (f->file == t->file && f->line >= t->line));
	CLAIM(n > 0 && n < sizeof(f->message));
	for (size_t i = 0; i < n; i++)
		CLAIM(f->message[i] >= 0x20 && f->message[i] < 0x7f);
	t->file = f->file;
	t->line = f->line;
	t->count++;
	t->sum = t->sum * 31 + f->fault * 7 + f->line * 3 + f->seq + f->lines;
}

struct verdict {
	vres_status status;
	vres_audit_summary summary;
	struct told told;
};

/* Feeds two files, divided at @cut, in pieces of @piece bytes or whole. */
static void check(uint32_t key, const uint8_t *bytes, size_t n, size_t cut, size_t piece,
                  struct verdict *v)
{
	const struct logs *l = logs();
	const uint32_t mode = key == FORWARD_KEY;
	vres_audit_check_options o = vres_audit_check_options_init();
	vres_audit_checker *c = NULL;
	vres_error err = untouched();

	memset(v, 0, sizeof(*v));
	v->summary = vres_audit_summary_init();
	o.key = key == TOKEN_KEY ? world()->key : NULL;
	o.forward_key = key == FORWARD_KEY ? l->key_path : NULL;
	o.finding = on_finding;
	o.finding_ctx = &v->told;
	o.max_findings = MOST_FINDINGS;
	CLAIM(vres_audit_checker_create(&o, &c, &err) == VRES_OK);
	CLAIM(vres_audit_checker_checkpoint(c, l->checkpoint[mode], l->checkpoint_bytes[mode],
	                                    &err) == VRES_OK);
	for (size_t at = 0, step; at <= n; at += step) {
		const size_t end = at < cut && cut <= n ? cut : n;

		if (at == 0 || at == cut)
			CLAIM(vres_audit_checker_file(c, &err) == VRES_OK);
		step = end - at < piece ? end - at : piece;
		CLAIM(vres_audit_checker_feed(c, step ? bytes + at : NULL, step, &err) == VRES_OK);
		if (step == 0)
			break;
	}
	v->status = vres_audit_checker_end(c, &v->summary, &err);
	claim_outcome(v->status, &err);
	CLAIM(v->status == VRES_OK || v->status == VRES_E_INTEGRITY_VIOLATION);
	CLAIM((v->status == VRES_OK) == (v->summary.faults == 0));
	CLAIM(v->told.count ==
	      (v->summary.faults < MOST_FINDINGS ? v->summary.faults : MOST_FINDINGS));
	CLAIM(v->summary.bytes == n);
	vres_audit_checker_destroy(c);
}

/* A canonical line consists of the parts that the scanner reports and of nothing else. */
static void claim_round(const uint8_t *bytes, size_t n)
{
	static const char before[] = ",\"hash\":\"";
	const char *text = (const char *)bytes, *event;
	char again[AUDIT_LINE_MAX];
	struct audit_line l;
	int length;

	if (n >= AUDIT_LINE_MAX || !audit_line_scan(text, n, &l)) {
		CLAIM(n >= AUDIT_LINE_MAX || (l.fault != NULL && l.fault_at <= n));
		return;
	}
	event = l.session + AUDIT_SESSION + 1 + 16 + strlen("\",\"event\":");
	CLAIM(event < l.hash && memcmp(l.hash - strlen(before), before, strlen(before)) == 0);
	length = snprintf(again, sizeof(again),
	                  "{\"audit_id\":\"audit-%.32s-%016llx\",\"event\":%.*s,\"hash\":\"%.64s\","
	                  "\"prev_hash\":\"%.64s\",\"seq\":%llu,"
	                  "\"timestamp\":\"%.30s\",\"worker_id\":\"",
	                  l.session, (unsigned long long)l.seq,
	                  (int)(l.hash - strlen(before) - event), event, l.hash, l.prev_hash,
	                  (unsigned long long)l.seq, l.timestamp);
	CLAIM(length > 0 && (size_t)length < n && memcmp(again, text, (size_t)length) == 0);
	CLAIM(memcmp(text + n - 2, "\"}", 2) == 0 && memchr(text, '\n', n) == NULL);
}

static void claim_rounds(const uint8_t *bytes, size_t n)
{
	while (n > 0) {
		const uint8_t *newline = memchr(bytes, '\n', n);
		const size_t line = newline ? (size_t)(newline - bytes) : n;

		claim_round(bytes, line);
		bytes += line + (newline != NULL);
		n -= line + (newline != NULL);
	}
}

/* The genuine log with lines deleted, doubled, swapped, changed. */
static uint8_t *mangle(struct input *in, const struct audit_maker *m, size_t *n)
{
	size_t order[2 * MAKER_LINES], count = m->lines;
	uint8_t *bytes = fuzz_alloc(2 * MAKER_BYTES), flip[2 * MAKER_LINES] = {0};

	for (size_t i = 0; i < count; i++)
		order[i] = i;
	while (in->left > 0 && count > 0) {
		const uint32_t act = input_below(in, 4), a = input_below(in, (uint32_t)count),
			       b = input_below(in, (uint32_t)count);
		const size_t line = order[a];

		if (act == 0) {
			memmove(order + a, order + a + 1, (--count - a) * sizeof(*order));
			memmove(flip + a, flip + a + 1, count - a);
		} else if (act == 1 && count < 2 * m->lines) {
			memmove(order + b + 1, order + b, (count - b) * sizeof(*order));
			memmove(flip + b + 1, flip + b, count++ - b);
			order[b] = line;
			flip[b] = 0;
		} else if (act == 2) {
			order[a] = order[b];
			order[b] = line;
		} else {
			flip[a] = (uint8_t)(1 + b);
		}
	}
	*n = 0;
	for (size_t i = 0; i < count; i++) {
		const size_t line = m->starts[order[i] + 1] - m->starts[order[i]];

		memcpy(bytes + *n, m->bytes + m->starts[order[i]], line);
		bytes[*n + (flip[i] * 37u) % line] ^= flip[i] ? 1 : 0;
		*n += line;
	}
	return bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	const uint32_t key = input_below(&in, 3), how = input_below(&in, 3);
	const size_t piece = 1 + input_below(&in, 300);
	const struct audit_maker *m = &logs()->log[key == FORWARD_KEY];
	size_t n = m->n, cut;
	uint8_t *bytes = how == 0   ? input_block(&in, 65536, &n)
	                 : how == 1 ? input_edits(&in, (const uint8_t *)m->bytes, &n)
	                            : mangle(&in, m, &n);
	struct verdict whole, parts;

	cut = size % 5 == 0 ? n / 2 : n + 1;
	check(key, bytes, n, cut, n + 1, &whole);
	check(key, bytes, n, cut, piece, &parts);
	CLAIM(whole.status == parts.status &&
	      memcmp(&whole.summary, &parts.summary, sizeof(whole.summary)) == 0);
	CLAIM(memcmp(&whole.told, &parts.told, sizeof(whole.told)) == 0);
	if (key != NO_KEY)
		CLAIM((whole.status == VRES_OK) ==
		      (cut > n && n == m->n && memcmp(bytes, m->bytes, n) == 0));
	claim_rounds(bytes, n);
	free(bytes);
	return 0;
}
