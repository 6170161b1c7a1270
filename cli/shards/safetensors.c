/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Entries are collected in the order of the header, then sorted and checked as the loader does. */
#include "shards/safetensors.h"

#include <string.h>
#include "shards/json_reader.h"

/* Bits of an element by dtype.  A dtype that is not known here is taken, and its size not checked.
 */
static const struct {
	const char *name;
	unsigned bits;
} types[] = {
	{"BOOL", 8},        {"F4", 4},          {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"U8", 8},
	{"I8", 8},          {"F8_E5M2", 8},     {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"I16", 16},
	{"U16", 16},        {"F16", 16},        {"BF16", 16},   {"I32", 32},    {"U32", 32},
	{"F32", 32},        {"F64", 64},        {"I64", 64},    {"U64", 64},    {"C64", 64},
	{"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8},
};

struct parse {
	struct json_reader json;
	struct tensor_map *s;
	size_t texts_used; /* of s->texts, which has as many bytes as the header */
};

/* An entry while it is read. */
struct entry {
	struct tensor tensor;
	size_t at;         /* of its key in the header */
	uint64_t elements; /* the product of its shape */
	uint64_t offsets[2];
	bool is_overflown, has_type, has_shape, has_offsets;
};

uint64_t safetensors_header_bytes(const unsigned char prefix[SAFETENSORS_PREFIX])
{
	uint64_t value = 0;

	for (int i = SAFETENSORS_PREFIX - 1; i >= 0; i--)
		value = value << 8 | prefix[i];
	return value;
}

/* A JSON string takes two bytes for its quotes, so its text and a NUL always fit. */
static const char *keep_text(struct parse *p, size_t *n)
{
	char *text = p->s->texts + p->texts_used;

	*n = json_reader_copy(&p->json, text);
	p->texts_used += *n + 1;
	return text;
}

static bool fail(struct parse *p, const char *what, size_t at)
{
	json_reader_fail(&p->json, what, at);
	return false;
}

static bool read_type(struct parse *p, struct entry *e)
{
	size_t n;

	if (e->has_type || json_reader_next(&p->json) != TOKEN_STRING)
		return fail(p, "dtype is no text, or there twice", p->json.at);
	e->has_type = true;
	e->tensor.type = keep_text(p, &n);
	return true;
}

static bool read_shape(struct parse *p, struct entry *e)
{
	enum json_token token;

	if (e->has_shape || json_reader_next(&p->json) != TOKEN_ARRAY)
		return fail(p, "shape is no array, or there twice", p->json.at);
	e->has_shape = true;
	e->elements = 1;
	while ((token = json_reader_next(&p->json)) == TOKEN_INTEGER) {
		if (__builtin_mul_overflow(e->elements, p->json.integer, &e->elements))
			e->is_overflown = true;
	}
	return token == TOKEN_ARRAY_END ||
	       fail(p, "shape has something else than whole numbers", p->json.at);
}

static bool read_offsets(struct parse *p, struct entry *e)
{
	struct json_reader *json = &p->json;

	if (e->has_offsets || json_reader_next(json) != TOKEN_ARRAY)
		return fail(p, "data_offsets is no array, or there twice", json->at);
	e->has_offsets = true;
	for (size_t i = 0; i < 2; i++) {
		if (json_reader_next(json) != TOKEN_INTEGER)
			return fail(p, "data_offsets has something else than whole numbers",
			            json->at);
		e->offsets[i] = json->integer;
	}
	return json_reader_next(json) == TOKEN_ARRAY_END ||
	       fail(p, "data_offsets has more than two numbers", json->at);
}

static bool read_field(struct parse *p, struct entry *e)
{
	if (json_reader_is(&p->json, "dtype"))
		return read_type(p, e);
	if (json_reader_is(&p->json, "shape"))
		return read_shape(p, e);
	if (json_reader_is(&p->json, "data_offsets"))
		return read_offsets(p, e);
	return json_reader_skip(&p->json);
}

/* What is wrong with the range of a tensor; NULL: nothing. */
static const char *range_fault(const struct entry *e)
{
	uint64_t bits;

	if (e->offsets[0] > e->offsets[1] || e->offsets[1] > UINT64_MAX / 2)
		return "data_offsets are no range";
	for (size_t i = 0; i < COUNT_OF(types); i++) {
		if (strcmp(types[i].name, e->tensor.type) != 0)
			continue;
		if (e->is_overflown ||
		    __builtin_mul_overflow(e->elements, (uint64_t)types[i].bits, &bits) ||
		    bits % 8 != 0 || bits / 8 != e->offsets[1] - e->offsets[0])
			return "a tensor's size is not that of its dtype and shape";
	}
	return NULL;
}

static bool read_tensor(struct parse *p)
{
	struct entry e = {.at = p->json.begin};
	enum json_token token;

	e.tensor.name = keep_text(p, &e.tensor.name_bytes);
	if (json_reader_next(&p->json) != TOKEN_OBJECT)
		return fail(p, "a tensor is no object", e.at);
	while ((token = json_reader_next(&p->json)) == TOKEN_KEY) {
		if (!read_field(p, &e))
			return false;
	}
	if (token != TOKEN_OBJECT_END)
		return false;
	if (!e.has_type || !e.has_shape || !e.has_offsets)
		return fail(p, "a tensor lacks dtype, shape or data_offsets", e.at);
	e.tensor.at = e.at;
	e.tensor.fault = range_fault(&e);
	e.tensor.begin = p->s->data + e.offsets[0];
	e.tensor.end = p->s->data + e.offsets[1];
	return tensor_map_add(p->s, &e.tensor) || fail(p, "out of memory", e.at);
}

static bool read_metadata(struct parse *p)
{
	struct json_reader *json = &p->json;
	enum json_token token = json_reader_next(json);

	if (token == TOKEN_NULL)
		return true;
	if (token != TOKEN_OBJECT)
		return fail(p, "__metadata__ is no object", json->at);
	while ((token = json_reader_next(json)) == TOKEN_KEY) {
		if (json_reader_next(json) != TOKEN_STRING)
			return fail(p, "__metadata__ has something else than texts", json->at);
	}
	return token == TOKEN_OBJECT_END;
}

static bool read_entries(struct parse *p)
{
	enum json_token token;

	if (json_reader_next(&p->json) != TOKEN_OBJECT)
		return fail(p, "the header is no object", p->json.at);
	while ((token = json_reader_next(&p->json)) == TOKEN_KEY) {
		if (!(json_reader_is(&p->json, "__metadata__") ? read_metadata(p) : read_tensor(p)))
			return false;
	}
	return token == TOKEN_OBJECT_END && json_reader_next(&p->json) == TOKEN_END;
}

/* Of entries with one name the last one counts, as in a map that they are put into. */
static void drop_repeated(struct tensor_map *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->count; i++) {
		const struct tensor *next = &s->tensors[i + 1];

		if (i + 1 < s->count && next->name_bytes == s->tensors[i].name_bytes &&
		    memcmp(next->name, s->tensors[i].name, next->name_bytes) == 0)
			continue;
		s->tensors[kept++] = s->tensors[i];
	}
	s->count = kept;
}

