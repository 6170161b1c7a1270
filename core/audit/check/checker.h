/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The state of a checker.  A line goes one of two ways: it is genuine (its MAC is good; without a
 * key: it is canonical) and takes its place in the chain (check_chain.c), or it is bad and joins a
 * run of bad lines (check_run.c), which is judged when the next genuine line tells how many lines
 * ought to have stood there.
 *
 * All of it has a fixed size but the findings, of which only so many are kept.
 */
#ifndef VRES_CORE_AUDIT_CHECK_CHECKER_H
#define VRES_CORE_AUDIT_CHECK_CHECKER_H

#include <vres/audit_check.h>

#include "audit/check/key.h"
#include "audit/format/line_read.h"

#define FINDINGS_DEFAULT 100u
#define FINDINGS_MOST    10000u
#define GAPS_MAX         64u /* more holes at a time than this, and the oldest is told as it is */
#define EARLY_MAX        64u

/* In findings: not kept. */
#define NOT_KEPT UINT32_MAX

struct place {
	uint32_t file;
	uint64_t line;
};

struct findings {
	vres_audit_finding *items;
	uint32_t kept, most;
	uint64_t count;
};

/* What is kept of a genuine line. */
struct fact {
	struct place place;
	uint64_t seq, epoch, number;
	enum audit_event event;
	bool is_forward, is_simulated,
		is_clean /* follows, without a doubt, the line that is before it */;
	char hash[AUDIT_HEX], prev_hash[AUDIT_HEX], session[AUDIT_SESSION],
		event_session[AUDIT_SESSION], time[30];
};

/* Where a chain stands: the seq that comes next, and the hash it has to link to. */
struct point {
	bool is_known, has_hash;
	uint64_t next;
	char hash[AUDIT_HEX];
};

/* Lines that ought to have stood before @place and may yet turn up. */
struct gap {
	uint64_t first, last, epoch, epoch_after; /* of the lines on either side */
	uint32_t fault;
	bool is_start; /* before the first line there is */
	struct place place;
};

/* A line that stood before its time. */
struct early {
	uint64_t seq;
	char hash[AUDIT_HEX];
	uint32_t finding;
};

/* Bad lines since the last genuine one. */
struct run {
	uint64_t bad;      /* canonical, MAC not good */
	uint64_t garbage;  /* not canonical: how many lines that can have been */
	uint64_t expected; /* the seq that the next of them would have if each were in its place */
	uint64_t in_place, first_seq, in_seq, out_seq, last_seq;
	struct place first, first_in, first_out;
	bool is_before_key; /* the log begins with epochs of which the key says nothing */
	bool ends_bad;      /* the last of them is canonical, and what follows is set */
	char last_hash[AUDIT_HEX], last_mac[AUDIT_HEX];
};

/* A line that the log is said to have. */
struct mark {
	bool is_given, is_bad;
	uint64_t seq, epoch;
	char hash[AUDIT_HEX];
	uint32_t verdict; /* vres_audit_mark */
	char fault[112];  /* why it is bad */
};

struct vres_audit_checker {
	int64_t process;
	vres_audit_finding_fn finding;
	void *finding_ctx;
	struct findings findings;

	/*
	 * Keys: as given; that of the line before; that of the line in doubt; that of a stretch in
	 * a wrong place; the one that is tried.
	 */
	bool is_keyed;
	struct audit_key base, now, ahead, aside, trial;
	uint64_t steps_left;

	/* Reading. */
	bool has_file, is_ended;
	char carry[AUDIT_LINE_MAX]; /* the beginning of a line */
	size_t carried;
	bool is_skipping;   /* the line is too long, and was reported */
	struct place where; /* of the line being read, or read last */
	uint64_t lines, bytes;

	/* The chain. */
	struct point main, side; /* side: a stretch of genuine lines in a wrong place */
	uint32_t side_finding;
	bool is_aside;
	bool has_doubt, doubt_is_jump;
	struct fact doubt;
	struct gap gaps[GAPS_MAX];
	size_t gap_count;
	struct early early[EARLY_MAX];
	size_t early_count;
	struct run run;
	uint32_t garbage_finding;  /* of the line before, when it was not canonical */
	struct place last_in_file; /* of the file before: its last line */

	/* The line before in the chain. */
	bool has_last /* and nothing doubtful since */, any_genuine, claims_forward, claims_token;
	enum audit_event last_event;
	char session[AUDIT_SESSION];

	struct mark checkpoint, head;
	vres_audit_summary sum;
};

/* Findings. */
__attribute__((format(printf, 6, 7))) uint32_t audit_find(struct vres_audit_checker *c,
                                                          uint32_t fault, struct place place,
                                                          uint64_t seq, uint64_t lines,
                                                          const char *format, ...);
/* One line more is concerned. */
void audit_find_more(struct vres_audit_checker *c, uint32_t finding);
/* It is something else. */
void audit_find_instead(struct vres_audit_checker *c, uint32_t finding, uint32_t fault,
                        const char *message);
void audit_find_tell(struct vres_audit_checker *c); /* in the order of files and lines */

/* Lines. */
vres_status audit_check_line(struct vres_audit_checker *c, const char *text, size_t n,
                             vres_error *err);
void audit_check_garbage(struct vres_audit_checker *c, uint32_t fault, uint64_t room, size_t at,
                         const char *what);
vres_status audit_chain_add(struct vres_audit_checker *c, const struct fact *fact, vres_error *err);
vres_status audit_chain_settle(struct vres_audit_checker *c, const struct fact *next,
                               vres_error *err);
uint64_t audit_run_close(struct vres_audit_checker *c, uint64_t missing, const char *vouching_hash);
uint64_t audit_run_room(const struct vres_audit_checker *c);

/* Lines that are missing, and lines that came too early. */
const struct gap *audit_gap_find(const struct vres_audit_checker *c, uint64_t seq);
/* From seq @first up to @fact. */
void audit_gap_before(struct vres_audit_checker *c, uint64_t first, const struct fact *fact);
/* Was it missing? */
bool audit_gap_fill(struct vres_audit_checker *c, const struct fact *fact);
/* What is missing now stays missing. */
void audit_gap_end(struct vres_audit_checker *c);
void audit_early_add(struct vres_audit_checker *c, const struct fact *fact, uint32_t finding);
struct early *audit_early_find(struct vres_audit_checker *c, uint64_t seq);
void audit_early_drop(struct vres_audit_checker *c, struct early *e);

/* What stands where, and what the summary counts. */
void audit_order_check(struct vres_audit_checker *c, const struct fact *fact);
void audit_summary_add(struct vres_audit_checker *c, const struct fact *fact);

/* Checkpoint and head. */
vres_status audit_mark_checkpoint(struct vres_audit_checker *c, const char *text, size_t n,
                                  vres_error *err);
void audit_mark_meet(struct vres_audit_checker *c, const struct fact *fact);
void audit_mark_before(struct vres_audit_checker *c, const struct fact *first);
bool audit_mark_vouches(const struct vres_audit_checker *c, uint64_t seq, const char *hash);
void audit_mark_end(struct vres_audit_checker *c, uint64_t room);

/* Are two hashes, as 64 digits, the same? */
bool audit_same_hash(const char *a, const char *b);

#endif
