/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shards/verification.h"

#include "ui/files.h"
#include "ui/options.h"

const struct option_word verify_mode_words[] = {
	{"full", VRES_VERIFY_FULL},
	{"signature", VRES_VERIFY_SIGNATURE},
	{"sampled", VRES_VERIFY_SAMPLED},
	{"readback", VRES_VERIFY_READBACK},
	{NULL, 0},
};

static vres_status read_at(void *ctx, uint64_t offset, void *buf, size_t n)
{
	const struct input *in = ctx;

	return file_read_at(in->fd, offset, buf, n) ? VRES_OK : VRES_E_IO;
}

/* Keep as much of the room for ranges as was filled. */
static void keep_damage(struct verification *v)
{
	const uint64_t count = v->report.damage_count;
	vres_damage *less;

	v->damage_kept = count < DAMAGE_MAX ? (size_t)count : DAMAGE_MAX;
	if (v->damage_kept == 0) {
		free(v->damage);
		v->damage = NULL;
		return;
	}
	less = realloc(v->damage, v->damage_kept * sizeof(*less));
	v->damage = less != NULL ? less : v->damage;
}

vres_status verification_run(struct verification *v, const struct input *in,
                             vres_verify_params *params, vres_error *err)
{
	vres_status status;

	verification_free(v);
	v->report = vres_verify_report_init();
	v->damage = malloc(DAMAGE_MAX * sizeof(*v->damage));
	if (v->damage != NULL) { /* else only the first range is named */
		v->damage[0] = vres_damage_init();
		params->damage = v->damage;
		params->damage_cap = DAMAGE_MAX;
	}
	params->source = in->is_stream ? NULL : read_at;
	params->source_ctx = (void *)(uintptr_t)in; /* which read_at() does not change */
	status = vres_shard_verify(in->shard, params, &v->report, err);
	keep_damage(v);
	return status;
}

vres_status verification_repair(struct verification *v, const struct input *in, vres_error *err)
{
	vres_repair_params params = vres_repair_params_init();
	vres_status status;

	verification_free(v);
	v->report = vres_verify_report_init();
	v->damage = malloc(DAMAGE_MAX * sizeof(*v->damage));
	if (v->damage != NULL) {
		v->damage[0] = vres_damage_init();
		params.damage = v->damage;
		params.damage_cap = DAMAGE_MAX;
	}
	params.source = read_at;
	params.source_ctx = (void *)(uintptr_t)in; /* which read_at() does not change */
	status = vres_shard_repair(in->shard, &params, &v->report, err);
	keep_damage(v);
	return status;
}

void verification_free(struct verification *v)
{
	free(v->damage);
	*v = (struct verification){.damage = NULL};
}

json_t *verification_to_json(struct output *o, const struct verification *v)
{
	const vres_verify_report *report = &v->report;
	json_t *object = json_object();

	output_put_text(o, object, "status", vres_status_name(report->status));
	output_put_text(o, object, "reason", vres_reason_name(report->reason));
	output_put_text(o, object, "mode", options_word(verify_mode_words, report->mode));
	output_put_u64(o, object, "blocks_total", report->blocks_total);
	output_put_u64(o, object, "blocks_checked", report->blocks_checked);
	output_put_u64(o, object, "bytes_hashed", report->bytes_hashed);
	output_put_u64(o, object, "duration_ns", report->duration);
	return object;
}
