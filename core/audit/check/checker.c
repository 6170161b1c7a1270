/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Checking an audit log, as include/vres/audit_check.h has it: from bytes to lines, and the
 * verdict.  What becomes of a line is in chain.c.
 */
#include <vres/audit_check.h>

#include <inttypes.h>

#include "audit/check/chain.h"
#include "audit/check/marks.h"
#include "audit/format/cursor.h"
#include "base/abi.h"
#include "os/os.h"

#define FINDINGS_DEFAULT 100u
#define FINDINGS_MOST    10000u

static void destroy(vres_audit_checker **slot)
{
	vres_audit_checker *c = *slot;

	if (c == NULL)
		return;
	vres_audit_keys_destroy(&c->keys);
	vres_os_free(c->findings);
	vres_os_free(c);
}

void vres_audit_checker_destroy(vres_audit_checker *c)
{
	PUBLIC_RELEASE;

	destroy(&c);
}

static vres_status open_keys(vres_audit_checker *c, const vres_audit_check_options *o,
                             vres_error *err)
{
	c->steps_left = AUDIT_EPOCH_STEPS;
	if (o->key && o->forward_key)
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "two keys: a log is under a token's or under a forward one");
	if (o->key)
		TRY(vres_audit_keys_token(o->key, &c->keys, err));
	if (o->forward_key)
		TRY(vres_audit_keys_read(o->forward_key, &c->keys, err));
	c->sum.keyed = o->key           ? VRES_AUDIT_KEYED_TOKEN
	               : o->forward_key ? VRES_AUDIT_KEYED_FORWARD
	                                : VRES_AUDIT_KEYED_LINKS;
	return VRES_OK;
}

vres_status vres_audit_checker_create(const vres_audit_check_options *o, vres_audit_checker **out,
                                      vres_error *err)
{
	PUBLIC_CALL;
	CLEANUP(destroy) vres_audit_checker *c = NULL;
	vres_audit_check_options options = vres_audit_check_options_init();

	TRY(vres_check_given(out, "out", err));
	if (o)
		TRY(ABI_IN(&options, o, "vres_audit_check_options", err));
	if (options.reserved != 0 || options.max_findings > FINDINGS_MOST)
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "reserved is not 0, or max_findings is above 10000");
	if (options.max_findings == 0)
		options.max_findings = FINDINGS_DEFAULT;
	c = vres_os_alloc(sizeof(*c));
	if (c)
		c->findings = vres_os_alloc(options.max_findings * sizeof(*c->findings));
	if (c == NULL || c->findings == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for a checker");
	c->process = vres_os_process();
	c->finding = options.finding;
	c->finding_ctx = options.finding_ctx;
	memset(c->last.hash, '0', AUDIT_HEX); /* what seq 1 links to */
	c->findings_most = options.max_findings;
	TRY(open_keys(c, &options, err));
	*out = TAKE(c);
	return VRES_OK;
}

static vres_status usable(const vres_audit_checker *c, vres_error *err)
{
	TRY(vres_check_given(c, "checker", err));
	TRY(vres_os_check_process(c->process, "the checker", err));
	return c->is_ended ? vres_fail(err, VRES_E_STATE, "the log has ended") : VRES_OK;
}

/* What is given once, before the first file. */
static vres_status check_turn(const vres_audit_checker *c, bool was_given, vres_error *err)
{
	TRY(usable(c, err));
	if (!c->has_file && !was_given)
		return VRES_OK;
	return vres_fail(err, VRES_E_STATE, "%s",
	                 c->has_file ? "this comes before the first file" : "it was given already");
}

vres_status vres_audit_checker_checkpoint(vres_audit_checker *c, const void *bytes, size_t n,
                                          vres_error *err)
{
	PUBLIC_CALL;
	vres_status status;

	TRY(check_turn(c, c && c->checkpoint.is_given, err));
	if (n > 0)
		TRY(vres_check_given(bytes, "bytes", err));
	status = audit_marks_checkpoint(c, bytes, n, err);
	vres_hmac_close(&c->hmac);
	return status;
}

vres_status vres_audit_checker_head(vres_audit_checker *c, uint64_t seq, const char *hash,
                                    vres_error *err)
{
	PUBLIC_CALL;
	struct cursor digits = {.at = (const unsigned char *)hash};

	TRY(check_turn(c, c && c->head.is_given, err));
	TRY(vres_check_given(hash, "hash", err));
	if (seq == 0 || seq > AUDIT_NUMBER_MAX)
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "the head's seq is not from 1 to 2^53 - 1");
	digits.end = digits.at + strnlen(hash, AUDIT_HEX + 1);
	(void)cursor_hex(&digits, AUDIT_HEX);
	if (digits.fault || digits.at != digits.end)
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "the head's hash is not 64 lower-case hex digits");
	c->head = (struct audit_mark){.is_given = true, .seq = seq};
	memcpy(c->head.hash, hash, AUDIT_HEX);
	return VRES_OK;
}

