/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a session of the audit log writes, byte by byte, as audit.txt has it, which Python made. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <vres/vres.h>

#include "audit/log/checkpoint.h"
#include "audit/log/log.h"
#include "audit/log/reopen.h"
#include "support/audit/temp_log.h"
#include "support/fixture/support.h"
#include "vector.h"

#define TEXT_MAX 1024

static uint64_t wall_now;

static uint64_t wall(void)
{
	return wall_now;
}

/* An event of a block, and what its pointers point to. */
struct told {
	vres_event event;
	vres_shard_info shard;
	char text[10][TEXT_MAX];
};

static uint64_t number(const struct vectors *v, const char *key, uint64_t otherwise)
{
	return vectors_have(v, key) ? vectors_number(v, key) : otherwise;
}

static const char *text(const struct vectors *v, const char *key, char out[TEXT_MAX])
{
	uint8_t *bytes;
	size_t n;

	if (!vectors_have(v, key))
		return NULL;
	bytes = vectors_bytes(v, key, &n);
	ck_assert_uint_lt(n, TEXT_MAX);
	memcpy(out, bytes, n);
	out[n] = '\0';
	test_free(bytes);
	return out;
}

static void tell(const struct vectors *v, struct told *t)
{
	vres_event *e = &t->event;

	memset(t, 0, sizeof(*t));
	t->shard = vres_shard_info_init();
	e->struct_size = sizeof(*e);
	e->type = (uint32_t)vectors_number(v, "type");
	e->gpu_device = (uint32_t)number(v, "gpu_device", VRES_NO_DEVICE);
	e->simulated = (uint32_t)number(v, "simulated", 0);
	e->reason = (uint32_t)number(v, "reason", 0);
	e->status = (vres_status)number(v, "status", 0);
	e->damage_count = number(v, "damage_count", 0);
	e->bad_tensors = number(v, "bad_tensors", 0);
	e->changed_tensors = number(v, "changed_tensors", 0);
	e->expected_tensors = number(v, "expected_tensors", 0);
	e->moved_tensors = number(v, "moved_tensors", 0);
	e->lifted = (uint32_t)number(v, "lifted", 0);
	e->ranges = number(v, "ranges", 0);
	e->repaired_bytes = number(v, "repaired_bytes", 0);
	e->time = vectors_number(v, "time");
	e->requested_bytes = number(v, "requested_bytes", 0);
	e->allocated_bytes = number(v, "allocated_bytes", 0);
	e->available_bytes = number(v, "available_bytes", 0);
	e->used_bytes = number(v, "used_bytes", 0);
	e->freed_bytes = number(v, "freed_bytes", 0);
	e->expected_digest = text(v, "expected_digest", t->text[0]);
	e->actual_digest = text(v, "actual_digest", t->text[1]);
	e->mode = text(v, "mode", t->text[2]);
	e->violation = text(v, "violation", t->text[3]);
	e->action_taken = text(v, "action_taken", t->text[4]);
	e->detail = text(v, "detail", t->text[5]);
	e->tensor = text(v, "tensor", t->text[7]);
	e->previous_digest = text(v, "previous_digest", t->text[8]);
	e->label = text(v, "label", t->text[9]);
	t->shard.tensors = (uint32_t)number(v, "tensors", 0);
	t->shard.epoch = (uint32_t)number(v, "epoch", 0);
	t->shard.vram_bytes = number(v, "vram_bytes", 0);
	if (text(v, "shard_id", t->text[6]))
		memcpy(t->shard.shard_id, t->text[6], sizeof(t->shard.shard_id));
	if (text(v, "digest", t->text[6]))
		memcpy(t->shard.digest, t->text[6], sizeof(t->shard.digest));
	e->shard = t->shard.shard_id[0] ? &t->shard : NULL;
}

static void end_log(struct audit_log **log)
{
	if (*log != NULL)
		vres_audit_log_close(*log);
	test_free(*log);
	*log = NULL;
}

static void begin_log(struct fixture *f, struct temp_log *p, const struct vectors *v,
                      struct audit_log *log)
{
	struct audit_choice choice = {.path = p->log,
	                              .key = f->key,
	                              .forward_key = p->first_key,
	                              .wall = wall,
	                              .rotate_bytes = MIB(64)};
	uint8_t session[16], key[32];
	char hex[65], file[128];
	vres_error err;

