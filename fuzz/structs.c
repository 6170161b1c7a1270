/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Puts structures into heap blocks, and knows what makes each of them valid. */
#include "structs.h"

#include "text.h"

bool answers_include(const struct answers *a, vres_status status)
{
	bool found = a->n == 0 && status == VRES_OK;

	for (unsigned i = 0; i < a->n; i++)
		found |= a->may[i] == status;
	return found;
}

static void add(struct answers *a, bool is_wrong, vres_status status)
{
	if (is_wrong)
		a->may[a->n++] = status;
}

/* Mostly a small number, so that fields are often valid; sometimes any. */
static uint64_t field(struct input *in, size_t bytes)
{
	const uint32_t kind = input_below(in, 8);

	return kind == 7   ? input_number(in, bytes)
	       : kind == 6 ? UINT64_C(1) << input_below(in, (uint32_t)(8 * bytes))
	                   : input_below(in, 4);
}

static char *maybe_string(struct input *in, size_t most)
{
	return input_flag(in) ? input_string(in, most) : NULL;
}

/*
 * Put *@whole, of @size bytes, into a block of its own, which may be shorter, longer, or lie about
 * its size; @first is the size at the first release, below which nothing is accepted.
 */
static void *block_since(struct input *in, const void *whole, size_t size, size_t first,
                         struct answers *a)
{
	const uint32_t kind = input_below(in, 8);
	const size_t bytes = kind == 1   ? sizeof(size_t) + input_below(in, (uint32_t)size)
	                     : kind == 2 ? size + input_below(in, 80)
	                                 : size;
	const size_t claimed =
		kind == 3 ? ((size_t)1 << 20) + 1 + (size_t)input_number(in, 8) / 2 : bytes;
	uint8_t *block = fuzz_alloc(bytes), extra = 0;

	memset(block, 0, bytes);
	memcpy(block, whole, bytes < size ? bytes : size);
	memcpy(block, &claimed, sizeof(claimed));
	if (bytes > size)
		block[size + input_below(in, (uint32_t)(bytes - size))] = extra = input_flag(in);
	add(a, bytes < first || claimed != bytes || extra, VRES_E_ABI);
	return block;
}

static void *block_of(struct input *in, const void *whole, size_t size, struct answers *a)
{
	return block_since(in, whole, size, size, a);
}

/*
 * The library does not see what lies past the end of a shorter block.  A block that is too short,
 * or states a wrong size, is refused before its fields are read.
 */
static void seen_is(void *seen, size_t size, const void *block)
{
	size_t claimed;

	memcpy(&claimed, block, sizeof(claimed));
	if (claimed < size)
		memset((unsigned char *)seen + claimed, 0, size - claimed);
}

static bool is_power_of_two(uint64_t n)
{
	return n != 0 && (n & (n - 1)) == 0;
}

void mock_block_make(struct mock_block *b, struct input *in)
{
	const uint64_t capacity = field(in, 8), granularity = field(in, 8);
	const uint64_t bytes = capacity ? capacity : UINT64_C(1) << 30,
		       grain = granularity ? granularity : 4096;

	*b = (struct mock_block){.seen = vres_mock_params_init()};
	b->seen.devices = (uint32_t)field(in, 4);
	b->seen.no_device_hash = (uint32_t)field(in, 4);
	b->seen.bytes_per_device = capacity;
	b->seen.granularity = granularity;
	b->given = block_of(in, &b->seen, sizeof(b->seen), &b->answers);
	add(&b->answers, b->seen.devices > 64 || !is_power_of_two(grain) || bytes % grain != 0,
	    VRES_E_INVALID_INPUT);
}

static void count_closed(void *ctx)
{
	++*(unsigned *)ctx;
}

static vres_status record(void *ctx, const vres_event *event)
{
	CLAIM(ctx != NULL && event->name != NULL && event->worker_id != NULL);
	return VRES_OK;
}

