/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ready-made audit sink (vres/audit_file.h): its options, and a queue in front of a log. */
#include "audit/log/sink.h"

#include "base/abi.h"
#include "audit/log/queue.h"
#include "audit/log/reopen.h"
#include "sign/record.h"
#include "base/validate.h"

#define ROTATE_BYTES     (UINT64_C(64) << 20)
#define ROTATE_BYTES_MIN (UINT64_C(64) << 10)
#define QUEUE_EVENTS     1024u
#define QUEUE_EVENTS_MAX (1u << 20)
#define EPOCH_LINES      1024u

struct vres_audit_file {
	int64_t process;
	struct audit_log log;
	struct audit_queue queue;
};

static vres_status check_options(const char *path, const vres_key *key,
                                 const vres_audit_file_options *o, struct audit_choice *out,
                                 vres_error *err)
{
	TRY(vres_check_identifier(o->worker_id, WORKER_ID_MAX, "worker_id", err));
	if (o->mode > VRES_AUDIT_FORWARD)
		return vres_fail(err, VRES_E_INVALID_INPUT, "mode is %u, expected 0 or 1",
		                 (unsigned)o->mode);
	if (o->mode == VRES_AUDIT_TOKEN && key == NULL)
		return vres_fail(err, VRES_E_INVALID_INPUT, "key is NULL: mode token needs one");
	if (o->rotate_bytes != 0 && o->rotate_bytes < ROTATE_BYTES_MIN)
		return vres_fail(err, VRES_E_INVALID_INPUT, "rotate_bytes is below 64 KiB");
	if (o->queue_events > QUEUE_EVENTS_MAX)
		return vres_fail(err, VRES_E_INVALID_INPUT, "queue_events is above %u",
		                 QUEUE_EVENTS_MAX);
	if (o->epoch_lines == 1)
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "epoch_lines is 1: an epoch has two lines at least");
	*out = (struct audit_choice){
		.path = path,
		.forward_key = o->forward_key,
		.key = key,
		.is_forward = o->mode == VRES_AUDIT_FORWARD,
		.is_simulated = o->simulated != 0,
		.rotate_daily = o->rotate_daily != 0,
		.rotate_bytes = o->rotate_bytes ? o->rotate_bytes : ROTATE_BYTES,
		.epoch_lines = o->epoch_lines ? o->epoch_lines : EPOCH_LINES,
		.wall = vres_os_wall,
	};
	return VRES_OK;
}

static void file_destroy(struct vres_audit_file **slot)
{
	struct vres_audit_file *f = *slot;

	if (f == NULL)
		return;
	vres_audit_queue_close(&f->queue);
	vres_audit_log_close(&f->log);
	vres_os_free(f);
}

vres_status vres_audit_file_open(const char *path, const vres_key *key,
                                 const vres_audit_file_options *options, vres_audit_file **out,
                                 vres_error *err)
{
	PUBLIC_CALL;
	CLEANUP(file_destroy) struct vres_audit_file *f = NULL;
	vres_audit_file_options o;
	struct audit_choice choice;

	TRY(vres_check_given(path, "path", err));
	TRY(vres_check_given(options, "options", err));
	TRY(vres_check_given(out, "out", err));
	TRY(ABI_IN(&o, options, "vres_audit_file_options", err));
	TRY(check_options(path, key, &o, &choice, err));
	f = vres_os_alloc(sizeof(*f));
	if (f == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for the audit log");
	f->process = vres_os_process();
	f->log.fd = f->log.folder = f->log.lock = -1;
	/* What may fail without a reason in the log's files comes before they are touched. */
	TRY(vres_audit_queue_open(&f->queue, &f->log,
	                          o.queue_events ? o.queue_events : QUEUE_EVENTS, o.required != 0,
	                          err));
	TRY(vres_audit_log_open(&f->log, &choice, o.worker_id, err));
	vres_audit_queue_begin(&f->queue);
	*out = TAKE(f);
	return VRES_OK;
}

static vres_status check_process(const vres_audit_file *f, vres_error *err)
{
	TRY(vres_check_given(f, "the audit file", err));
	return vres_os_check_process(f->process, "the audit log", err);
}

vres_status vres_audit_file_record(void *ctx, const vres_event *event)
{
	PUBLIC_CALL;
	vres_audit_file *f = ctx;
	vres_event copy;

	TRY(check_process(f, NULL));
	if (event == NULL)
		return VRES_E_INVALID_INPUT;
	TRY(ABI_IN(&copy, event, "vres_event", NULL));
	return vres_audit_queue_record(&f->queue, &copy, NULL);
}

vres_audit_sink vres_audit_file_sink(vres_audit_file *f)
{
	return (vres_audit_sink){.record = f ? vres_audit_file_record : NULL, .ctx = f};
}

vres_status vres_audit_file_flush(vres_audit_file *f, vres_error *err)
{
	PUBLIC_CALL;

	TRY(check_process(f, err));
	return vres_audit_queue_flush(&f->queue, err);
}

vres_status vres_audit_file_head(vres_audit_file *f, uint64_t *seq, char hash[65], vres_error *err)
{
	PUBLIC_CALL;
	struct audit_point synced;

	TRY(check_process(f, err));
	TRY(vres_check_given(seq, "seq", err));
	TRY(vres_check_given(hash, "hash", err));
	(void)pthread_mutex_lock(&f->queue.lock);
	synced = f->queue.synced;
	(void)pthread_mutex_unlock(&f->queue.lock);
	*seq = synced.seq;
	vres_hex(synced.hash, hash);
	return VRES_OK;
}

uint64_t vres_audit_file_lost(vres_audit_file *f)
{
	PUBLIC_CALL;

	return check_process(f, NULL) == VRES_OK ? vres_audit_queue_lost(&f->queue, false) : 0;
}

uint64_t vres_audit_file_silent(const vres_audit_sink *sink)
{
	vres_audit_file *f = sink->ctx;

	return sink->record == vres_audit_file_record && check_process(f, NULL) == VRES_OK
	               ? vres_audit_queue_lost(&f->queue, true)
	               : 0;
}

void vres_audit_file_close(vres_audit_file *f)
{
	PUBLIC_RELEASE;

	if (f == NULL)
		return;
	if (f->process == vres_os_process()) {
		vres_audit_queue_close(&f->queue);
		(void)vres_audit_log_finish(&f->log, NULL);
		vres_file_unlock(f->log.lock);
	} else {
		vres_audit_queue_abandon(&f->queue);
	}
	vres_audit_log_close(&f->log);
	vres_os_free(f);
}
