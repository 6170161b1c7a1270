/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sealing: the answer that is expected, and what the model keeps of the shard. */
#include "order.h"

static bool is_taken(const struct run *r, const char *id)
{
	for (unsigned i = 0; id && i < SHARDS; i++)
		if (model_is_alive(&r->shards[i]) && strcmp(r->shards[i].id, id) == 0)
			return true;
	return false;
}

static bool is_refused(const struct run *r, const struct order *o)
{
	const vres_seal_params *p = &o->p;

	return o->bytes == 0 ||
	       (r->policy.max_model_bytes && o->bytes > r->policy.max_model_bytes) ||
	       p->gpu_device >= DEVICES ||
	       (o->source == TENSORS ? p->digest_alg != VRES_DIGEST_TENSORS
	                             : p->digest_alg > VRES_DIGEST_VERITY) ||
	       (p->shard_id && strchr(p->shard_id, ' ')) ||
	       (p->total_shards ? p->shard_index >= p->total_shards : p->shard_index > 0) ||
	       (o->source == ADOPT && p->digest_alg != VRES_DIGEST_VERITY) ||
	       (o->source == FILE_AT_OFFSET && o->is_short);
}

static const char *digest_of(const struct order *o)
{
	return o->source == TENSORS ? o->manifest : o->p.digest_alg != 0 ? o->verity : o->sha256;
}

/* In the order in which the library finds the faults. */
static vres_status answer(const struct run *r, const struct order *o)
{
	const bool adopts = o->source == ADOPT || o->source == TENSORS,
		   cannot_hash = !r->can_hash && !(r->policy.allow & VRES_ALLOW_READBACK);
	const struct model_shard memory = {.pretend = o->pretend,
	                                   .was = o->pretend & VRES_MOCK_MOVED};

	if (r->stopped)
		return VRES_E_POLICY_VIOLATION;
	if (o->source == TENSORS &&
	    (r->block_size != 4096 || (r->policy.require & VRES_REQUIRE_READONLY)))
		return VRES_E_UNSUPPORTED;
	if (is_refused(r, o))
		return VRES_E_INVALID_INPUT;
	if (adopts && (r->policy.require & VRES_REQUIRE_READONLY))
		return VRES_E_UNSUPPORTED;
	if (is_taken(r, o->p.shard_id))
		return VRES_E_STATE;
	if (cannot_hash || r->lost[o->p.gpu_device])
		return cannot_hash ? VRES_E_UNSUPPORTED : VRES_E_DEVICE_LOST;
	if (!adopts && o->padded > model_free(r, o->p.gpu_device))
		return VRES_E_INSUFFICIENT_VRAM;
	if (!adopts && r->refuses)
		return VRES_E_AUDIT;
	if (adopts && (!model_is_resident(r, &memory) || o->owner_device != o->p.gpu_device))
		return VRES_E_POLICY_VIOLATION;
	if (o->source == STREAM && o->read_status != VRES_OK)
		return o->read_status == VRES_E_CANCELLED ? VRES_E_CANCELLED : VRES_E_IO;
	if (o->source == PIPE && o->is_short)
		return VRES_E_IO;
	if (!adopts && o->p.progress && o->cancels)
		return VRES_E_CANCELLED;
	if (o->p.expected_digest && strcmp(o->expected, digest_of(o)) != 0)
		return VRES_E_INTEGRITY_VIOLATION;
	return r->refuses ? VRES_E_AUDIT : VRES_OK;
}

static vres_status perform(const struct run *r, struct order *o, vres_shard **out, vres_error *err)
{
	switch (o->source) {
	case MEMORY: return vres_seal_memory(r->manager, &o->p, o->content, o->bytes, out, err);
	case STREAM: return vres_seal_stream(r->manager, &o->p, order_read, o, o->bytes, out, err);
	case FILE_AT_OFFSET:
		return vres_seal_fd(r->manager, &o->p, o->fd, o->offset, o->bytes, out, err);
	case PIPE: return vres_seal_fd(r->manager, &o->p, o->fd, 0, o->bytes, out, err);
	case TENSORS:
		return vres_seal_tensors(r->manager, &o->p, o->tensors, o->tensors_n, out, err);
	default:
		return vres_seal_adopt(r->manager, &o->p, o->owner + o->offset, o->bytes, out, err);
	}
}

static void claim_answer(struct run *r, const struct order *o, vres_status got,
                         const vres_error *err)
{
	const vres_status wanted = answer(r, o);
	const struct fault *f = &r->fault;
	const bool is_lie = f->armed && !f->is_slow && f->status == VRES_OK;
	/* The driver only says that it made the mapping read-only. */
	const bool is_not_protected = is_lie && f->op == VRES_MOCK_OP_MEM_PROTECT && f->nth == 1 &&
	                              (r->policy.require & VRES_REQUIRE_READONLY);
	const bool is_lost = o->p.gpu_device < DEVICES && r->lost[o->p.gpu_device];

	claim_outcome(got, err);
	CLAIM(got == wanted || model_is_trouble(r, got) ||
	      (is_lost && wanted == VRES_E_UNSUPPORTED && got == VRES_E_DEVICE_LOST) ||
	      (is_lie && got == VRES_E_INTEGRITY_VIOLATION) ||
	      (is_not_protected && got == VRES_E_POLICY_VIOLATION));
	CLAIM(got != VRES_OK || !is_not_protected);
	CLAIM(got != VRES_E_INSUFFICIENT_VRAM || f->armed ||
	      (err->needed_bytes == o->padded &&
	       err->available_bytes == model_free(r, o->p.gpu_device)));
	r->incidents_expected +=
		got == VRES_E_INTEGRITY_VIOLATION ||
		(got == VRES_E_POLICY_VIOLATION && err->reason != VRES_REASON_STOPPED);
}