static void policy_make(struct config_block *b, struct input *in)
{
	static const unsigned char strength[] = {2, 0, 1, 3};
	vres_policy *p = &b->policy_seen;
	struct answers *a = &b->answers;

	if (!input_flag(in))
		return;
	p->allow = input_flag(in) ? VRES_ALLOW_SIMULATED : field(in, 8);
	p->require = field(in, 8);
	p->headroom_bytes = field(in, 8);
	p->max_model_bytes = field(in, 8);
	p->max_seal_age = field(in, 8);
	p->lease_max_age = field(in, 8);
	p->deadline = field(in, 8);
	p->lease_verify = (uint32_t)field(in, 4);
	p->sample_units = (uint32_t)field(in, 4);
	b->policy = block_of(in, p, sizeof(*p), a);
	add(a,
	    p->allow > VRES_ALLOW_ALL || p->require > VRES_REQUIRE_ALL || p->lease_verify > 3 ||
	            p->sample_units > 1 << 20,
	    VRES_E_CONFIG);
	add(a, (p->require & VRES_REQUIRE_ECC) && (p->allow & VRES_ALLOW_NO_ECC), VRES_E_CONFIG);
	if (p->lease_verify <= 3) {
		add(a, strength[p->lease_verify] < 2 && !(p->allow & VRES_ALLOW_WEAK_LEASE),
		    VRES_E_CONFIG);
		add(a, strength[p->lease_verify] == 3 && !(p->allow & VRES_ALLOW_READBACK),
		    VRES_E_CONFIG);
	}
}

void config_block_make(struct config_block *b, struct input *in)
{
	struct answers *a = &b->answers;
	vres_config *c = &b->seen;

	*b = (struct config_block){.seen = vres_config_init(),
	                           .policy_seen = vres_policy_init(),
	                           .worker_id = maybe_string(in, 80)};
	policy_make(b, in);
	c->backend = input_below(in, 8) ? vres_backend_mock() : NULL;
	c->backend_arg = input_below(in, 8) ? world()->mock : NULL;
	c->key = input_below(in, 8) ? world()->key : NULL;
	c->worker_id = b->worker_id;
	c->policy = b->policy;
	c->audit = input_flag(in) ? (vres_audit_sink){.record = record, .ctx = b}
	                          : (vres_audit_sink){.ctx = NULL};
	c->closed = input_flag(in) ? count_closed : NULL;
	c->closed_ctx = &b->closed;
	c->library_path = input_flag(in) ? "/nowhere" : NULL;
	c->threads = (uint32_t)field(in, 4);
	c->block_size = (uint32_t)field(in, 4);
	c->keep_leaves = (uint32_t)field(in, 4);
	c->reserved = input_below(in, 8) ? 0 : (uint32_t)field(in, 4);
	b->given = block_of(in, c, sizeof(*c), a);
	add(a, c->backend == NULL || c->backend_arg == NULL || c->key == NULL,
	    VRES_E_INVALID_INPUT);
	add(a, c->worker_id && !text_is_identifier(c->worker_id, 64), VRES_E_INVALID_INPUT);
	add(a, c->threads > 1024 || c->keep_leaves > 1 || c->reserved != 0, VRES_E_CONFIG);
	add(a,
	    c->block_size && (!is_power_of_two(c->block_size) || c->block_size < 1024 ||
	                      c->block_size > 65536),
	    VRES_E_CONFIG);
	add(a, (b->policy_seen.require & VRES_REQUIRE_AUDIT) && !c->audit.record, VRES_E_CONFIG);
	add(a, !(b->policy_seen.allow & VRES_ALLOW_SIMULATED), VRES_E_POLICY_VIOLATION);
}

void config_block_free(struct config_block *b)
{
	free(b->worker_id);
	free(b->policy);
	free(b->given);
}

static bool progress(void *ctx, uint64_t done, uint64_t total)
{
	const struct seal_block *b = ctx;

	CLAIM(done <= total && total == b->bytes);
	return !b->cancels;
}

