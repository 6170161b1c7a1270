/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A GGUF header does not say how long it is, so it is walked through twice: first to find its end,
 * with more of the file each time, then to keep what it says.
 */
#include "shards/gguf.h"

#include <string.h>
#include "ui/escape.h"

/* How deep arrays may be nested.  The format sets no limit, and no known writer goes beyond two. */
#define ARRAYS_MAX 4

#define DIMENSIONS_MAX 4

enum value_type { TYPE_U16 = 2, TYPE_U32 = 4, TYPE_STRING = 8, TYPE_ARRAY = 9 };

/* The size of a value of each type; 0: the type has no fixed size. */
static const uint8_t value_bytes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

/* How many elements form a block of each tensor type, and how many bytes a block has. */
static const struct {
	const char *name;
	uint16_t elements, bytes;
} types[] = {
	[0] = {"F32", 1, 4},         [1] = {"F16", 1, 2},         [2] = {"Q4_0", 32, 18},
	[3] = {"Q4_1", 32, 20},      [6] = {"Q5_0", 32, 22},      [7] = {"Q5_1", 32, 24},
	[8] = {"Q8_0", 32, 34},      [9] = {"Q8_1", 32, 40},      [10] = {"Q2_K", 256, 84},
	[11] = {"Q3_K", 256, 110},   [12] = {"Q4_K", 256, 144},   [13] = {"Q5_K", 256, 176},
	[14] = {"Q6_K", 256, 210},   [15] = {"Q8_K", 256, 292},   [16] = {"IQ2_XXS", 256, 66},
	[17] = {"IQ2_XS", 256, 74},  [18] = {"IQ3_XXS", 256, 98}, [19] = {"IQ1_S", 256, 50},
	[20] = {"IQ4_NL", 32, 18},   [21] = {"IQ3_S", 256, 110},  [22] = {"IQ2_S", 256, 82},
	[23] = {"IQ4_XS", 256, 136}, [24] = {"I8", 1, 1},         [25] = {"I16", 1, 2},
	[26] = {"I32", 1, 4},        [27] = {"I64", 1, 8},        [28] = {"F64", 1, 8},
	[29] = {"IQ1_M", 256, 56},   [30] = {"BF16", 1, 2},       [34] = {"TQ1_0", 256, 54},
	[35] = {"TQ2_0", 256, 66},   [39] = {"MXFP4", 32, 17},    [40] = {"NVFP4", 64, 36},
	[41] = {"Q1_0", 128, 18},
};

struct parse {
	const unsigned char *text;
	size_t n, at;
	const char *error;      /* what is wrong at byte @at; NULL: nothing so far */
	uint64_t wanted;        /* the text is shorter than these bytes; 0: it is long enough */
	struct tensor_map *map; /* NULL: only walk through the header */
	size_t texts_used;
	uint64_t tensors, pairs, alignment, part, parts;
	bool has_alignment, has_part, has_parts;
};

static bool fail(struct parse *p, const char *error, size_t at)
{
	p->error = error;
	p->at = at;
	return false;
}

/* Step over @n bytes, which begin at *@from. */
static bool take(struct parse *p, uint64_t n, size_t *from)
{
	*from = p->at;
	if (n > p->n - p->at) {
		if (__builtin_add_overflow((uint64_t)p->at, n, &p->wanted))
			p->wanted = UINT64_MAX;
		return fail(p, "the header ends too early", p->at);
	}
	p->at += (size_t)n;
	return true;
}

static uint64_t number_at(const struct parse *p, size_t at, size_t bytes)
{
	uint64_t value = 0;

	for (size_t i = bytes; i-- > 0;)
		value = value << 8 | p->text[at + i];
	return value;
}

static bool take_number(struct parse *p, size_t bytes, uint64_t *value)
{
	size_t at;

	if (!take(p, bytes, &at))
		return false;
	*value = number_at(p, at, bytes);
	return true;
}

static bool take_text(struct parse *p, size_t *from, uint64_t *n)
{
	return take_number(p, 8, n) && take(p, *n, from);
}

static bool type_is_known(uint64_t type)
{
	return type < COUNT_OF(value_bytes);
}

/* Steps over @count values of one type that is not an array. */
static bool skip_values(struct parse *p, uint64_t type, uint64_t count)
{
	uint64_t n;
	size_t from;

	if (value_bytes[type] != 0)
		return __builtin_mul_overflow(count, (uint64_t)value_bytes[type], &n)
		               ? fail(p, "an array is too long", p->at)
		               : take(p, n, &from);
	for (uint64_t i = 0; i < count; i++) {
		if (!take_text(p, &from, &n))
			return false;
	}
	return true;
}