static void claim_info(const struct run *r, const struct order *o, vres_shard_info *info,
                       const vres_shard *shard)
{
	*info = vres_shard_info_init();
	CLAIM(vres_shard_describe(shard, info, NULL) == VRES_OK);
	CLAIM(info->vram_bytes == o->bytes && info->gpu_device == o->p.gpu_device &&
	      info->state == VRES_SHARD_SEALED && info->simulated);
	CLAIM(strcmp(info->digest, digest_of(o)) == 0 &&
	      strcmp(info->verity_digest, o->source == TENSORS ? "" : o->verity) == 0);
	CLAIM(o->p.shard_id ? strcmp(info->shard_id, o->p.shard_id) == 0
	                    : !is_taken(r, info->shard_id));
	CLAIM(info->adopted == (o->source == ADOPT || o->source == TENSORS) &&
	      info->total_shards == o->p.total_shards && info->shard_index == o->p.shard_index);
}

/* Only a lease has the address.  No fault is injected into this call. */
static void learn_address(struct run *r, struct model_shard *s)
{
	const bool refuses = r->refuses;
	const uint32_t mode = model_lease_mode(r, s);
	vres_lease *lease = NULL;

	r->refuses = false;
	CLAIM(vres_lease_acquire(s->shard, &lease, NULL) == VRES_OK);
	model_conclude(r, s, (struct answer){VRES_OK, VRES_REASON_NONE, false}, VRES_OK,
	               VRES_REASON_NONE, mode);
	r->refuses = refuses;
	s->address = s->tensors ? s->owner + s->offset : vres_lease_device_ptr(lease);
	CLAIM(s->address != 0 && vres_lease_bytes(lease) == s->bytes);
	vres_lease_release(lease);
}

/* What a sample is taken of, and how many blocks there are. */
static void count_units(const struct run *r, struct model_shard *s)
{
	const uint64_t fanout = r->block_size / 32;

	for (uint32_t i = 0; i < (s->tensors ? s->tensors - 1 : 1);
	     i++) { /* the last one is tied */
		const uint64_t bytes = s->tensors ? s->pieces[i] : s->bytes,
			       blocks = (bytes + r->block_size - 1) / r->block_size;

		s->blocks += blocks;
		s->units += r->keep_leaves ? blocks : (blocks + fanout - 1) / fanout;
	}
}

static void learn(struct run *r, struct model_shard *s, struct order *o, vres_shard *shard)
{
	vres_shard_info info;

	claim_info(r, o, &info, shard);
	*s = (struct model_shard){.shard = shard,
	                          .references = 1,
	                          .serial = ++r->serials,
	                          .bytes = o->bytes,
	                          .strength = 2};
	s->padded = o->owner ? o->owned : o->padded;
	s->owner = o->owner;
	s->device = o->p.gpu_device;
	s->total = o->p.total_shards;
	s->index = o->p.shard_index;
	s->pretend = s->was = o->pretend;
	s->offset = o->offset;
	s->tensors = o->source == TENSORS ? o->tensors_n : 0;
	memcpy(s->pieces, o->pieces, sizeof(s->pieces));
	count_units(r, s);
	s->claimed = info;
	memcpy(s->id, info.shard_id, sizeof(s->id));
	s->content = o->content;
	o->content = NULL; /* the model keeps it */
	s->delta = calloc(1, o->bytes);
	CLAIM(s->delta != NULL);
	fault_over(r);
	learn_address(r, s);
}

static void seal(struct run *r, bool (*make)(struct order *o, struct run *r))
{
	struct order o = {.fd = -1};
	struct model_shard *s = r->shards;
	vres_error err = untouched();
	vres_shard *shard = NULL;

	while (s < r->shards + SHARDS && model_is_alive(s))
		s++;
	if (r->manager && s < r->shards + SHARDS && make(&o, r)) {
		const vres_status got = perform(r, &o, &shard, &err);

		claim_answer(r, &o, got, &err);
		CLAIM((shard != NULL) == (got == VRES_OK));
		if (got == VRES_OK)
			learn(r, s, &o, shard);
		else if (o.owner)
			vres_mock_free(r->mock, o.owner);
	}
	order_free(&o);
}

void op_seal(struct run *r)
{
	seal(r, order_make);
}

void op_seal_tensors(struct run *r)
{
	seal(r, order_make_tensors);
}
