/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two passes over the caller's array, which measure and then copy, and two sorts: by name, which
 * finds names that come twice and is the order of the manifest, and by range, which finds tensors
 * that share one.
 */
#include "seal/tensor_input.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/abi.h"
#include "base/validate.h"

/* A tensor's range, to be sorted. */
struct spot {
	uint64_t addr, bytes;
	uint32_t tensor;
};

struct reading {
	struct tensor_input *in;
	const unsigned char *array;
	size_t stride, n;
	struct spot *spots; /* of those that are not empty */
	size_t spots_n, names_bytes;
};

static void reading_close(struct reading *r)
{
	vres_os_free(r->spots);
}

/* "tensor 7's name", for a message. */
static const char *part_of(char text[48], size_t i, const char *part)
{
	(void)snprintf(text, 48, "tensor %zu%s%s", i, part[0] ? "'s " : "", part);
	return text;
}

/* Nearly always all is well, so words for a message are made only when something is not. */
static vres_status get(const struct reading *r, size_t i, vres_tensor *out, vres_error *err)
{
	const unsigned char *from = r->array + i * r->stride;
	char what[48];
	size_t size;

	memcpy(&size, from, sizeof(size));
	if (size != r->stride)
		return vres_fail(err, VRES_E_ABI,
		                 "tensor %zu has another struct_size than the first", i);
	return vres_abi_in(out, sizeof(*out), from, sizeof(*out), "vres_tensor", NULL) == VRES_OK
	               ? VRES_OK
	               : vres_abi_in(out, sizeof(*out), from, sizeof(*out), part_of(what, i, ""),
	                             err);
}

static vres_status check_name(size_t i, const char *name, size_t *bytes, vres_error *err)
{
	char what[48];

	if (name == NULL || name[0] == '\0')
		return vres_fail(err, VRES_E_INVALID_INPUT, "tensor %zu's name is %s", i,
		                 name ? "empty" : "NULL");
	if (vres_check_text(name, TENSOR_NAME_MAX, "", NULL) != VRES_OK)
		return vres_check_text(name, TENSOR_NAME_MAX, part_of(what, i, "name"), err);
	*bytes = strlen(name);
	return VRES_OK;
}

static vres_status check_range(size_t i, const vres_tensor *t, vres_error *err)
{
	uint64_t end;

	return t->bytes == 0 || (t->device_ptr != 0 && !ckd_add_u64(&end, t->device_ptr, t->bytes))
	               ? VRES_OK
	               : vres_fail(err, VRES_E_INVALID_INPUT,
	                           "tensor %zu's device_ptr and bytes are not a range", i);
}

/* The first pass: everything that can be wrong with one tensor. */
static vres_status measure(struct reading *r, vres_error *err)
{
	vres_tensor t;

	for (size_t i = 0; i < r->n; i++) {
		struct tensor *named = &r->in->tensors->list[i];
		size_t bytes = 0;

		TRY(get(r, i, &t, err));
		TRY(check_name(i, t.name, &bytes, err));
		TRY(check_range(i, &t, err));
		*named = (struct tensor){.name_bytes = (uint32_t)bytes, .range = NO_RANGE};
		r->names_bytes += bytes + 1;
		if (t.bytes > 0)
			r->spots[r->spots_n++] = (struct spot){
				.addr = t.device_ptr, .bytes = t.bytes, .tensor = (uint32_t)i};
	}
	return r->spots_n > 0 ? VRES_OK
	                      : vres_fail(err, VRES_E_INVALID_INPUT, "all tensors are empty");
}

static vres_status copy_names(const struct reading *r, vres_error *err)
{
	struct tensors *all = r->in->tensors;
	char *to = all->names = vres_os_alloc(r->names_bytes);
	vres_tensor t;

	if (to == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for the names of %zu tensors",
		                 r->n);
	for (size_t i = 0; i < r->n; i++) {
		TRY(get(r, i, &t, err));
		memcpy(to, t.name, all->list[i].name_bytes);
		all->list[i].name = to;
		to += all->list[i].name_bytes + 1;
	}
	return VRES_OK;
}

static int by_name(const void *left, const void *right, void *arg)
{
	const struct tensors *all = arg;
	const struct tensor *a = &all->list[*(const uint32_t *)left],
			    *b = &all->list[*(const uint32_t *)right];
	const int sign = memcmp(a->name, b->name,
	                        a->name_bytes < b->name_bytes ? a->name_bytes : b->name_bytes);

	return sign != 0 ? sign : (a->name_bytes > b->name_bytes) - (a->name_bytes < b->name_bytes);
}

static vres_status put_in_order(struct tensors *all, vres_error *err)
{
	for (uint32_t i = 0; i < all->n; i++)
		all->order[i] = i;
	vres_os_sort(all->order, all->n, sizeof(*all->order), by_name, all);
	for (uint32_t i = 1; i < all->n; i++) {
		const uint32_t a = all->order[i - 1], b = all->order[i];

		if (by_name(&a, &b, all) == 0)
			return vres_fail(err, VRES_E_INVALID_INPUT,
			                 "tensors %" PRIu32 " and %" PRIu32 " have the same name",
			                 a < b ? a : b, a < b ? b : a);
	}
	return VRES_OK;
}

static int by_range(const void *left, const void *right, void *arg)
{
	const struct spot *a = left, *b = right;

	(void)arg;
	if (a->addr != b->addr)
		return a->addr < b->addr ? -1 : 1;
	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? -1 : 1;
	return (a->tensor > b->tensor) - (a->tensor < b->tensor);
}