static bool is_expected(const struct seal_block *b)
{
	uint8_t digest[32];
	char hex[65];

	if (b->seen.digest_alg == VRES_DIGEST_SHA256)
		reference_sha256(b->data, b->bytes, digest);
	else
		reference_verity(b->data, b->bytes, 4096, digest);
	reference_hex(digest, hex);
	return strcasecmp(hex, b->expected_digest) == 0;
}

static void seal_expect(struct seal_block *b)
{
	const vres_seal_params *p = &b->seen;
	struct answers *a = &b->answers;

	add(a, b->bytes == 0 || p->gpu_device > 0 || p->digest_alg > 1, VRES_E_INVALID_INPUT);
	add(a, p->total_shards ? p->shard_index >= p->total_shards : p->shard_index > 0,
	    VRES_E_INVALID_INPUT);
	add(a, b->shard_id && !text_is_identifier(b->shard_id, 256), VRES_E_INVALID_INPUT);
	add(a, b->group_id && !text_is_identifier(b->group_id, 64), VRES_E_INVALID_INPUT);
	add(a, b->model_ref && (strlen(b->model_ref) > 512 || !text_is_plain(b->model_ref)),
	    VRES_E_INVALID_INPUT);
	add(a, b->expected_digest && !text_is_digest(b->expected_digest), VRES_E_INVALID_INPUT);
	if (a->n > 0)
		return;
	add(a, b->shard_id && strcmp(b->shard_id, "shard") == 0, VRES_E_STATE);
	add(a, p->progress && b->cancels, VRES_E_CANCELLED);
	add(a, b->expected_digest && !is_expected(b), VRES_E_INTEGRITY_VIOLATION);
}

void seal_block_make(struct seal_block *b, struct input *in)
{
	vres_seal_params *p = &b->seen;

	*b = (struct seal_block){.seen = vres_seal_params_init(),
	                         .shard_id = maybe_string(in, 300),
	                         .model_ref = maybe_string(in, 600)};
	b->group_id = maybe_string(in, 80);
	b->expected_digest = maybe_string(in, 70);
	p->shard_id = b->shard_id;
	p->model_ref = b->model_ref;
	p->group_id = b->group_id;
	p->expected_digest = b->expected_digest;
	p->gpu_device = input_below(in, 4) ? 0 : (uint32_t)field(in, 4);
	p->total_shards = (uint32_t)field(in, 4);
	p->shard_index = (uint32_t)field(in, 4);
	p->digest_alg = (uint32_t)field(in, 4);
	p->progress = input_flag(in) ? progress : NULL;
	p->progress_ctx = b;
	b->cancels = input_below(in, 8) == 1;
	b->given = block_since(in, p, sizeof(*p), offsetof(vres_seal_params, damage), &b->answers);
	b->data = input_block(in, 2 * 4096, &b->bytes);
	seal_expect(b);
}

void seal_block_free(struct seal_block *b)
{
	free(b->given);
	free(b->shard_id);
	free(b->model_ref);
	free(b->group_id);
	free(b->expected_digest);
	free(b->data);
}

/* Not called if nothing is damaged. */
static vres_status never_read(void *ctx, uint64_t offset, void *buf, size_t n)
{
	(void)ctx;
	(void)offset;
	(void)buf;
	CLAIM(n == 0);
	return VRES_E_IO;
}

void verify_block_make(struct verify_block *b, struct input *in)
{
	*b = (struct verify_block){.seen = vres_verify_params_init()};
	b->seen.mode = (uint32_t)field(in, 4);
	b->seen.sample_units = (uint32_t)field(in, 4);
	b->seen.source = input_flag(in) ? never_read : NULL;
	if (!input_flag(in))
		return; /* none is given: FULL */
	b->seen.background = (uint32_t)field(in, 4);
	b->seen.reserved = input_below(in, 8) == 7;
	b->given = block_since(in, &b->seen, sizeof(b->seen),
	                       offsetof(vres_verify_params, background), &b->answers);
	seen_is(&b->seen, sizeof(b->seen), b->given);
	add(&b->answers,
	    b->seen.mode > VRES_VERIFY_READBACK || b->seen.background > 1 || b->seen.reserved != 0,
	    VRES_E_INVALID_INPUT);
}
