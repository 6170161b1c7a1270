/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs a fuzz target over every file of the given folders, without a fuzzer.  So an input that a
 * fuzzer once found is tried again with any compiler and under any tool.  The name of each input is
 * printed first; an input that breaks a claim ends the process.
 */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>

enum { LARGEST = 1 << 20 };

static int replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *room = fuzz_alloc(LARGEST), *exact;
	size_t n;

	if (file == NULL) {
		fprintf(stderr, "%s cannot be read\n", path);
		free(room);
		return 0;
	}
	n = fread(room, 1, LARGEST, file);
	fclose(file);
	exact = fuzz_alloc(n ? n : 1); /* so that a sanitizer sees the end */
	memcpy(exact, room, n);
	free(room);
	fprintf(stderr, "%s\n", path);
	(void)LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	return 1;
}

int main(int argc, char **argv)
{
	unsigned passed = 0, failed = 0;

	for (int i = 1; i < argc; i++) {
		DIR *folder = opendir(argv[i]);
		const struct dirent *entry;
		char path[4096];

		failed += folder == NULL;
		while (folder && (entry = readdir(folder)) != NULL) {
			if (entry->d_name[0] == '.')
				continue;
			snprintf(path, sizeof(path), "%s/%s", argv[i], entry->d_name);
			if (replay_file(path))
				passed++;
			else
				failed++;
		}
		if (folder)
			closedir(folder);
	}
	failed += passed == 0; /* an empty corpus proves nothing */
	printf("%u passed, %u failed\n", passed, failed);
	return failed > 0;
}