/* For now each tensor's range is the first tensor that has it. */
static void find_shared(struct reading *r)
{
	const struct spot *first = r->spots;

	vres_os_sort(r->spots, r->spots_n, sizeof(*r->spots), by_range, NULL);
	for (size_t i = 0; i < r->spots_n; i++) {
		const struct spot *s = &r->spots[i];

		if (s->addr != first->addr || s->bytes != first->bytes)
			first = s;
		r->in->tensors->list[s->tensor].range = first->tensor;
		r->in->tensors->ranges_n += first == s;
	}
}

static vres_status number_ranges(struct reading *r, const vres_manager *m, vres_error *err)
{
	struct tensors *all = r->in->tensors;
	const uint64_t most = m->policy.max_model_bytes;
	uint32_t next = 0;
	uint64_t sum = 0;
	vres_tensor t;

	find_shared(r);
	all->ranges = vres_os_alloc(all->ranges_n * sizeof(*all->ranges));
	r->in->addresses = vres_os_alloc(all->ranges_n * sizeof(*r->in->addresses));
	if (all->ranges == NULL || r->in->addresses == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for %zu tensors", r->n);
	for (uint32_t i = 0; i < all->n; i++) {
		struct tensor *named = &all->list[i];

		if (named->range == NO_RANGE)
			continue;
		if (named->range != i) { /* an earlier one, whose number is known */
			named->range = all->list[named->range].range;
			continue;
		}
		TRY(get(r, i, &t, err));
		if (ckd_add_u64(&sum, sum, t.bytes) || sum > most)
			return vres_fail(err, VRES_E_INVALID_INPUT,
			                 "up to tensor %" PRIu32
			                 " there are more bytes than max_model_bytes, %" PRIu64,
			                 i, most);
		all->ranges[next] = (struct tensor_range){.bytes = t.bytes, .tensor = i};
		r->in->addresses[next] = t.device_ptr;
		named->range = next++;
	}
	vres_tensors_number(all, m->keep_leaves);
	return VRES_OK;
}

static vres_status wrong_empty(struct tensor_input *in, uint32_t i, vres_error *err)
{
	if (in->wrong_empty == NULL)
		in->wrong_empty = vres_os_alloc(in->tensors->n * sizeof(*in->wrong_empty));
	if (in->wrong_empty == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for empty tensors");
	in->wrong_empty[in->wrong_empty_n++] = i;
	return VRES_OK;
}

static vres_status want(struct tensor_input *in, uint32_t i,
                        const uint8_t digest[VRES_SHA256_BYTES], vres_error *err)
{
	const uint32_t range = in->tensors->list[i].range;
	uint8_t empty[VRES_SHA256_BYTES];
	struct tensor_want *w;

	if (range == NO_RANGE) {
		TRY(vres_tensor_digest(in->tensors, i, NULL, empty, err));
		return vres_crypto_equal(empty, digest, sizeof(empty)) ? VRES_OK
		                                                       : wrong_empty(in, i, err);
	}
	w = &in->wanted[range];
	if (w->tensor != NO_TENSOR && !vres_crypto_equal(w->digest, digest, sizeof(w->digest)))
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "tensors %" PRIu32 " and %" PRIu32
		                 " are one range and have different expected digests",
		                 w->tensor, i);
	if (w->tensor == NO_TENSOR)
		w->tensor = i;
	memcpy(w->digest, digest, sizeof(w->digest));
	return VRES_OK;
}

static vres_status wanted_open(struct tensor_input *in, vres_error *err)
{
	if (in->wanted)
		return VRES_OK;
	in->wanted = vres_os_alloc(in->tensors->ranges_n * sizeof(*in->wanted));
	if (in->wanted == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for expected digests");
	for (uint32_t i = 0; i < in->tensors->ranges_n; i++)
		in->wanted[i].tensor = NO_TENSOR;
	return VRES_OK;
}

static vres_status read_wanted(const struct reading *r, vres_error *err)
{
	uint8_t digest[VRES_SHA256_BYTES];
	char what[48];
	vres_tensor t;

	for (uint32_t i = 0; i < r->n; i++) {
		TRY(get(r, i, &t, err));
		if (t.expected_digest == NULL)
			continue;
		TRY(vres_check_digest(t.expected_digest, digest,
		                      part_of(what, i, "expected_digest"), err));
		TRY(wanted_open(r->in, err));
		TRY(want(r->in, i, digest, err));
	}
	return VRES_OK;
}

vres_status vres_tensor_input_open(struct tensor_input *in, const vres_manager *m,
                                   const vres_tensor *tensors, size_t n, vres_error *err)
{
	CLEANUP(reading_close) struct reading r = {.in = in, .n = n};
	struct tensors *all;

	if (tensors == NULL || n == 0 || n > TENSORS_MAX)
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 tensors ? "%zu tensors, expected 1 to 2^20" : "tensors is NULL",
		                 n);
	r.array = (const unsigned char *)tensors;
	r.stride = tensors->struct_size;
	in->tensors = all = vres_os_alloc(sizeof(*all));
	if (all == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for %zu tensors", n);
	all->n = (uint32_t)n;
	all->block_size = TENSORS_BLOCK_SIZE;
	all->list = vres_os_alloc(n * sizeof(*all->list));
	all->order = vres_os_alloc(n * sizeof(*all->order));
	r.spots = vres_os_alloc(n * sizeof(*r.spots));
	if (all->list == NULL || all->order == NULL || r.spots == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for %zu tensors", n);
	TRY(measure(&r, err));
	TRY(copy_names(&r, err));
	TRY(put_in_order(all, err));
	TRY(number_ranges(&r, m, err));
	return read_wanted(&r, err);
}

void vres_tensor_input_close(struct tensor_input *in)
{
	vres_tensors_destroy(in->tensors);
	vres_os_free(in->addresses);
	vres_os_free(in->wanted);
	vres_os_free(in->wrong_empty);
}