vres_status vres_audit_checker_from_later(vres_audit_checker *c, vres_error *err)
{
	PUBLIC_CALL;

	TRY(check_turn(c, false, err));
	c->is_from_later = true;
	return VRES_OK;
}

static void end_file(vres_audit_checker *c)
{
	if (c->carried > 0)
		audit_chain_unreadable(c, VRES_AUDIT_TORN, "torn: the file ends", c->carried);
	if (c->line == 0)
		audit_finding_add(c, VRES_AUDIT_END, c->last.seq + 1, 1, "the file has no line")
			->line = 1;
	c->carried = 0;
	c->is_skipping = false;
}

vres_status vres_audit_checker_file(vres_audit_checker *c, vres_error *err)
{
	PUBLIC_CALL;

	TRY(usable(c, err));
	if (c->has_file) {
		end_file(c);
		c->file++;
	}
	c->line = 0;
	c->has_file = true;
	c->sum.files++;
	return VRES_OK;
}

/* The next @n bytes of a line: up to its newline if @is_whole, else all that there are so far. */
static vres_status take_piece(vres_audit_checker *c, const char *bytes, size_t n, bool is_whole,
                              vres_error *err)
{
	const size_t carried = c->carried;

	if (carried == 0 && !c->is_skipping) {
		c->line++;
		c->lines++;
	}
	if (c->is_skipping || carried + n >= AUDIT_LINE_MAX) {
		if (!c->is_skipping)
			audit_chain_unreadable(c, VRES_AUDIT_MALFORMED, "no newline",
			                       AUDIT_LINE_MAX);
		c->is_skipping = !is_whole;
		c->carried = 0;
		return VRES_OK;
	}
	if (carried > 0 || !is_whole)
		memcpy(c->carry + carried, bytes, n);
	c->carried = is_whole ? 0 : carried + n;
	return is_whole ? audit_chain_line(c, carried > 0 ? c->carry : bytes, carried + n, err)
	                : VRES_OK;
}

vres_status vres_audit_checker_feed(vres_audit_checker *c, const void *bytes, size_t n,
                                    vres_error *err)
{
	PUBLIC_CALL;
	const char *at = bytes;
	vres_status status = VRES_OK;

	TRY(usable(c, err));
	if (n > 0)
		TRY(vres_check_given(bytes, "bytes", err));
	if (!c->has_file)
		return vres_fail(err, VRES_E_STATE, "no file was begun");
	c->bytes += n;
	while (n > 0 && status == VRES_OK) {
		const char *newline = memchr(at, '\n', n);
		const size_t piece = newline ? (size_t)(newline - at) : n;

		status = take_piece(c, at, piece, newline != NULL, err);
		at += piece + (newline != NULL);
		n -= piece + (newline != NULL);
	}
	vres_hmac_close(&c->hmac); /* libcrypto has a copy of the key while it is open */
	return status;
}

vres_status vres_audit_checker_summary(const vres_audit_checker *c, vres_audit_summary *out,
                                       vres_error *err)
{
	PUBLIC_CALL;
	vres_audit_summary s;

	TRY(vres_check_given(c, "checker", err));
	TRY(ABI_OUT_CHECK(out, "vres_audit_summary", err));
	s = c->sum;
	s.lines = c->lines;
	s.bytes = c->bytes;
	s.faults = c->findings_count;
	s.checkpoint = c->checkpoint.verdict;
	s.head = c->head.verdict;
	s.ending = c->last.event == AUDIT_CLOSED    ? VRES_AUDIT_CLOSED
	           : c->last.event == AUDIT_ROTATED ? VRES_AUDIT_ROTATED
	                                            : VRES_AUDIT_OPEN;
	s.keyed = c->keys && !c->last.is_known ? VRES_AUDIT_KEYED_UNPROVED : s.keyed;
	ABI_OUT(out, &s);
	return VRES_OK;
}

vres_status vres_audit_checker_end(vres_audit_checker *c, vres_audit_summary *out, vres_error *err)
{
	PUBLIC_CALL;

	TRY(usable(c, err));
	if (out)
		TRY(ABI_OUT_CHECK(out, "vres_audit_summary", err));
	if (!c->has_file)
		return vres_fail(err, VRES_E_STATE, "no file was begun");
	end_file(c);
	audit_chain_end(c);
	audit_marks_end(c);
	c->is_ended = true;
	for (uint32_t i = 0; c->finding && i < c->findings_kept; i++)
		c->finding(c->finding_ctx, &c->findings[i]);
	if (out)
		TRY(vres_audit_checker_summary(c, out, err));
	if (c->findings_count == 0)
		return VRES_OK;
	return vres_fail(err, VRES_E_INTEGRITY_VIOLATION,
	                 "the log does not verify: %" PRIu64 " finding%s", c->findings_count,
	                 c->findings_count == 1 ? "" : "s");
}
