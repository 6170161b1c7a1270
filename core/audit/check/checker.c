/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Checking an audit log: from bytes to lines, and the verdict.  What becomes of a line is in
 * check_run.c and check_chain.c.
 */
#include "audit/check/checker.h"

#include <inttypes.h>

#include "base/abi.h"
#include "os/os.h"

static void destroy(vres_audit_checker **slot)
{
	vres_audit_checker *c = *slot;

	if (c == NULL)
		return;
	audit_key_close(&c->base);
	audit_key_close(&c->now);
	audit_key_close(&c->ahead);
	audit_key_close(&c->aside);
	audit_key_close(&c->trial);
	vres_os_free(c->findings.items);
	vres_os_free(c);
}

void vres_audit_checker_destroy(vres_audit_checker *c)
{
	destroy(&c);
}

static vres_status open_keys(vres_audit_checker *c, const vres_audit_check_options *o,
                             vres_error *err)
{
	if (o->key == NULL && o->forward_key == NULL)
		return VRES_OK;
	if (o->key && o->forward_key)
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "two keys: a log is under a token's or under a forward one");
	TRY(audit_key_open(&c->base, o->key, o->forward_key, err));
	c->is_keyed = true;
	c->sum.keyed = c->base.is_forward ? VRES_AUDIT_KEYED_FORWARD : VRES_AUDIT_KEYED_TOKEN;
	if (!c->base.is_forward)
		return audit_key_open(&c->now, o->key, NULL, err);
	return audit_key_at(&c->now, &c->base, c->base.epoch, err);
}

vres_status vres_audit_checker_create(const vres_audit_check_options *o, vres_audit_checker **out,
                                      vres_error *err)
{
	CLEANUP(destroy) vres_audit_checker *c = NULL;
	vres_audit_check_options options = vres_audit_check_options_init();

	if (out == NULL)
		return vres_fail(err, VRES_E_INVALID_INPUT, "out is NULL");
	if (o)
		TRY(ABI_IN(&options, o, "vres_audit_check_options", err));
	if (options.reserved != 0 || options.max_findings > FINDINGS_MOST)
		return vres_fail(err, VRES_E_INVALID_INPUT, "%s",
		                 options.reserved ? "reserved is not 0"
		                                  : "max_findings is above 10000");
	c = vres_os_alloc(sizeof(*c));
	if (c == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for a checker");
	c->process = vres_os_process();
	c->finding = options.finding;
	c->finding_ctx = options.finding_ctx;
	c->steps_left = AUDIT_EPOCH_STEPS;
	c->garbage_finding = NOT_KEPT;
	c->side_finding = NOT_KEPT;
	c->findings.most = options.max_findings ? options.max_findings : FINDINGS_DEFAULT;
	c->findings.items = vres_os_alloc(c->findings.most * sizeof(*c->findings.items));
	if (c->findings.items == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for findings");
	TRY(open_keys(c, &options, err));
	*out = TAKE(c);
	return VRES_OK;
}

static vres_status usable(const vres_audit_checker *c, vres_error *err)
{
	if (c == NULL)
		return vres_fail(err, VRES_E_INVALID_INPUT, "checker is NULL");
	if (c->process != vres_os_process())
		return vres_fail_at(err, VRES_E_STATE, VRES_REASON_FORKED, VRES_NO_DEVICE,
		                    "the checker belongs to the parent process");
	return c->is_ended ? vres_fail(err, VRES_E_STATE, "the log has ended") : VRES_OK;
}

vres_status vres_audit_checker_checkpoint(vres_audit_checker *c, const void *bytes, size_t n,
                                          vres_error *err)
{
	TRY(usable(c, err));
	if (bytes == NULL && n > 0)
		return vres_fail(err, VRES_E_INVALID_INPUT, "bytes is NULL");
	if (c->has_file || c->checkpoint.is_given)
		return vres_fail(err, VRES_E_STATE, "the checkpoint %s",
		                 c->has_file ? "comes before the first file" : "was given already");
	return audit_mark_checkpoint(c, bytes, n, err);
}

vres_status vres_audit_checker_head(vres_audit_checker *c, uint64_t seq, const char *hash,
                                    vres_error *err)
{
	TRY(usable(c, err));
	if (hash == NULL)
		return vres_fail(err, VRES_E_INVALID_INPUT, "hash is NULL");
	if (c->has_file || c->head.is_given)
		return vres_fail(err, VRES_E_STATE, "the head %s",
		                 c->has_file ? "comes before the first file" : "was given already");
	if (seq == 0 || seq > AUDIT_NUMBER_MAX)
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "the head's seq is not from 1 to 2^53 - 1");
	for (size_t i = 0; i < AUDIT_HEX; i++)
		if (!((hash[i] >= '0' && hash[i] <= '9') || (hash[i] >= 'a' && hash[i] <= 'f')))
			return vres_fail(err, VRES_E_INVALID_INPUT,
			                 "the head's hash has no lower-case hex digit at byte %zu",
			                 i);
	if (hash[AUDIT_HEX] != '\0')
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "the head's hash is longer than 64 hex digits");
	c->head = (struct mark){.is_given = true, .seq = seq};
	memcpy(c->head.hash, hash, AUDIT_HEX);
	return VRES_OK;
}