/*
 * Sorted by place, the tensors follow each other without gap or overlap.  An entry that a later one
 * of its name replaces may be wrong: the loader does not look at it either.
 */
static bool order_tensors(struct parse *p)
{
	struct tensor_map *s = p->s;

	if (s->count > 1)
		qsort(s->tensors, s->count, sizeof(*s->tensors), tensor_compare_names);
	drop_repeated(s);
	for (size_t i = 0; i < s->count; i++) {
		if (s->tensors[i].fault != NULL)
			return fail(p, s->tensors[i].fault, s->tensors[i].at);
	}
	if (s->count > 1)
		qsort(s->tensors, s->count, sizeof(*s->tensors), tensor_compare_places);
	s->end = s->data;
	for (size_t i = 0; i < s->count; i++) {
		if (s->tensors[i].begin != s->end)
			return fail(p, "tensors overlap, or leave a gap", s->tensors[i].at);
		s->end = s->tensors[i].end;
	}
	return true;
}

bool safetensors_parse(struct tensor_map *s, const char *text, size_t n)
{
	struct parse p = {.s = s};

	*s = (struct tensor_map){
		.format = "safetensors", .data = SAFETENSORS_PREFIX + n, .texts = malloc(n + 1)};
	json_reader_init(&p.json, text, n);
	if (s->texts == NULL)
		fail(&p, "out of memory", 0);
	else if (read_entries(&p) && order_tensors(&p))
		return true;
	tensor_map_free(s);
	s->error = p.json.error;
	s->error_at = SAFETENSORS_PREFIX + p.json.at;
	return false;
}
