/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tensors do not overlap, so that those in order of place are in order of their ends, too. */
#include "shards/tensor_map.h"

#include <string.h>

bool tensor_map_add(struct tensor_map *map, const struct tensor *tensor)
{
	if (map->count == map->room) {
		const size_t room = map->room == 0 ? 64 : 2 * map->room;
		struct tensor *more = realloc(map->tensors, room * sizeof(*more));

		if (more == NULL)
			return false;
		map->tensors = more;
		map->room = room;
	}
	map->tensors[map->count++] = *tensor;
	return true;
}

int tensor_compare_names(const void *a, const void *b)
{
	const struct tensor *x = a, *y = b;
	const size_t n = x->name_bytes < y->name_bytes ? x->name_bytes : y->name_bytes;
	const int order = memcmp(x->name, y->name, n);

	if (order != 0)
		return order;
	if (x->name_bytes != y->name_bytes)
		return x->name_bytes < y->name_bytes ? -1 : 1;
	return x->name < y->name ? -1 : x->name > y->name;
}

int tensor_compare_places(const void *a, const void *b)
{
	const struct tensor *x = a, *y = b;

	if (x->begin != y->begin)
		return x->begin < y->begin ? -1 : 1;
	return x->end < y->end ? -1 : x->end > y->end;
}

void tensor_map_free(struct tensor_map *map)
{
	free(map->tensors);
	free(map->texts);
	*map = (struct tensor_map){0};
}

size_t tensor_map_from(const struct tensor_map *map, uint64_t offset)
{
	size_t low = 0, high = map->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (map->tensors[middle].end <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