/* The file is over: what is left of it has no newline. */
static vres_status end_file(vres_audit_checker *c, vres_error *err)
{
	if (c->carried > 0 && !c->is_skipping) {
		TRY(audit_chain_settle(c, NULL, err));
		c->where.line++;
		c->lines++;
		audit_check_garbage(c, VRES_AUDIT_TORN, 1, c->carried,
		                    "the line is torn: the file ends");
	}
	c->carried = 0;
	c->is_skipping = false;
	c->garbage_finding = NOT_KEPT;
	c->last_in_file = c->where;
	return VRES_OK;
}

vres_status vres_audit_checker_file(vres_audit_checker *c, vres_error *err)
{
	TRY(usable(c, err));
	if (c->has_file) {
		TRY(end_file(c, err));
		c->where.file++;
	}
	c->where.line = 0;
	c->has_file = true;
	c->sum.files++;
	return VRES_OK;
}

static vres_status take_line(vres_audit_checker *c, const char *text, size_t n, vres_error *err)
{
	c->where.line++;
	c->lines++;
	return audit_check_line(c, text, n, err);
}

/* The line is longer than any may be: said once, and the rest of it is passed over. */
static vres_status skip_line(vres_audit_checker *c, vres_error *err)
{
	TRY(audit_chain_settle(c, NULL, err));
	c->where.line++;
	c->lines++;
	c->is_skipping = true;
	audit_check_garbage(c, VRES_AUDIT_MALFORMED, 2, AUDIT_LINE_MAX, "no newline");
	return VRES_OK;
}

/* Bytes up to and without a newline that is there, or all that there are. */
static vres_status take_piece(vres_audit_checker *c, const char *bytes, size_t n, bool is_whole,
                              vres_error *err)
{
	const size_t carried = c->carried;

	if (c->is_skipping) {
		c->is_skipping = !is_whole;
		return VRES_OK;
	}
	if (carried + n > AUDIT_LINE_MAX - 1) {
		c->carried = 0;
		TRY(skip_line(c, err));
		c->is_skipping = !is_whole;
		return VRES_OK;
	}
	if (carried == 0 && is_whole)
		return take_line(c, bytes, n, err);
	memcpy(c->carry + carried, bytes, n);
	c->carried = is_whole ? 0 : carried + n;
	return is_whole ? take_line(c, c->carry, carried + n, err) : VRES_OK;
}

vres_status vres_audit_checker_feed(vres_audit_checker *c, const void *bytes, size_t n,
                                    vres_error *err)
{
	const char *at = bytes, *newline;

	TRY(usable(c, err));
	if (bytes == NULL && n > 0)
		return vres_fail(err, VRES_E_INVALID_INPUT, "bytes is NULL");
	if (!c->has_file)
		return vres_fail(err, VRES_E_STATE, "no file was begun");
	c->bytes += n;
	while (n > 0) {
		newline = memchr(at, '\n', n);
		const size_t piece = newline ? (size_t)(newline - at) : n,
			     step = newline ? piece + 1 : piece;

		TRY(take_piece(c, at, piece, newline != NULL, err));
		at += step;
		n -= step;
	}
	return VRES_OK;
}

