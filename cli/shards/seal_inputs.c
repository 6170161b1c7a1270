/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The callbacks of a seal show progress, see a stop, and read streams. */
#include "shards/seal_inputs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include "shards/expectation.h"
#include "ui/files.h"
#include "ui/progress.h"
#include "ui/units.h"

/* One seal under way: what its callbacks need. */
struct sealing {
	struct input *input;
	struct stop *stop;
	struct progress progress;
	uint64_t got;  /* bytes of a stream */
	bool is_ended; /* the stream was shorter than it should have been */
	int number;    /* errno of a read that failed */
};

static bool on_progress(void *ctx, uint64_t done, uint64_t total)
{
	struct sealing *s = ctx;

	progress_show(&s->progress, done, total);
	return !stop_requested(s->stop);
}

/* Waits in poll(), never in read(), so that a stop is seen although a pipe is silent. */
static vres_status on_read(void *ctx, void *buf, size_t n)
{
	struct sealing *s = ctx;

	for (size_t done = 0; done < n;) {
		ssize_t got;

		if (stop_wait_for(s->stop, s->input->fd))
			return VRES_E_CANCELLED;
		got = file_read(s->input->fd, (char *)buf + done, n - done);
		s->is_ended = got == 0;
		s->number = got < 0 && errno != EAGAIN ? errno : 0;
		if (s->is_ended || s->number != 0)
			return VRES_E_IO;
		done += got > 0 ? (size_t)got : 0;
		s->got += got > 0 ? (uint64_t)got : 0;
	}
	model_file_add(&s->input->model, buf, n);
	return VRES_OK;
}

/* The library only knows that a callback failed; the callback knows why. */
static bool fail_seal(struct output *o, const struct sealing *s, const vres_error *err)
{
	if (err->status == VRES_E_CANCELLED)
		return output_stopped(o, s->input->name);
	if (s->is_ended)
		return output_refuse(o, EXIT_TROUBLE, s->input->name,
		                     "ended after %" PRIu64 " of %" PRIu64 " bytes", s->got,
		                     s->input->bytes);
	if (s->number != 0)
		return output_fail_errno(o, s->input->name, "cannot be read", s->number);
	return output_fail(o, s->input->name, err);
}

static bool seal_one(struct input *in, struct output *o, vres_manager *manager,
                     vres_seal_params *params, struct stop *stop)
{
	struct sealing s = {.input = in, .stop = stop};
	const uint64_t began = clock_now();
	vres_status status;
	vres_error err;

	params->progress = on_progress;
	params->progress_ctx = &s;
	progress_begin(&s.progress, "sealing", in->name);
	s.progress.is_on &= !o->is_verbose;
	if (in->is_stream)
		status =
			vres_seal_stream(manager, params, on_read, &s, in->bytes, &in->shard, &err);
	else
		status = vres_seal_fd(manager, params, in->fd, 0, in->bytes, &in->shard, &err);
	progress_end(&s.progress);
	in->seal_ns = clock_now() - began;
	return status == VRES_OK || fail_seal(o, &s, &err);
}

/* The content is known now, and whether it is what was examined. */
static bool confirm(struct input *in, struct output *o, const struct seal_options *options)
{
	const bool was_known = in->model.has_tensors;

	if (in->is_stream)
		model_file_end(&in->model, in->name, in->bytes);
	else
		model_file_confirm(&in->model, in->fd);
	return (!in->is_stream && in->model.has_tensors == was_known) ||
	       input_remark(in, o, options);
}

/* "set-" and 32 random hex digits; two sets never share one by accident. */
static bool make_group(struct output *o, char *group, size_t size)
{
	uint64_t random[2];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return output_fail_errno(o, NULL, "no random bytes for the name of the set", errno);
	snprintf(group, size, "set-%016llx%016llx", (unsigned long long)random[0],
	         (unsigned long long)random[1]);
	return true;
}

bool inputs_seal(struct inputs *in, struct output *o, vres_manager *manager, uint32_t device,
                 const struct seal_options *options, struct stop *stop)
{
	char group[64];

	if (!expectations_find(in, o, options) ||
	    (options->is_set && !make_group(o, group, sizeof(group))))
		return false;
	for (size_t i = 0; i < in->count; i++) {
		vres_seal_params params = vres_seal_params_init();

		params.model_ref = options->model_ref;
		params.gpu_device = device;
		params.digest_alg = (uint32_t)options->alg;
		if (in->items[i].expect[0] != '\0')
			params.expected_digest = in->items[i].expect;
		params.group_id = options->is_set ? group : NULL;
		/* An argument list is far below 2^32. */
		params.total_shards = options->is_set ? (uint32_t)in->count : 0;
		params.shard_index = options->is_set ? (uint32_t)i : 0;
		if (!seal_one(&in->items[i], o, manager, &params, stop) ||
		    !confirm(&in->items[i], o, options))
			return false;
	}
	return true;
}
