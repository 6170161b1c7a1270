/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How a seal call is chosen: content, parameters, source.  Most are valid; each of them is invalid
 * now and then.
 */
#include "order.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

vres_status order_read(void *ctx, void *buf, size_t n)
{
	const struct order *o = ctx;

	CLAIM(n == o->bytes);
	memcpy(buf, o->content, n);
	return o->read_status;
}

static bool order_progress(void *ctx, uint64_t done, uint64_t total)
{
	const struct order *o = ctx;

	CLAIM(done <= total && total == o->bytes);
	return !o->cancels;
}

static void choose_content(struct order *o, struct run *r)
{
	static const uint32_t sizes[] = {1,    31,   1023,  1024,      1025,          4096,
	                                 4097, 8191, 20000, 32 * 1024, 32 * 1024 + 1, LARGEST};
	const uint32_t kind = input_below(&r->in, 16), seed = input_below(&r->in, 256);
	uint8_t digest[32];

	o->bytes = kind < 12 ? sizes[kind] : input_number(&r->in, 2) % 5000;
	o->padded = (o->bytes + r->grain - 1) / r->grain * r->grain;
	o->content = fuzz_alloc(o->bytes);
	for (uint64_t i = 0; i < o->bytes; i++)
		o->content[i] = (uint8_t)(seed + i + i / 253);
	reference_sha256(o->content, o->bytes, digest);
	reference_hex(digest, o->sha256);
	reference_verity(o->content, o->bytes, r->block_size, digest);
	reference_hex(digest, o->verity);
}

static void choose_params(struct order *o, struct run *r)
{
	static const char *const ids[IDS] = {"a", "b", "c", NULL, "not an identifier"};
	const uint32_t expects = input_below(&r->in, 4);
	vres_seal_params *p = &o->p;

	*p = vres_seal_params_init();
	p->shard_id = ids[input_below(&r->in, IDS)];
	p->gpu_device = input_below(&r->in, 16) % (DEVICES + 1);
	p->digest_alg = input_below(&r->in, 16) % 3;
	p->total_shards = input_below(&r->in, 4);
	p->shard_index = input_below(&r->in, 4);
	memcpy(o->expected, p->digest_alg == VRES_DIGEST_SHA256 ? o->sha256 : o->verity,
	       sizeof(o->expected));
	if (expects == 2)
		o->expected[5] = o->expected[5] == '0' ? '1' : '0';
	p->expected_digest = expects == 1 || expects == 2 ? o->expected : NULL;
	p->progress = input_flag(&r->in) ? order_progress : NULL;
	p->progress_ctx = o;
	o->cancels = input_below(&r->in, 8) == 1;
}

/* False if there is no room. */
static bool adopt_memory(struct order *o, struct run *r)
{
	o->owner_device =
		input_below(&r->in, 8) ? o->p.gpu_device % DEVICES : input_below(&r->in, DEVICES);
	o->pretend = input_below(&r->in, 64) < 16 ? input_below(&r->in, 16) : 0;
	o->owned = (o->offset + o->bytes + r->grain - 1) / r->grain * r->grain;
	if (o->owned == 0 || o->owned > model_free(r, o->owner_device))
		return false;
	uint8_t *memory = calloc(1, o->owned);
	CLAIM(memory != NULL);
	memcpy(memory + o->offset, o->content, o->bytes);
	CLAIM(vres_mock_alloc(r->mock, o->owner_device, o->owned, memory, &o->owner) == VRES_OK);
	vres_mock_pretend(r->mock, o->owner, o->pretend);
	free(memory);
	return true;
}