static void summary_fill(const vres_audit_checker *c, vres_audit_summary *s)
{
	*s = c->sum;
	s->lines = c->lines;
	s->bytes = c->bytes;
	s->faults = c->findings.count;
	s->checkpoint = c->checkpoint.verdict;
	s->head = c->head.verdict;
	s->ending = c->last_event == AUDIT_CLOSED    ? VRES_AUDIT_CLOSED
	            : c->last_event == AUDIT_ROTATED ? VRES_AUDIT_ROTATED
	                                             : VRES_AUDIT_OPEN;
	if (c->is_keyed && !c->any_genuine)
		s->keyed = VRES_AUDIT_KEYED_UNPROVED;
}

vres_status vres_audit_checker_summary(const vres_audit_checker *c, vres_audit_summary *out,
                                       vres_error *err)
{
	vres_audit_summary s = vres_audit_summary_init();

	if (c == NULL)
		return vres_fail(err, VRES_E_INVALID_INPUT, "checker is NULL");
	TRY(ABI_OUT_CHECK(out, "vres_audit_summary", err));
	summary_fill(c, &s);
	ABI_OUT(out, &s);
	return VRES_OK;
}

/* Not a line is genuine: the key is another one, as far as anybody can tell. */
static void tell_key(vres_audit_checker *c)
{
	const bool is_other_mode = c->base.is_forward ? c->claims_token && !c->claims_forward
	                                              : c->claims_forward && !c->claims_token;

	(void)audit_find(c, VRES_AUDIT_KEY, c->run.first, c->run.first_seq, c->run.bad,
	                 "not a line has a MAC of this key%s",
	                 is_other_mode && c->base.is_forward
	                         ? ": the log says that it is in mode token"
	                 : is_other_mode ? ": the log says that it is in mode forward"
	                                 : ": it is another key, or nothing here is genuine");
}

/* What stands at the end, with nothing genuine after it. */
static void judge_end(vres_audit_checker *c)
{
	const struct run *r = &c->run;
	const uint64_t room = audit_run_room(c);
	const char *vouching = NULL;

	if (c->lines == 0) {
		(void)audit_find(c, VRES_AUDIT_TRUNCATED, (struct place){0, 1}, 1, 1,
		                 "the log has no line");
		audit_mark_end(c, 1);
		return;
	}
	if (c->is_keyed && !c->any_genuine && r->bad > 0) {
		tell_key(c);
		return;
	}
	if (r->ends_bad && audit_mark_vouches(c, r->last_seq, r->last_hash))
		vouching = r->last_hash;
	else if (r->ends_bad && audit_mark_vouches(c, r->last_seq, r->last_mac))
		vouching = r->last_mac;
	audit_mark_end(c, room);
	(void)audit_run_close(c, r->garbage + r->in_place, vouching);
	audit_gap_end(c);
}

vres_status vres_audit_checker_end(vres_audit_checker *c, vres_audit_summary *out, vres_error *err)
{
	vres_audit_summary s = vres_audit_summary_init();

	TRY(usable(c, err));
	if (out)
		TRY(ABI_OUT_CHECK(out, "vres_audit_summary", err));
	if (!c->has_file)
		return vres_fail(err, VRES_E_STATE, "no file was begun");
	TRY(end_file(c, err));
	TRY(audit_chain_settle(c, NULL, err));
	judge_end(c);
	c->is_ended = true;
	audit_find_tell(c);
	summary_fill(c, &s);
	if (out)
		ABI_OUT(out, &s);
	if (s.faults == 0)
		return VRES_OK;
	return vres_fail(err, VRES_E_INTEGRITY_VIOLATION,
	                 "the log does not verify: %" PRIu64 " finding%s", s.faults,
	                 s.faults == 1 ? "" : "s");
}