	vectors_exactly(v, "session", session, sizeof(session));
	choice.session = session;
	choice.is_forward = vectors_number(v, "forward");
	choice.is_simulated = vectors_number(v, "simulated");
	choice.epoch_lines = vectors_number(v, "epoch_lines");
	wall_now = vectors_number(v, "wall");
	if (choice.is_forward) {
		vectors_exactly(v, "key", key, sizeof(key));
		hex_of(key, 32, hex);
		(void)snprintf(file, sizeof(file), "vres-audit-key/1 0 %s\n", hex);
		temp_log_write(p->first_key, file, strlen(file));
	}
	ck_ok(vres_audit_log_open(log, &choice, "worker-7", &err));
}

/* Read the file on by a line and compare it. */
static void ck_line(const struct vectors *v, const char **at, unsigned block)
{
	const char *want = vectors_text(v, "line"), *end = strchrnul(*at, '\n');

	ck_assert_msg(strlen(want) == (size_t)(end - *at) && memcmp(want, *at, strlen(want)) == 0,
	              "line %u is\n%.*s\ninstead of\n%s", block, (int)(end - *at), *at, want);
	ck_assert_int_eq(*end, '\n');
	*at = end + 1;
}

static void compare(struct temp_log *p, struct vectors *v)
{
	size_t n, checkpoint_n;
	char *text_of_log = temp_log_read(p->log, &n),
	     *checkpoint = temp_log_read(p->checkpoint, &checkpoint_n);
	const char *at = text_of_log;

	ck_assert_ptr_nonnull(text_of_log);
	for (unsigned block = 1;; block++) {
		ck_assert(vectors_next(v));
		ck_line(v, &at, block);
		if (!vectors_have(v, "checkpoint"))
			continue;
		ck_assert_uint_eq(strlen(vectors_text(v, "checkpoint")) + 1, checkpoint_n);
		ck_assert_mem_eq(vectors_text(v, "checkpoint"), checkpoint, checkpoint_n - 1);
		ck_assert_int_eq(checkpoint[checkpoint_n - 1], '\n');
		break;
	}
	ck_assert_int_eq(*at, '\0');
	test_free(text_of_log);
	test_free(checkpoint);
}

static void bring_to_disk(struct audit_log *log)
{
	vres_error err;

	ck_ok(vres_audit_batch_sync(log, &err));
	ck_ok(vres_audit_checkpoint_write(log, &err));
}

/* Write what the blocks say, up to and with the one that has the checkpoint. */
static void write_session(struct audit_log *log, struct vectors *v)
{
	CLEANUP(vres_sha256_close) struct sha256 hash = {0};
	struct audit_slot slot;
	struct told told;
	vres_error err;

	ck_ok(vres_sha256_open(&hash, &err));
	while (vectors_next(v)) {
		log->attempted += number(v, "lost", 0);
		if (vectors_have(v, "checkpoint"))
			break;
		if (!vectors_have(v, "type"))
			continue; /* the log's own: it comes by itself */
		tell(v, &told);
		ck_ok(vres_audit_slot_fill(&slot, &told.event, &hash, &err));
		/* By itself, since one epoch at most ends between two checkpoints. */
		ck_ok(vres_audit_log_settle(log, &err));
		bring_to_disk(log);
		ck_ok(vres_audit_log_event(log, &slot, &err));
		bring_to_disk(log);
	}
	ck_ok(vres_audit_log_finish(log, &err));
}

START_TEST(a_session_writes_the_bytes_that_python_writes)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(vectors_close)
	struct vectors *v = vectors_open(VECTORS "/audit.txt"),
		       *again = vectors_open(VECTORS "/audit.txt");
	unsigned sessions = 0;

	for (; vectors_next(v); sessions++) {
		CLEANUP(temp_log_end) struct temp_log p = temp_log_begin(NULL);
		CLEANUP(end_log) struct audit_log *log = test_alloc(sizeof(*log));

		ck_assert(vectors_next(again));
		begin_log(f, &p, v, log);
		write_session(log, v);
		compare(&p, again);
	}
	ck_assert_uint_eq(sessions, 3);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(a_session_writes_the_bytes_that_python_writes,
	             "SEC-AUDIT-010 SEC-AUDIT-020 WORKER-4160 WORKER-4161 WORKER-4162 WORKER-4163",
	             "accountability",
	             "a line that others read differently; control characters in a log"),
	};
	return suite_run("vectors_audit", "vectors_audit", cases, COUNT(cases));
}
