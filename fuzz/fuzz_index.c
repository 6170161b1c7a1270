/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Under test: the tool's reader of indexes (cli/shards/model_index.c), which says which files are
 * opened.
 *
 * Whatever the text is, it is refused with a place inside it, or each name is of a file in the
 * folder of the index, and all are different.
 */
#include "fuzz.h"
#include "shards/model_index.h"

static void check_names(const struct model_index *index)
{
	for (size_t i = 0; i < index->count; i++) {
		const char *name = index->files[i];

		CLAIM(name[0] != '\0' && strchr(name, '/') == NULL);
		CLAIM(strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
		CLAIM(i == 0 || strcmp(index->files[i - 1], name) < 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), names[200];
	struct model_index index;
	bool is_good;

	CLAIM(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	is_good = model_index_parse(&index, text, size);
	if (is_good) {
		/* Two spellings of one name are counted there as two. */
		CLAIM(index.count > 0 && model_index_names(text, size, names, 200) >= index.count);
		CLAIM(strlen(names) < sizeof(names));
		check_names(&index);
	} else {
		CLAIM(index.error != NULL && index.files == NULL && index.error_at <= size);
	}
	model_index_free(&index);
	free(text);
	return 0;
}
