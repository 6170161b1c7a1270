/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The fields of a handle, in one order for people and for programs. */
#include "shards/receipt.h"

#include <inttypes.h>
#include "session/device_options.h"
#include "shards/seal_options.h"
#include "ui/options.h"
#include "ui/save.h"
#include "ui/units.h"

static void print_place_in_set(struct output *o, const vres_shard_info *info)
{
	if (info->total_shards == 0)
		return;
	output_text(o, "  set        %" PRIu32 " of %" PRIu32 " (index %" PRIu32 ") in ",
	            info->shard_index + 1, info->total_shards, info->shard_index);
	output_name(o, info->group_id);
	output_text(o, "\n");
}

void print_shard_info(struct output *o, const vres_shard_info *info)
{
	char bytes[UNITS_TEXT], clock[UNITS_TEXT], allow[256], require[256];

	options_bits_text(allow, sizeof(allow), allow_words, info->allow);
	options_bits_text(require, sizeof(require), require_words, info->require);
	output_text(o, "  shard      %s\n", info->shard_id);
	if (info->model_ref[0] != '\0') {
		output_text(o, "  model      ");
		output_name(o, info->model_ref);
		output_text(o, "\n");
	}
	print_place_in_set(o, info);
	output_text(o, "  device     %s %" PRIu32 ", ", info->backend, info->gpu_device);
	output_name(o, info->device_uuid);
	output_text(o, "%s\n", info->simulated ? " (SIMULATED)" : "");
	output_text(o, "  bytes      %" PRIu64 " (%s)\n", info->vram_bytes,
	            format_bytes(bytes, info->vram_bytes));
	output_text(o, "  %-10s %s\n", options_word(digest_alg_words, info->digest_alg),
	            info->digest);
	if (info->digest_alg != VRES_DIGEST_VERITY)
		output_text(o, "  %-10s %s\n", "verity", info->verity_digest);
	output_text(o, "  sealed at  %s\n", format_clock(clock, info->sealed_at));
	output_text(o, "  policy     allow %s; require %s\n", allow, require);
}

json_t *shard_info_to_json(struct output *o, const vres_shard_info *info)
{
	json_t *object = json_object();
	char clock[UNITS_TEXT];

	output_put_text(o, object, "shard_id", info->shard_id);
	output_put(o, object, "model_ref",
	           info->model_ref[0] != '\0' ? json_string(info->model_ref) : json_null());
	output_put(o, object, "group_id",
	           info->group_id[0] != '\0' ? json_string(info->group_id) : json_null());
	output_put(o, object, "shard_index",
	           info->total_shards != 0 ? json_integer(info->shard_index) : json_null());
	output_put(o, object, "total_shards",
	           info->total_shards != 0 ? json_integer(info->total_shards) : json_null());
	output_put_text(o, object, "backend", info->backend);
	output_put_u64(o, object, "gpu_device", info->gpu_device);
	output_put_text(o, object, "device_uuid", info->device_uuid);
	output_put_u64(o, object, "vram_bytes", info->vram_bytes);
	output_put_text(o, object, "digest_alg", options_word(digest_alg_words, info->digest_alg));
	output_put_text(o, object, "digest", info->digest);
	output_put_text(o, object, "verity_digest", info->verity_digest);
	output_put_text(o, object, "sealed_at", format_clock(clock, info->sealed_at));
	output_put_bool(o, object, "simulated", info->simulated != 0);
	output_put_bits(o, object, "allow", allow_words, info->allow);
	output_put_bits(o, object, "require", require_words, info->require);
	return object;
}

bool receipt_save(struct output *o, const vres_shard *shard, const char *path)
{
	CLEANUP(free_pointer) void *bytes = NULL;
	size_t n = 0;
	vres_error err;

	if (vres_shard_receipt(shard, NULL, 0, &n, &err) != VRES_E_BUFFER)
		return output_fail(o, path, &err);
	bytes = malloc(n);
	if (bytes == NULL)
		return output_no_memory(o, path);
	if (vres_shard_receipt(shard, bytes, n, &n, &err) != VRES_OK)
		return output_fail(o, path, &err);
	return file_save(o, path, bytes, n);
}