/* True if the source could be opened. */
static bool prepare_source(struct order *o, struct run *r)
{
	static const vres_status read_statuses[] = {VRES_OK, VRES_OK, VRES_OK, VRES_E_CANCELLED,
	                                            VRES_E_BUSY};
	int ends[2];

	o->source = (enum source)input_below(&r->in, SOURCES);
	o->read_status = read_statuses[input_below(&r->in, 5)];
	o->is_short = input_below(&r->in, 8) == 1 && o->bytes > 0;
	o->offset = input_below(&r->in, 3) * 1000;
	o->fd = -1;
	if (o->source == PIPE && o->bytes > 4096) /* which fits into every pipe */
		o->source = FILE_AT_OFFSET;
	if (o->source == FILE_AT_OFFSET) {
		o->fd = memfd_create("content", MFD_CLOEXEC);
		return pwrite(o->fd, o->content, o->bytes - o->is_short, (off_t)o->offset) >= 0 &&
		       ftruncate(o->fd, (off_t)(o->offset + o->bytes) - o->is_short) == 0;
	}
	if (o->source == PIPE) {
		CLAIM(pipe2(ends, O_CLOEXEC) == 0 &&
		      write(ends[1], o->content, o->bytes - o->is_short) >= 0);
		close(ends[1]);
		o->fd = ends[0];
	}
	return o->source != ADOPT || adopt_memory(o, r);
}

bool order_make(struct order *o, struct run *r)
{
	choose_content(o, r);
	choose_params(o, r);
	return prepare_source(o, r);
}

/* Consecutive pieces of the content, an empty tensor, and one that is tied to the first. */
static void choose_pieces(struct order *o, struct run *r)
{
	static const char *const names[PIECES + 2] = {"t0", "t1", "t2", "t3", "t4", "t5"};
	const uint32_t wanted = 1 + input_below(&r->in, PIECES);
	uint64_t at = 0;

	for (uint32_t i = 0; i < wanted && at < o->bytes; i++) {
		const uint64_t left = o->bytes - at,
			       n = i + 1 == wanted ? left : 1 + input_number(&r->in, 2) % left;

		o->pieces[o->tensors_n++] = n;
		at += n;
	}
	o->pieces[o->tensors_n ? o->tensors_n - 1 : 0] += o->bytes - at;
	o->tensors_n += o->tensors_n > 0 ? 2 : 1;
	o->pieces[o->tensors_n - 1] = o->tensors_n > 1 ? o->pieces[0] : 0;
	for (uint32_t i = 0; i < o->tensors_n; i++) {
		o->tensors[i] = vres_tensor_init();
		o->tensors[i].name = names[i];
		o->tensors[i].bytes = o->pieces[i];
	}
}

/* Where each tensor lies in memory that begins at @address; and what the manifest is then. */
static void place_pieces(struct order *o, uint64_t address)
{
	char text[(PIECES + 2) * 80], hex[65];
	uint8_t digest[32];
	uint64_t at = 0;
	size_t n = 0;

	for (uint32_t i = 0; i < o->tensors_n; i++) {
		const bool is_tied = i > 0 && i + 1 == o->tensors_n;
		const uint64_t from = is_tied ? 0 : at;

		o->tensors[i].device_ptr = address + from;
		at += is_tied ? 0 : o->pieces[i];
		reference_verity(o->content + from, o->pieces[i], 4096, digest);
		reference_hex(digest, hex);
		n += (size_t)snprintf(text + n, sizeof(text) - n, "sha256:%s %s\n", hex,
		                      o->tensors[i].name);
	}
	reference_sha256(text, n, digest);
	reference_hex(digest, o->manifest);
}

bool order_make_tensors(struct order *o, struct run *r)
{
	bool expects_wrong;

	o->source = TENSORS;
	choose_content(o, r);
	choose_params(o, r);
	o->p.digest_alg = input_below(&r->in, 16) == 1 ? o->p.digest_alg : VRES_DIGEST_TENSORS;
	o->offset = input_below(&r->in, 3) * 1000 + input_below(&r->in, 3);
	choose_pieces(o, r);
	expects_wrong = strcmp(o->expected, o->verity) != 0 && strcmp(o->expected, o->sha256) != 0;
	if (!adopt_memory(o, r))
		return false;
	place_pieces(o, o->owner + o->offset);
	memcpy(o->expected, o->manifest, sizeof(o->expected));
	if (expects_wrong)
		o->expected[5] = o->expected[5] == '0' ? '1' : '0';
	return true;
}

void order_free(struct order *o)
{
	if (o->fd >= 0)
		close(o->fd);
	free(o->content);
}
