/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The checkpoint and the head, compared with the lines as they come. */
#include "audit/check/marks.h"

#include <inttypes.h>

#include "audit/check/proof.h"

static void spoil(struct audit_mark *m, const char *why)
{
	m->verdict = VRES_AUDIT_MARK_BAD;
	m->fault = why;
}

vres_status audit_marks_checkpoint(struct vres_audit_checker *c, const char *text, size_t n,
                                   vres_error *err)
{
	struct audit_mark *m = &c->checkpoint;
	struct audit_checkpoint p;
	bool is_good, is_reached;

	m->is_given = true;
	if (n == 0 || n > AUDIT_LINE_MAX || text[n - 1] != '\n' ||
	    !audit_checkpoint_scan(text, n - 1, &p)) {
		spoil(m, "it is not one canonical line");
		return VRES_OK;
	}
	m->seq = p.seq;
	m->epoch = p.epoch;
	memcpy(m->hash, p.hash, AUDIT_HEX);
	if (c->keys == NULL)
		return VRES_OK;
	is_reached = audit_proof_reaches(c, p.epoch);
	TRY(audit_proof_check(c, p.epoch, text, n - 1, p.mac_at, &is_good, err));
	if (!is_good)
		spoil(m, is_reached ? "its MAC is not good: changed, or not written with the key"
		                    : "not checked: the key does not reach its epoch");
	return VRES_OK;
}

static void meet(struct vres_audit_checker *c, struct audit_mark *m, const struct audit_line *line,
                 uint64_t epoch)
{
	/* Of a line just before the first one, whose file was not given, the hash is known. */
	const bool is_before = !c->last.is_known && m->seq + 1 == line->seq;

	if (!m->is_given || m->verdict == VRES_AUDIT_MARK_BAD)
		return;
	if (m->seq == line->seq || is_before) {
		m->verdict = VRES_AUDIT_MARK_MET;
		if (!vres_crypto_equal(is_before ? line->prev_hash : line->hash, m->hash,
		                       AUDIT_HEX))
			spoil(m, "the log has another hash for its seq: another history");
	} else if (!c->last.is_known && m->seq < line->seq) {
		m->verdict = VRES_AUDIT_MARK_OLDER;
	}
	if (m == &c->head && m->verdict == VRES_AUDIT_MARK_OLDER)
		spoil(m, "it is before the first line of the files that were given");
	if (m == &c->checkpoint && c->keys &&
	    ((m->seq == line->seq && m->epoch != epoch) ||
	     ((is_before || m->verdict == VRES_AUDIT_MARK_OLDER) && m->epoch > epoch)))
		spoil(m, "it is of another epoch than its line: by somebody who came later");
}

void audit_marks_meet(struct vres_audit_checker *c, const struct audit_line *line, uint64_t epoch)
{
	meet(c, &c->checkpoint, line, epoch);
	meet(c, &c->head, line, epoch);
}

/* Is the line of @m after the last one, and not among the lines that did not prove themselves? */
static bool is_cut(const struct vres_audit_checker *c, const struct audit_mark *m)
{
	return m->is_given && m->verdict == VRES_AUDIT_MARK_NONE && m->seq > c->last.seq &&
	       m->seq - c->last.seq > c->unproven;
}

static void mark_end(struct vres_audit_checker *c, struct audit_mark *m, uint32_t fault)
{
	if (m->is_given && m->verdict == VRES_AUDIT_MARK_NONE)
		m->verdict = VRES_AUDIT_MARK_BAD; /* there is a finding in the place of its line */
	else if (m->verdict == VRES_AUDIT_MARK_BAD)
		audit_finding_add(c, fault, m->seq, 0, "%s", m->fault)->line = 0;
}

void audit_marks_end(struct vres_audit_checker *c)
{
	const struct audit_mark *cut = is_cut(c, &c->checkpoint) ? &c->checkpoint
	                               : is_cut(c, &c->head)     ? &c->head
	                                                         : NULL;

	/* Under another key than the log's the checkpoint says nothing. */
	if (!c->last.is_known && c->bad_macs > 0)
		return;
	if (cut && c->line > 0) /* else there is a finding already: the file has no line */
		audit_finding_add(c, VRES_AUDIT_END, c->last.seq + 1, cut->seq - c->last.seq,
		                  "the log ends with seq %" PRIu64 ", and its %s is of seq "
		                  "%" PRIu64 ": cut, or put back as it once was",
		                  c->last.seq, cut == &c->head ? "head" : "checkpoint", cut->seq)
			->line++;
	mark_end(c, &c->checkpoint, VRES_AUDIT_CHECKPOINT);
	mark_end(c, &c->head, VRES_AUDIT_HEAD);
}
