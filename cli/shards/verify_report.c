/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shards/verify_report.h"

#include "ui/options.h"

const struct option_word verify_mode_words[] = {
	{"full", VRES_VERIFY_FULL},
	{"signature", VRES_VERIFY_SIGNATURE},
	{"sampled", VRES_VERIFY_SAMPLED},
	{"readback", VRES_VERIFY_READBACK},
	{NULL, 0},
};

json_t *verify_to_json(struct output *o, const vres_verify_report *report)
{
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