/* Nested arrays are walked with a stack of the number of values that each level still has. */
static bool skip_array(struct parse *p)
{
	uint64_t left[ARRAYS_MAX];
	size_t depth = 0;

	do {
		uint64_t type, count;
		const size_t at = p->at;

		if (depth > 0 && left[depth - 1]-- == 0) {
			depth--;
			continue;
		}
		if (!take_number(p, 4, &type) || !take_number(p, 8, &count))
			return false;
		if (!type_is_known(type))
			return fail(p, "a value has an unknown type", at);
		if (type != TYPE_ARRAY) {
			if (!skip_values(p, type, count))
				return false;
			continue;
		}
		if (depth == ARRAYS_MAX)
			return fail(p, "too many arrays inside each other", at);
		left[depth++] = count;
	} while (depth > 0);
	return true;
}

/*
 * Reads the value of one of the keys that matter here.  If a key is repeated, its first value
 * counts.
 */
static bool keep_number(struct parse *p, uint64_t type, bool *has, uint64_t *out)
{
	uint64_t value;

	if (!take_number(p, value_bytes[type], &value))
		return false;
	if (!*has)
		*out = value;
	*has = true;
	return true;
}

static bool read_pair(struct parse *p)
{
	const struct {
		const char *key;
		uint64_t type;
		bool *has;
		uint64_t *out;
	} wanted[] = {
		{"general.alignment", TYPE_U32, &p->has_alignment, &p->alignment},
		{"split.no", TYPE_U16, &p->has_part, &p->part},
		{"split.count", TYPE_U16, &p->has_parts, &p->parts},
	};
	uint64_t key_bytes, type;
	size_t key, at;

	if (!take_text(p, &key, &key_bytes))
		return false;
	at = p->at;
	if (!take_number(p, 4, &type))
		return false;
	for (size_t i = 0; i < COUNT_OF(wanted); i++) {
		if (key_bytes != strlen(wanted[i].key) ||
		    memcmp(p->text + key, wanted[i].key, (size_t)key_bytes) != 0)
			continue;
		if (type == wanted[i].type)
			return keep_number(p, type, wanted[i].has, wanted[i].out);
		if (wanted[i].out == &p->alignment)
			return fail(p, "the alignment has another type than u32", at);
	}
	if (!type_is_known(type))
		return fail(p, "a value has an unknown type", at);
	return type == TYPE_ARRAY ? skip_array(p) : skip_values(p, type, 1);
}

/* Computes the size of a tensor.  Returns what is wrong with it, or NULL. */
static const char *tensor_bytes(const uint64_t *dimensions, uint64_t count, uint64_t type,
                                uint64_t *bytes)
{
	uint64_t elements = 1;

	if (type >= COUNT_OF(types) || types[type].name == NULL)
		return "a tensor has an unknown type";
	for (uint64_t i = 0; i < count; i++) {
		if (__builtin_mul_overflow(elements, dimensions[i], &elements))
			return "a tensor is too large";
	}
	if ((count > 0 ? dimensions[0] : 1) % types[type].elements != 0)
		return "a tensor's rows are not whole blocks of its type";
	if (__builtin_mul_overflow(elements / types[type].elements, (uint64_t)types[type].bytes,
	                           bytes))
		return "a tensor is too large";
	return NULL;
}

static bool is_utf8(const char *text, size_t n)
{
	for (size_t at = 0, step; at < n; at += step) {
		unsigned code;

		step = text[at] == '\0' ? 1 : utf8_decode(text + at, &code);
		if (step == 0)
			return false;
	}
	return true;
}

/*
 * The header has eight bytes for the length of each name, so there is room in map->texts for each
 * name and a NUL.
 */
static bool keep_tensor(struct parse *p, struct tensor *t, size_t name)
{
	char *text = p->map->texts + p->texts_used;

	memcpy(text, p->text + name, t->name_bytes);
	text[t->name_bytes] = '\0';
	p->texts_used += t->name_bytes + 1;
	t->name = text;
	if (!is_utf8(text, t->name_bytes))
		return fail(p, "a tensor's name is not UTF-8", name);
	return tensor_map_add(p->map, t) || fail(p, "out of memory", t->at);
}

