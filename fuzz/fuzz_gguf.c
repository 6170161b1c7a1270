/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Under test: the tool's reader of GGUF headers (cli/shards/gguf.c), which reads files that nobody
 * vouches for.
 *
 * Whatever the bytes are, a header is either refused, with a place inside it, or its tensors lie in
 * order and without overlap, with names that end where they say.  The reader asks for more bytes
 * only while more could help, and says the same of a header whatever follows it.
 */
#include "fuzz.h"
#include "shards/gguf.h"

static void check_map(const struct tensor_map *map, size_t n)
{
	uint64_t end = map->data;

	CLAIM(map->data >= 24 && map->count <= n);
	for (size_t i = 0; i < map->count; i++) {
		const struct tensor *t = &map->tensors[i];

		CLAIM(t->begin >= end && t->end >= t->begin && t->name_bytes <= n && t->type);
		CLAIM(t->name[t->name_bytes] == '\0');
		CLAIM(t->begin == t->end || tensor_map_from(map, t->begin) == i);
		CLAIM(i == 0 || t->name_bytes != t[-1].name_bytes ||
		      memcmp(t->name, t[-1].name, t->name_bytes) != 0);
		end = t->end;
	}
	CLAIM(map->count == 0 || map->end == end);
}

static char *copy_of(const uint8_t *data, size_t size, size_t room)
{
	char *text = calloc(1, room + 1);

	CLAIM(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = copy_of(data, size, size), *longer = copy_of(data, size, size + 4096);
	struct tensor_map map, again;
	const bool is_good = gguf_parse(&map, text, size);
	const size_t wanted = gguf_wanted_bytes(text, size);

	CLAIM(wanted >= size);
	if (is_good) {
		CLAIM(wanted == size);
		check_map(&map, size);
		CLAIM(gguf_parse(&again, longer, size + 4096));
		CLAIM(again.count == map.count && again.end == map.end && again.data == map.data);
		tensor_map_free(&again);
	} else {
		CLAIM(map.error != NULL && map.tensors == NULL && map.count == 0);
		CLAIM(map.error_at <= size);
	}
	tensor_map_free(&map);
	free(longer);
	free(text);
	return 0;
}