static bool read_tensor(struct parse *p)
{
	struct tensor t = {.at = p->at};
	uint64_t name_bytes, count, dimensions[DIMENSIONS_MAX] = {0}, type, bytes;
	size_t name;

	if (!take_text(p, &name, &name_bytes) || !take_number(p, 4, &count))
		return false;
	if (count > DIMENSIONS_MAX)
		return fail(p, "a tensor has more than four dimensions", t.at);
	for (uint64_t i = 0; i < count; i++) {
		if (!take_number(p, 8, &dimensions[i]))
			return false;
	}
	if (!take_number(p, 4, &type) || !take_number(p, 8, &t.begin))
		return false;
	t.fault = tensor_bytes(dimensions, count, type, &bytes);
	if (t.fault == NULL && bytes == 0) /* the header may give any offset for an empty tensor */
		t.begin = 0;
	if (t.fault == NULL &&
	    (__builtin_add_overflow(t.begin, bytes, &t.end) || t.end > UINT64_MAX / 2))
		t.fault = "a tensor lies behind the end of any file";
	if (t.fault != NULL)
		return fail(p, t.fault, t.at);
	t.type = types[type].name;
	t.name_bytes = (size_t)name_bytes;
	return p->map == NULL || keep_tensor(p, &t, name);
}

static bool read_start(struct parse *p)
{
	uint64_t version;
	size_t at;

	if (!take(p, strlen(GGUF_MAGIC), &at) || !take_number(p, 4, &version))
		return false;
	if (memcmp(p->text + at, GGUF_MAGIC, strlen(GGUF_MAGIC)) != 0)
		return fail(p, "it does not begin with GGUF", 0);
	if (version != 2 && version != 3)
		return fail(p,
		            (version & 0xffff) == 0 ? "it is big-endian, which no reader here knows"
		                                    : "its version is neither 2 nor 3",
		            strlen(GGUF_MAGIC));
	return take_number(p, 8, &p->tensors) && take_number(p, 8, &p->pairs);
}

/*
 * Loops end with the text, whatever counts the header gives, since each pair and tensor takes some
 * bytes.
 */
static bool walk(struct parse *p)
{
	p->alignment = 32;
	if (!read_start(p))
		return false;
	for (uint64_t i = 0; i < p->pairs; i++) {
		if (!read_pair(p))
			return false;
	}
	if (p->alignment == 0 || (p->alignment & (p->alignment - 1)) != 0)
		return fail(p, "the alignment is no power of two", p->at);
	for (uint64_t i = 0; i < p->tensors; i++) {
		if (!read_tensor(p))
			return false;
	}
	return true;
}

static bool check_names(struct parse *p)
{
	struct tensor_map *map = p->map;

	if (map->count > 1)
		qsort(map->tensors, map->count, sizeof(*map->tensors), tensor_compare_names);
	for (size_t i = 1; i < map->count; i++) {
		const struct tensor *a = &map->tensors[i - 1], *b = &map->tensors[i];

		if (a->name_bytes == b->name_bytes && memcmp(a->name, b->name, a->name_bytes) == 0)
			return fail(p, "two tensors have one name", b->at);
	}
	return true;
}

/* Turns offsets into positions in the file, sorts the tensors by them, and refuses overlaps. */
static bool order_tensors(struct parse *p)
{
	struct tensor_map *map = p->map;
	const uint64_t header = p->at;

	map->data = (header + p->alignment - 1) / p->alignment * p->alignment;
	map->end = map->count > 0 ? map->data : header;
	map->padding = p->alignment - 1;
	for (size_t i = 0; i < map->count; i++) {
		map->tensors[i].begin += map->data;
		map->tensors[i].end += map->data;
	}
	if (map->count > 1)
		qsort(map->tensors, map->count, sizeof(*map->tensors), tensor_compare_places);
	for (size_t i = 0; i < map->count; i++) {
		if (map->tensors[i].begin < map->end)
			return fail(p, "tensors overlap", map->tensors[i].at);
		map->end = map->tensors[i].end;
	}
	return true;
}

size_t gguf_wanted_bytes(const char *text, size_t n)
{
	struct parse p = {.text = (const unsigned char *)text, .n = n};
	uint64_t wanted;

	if (n >= GGUF_HEADER_MAX || walk(&p) || p.wanted == 0 || p.wanted > GGUF_HEADER_MAX)
		return n;
	wanted = p.wanted > 2 * (uint64_t)n ? p.wanted : 2 * (uint64_t)n;
	return wanted < GGUF_HEADER_MAX ? (size_t)wanted : GGUF_HEADER_MAX;
}

bool gguf_parse(struct tensor_map *map, const char *text, size_t n)
{
	struct parse p = {.text = (const unsigned char *)text, .n = n, .map = map};

	*map = (struct tensor_map){.format = "gguf", .texts = malloc(n + 1)};
	if (map->texts == NULL)
		fail(&p, "out of memory", 0);
	else if (walk(&p) && check_names(&p) && order_tensors(&p)) {
		map->part = p.part;
		map->parts = p.parts;
		return true;
	}
	tensor_map_free(map);
	map->error = p.error;
	map->error_at = p.at;
	return false;
}
